"""Check the evidence of a proof before signing: hash its objects again, and check its rows of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...builder.errors import BuildError
from ...builder.fixed import check_fixed
from ...builder.planning import known_fixed, recall
from ...builder.resolution import resolve
from ...store.ledger import UnsoundLedger
from .chain import witnesses
from .proof import ProofRefused
from .verdict import everything_below

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...store.derivation import Derivation
    from ...store.digest import Digest
    from ...store.path import StorePath
    from ...store.store import Store
    from .chain import Chain, Outcome


def check_evidence(store: Store, chains: Sequence[Chain], outcomes: Sequence[Outcome]) -> None:
    """Raise `ProofRefused` unless the store still holds the built objects, and the ledger the recorded rows.

    The objects are those of all stages and of the seeds. The rows are those that map each derivation of a stage to its
    outputs.
    """
    try:
        store.check_relied({(digest, output): path for digest, output, path in rows_relied_on(store, chains)})
    except UnsoundLedger as error:
        raise ProofRefused(f"nothing is signed: {error.message}", hint=error.hint) from error
    check_contents(store, chains, outcomes, "nothing is signed")


def check_contents(store: Store, chains: Sequence[Chain], outcomes: Sequence[Outcome], consequence: str) -> None:
    """Hash again all objects that verdicts depend on: all stages, seeds, unpacked sources, and fetched files.

    Raises `ProofRefused`, whose message begins with `consequence`, if an object has changed. This matters because a
    build that produces an existing object does not replace a changed one.
    """
    derivations = everything_below(store, chains)
    found = recall(
        store, sorted({*(drv for chain in chains for drv in (*chain.packages, *chain.seed_derivations))})
    ).outputs
    objects = {path for outcome in outcomes for stage in outcome.stages for path in stage.values()}
    for chain in chains:
        objects |= chain.toolchain.objects(derivations, found) | chain.userland.objects(derivations, found)
    objects |= {found[key] for key in witnesses(chains, derivations) if key in found and store.is_valid(found[key])}
    for derivation in derivations.values():
        if derivation.fixed is not None:
            _check_source(store, derivation, consequence)
    check_objects(store, objects, consequence)


def check_objects(store: Store, objects: Iterable[StorePath], consequence: str) -> None:
    """Hash objects and their closures again. Raises `ProofRefused` for the first changed object."""
    for path in sorted(store.closure(objects)):
        for problem in store.verify_object(path):
            place = f"`{problem.file}` of {path}" if problem.file else str(path)
            raise ProofRefused(
                f"{consequence}: {place} {problem.what}",
                hint="the store was changed after the build; see chx store verify --repair",
            )


def _check_source(store: Store, derivation: Derivation, consequence: str) -> None:
    """Raise `ProofRefused` unless a fixed output is in the store and has its hash."""
    assert derivation.fixed is not None
    path = known_fixed(store, derivation)
    if path is None:
        raise ProofRefused(f"{consequence}: '{derivation.name}' is not in the store, and its hash cannot be checked")
    try:
        check_fixed(store.physical(path), derivation.fixed)
    except BuildError as error:
        raise ProofRefused(
            f"{consequence}: {path} was changed after it was fetched: {error.message}",
            hint="see chx store verify --repair",
        ) from error


def rows_relied_on(store: Store, chains: Sequence[Chain]) -> Iterator[tuple[Digest, str, StorePath]]:
    """Yield the resolved digest, output and store path of every build for packages of `chains`."""
    recollection = recall(store, sorted({drv for chain in chains for drv in chain.packages}))
    for path, derivation in sorted(recollection.derivations.items()):
        if derivation.fixed is not None:
            continue
        try:
            digest = resolve(derivation, recollection.outputs).resolved_digest()
        except KeyError:
            # The inputs of a valid object are not recalled.
            continue
        for output in derivation.outputs:
            known = recollection.outputs.get((path, output))
            if known is not None:
                yield digest, output, known
