"""Compare the seeds and the set of a proof with those of a local package set."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...evaluator import EvalError
from ..errors import RequestError
from .plan import chains_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...store import StorePath
    from ..request import Request
    from ..session import Session
    from .chain import Chain, Package
    from .proof import Proof


class SetComparison(NamedTuple):
    """For the set and each seed: whether it equals the local one of that name; None without a local one.

    Sets are equal if all stages from all equal seeds have equal derivations. Stages from a different seed necessarily
    have other derivations: `uncompared` are such seeds.
    """

    set: str
    set_is_same: bool | None
    seeds: Mapping[str, bool | None]
    uncompared: tuple[str, ...]

    @property
    def set_words(self) -> str:
        words = _words(self.set, self.set_is_same, "set")
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
    for chain in proof.chains:
        here = _local_chain(session, request, proof.set, chain)
        if here is None:
            seeds[chain.seed] = None
            continue
        seeds[chain.seed] = _halves(here) == _halves(chain)
        if seeds[chain.seed]:
            same = [_derivations(stage) for stage in here.stages] == [_derivations(stage) for stage in chain.stages]
            set_is_same = same and set_is_same is not False
        elif set_is_same is None:
            # The set exists here, but with other seeds its derivations differ.
            set_is_same = False
    return SetComparison(proof.set, set_is_same, seeds, tuple(seed for seed, is_same in seeds.items() if not is_same))


def _local_chain(session: Session, request: Request, name: str, chain: Chain) -> Chain | None:
    try:
        (described,) = chains_of(session, request, name, [chain.seed], len(chain.stages))
    except (RequestError, EvalError):
        return None
    return described.chain


def _halves(chain: Chain) -> tuple[frozenset[StorePath], frozenset[StorePath]]:
    return (
        frozenset((*chain.toolchain.derivations, *chain.toolchain.trees)),
        frozenset((*chain.userland.derivations, *chain.userland.trees)),
    )


def _derivations(stage: Mapping[str, Package]) -> dict[str, tuple[StorePath, tuple[str, ...]]]:
    return {name: (package.derivation, package.outputs) for name, package in stage.items()}
