"""Verdicts on reproducibility, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...builder import VARIATIONS
from ...ops.diff.comparison import compare_subjects
from ...ops.diff.recall import BuildTraceCache
from ...ops.diff.subject import PackageSubject
from ...ops.text import title
from .diff import draw
from .ledger import row_line
from .page import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...builder import Verdict
    from ...store import Realisation, Store, StorePath
    from .page import Page


def draw_verdict(
    page: Page,
    store: Store,
    derivation: StorePath,
    verdict: Verdict,
    names: tuple[str, ...],
    earlier: Sequence[Realisation] = (),
) -> None:
    """Draw the verdict of a trial and the files that differ. `earlier` are rows of builds that gave other outputs."""
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
    """Draw each output that an earlier build gave differently, with its row, and the difference if the store has it."""
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
    one = PackageSubject("as it was", derivation, dict(before), (), False)
    other = PackageSubject("otherwise", derivation, dict(after), (), False)
    draw(page, compare_subjects(store, BuildTraceCache(store), one, other, ("files", "bytes"), False))
