"""Attributions of differences, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .page import Page, count

if TYPE_CHECKING:
    from ...ops.diff.attribution import Attributed, Attribution


def draw_attribution(page: Page, found: Attribution) -> None:
    """Draw the differences that matter, then the others."""
    page.title(f"{found.before} -> {found.after}: {_summary(found)}")
    for item in found.aspects:
        if item.verdict == "changes the output":
            page.changed(f"{item.aspect}: changes the output ({_extent(item)})")
    for item in found.aspects:
        if item.verdict == "does not build":
            page.removed(f"{item.aspect}: does not build{': ' + item.message if item.message else ''}")
    for item in found.aspects:
        if item.verdict == "changes nothing":
            page.line(f"  {item.aspect}: changes nothing")
        elif item.verdict == "is the same object":
            page.line(f"  {item.aspect}: is built otherwise and came out the same")
    if found.outputs_after is None:
        page.dim(f"{found.after} itself does not build{': ' + found.message if found.message else ''}")
    elif not found.is_equal and not any(item.verdict == "changes the output" for item in found.aspects):
        page.dim("no single difference changes the output: several do together")


def _extent(item: Attributed) -> str:
    return count(item.files, "path") if item.files else "in hashes of store paths alone"


def _summary(found: Attribution) -> str:
    if not found.aspects:
        return "the derivations do not differ"
    if found.is_equal:
        return "the outputs are equal; each difference by itself"
    return f"{count(len(found.aspects), 'difference')}, each by itself"
