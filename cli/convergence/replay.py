"""Replaying a proof: all of it is built again, from its own derivations, and compared with what it claims."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ..difference.page import Page, count
from ..errors import CommandError
from ..output import put
from ..report import Style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ...builder import BuildOptions
    from ...builder.proof import Chain, Outcome, Proof, Verdicts
    from ...ops import Request
    from ...store import Store, StorePath
    from ..lines import Lines
    from ..session import Session
    from .account import Account
    from .bundled import Likeness


NOTHING_SHOWN = "nothing is shown by this replay"


class Deviation(NamedTuple):
    """Something that is not as the proof says: `what`, as it is claimed and as it was found."""

    what: str
    claimed: str
    found: str
    is_grave: bool = True
    """False for a part of a seed whose build is not reproducible. Everything was judged by what it gave here."""


class Replayed(NamedTuple):
    """A bootstrap that was replayed, and in what it is not as the document says."""

    proof: Proof
    account: Account
    outputs: int
    deviations: tuple[Deviation, ...]
    likeness: Likeness

    @property
    def holds(self) -> bool:
        """Whether everything came out as the document says, and shows what a bootstrap is to show."""
        return self.account.holds and not any(deviation.is_grave for deviation in self.deviations)


def replayed(
    session: Session, request: Request, proof: Proof, bundle: str | None, options: BuildOptions, reporter: Lines
) -> Replayed:
    """Build what a document describes again, and judge it; `bundle` is a file with what would be fetched.

    Believes nothing that the document or the store says. Raises `ProofRefused`, `BuildError`, `OSError`.
    """
    from ...builder.proof import check_contents, check_objects, everything_below, judge, load_bundle, outcome_of
    from .account import account_of, origin_of
    from .bundled import likeness
    from .chains import Described
    from .running import build

    proof.restore(session.store)
    if bundle is not None:
        loaded = load_bundle(session.store, proof.derivations, bundle)
        missing = f"; it lacks {', '.join(loaded.missing[:5])}" if loaded.missing else ""
        reporter.notice(f"took {count(loaded.taken, 'file')} from '{bundle}'{missing}")
    # What is there already is used, and what is built again does not replace it.
    there = [path for path in proof.objects if session.store.is_valid(path)]
    check_objects(session.store, there, NOTHING_SHOWN)
    targets = everything(session.store, proof.chains)
    realised, work = build(session, proof.chains, targets, replace(options, rebuild=True), reporter)
    outcomes = [outcome_of(chain, realised) for chain in proof.chains]
    check_contents(session.store, proof.chains, outcomes, NOTHING_SHOWN)
    verdicts = judge(session.store, proof.chains, outcomes, trusts_cache=False)
    described = [Described(chain, "") for chain in proof.chains]
    origin = origin_of(everything_below(session.store, proof.chains), proof.name)
    return Replayed(
        proof,
        account_of(session.store, proof.set, described, outcomes, verdicts, work, origin),
        sum(len(stage) for outcome in outcomes for stage in outcome.stages),
        (*deviations_of(session.store, proof, outcomes, realised, verdicts), *_stated_rows(session.store, proof)),
        likeness(session, request, proof),
    )


def replay(arguments: argparse.Namespace, write_text: Callable[[argparse.Namespace, Account], str]) -> int:
    """`--replay`: the exit status."""
    from ..expression import open_session, request_of
    from ..realise import options_of, reporter_of

    proof = read_proof(arguments, arguments.replay, "--replay")
    if not proof.claims.holds and not arguments.json:
        put(f"this proof shows {proof.claims.text}\n\n")
    with open_session(arguments) as session:
        found = replayed(
            session, request_of(arguments), proof, arguments.bundle, options_of(arguments), reporter_of(arguments)
        )
        write_text(arguments, found.account)
    if not arguments.json:
        page = Page(Style(sys.stdout))
        page.line("", 0)
        _draw_deviations(page, found.outputs, found.deviations)
        _draw_likeness(page, proof, found.likeness)
        page.line(f"signed by {proof.key}", 0)
        page.write()
    return 0 if found.holds else 1


def check(arguments: argparse.Namespace) -> int:
    """Check of the proof `arguments.check_proof` what can be checked without building; the exit status."""
    from .. import expression
    from .bundled import likeness

    proof = read_proof(arguments, arguments.check_proof, "--check-proof")
    with expression.open_session(arguments) as session:
        like = likeness(session, expression.request_of(arguments), proof)
    if arguments.json:
        import json

        from ..difference.data import as_data

        data = {
            "format": proof.format,
            "set": proof.set,
            "shows": proof.claims.text,
            "holds": proof.claims.holds,
            "claims": as_data(proof.claims),
            "kinship": as_data(proof.kinship),
            "suspicions": as_data(proof.suspicions),
            "likeness": as_data(like),
            "key": proof.key,
        }
        put(json.dumps(data, indent=2, sort_keys=True) + "\n")
    else:
        page = Page(Style(sys.stdout))
        _draw_checked(page, proof, like)
        page.write()
    return 0 if proof.claims.holds else 1


def read_proof(arguments: argparse.Namespace, name: str, option: str) -> Proof:
    """Raises `ProofRefused`, `OSError`, `CommandError`."""
    from ...builder.proof.document import read

    if arguments.seeds is not None or arguments.set is not None or arguments.proof is not None:
        raise CommandError(f"{option} takes sets and seeds from the proof", hint="leave SET, --seeds and --proof out")
    with open(name, "rb") as file:
        proof = read(file.read(), name)
    if arguments.key is not None and proof.key != arguments.key:
        raise CommandError(f"the proof is signed by {proof.key}, not by {arguments.key}")
    return proof


def everything(store: Store, chains: Sequence[Chain]) -> list[tuple[StorePath, tuple[str, ...]]]:
    """What has to be built again: the packages, what is compiled on the way to them, and what they are judged by."""
    from ...builder import recall
    from ...builder.proof import everything_below, made_on_the_way, targets_of, witnesses

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
    """Everything in which what was found is not what was claimed."""
    from ...builder.proof.chain import BUILTIN
    from ...builder.proof.kinship import Stored
    from ...builder.proof.proof import claims_of

    for ours, theirs in zip(outcomes, proof.outcomes):
        for number, (here, there) in enumerate(zip(ours.stages, theirs.stages)):
            for item in dict.fromkeys([*there, *here]):
                if here.get(item) != there.get(item):
                    yield Deviation(f"{ours.seed}, stage {number}: {item}", str(there.get(item)), str(here.get(item)))
    found = claims_of(verdicts)
    for name, claim, is_so in zip(("fixed point", "host independence", "no residue"), proof.claims, found):
        # Format 1 has one word for "no" and "not shown".
        if claim is not is_so and (proof.kinship is not None or claim is True):
            yield Deviation(f"the verdict '{name}'", _word(claim), _word(is_so))
    if proof.kinship is None:
        return
    for (path, output), claimed in sorted(proof.realisations.items()):
        if realised[path, output] != claimed:
            # chx carries out `builtin` derivations itself, always with the same result. Others ran programs of the seed.
            is_ours = proof.derivations[path].system == BUILTIN
            yield Deviation(f"{path}!{output}", str(claimed), str(realised[path, output]), is_ours)
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
    """The resolved derivations that a document of format 1 states."""
    from ...builder import recall
    from ...builder.resolve import resolve

    if not proof.resolved:
        return
    known = recall(store, sorted({derivation for derivation, _ in proof.resolved})).outputs
    for (path, output), claimed in sorted(proof.resolved.items()):
        derivation = proof.derivations.get(path)
        found = None if derivation is None else str(resolve(derivation, known).resolved_digest())
        if found != claimed or derivation is None or output not in derivation.outputs:
            yield Deviation(f"{path}!{output}, resolved", claimed, str(found))


def _draw_deviations(page: Page, total: int, deviations: Sequence[Deviation]) -> None:
    grave = [deviation for deviation in deviations if deviation.is_grave]
    rest = [deviation for deviation in deviations if not deviation.is_grave]
    if grave:
        page.line(f"replayed: {count(len(grave), 'thing')} did not come out as the proof says:", 0)
        _draw_each(page, grave)
    else:
        page.line(f"replayed: all {count(total, 'output')} came out as the proof says", 0)
    if rest:
        page.line("parts of seeds whose builds are not reproducible, and differ from the proof:", 0)
        _draw_each(page, rest)


def _draw_each(page: Page, deviations: Sequence[Deviation]) -> None:
    for deviation in deviations:
        page.line(deviation.what)
        page.removed(deviation.claimed, 2)
        page.added(deviation.found, 2)


def _draw_likeness(page: Page, proof: Proof, like: Likeness) -> None:
    page.line(f"the set {proof.set}: {like.set_words}", 0)
    for seed, words in like.seed_words:
        page.line(f"{seed}: {words}", 0)


def _draw_checked(page: Page, proof: Proof, like: Likeness) -> None:
    from .drawing import sharing_lines

    page.title(f"this proof {'claims' if proof.claims.holds else 'shows'} {proof.claims.text}")
    stages = count(len(proof.chains[0].stages), "stage")
    seeds = ", ".join(chain.seed for chain in proof.chains)
    page.line(f"{proof.set}: {stages} from {count(len(proof.chains), 'seed')}: {seeds}", 0)
    page.line(f"signed by {proof.key}", 0)
    page.line("", 0)
    page.line("checked: the form and the signature; that every name follows from its content", 0)
    page.line(
        f"({count(len(proof.derivations), 'derivation')}, {count(len(proof.files), 'source file')},"
        f" {count(len(proof.objects), 'object')});"
    )
    page.line("that each stage uses the previous one, and stage 0 its seed;")
    page.line("that the verdicts 'fixed point' and 'host independence' follow from the outcomes")
    page.line(
        "not checked without building: that the derivations give these outcomes; which programs the seeds have;", 0
    )
    page.line("'no residue': see chx bootstrap --replay")
    if proof.kinship is not None:
        for line in sharing_lines(proof.kinship):
            page.line(line, 0)
    else:
        page.line(
            "format 1 does not say which programs the seeds have: how many toolchains they are, a replay tells", 0
        )
    _draw_likeness(page, proof, like)
