"""`chx build --dry-run`: print what would be fetched and built, the expected time, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..ops.text import title
from .progress.format import duration
from .render.page import Page, count
from .render.rebuild import draw_rebuild

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..builder import Step
    from ..ops.previewing import Preview
    from ..ops.targets import Target

SHOWN: Final = 30


def draw_preview(page: Page, found: Preview) -> None:
    """Draw the steps of a build and their reasons."""
    _draw_targets(page, found.pinned, "in the store, as it is pinned")
    _draw_targets(page, found.substitutable, "would be taken as it is pinned, if a cache has it")
    _draw_steps(page, found, found.fetches, "would be fetched")
    _draw_steps(page, found, found.unpacked, "would be unpacked or written")
    _draw_steps(page, found, found.builds, "would be built")
    if found.seconds is not None:
        unknown = sum(step.path.name not in found.plan.remembered for step in found.plan.steps)
        guess = f", {count(unknown, 'step')} never seen" if unknown else ""
        page.dim(f"about {duration(found.seconds)}, by earlier builds{guess}", 0)
    draw_rebuild(page, found.rebuild)


def _draw_targets(page: Page, targets: Sequence[Target], what: str) -> None:
    if targets:
        page.title(f"{what}: {count(len(targets), 'package')}")
        for target in targets:
            page.line(title(target.derivation))


def _draw_steps(page: Page, found: Preview, steps: Sequence[Step], what: str) -> None:
    if not steps:
        return
    page.title(f"{what}: {count(len(steps), 'derivation')}")
    waiting = found.waiting
    shown = page.limit(len(steps), SHOWN)
    for step in steps[:shown]:
        took = found.plan.remembered.get(step.path.name)
        notes = [f"took {duration(took)}"] if took is not None else []
        if step.path in waiting:
            notes.append("unless its inputs come out as before")
        page.line(title(step.path) + (f" ({'; '.join(notes)})" if notes else ""))
    if shown < len(steps):
        page.more(len(steps) - shown, 1)
