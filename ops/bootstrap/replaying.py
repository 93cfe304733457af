"""Replay a proof: build everything again from its own derivations, and compare the results with its claims."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ...builder import recall
from ...builder.resolution import resolve
from ..errors import RequestError
from ..settings import configured
from ..text import count
from .bundle import load_bundle
from .chain import BUILTIN, made_on_the_way, outcome_of, targets_of, witnesses
from .document import read
from .evidence import check_contents, check_objects
from .kinship import Stored
from .likeness import compare_with_set
from .plan import Described
from .products import published
from .proof import claims_of
from .report import origin_of, report_of
from .running import build
from .verdict import everything_below, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...builder import BuildOptions
    from ...store import Store, StorePath
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session
    from .chain import Chain, Outcome
    from .likeness import SetComparison
    from .proof import Proof
    from .report import BootstrapReport
    from .verdict import Verdicts

NOTHING_SHOWN = "nothing is shown by this replay"


class Deviation(NamedTuple):
    """A deviation from the proof: the subject `what`, with the claimed and the found value."""

    what: str
    claimed: str
    found: str
    is_grave: bool = True
    """False for a part of a seed whose build is not reproducible. The verdicts use the local result."""


class Replayed(NamedTuple):
    """A replayed bootstrap, and its deviations from the document."""

    proof: Proof
    report: BootstrapReport
    outputs: int
    deviations: tuple[Deviation, ...]
    likeness: SetComparison

    @property
    def holds(self) -> bool:
        """Whether all results equal those of the document, and all verdicts hold."""
        return self.report.holds and not any(deviation.is_grave for deviation in self.deviations)


def replay(
    session: Session,
    request: Request,
    proof: Proof,
    bundle: str | None = None,
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
) -> Replayed:
    """Build everything in a document again, and judge it; `bundle` is a file with its fetched inputs.

    `request` names the package set to compare the proof with. `options` defaults to those of chx.toml, `reporter` to
    that of the session. Trusts neither the document nor the store. Raises `ProofRefused`, `BuildError`, `OSError`.
    """
    proof.restore(session.store)
    if bundle is not None:
        loaded = load_bundle(session.store, proof.derivations, bundle)
        missing = f"; it lacks {', '.join(loaded.missing[:5])}" if loaded.missing else ""
        (reporter or session.reporter).notice(f"took {count(loaded.taken, 'file')} from '{bundle}'{missing}")
    # Builds use existing objects and do not replace them.
    existing = [path for path in proof.objects if session.store.is_valid(path)]
    check_objects(session.store, existing, NOTHING_SHOWN)
    targets = everything(session.store, proof.chains)
    options = replace(options or configured(), rebuild=True)
    realised, work = build(session, proof.chains, targets, options, reporter or session.reporter)
    outcomes = [outcome_of(chain, realised) for chain in proof.chains]
    check_contents(session.store, proof.chains, outcomes, NOTHING_SHOWN)
    verdicts = judge(session.store, proof.chains, outcomes, trusts_cache=False)
    described = [Described(chain, "") for chain in proof.chains]
    origin = origin_of(everything_below(session.store, proof.chains), proof.name)
    return Replayed(
        proof,
        report_of(
            session.store,
            proof.set,
            described,
            outcomes,
            verdicts,
            work,
            origin,
            products=published(proof.chains, realised),
        ),
        sum(len(stage) for outcome in outcomes for stage in outcome.stages),
        (*deviations_of(session.store, proof, outcomes, realised, verdicts), *_stated_rows(session.store, proof)),
        compare_with_set(session, request, proof),
    )


def read_proof(name: str, key: str | None = None) -> Proof:
    """Read the file `name`, and check all of the proof that can be checked without building.

    Raises `ProofRefused`, `OSError`, and `RequestError` if it was not signed by the public key `key`.
    """
    with open(name, "rb") as file:
        proof = read(file.read(), name)
    if key is not None and proof.key != key:
        raise RequestError(f"the proof is signed by {proof.key}, not by {key}")
    return proof


def everything(store: Store, chains: Sequence[Chain]) -> list[tuple[StorePath, tuple[str, ...]]]:
    """Return what to build again: packages, intermediate derivations, and the inputs of verdicts."""
    targets = targets_of(chains)
    derivations = recall(store, [derivation for derivation, _ in targets]).derivations
    parts = {path for chain in chains for path in made_on_the_way(chain, derivations)}
    packages = {derivation for derivation, _ in targets}
    return [
        *targets,
        *((path, tuple(derivations[path].outputs)) for path in sorted(parts - packages)),
        *((path, (output,)) for path, output in sorted(witnesses(chains, everything_below(store, chains)))),
    ]


def deviations_of(
    store: Store,
    proof: Proof,
    outcomes: Sequence[Outcome],
    realised: Mapping[tuple[StorePath, str], StorePath],
    verdicts: Verdicts,
) -> Iterator[Deviation]:
    """Yield all differences between the claimed and the found results."""
    for outcome, stated_outcome in zip(outcomes, proof.outcomes):
        for number, (built, expected) in enumerate(zip(outcome.stages, stated_outcome.stages)):
            for item in dict.fromkeys([*expected, *built]):
                if built.get(item) != expected.get(item):
                    what = f"{outcome.seed}, stage {number}: {item}"
                    yield Deviation(what, str(expected.get(item)), str(built.get(item)))
    found = claims_of(verdicts)
    for name, claim, is_so in zip(("fixed point", "host independence", "no residue"), proof.claims, found):
        # Format 1 does not distinguish "no" and "not shown".
        if claim is not is_so and (proof.kinship is not None or claim is True):
            yield Deviation(f"the verdict '{name}'", _word(claim), _word(is_so))
    if proof.kinship is None:
        return
    for (path, output), claimed in sorted(proof.realisations.items()):
        if realised[path, output] != claimed:
            # Builtin derivations are deterministic. Others ran programs of the seed.
            is_builtin = proof.derivations[path].system == BUILTIN
            yield Deviation(f"{path}!{output}", str(claimed), str(realised[path, output]), is_builtin)
    contents = Stored(store)
    for path, stated in sorted(proof.objects.items()):
        if store.is_valid(path) and (programs := contents.programs(path)) != stated.programs:
            yield Deviation(
                f"the programs of {path}",
                count(len(stated.programs), "program"),
                f"{count(len(programs), 'program')}, not the same",
            )
    if proof.suspicions != verdicts.suspicions:
        yield Deviation(
            "what stage 0 shows",
            count(len(proof.suspicions), "suspicion"),
            f"{count(len(verdicts.suspicions), 'suspicion')}, not the same",
        )


def _word(claim: bool | None) -> str:
    return "not shown" if claim is None else "yes" if claim else "no"


def _stated_rows(store: Store, proof: Proof) -> Iterator[Deviation]:
    """Yield the differences in the resolved derivations that a document of format 1 states."""
    if not proof.resolved:
        return
    known = recall(store, sorted({derivation for derivation, _ in proof.resolved})).outputs
    for (path, output), claimed in sorted(proof.resolved.items()):
        derivation = proof.derivations.get(path)
        found = None if derivation is None else str(resolve(derivation, known).resolved_digest())
        if found != claimed or derivation is None or output not in derivation.outputs:
            yield Deviation(f"{path}!{output}, resolved", claimed, str(found))
