"""`chx build --dry-run`: what would be fetched and built, how long that took before, and why it is to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..builder import Lane, expected, plan, remaining
from ..ops.diff.rebuild import explain
from ..ops.text import title
from .progress.format import duration
from .render.page import Page, count
from .render.rebuild import draw_rebuild

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..builder import BuildOptions, Plan, Step
    from ..ops.lock.verify import LockVerifier
    from ..store import Store, StorePath

    Target = tuple[StorePath, tuple[str, ...]]

SHOWN: Final = 30


def draw_plan(
    page: Page, store: Store, targets: Sequence[tuple[StorePath, Iterable[str]]], options: BuildOptions
) -> None:
    """All of it; nothing is built. Raises `BuildError`."""
    decided, why = plan(store, targets), explain(store, targets)
    waiting = {reason.derivation for reason in why.reasons if reason.verdict == "waits"}
    sandboxed = [step for step in decided.builds if not step.derivation.builder.startswith("builtin:")]
    made = [step for step in decided.builds if step.derivation.builder.startswith("builtin:")]
    _draw_steps(page, decided, waiting, decided.fetches, "would be fetched")
    _draw_steps(page, decided, waiting, made, "would be unpacked or written")
    _draw_steps(page, decided, waiting, sandboxed, "would be built")
    if decided.steps:
        _draw_forecast(page, decided, options)
    draw_rebuild(page, why)


def draw_substitutable(
    page: Page, store: Store, verifier: LockVerifier, targets: Sequence[Target], options: BuildOptions
) -> list[Target]:
    """What would be taken as a lock pins it; the targets that are left."""
    pins = verifier.substitutable()
    here = [target for target, pin in pins if all(store.is_valid(pin.outputs[name].path) for name in target.outputs)]
    elsewhere = [target for target, _ in pins if target not in here] if options.caches else []
    for found, what in (
        (here, "in the store, as it is pinned"),
        (elsewhere, "would be taken as it is pinned, if a cache has it"),
    ):
        if found:
            page.title(f"{what}: {count(len(found), 'package')}")
            for target in found:
                page.line(title(target.derivation))
    have = {(target.derivation, target.outputs) for target in here}
    return [target for target in targets if target not in have]


def _draw_steps(page: Page, decided: Plan, waiting: set[StorePath], steps: Sequence[Step], what: str) -> None:
    if not steps:
        return
    page.title(f"{what}: {count(len(steps), 'derivation')}")
    shown = page.limit(len(steps), SHOWN)
    for step in steps[:shown]:
        took = decided.remembered.get(step.path.name)
        notes = [f"took {duration(took)}"] if took is not None else []
        if step.path in waiting:
            notes.append("unless its inputs come out as before")
        page.line(title(step.path) + (f" ({'; '.join(notes)})" if notes else ""))
    if shown < len(steps):
        page.more(len(steps) - shown, 1)


def _draw_forecast(page: Page, decided: Plan, options: BuildOptions) -> None:
    import os

    known = sum(step.path.name in decided.remembered for step in decided.steps)
    if not known:
        return
    slots = {Lane.BUILD: options.jobs or len(os.sched_getaffinity(0)), Lane.FETCH: options.fetches}
    seconds = remaining(decided.steps, expected(decided.steps, decided.remembered), {}, slots)
    guess = "" if known == len(decided.steps) else f", {count(len(decided.steps) - known, 'step')} never seen"
    page.dim(f"about {duration(seconds)}, by earlier builds{guess}", 0)
