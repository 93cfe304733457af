"""`chx build --check` and `--vary`: build again, and see whether the same comes out."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from .errors import CommandError
from .lines import title
from .progress import say
from .realise import options_of, realise, reporter_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..builder import Verdict
    from ..store import Realisation, Store, StorePath
    from .build import Wanted
    from .difference.page import Page
    from .pins.guard import Guard
    from .session import Session


def variations_named(text: str | None) -> tuple[str, ...]:
    """What `--vary` means; raises `CommandError`."""
    from ..builder import USUAL, VARIATIONS

    if text is None:
        return ()
    names: list[str] = []
    for word in text.replace(",", " ").split():
        if word == "all":
            names += USUAL
        elif word in VARIATIONS:
            names.append(word)
        else:
            raise CommandError(f"there is no variation '{word}'", hint=f"known are all, {', '.join(VARIATIONS)}")
    return tuple(dict.fromkeys(names))


def check(session: Session, arguments: argparse.Namespace, wanted: Sequence[Wanted], guard: Guard | None) -> int:
    """Build what is wanted, compare it with the lock if there is one, then build it again; the exit status."""
    from .difference.page import Page
    from .report import Style

    names = variations_named(arguments.vary)
    store = session.store
    targets = {item.derivation: store.derivation(item.derivation).outputs for item in wanted}
    known = realise(store, list(targets.items()), options_of(arguments), reporter_of(arguments))
    if guard is not None:
        guard.after(known)
    page = Page(Style(sys.stdout))
    status = 0
    for derivation, outputs in targets.items():
        reference = {output: known[derivation, output] for output in outputs}
        tried = _try(store, arguments, derivation, reference, names)
        if tried is None:
            page.title(f"{title(derivation)}: not checked: {exemption(store, derivation)}")
            continue
        verdict, earlier = tried
        draw_verdict(page, store, derivation, verdict, names, earlier)
        status |= verdict.cause != "nothing" or bool(earlier)
    page.write("chx diff --full")
    return int(status)


def exemption(store: Store, derivation: StorePath) -> str | None:
    """Why building a derivation again would say nothing, if there is a reason."""
    read = store.derivation(derivation)
    if read.fixed is not None:
        return "its content is promised by a hash"
    return "chx itself builds it" if read.builder.startswith("builtin:") else None


def _try(
    store: Store,
    arguments: argparse.Namespace,
    derivation: StorePath,
    reference: Mapping[str, StorePath],
    names: tuple[str, ...],
) -> tuple[Verdict, list[Realisation]] | None:
    """Build it again; None if it is exempt. `reference` is what it gave before.

    Gives also the rows of builds that were recorded before this run and gave something else than its reference.
    """
    from ..builder import ReproducibilityCheck

    if exemption(store, derivation) is not None:
        return None
    options = replace(options_of(arguments), rebuild=True, jobs=1)
    target = [(derivation, tuple(reference))]
    earlier = _otherwise(store, derivation, reference)
    unvaried: set[str] = set()

    def attempt(chosen: tuple[str, ...]) -> Mapping[str, StorePath]:
        reporter = reporter_of(arguments)
        reporter.is_trial = True
        made = realise(store, target, replace(options, variations=chosen), reporter)
        unvaried.update(reporter.unmade)
        return {output: path for (_, output), path in made.items()}

    def told(chosen: tuple[str, ...]) -> None:
        if not arguments.quiet and arguments.log_format != "json":
            say(f"{title(derivation)} once more{f', varied: {_listed(chosen, names)}' if chosen else ', as it was'}")

    return ReproducibilityCheck(attempt, reference, told, unvaried).run(arguments.rounds, names), earlier


def _otherwise(store: Store, derivation: StorePath, reference: Mapping[str, StorePath]) -> list[Realisation]:
    """What is recorded of builds of the same that gave something else."""
    from ..builder import recall
    from ..builder.resolve import resolve

    found = recall(store, [derivation])
    resolved = resolve(found.derivations[derivation], found.outputs).resolved_digest()
    return [row for row in store.realisations(resolved) if row.path != reference.get(row.output, row.path)]


def _listed(chosen: tuple[str, ...], names: tuple[str, ...]) -> str:
    return f"all {len(names)}" if chosen == names and len(names) > 1 else ", ".join(chosen)


def draw_verdict(
    page: Page,
    store: Store,
    derivation: StorePath,
    verdict: Verdict,
    names: tuple[str, ...],
    earlier: Sequence[Realisation] = (),
) -> None:
    """What a trial found, and the files that differ. `earlier` are rows of builds before it that gave something else."""
    from ..builder import VARIATIONS
    from .difference.page import count

    name = title(derivation)
    builds = count(verdict.builds, "build")
    match verdict.cause:
        case "nothing":
            varied = [word for word in names if word not in verdict.unvaried]
            under = f", also with another {', '.join(varied)}" if varied else ""
            if earlier:
                page.title(f"{name}: not reproducible: an earlier build gave something else than the builds of now")
                agree = "agrees" if verdict.builds == 1 else "agree"
                page.dim(f"{builds} now{under} {agree} with what is in the store; otherwise was")
                _draw_earlier(page, store, derivation, verdict.reference, earlier)
            else:
                page.title(f"{name}: reproducible ({builds} more{under})")
            if verdict.unvaried:
                page.dim(f"what cannot be varied here: {', '.join(verdict.unvaried)}")
            return
        case "variations":
            what = " together with ".join(VARIATIONS[part].what for part in verdict.variations)
            page.title(f"{name}: not reproducible: the output depends on {what}")
            page.dim(
                f"found with --vary {','.join(verdict.variations)}, in {builds}; without that it comes out the same"
            )
        case "clock":
            page.title(f"{name}: not reproducible: the output depends on the time at which it is built")
            page.dim(f"each of {builds} differs, and with the clock stopped they are equal")
        case "the first build":
            page.title(f"{name}: it came out otherwise when it was built first; since then it is the same")
            page.dim("what was different then is not known: another load, number of cores, or chance")
        case "itself":
            page.title(f"{name}: not reproducible: it differs by itself, though nothing was varied")
            page.dim("look for the time, random numbers, addresses, and the order in which parallel work ends")
    if verdict.failure is not None:
        page.line(f"it cannot be built so: {verdict.failure.message}")
        for line in verdict.failure.tail[-5:]:
            page.line(f"| {line}", 2)
    if verdict.differing is not None:
        _draw_difference(page, store, derivation, verdict.reference, verdict.differing)


def _draw_earlier(
    page: Page, store: Store, derivation: StorePath, reference: Mapping[str, StorePath], earlier: Sequence[Realisation]
) -> None:
    """Each output that came out otherwise once, with the row of it, and how it differs if it is still there."""
    from .ledger import row_line

    shown: dict[StorePath, str] = {}
    for row in earlier:
        if row.path not in shown:
            shown[row.path] = row.output
            page.line(f"{row.output} -> {row.path}")
            page.dim(row_line(row), 2)
    for path, output in shown.items():
        if store.is_valid(path) and store.is_valid(reference[output]):
            _draw_difference(page, store, derivation, {output: reference[output]}, {output: path})


def _draw_difference(
    page: Page, store: Store, derivation: StorePath, before: Mapping[str, StorePath], after: Mapping[str, StorePath]
) -> None:
    from .difference.comparison import compare
    from .difference.drawing import draw
    from .difference.knowledge import Knowledge
    from .difference.subject import Thing

    one = Thing("as it was", derivation, dict(before), (), False)
    other = Thing("otherwise", derivation, dict(after), (), False)
    draw(page, compare(store, Knowledge(store), one, other, ("files", "bytes"), False))
