"""Locks as text and JSON: changes, pins that were checked, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .data import as_data
from .diff import draw_closure
from .errors import describe
from .page import Page, sizes
from .style import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...ops.lock.checking import Checked, Report
    from ...ops.lock.lock_changes import Changes, InputChange, OutputChange, PinChange, SourceChange


def draw_report(page: Page, report: Report, words: Sequence[str]) -> None:
    """Draw a line for each pin that holds, and the errors of the others."""
    for checked in report.pins:
        _draw_checked(page, checked, words)


def report_data(report: Report, words: Sequence[str]) -> dict[str, Any]:
    """Return the report as JSON types, with errors as they are drawn."""
    pins = [
        {
            **as_data({name: getattr(checked, name) for name in checked.__slots__ if name not in ("error", "remark")}),
            "code": checked.code,
            "message": checked.message,
            "report": _error_lines(checked, words),
        }
        for checked in report.pins
    ]
    return {"holds": not report.failed, "lock": report.lock, "pins": pins}


def _error_lines(checked: Checked, words: Sequence[str]) -> list[str]:
    return [] if checked.error is None else describe(checked.error, Style(None), words)[0]


def _draw_checked(page: Page, checked: Checked, words: Sequence[str]) -> None:
    if checked.verdict == "holds":
        for output, pinned in checked.pinned.items():
            title = f"{checked.attribute} ({checked.system})" + ("" if output == "out" else f" {output}")
            page.line(f"= {title}: {pinned.digest}, {pinned.size} bytes", 0)
    elif checked.verdict == "not here":
        page.line(f"? {checked.attribute}: {checked.message}", 0)
    else:
        page.removed(f"{checked.attribute}: not as pinned", 0)
        page.lines += [f"  {line}" for line in _error_lines(checked, words)]


def draw_changes(page: Page, found: Changes, with_sources: bool = False) -> None:
    """Draw each change and its details."""
    for move in found.inputs:
        _draw_input(page, move)
    for pin in found.pins:
        if page.lines and page.lines[-1].startswith("  ") and pin.verdict == "moved":
            page.lines.append("")  # after a closure
        _draw_pin(page, pin)
    if with_sources and found.sources:
        _draw_sources(page, found.sources)


def _draw_input(page: Page, move: InputChange) -> None:
    if move.before is None:
        page.added(f"input {move.name}: {move.after}", 0)
    elif move.after is None:
        page.removed(f"input {move.name}: {move.before}", 0)
    elif move.declared_before != move.declared_after:
        page.changed(f"input {move.name}: {move.declared_before} -> {move.declared_after}", 0)
    else:
        page.changed(f"input {move.name}: {move.before} -> {move.after}", 0)


def _draw_pin(page: Page, move: PinChange) -> None:
    title = f"{move.attribute} ({move.system})"
    was = "" if move.before is None else move.before.name
    now = "" if move.after is None else move.after.name
    match move.verdict:
        case "removed":
            page.removed(f"{title}: {was}", 0)
            return
        case "rebuilt":
            page.line(f"= {title}: {now}, built otherwise, and the same comes out", 0)
            return
        case "added":
            page.added(f"{title}: {now}", 0)
        case "moved":
            page.changed(f"{title}: {was} -> {now}" if was != now else f"{title}: {now}", 0)
    for output in move.outputs:
        _draw_output(page, output, move.verdict == "added")
    if move.verdict == "moved":
        _draw_closure(page, move)


def _draw_output(page: Page, move: OutputChange, is_new: bool) -> None:
    before, after = move.before, move.after
    if before is not None and after is not None:
        page.line(f"{move.name}: {before.digest} -> {after.digest}, {sizes(before.size, after.size)}")
    elif after is not None:
        (page.line if is_new else page.added)(f"{move.name}: {after.digest}, {after.size} bytes")
    elif before is not None:
        page.removed(f"{move.name}: {before.digest}, {before.size} bytes")


def _draw_closure(page: Page, move: PinChange) -> None:
    """Draw the closures as `chx diff --level closure` does."""
    if move.closure is None:
        page.dim("closure: what was pinned is not in this store, so it cannot be compared")
    else:
        draw_closure(page, move.closure)


SOURCES_SHOWN = 12


def _draw_sources(page: Page, found: tuple[SourceChange, ...]) -> None:
    page.title(f"sources: {len(found)} not the same")
    shown = page.limit(len(found), SOURCES_SHOWN)
    for move in found[:shown]:
        if move.before is None:
            page.added(f"{move.name}: {move.after}")
        elif move.after is None:
            page.removed(f"{move.name}: {move.before}")
        else:
            page.changed(f"{move.name}: {move.before} -> {move.after}")
    if shown < len(found):
        page.more(len(found) - shown, 1, "sources")
