"""Replaying a proof: all of it is built again, from its own derivations, and compared with what it claims."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NamedTuple

from ..difference.page import Page, count
from ..errors import CommandError
from ..report import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...builder.proof import Chain, Outcome, Proof
    from ...store import Store, StorePath
    from ..session import Session


class Deviation(NamedTuple):
    """An item that did not come out as the proof says."""

    seed: str
    stage: int
    item: str
    claimed: StorePath | None
    found: StorePath | None


def replay(session: Session, arguments: argparse.Namespace) -> int:
    """Check the proof `arguments.replay`; the exit status."""
    from ...builder.proof import judge, outcome_of
    from ..bootstrap import build, write_text
    from .account import account_of
    from .chains import Described

    proof = read_proof(arguments.replay)
    if arguments.key is not None and proof.key != arguments.key:
        raise CommandError(f"the proof is signed by {proof.key}, not by {arguments.key}")
    if arguments.seeds is not None or arguments.set is not None or arguments.proof is not None:
        raise CommandError("--replay takes sets and seeds from the proof", hint="leave SET, --seeds and --proof out")
    proof.restore(session.store)
    realised, work = build(session, arguments, proof.chains, everything(session.store, proof.chains), rebuild=True)
    outcomes = [outcome_of(chain, realised) for chain in proof.chains]
    verdicts = judge(session.store, proof.chains, outcomes)
    described = [Described(chain, "") for chain in proof.chains]
    account = account_of(session.store, proof.set, described, outcomes, verdicts, work)
    deviations = deviations_of(proof.outcomes, outcomes)
    write_text(arguments, account)
    if not arguments.json:
        page = Page(Style(sys.stdout))
        _draw(page, proof, outcomes, deviations)
        page.write()
    return 0 if account.holds and not deviations else 1


def everything(store: Store, chains: Sequence[Chain]) -> list[tuple[StorePath, tuple[str, ...]]]:
    """What has to be built again: the packages, and what is compiled on the way to them."""
    from ...builder import recall
    from ...builder.proof import made_on_the_way, targets_of

    targets = targets_of(chains)
    derivations = recall(store, [derivation for derivation, _ in targets]).derivations
    parts = {path for chain in chains for path in made_on_the_way(chain, derivations)}
    packages = {derivation for derivation, _ in targets}
    return [*targets, *((path, tuple(derivations[path].outputs)) for path in sorted(parts - packages))]


def read_proof(name: str) -> Proof:
    """Raises `ProofRefused`, `OSError`."""
    from ...builder.proof.document import read

    with open(name, "rb") as file:
        return read(file.read(), name)


def deviations_of(claimed: Sequence[Outcome], found: Sequence[Outcome]) -> list[Deviation]:
    """Everything in which what was found is not what was claimed."""
    return [
        Deviation(ours.seed, number, item, there.get(item), here.get(item))
        for ours, theirs in zip(found, claimed)
        for number, (here, there) in enumerate(zip(ours.stages, theirs.stages))
        for item in dict.fromkeys([*there, *here])
        if here.get(item) != there.get(item)
    ]


def _draw(page: Page, proof: Proof, outcomes: Sequence[Outcome], deviations: Sequence[Deviation]) -> None:
    total = sum(len(stage) for outcome in outcomes for stage in outcome.stages)
    page.line("", 0)
    if not deviations:
        page.line(f"replayed: all {count(total, 'output')} came out as the proof says", 0)
    else:
        page.line(f"replayed: {len(deviations)} of {count(total, 'output')} did not come out as the proof says:", 0)
    for item in deviations:
        page.line(f"{item.seed}, stage {item.stage}: {item.item}")
        page.removed(str(item.claimed), 2)
        page.added(str(item.found), 2)
    page.line(f"signed by {proof.key}", 0)
