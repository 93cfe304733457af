"""Compare the seeds and the set of a proof with those of a local package set.

Where a file is fetched from is no part of what is made of it: its hash is. So two derivations that differ in such places
alone are alike, as they are in Nix (`hashDerivationModulo`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...builder.resolution import substitution
from ...evaluator import EvalError
from ...store import Digest, upstream_placeholder
from ..errors import RequestError
from .plan import chains_of
from .verdict import everything_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ...store import Derivation, StorePath
    from ..request import Request
    from ..session import Session
    from .chain import Chain
    from .proof import Proof


class SetComparison(NamedTuple):
    """For the set and each seed: whether it equals the local one of that name; None without a local one.

    Sets are equal if all stages from all equal seeds have equal derivations. Stages from a different seed necessarily
    have other derivations: `uncompared` are such seeds. `places_differ`: equal sets or seeds fetch some of their files
    from elsewhere.
    """

    set: str
    set_is_same: bool | None
    seeds: Mapping[str, bool | None]
    uncompared: tuple[str, ...]
    places_differ: bool = False

    @property
    def set_words(self) -> str:
        words = _words(self.set, self.set_is_same, "set")
        if self.set_is_same and self.places_differ:
            words += " but for places that files are fetched from"
        if self.set_is_same and self.uncompared:
            compared = ", ".join(seed for seed in self.seeds if seed not in self.uncompared)
            return f"{words} from {compared}; not compared from {', '.join(self.uncompared)}"
        return words

    @property
    def seed_words(self) -> Iterator[tuple[str, str]]:
        for seed, is_same in self.seeds.items():
            yield seed, _words(seed, is_same, "seed")


def _words(name: str, is_same: bool | None, kind: str) -> str:
    if is_same is None:
        return f"this chx has no {kind} of that name"
    return "as in this chx" if is_same else f"NOT the {name} of this chx"


def compare_with_set(session: Session, request: Request, proof: Proof) -> SetComparison:
    """Compare `proof` with the bundled package set, or with that of `-f FILE`."""
    seeds: dict[str, bool | None] = {}
    set_is_same: bool | None = None
    places_differ = False
    for chain in proof.chains:
        here = _local_chain(session, request, proof.set, chain)
        if here is None:
            seeds[chain.seed] = None
            continue
        ours, theirs = _names, _names
        if not (_halves(here, ours) == _halves(chain, theirs) and _stages(here, ours) == _stages(chain, theirs)):
            session.world.commit()
            ours = Identities(everything_below(session.store, [here]))
            theirs = Identities(proof.derivations)
            places_differ = True
        seeds[chain.seed] = _halves(here, ours) == _halves(chain, theirs)
        if seeds[chain.seed]:
            same = _stages(here, ours) == _stages(chain, theirs)
            set_is_same = same and set_is_same is not False
        elif set_is_same is None:
            # The set exists here, but with other seeds its derivations differ.
            set_is_same = False
    uncompared = tuple(seed for seed, is_same in seeds.items() if not is_same)
    return SetComparison(proof.set, set_is_same, seeds, uncompared, places_differ)


def _local_chain(session: Session, request: Request, name: str, chain: Chain) -> Chain | None:
    try:
        (described,) = chains_of(session, request, name, [chain.seed], len(chain.stages), products=chain.products)
    except (RequestError, EvalError):
        return None
    return described.chain


def _names(path: StorePath) -> str:
    """Return the name of a derivation, which follows from everything in it."""
    return str(path)


class Identities:
    """Names of derivations that follow from everything in them but the places of fetched files.

    `derivations` must contain the transitive inputs of all that are asked for. The name of a captured tree is its path.
    """

    def __init__(self, derivations: Mapping[StorePath, Derivation]) -> None:
        self._derivations = derivations
        self._known: dict[StorePath, str] = {}

    def __call__(self, path: StorePath) -> str:
        todo = [path]
        while todo:
            derivation = self._derivations.get(todo[-1])
            missing = [] if derivation is None else [drv for drv in derivation.input_drvs if drv not in self._known]
            if derivation is not None and derivation.fixed is None and missing:
                todo += missing
                continue
            here = todo.pop()
            self._known[here] = str(here) if derivation is None else self._identity(derivation)
        return self._known[path]

    def _identity(self, derivation: Derivation) -> str:
        if derivation.fixed is not None:
            algorithm, digest, mode = derivation.fixed
            words = ["fetched", derivation.name, *derivation.outputs, algorithm, digest.hex(), mode]
            return str(Digest.of("\0".join(words).encode()))
        table, inputs = {}, []
        for drv, outputs in derivation.input_drvs.items():
            for output in sorted(outputs):
                table[upstream_placeholder(drv, output)] = f"{self._known[drv]} {output}"
                inputs.append(f"{self._known[drv]} {output}")
        text = substitution(table)
        alike = derivation.replace(
            builder=text(derivation.builder),
            args=tuple(map(text, derivation.args)),
            env={name: text(value) for name, value in derivation.env.items()},
            rootfs=None if derivation.rootfs is None else tuple(map(text, derivation.rootfs)),
            input_drvs={},
        )
        return str(Digest.of(b"\n".join((alike.to_json(), *(name.encode() for name in sorted(inputs))))))


def _halves(chain: Chain, name: Callable[[StorePath], str]) -> tuple[frozenset[str], frozenset[str]]:
    toolchain, userland = (
        frozenset((*map(name, half.derivations), *map(str, half.trees))) for half in (chain.toolchain, chain.userland)
    )
    return toolchain, userland


def _stages(chain: Chain, name: Callable[[StorePath], str]) -> list[dict[str, tuple[str, tuple[str, ...]]]]:
    """Return what is built, stage by stage, and the products after the last one."""
    built = [*chain.stages, chain.products]
    return [{item: (name(package.derivation), package.outputs) for item, package in stage.items()} for stage in built]
