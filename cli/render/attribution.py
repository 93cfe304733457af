"""Attributions of differences, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .attributes import draw_attribute
from .page import Page, count

if TYPE_CHECKING:
    from ...ops.diff.attribution import Attributed, Attribution
    from ...ops.diff.explanation import Explanation


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
    untried = sum(item.verdict == "not tried alone" for item in found.aspects)
    if untried:
        page.line(f"  {count(untried, 'difference')} not tried alone: there are too many")
    if found.outputs_after is None:
        page.dim(f"{found.after} itself does not build{': ' + found.message if found.message else ''}")
    elif not (found.is_equal or untried or any(item.verdict == "changes the output" for item in found.aspects)):
        page.dim("no single difference changes the output: several do together")
    if found.explanation is not None:
        page.title(f"smallest set that gives the output of {found.after}: {_size(found.explanation)}")
        _draw_explanation(page, found.explanation, 1)


def _size(found: Explanation) -> str:
    if found.message is not None:
        return f"none was found: {found.message}"
    return f"{found.size} of {count(found.differences, 'difference')} ({count(found.builds, 'variant')} tried)"


def _draw_explanation(page: Page, found: Explanation, depth: int) -> None:
    """Draw the attributes and inputs of a smallest set, and below each input what of it matters."""
    for change in found.attributes:
        draw_attribute(page, change, depth)
    for item in found.inputs:
        names = "" if item.before == item.after else f": {item.before} -> {item.after}"
        if item.inner is None:
            page.changed(f"input {item.label}{names}", depth)
        else:
            page.changed(f"input {item.label}{names}, by {_size(item.inner)}", depth)
            _draw_explanation(page, item.inner, depth + 1)


def _extent(item: Attributed) -> str:
    return count(item.files, "path") if item.files else "in hashes of store paths alone"


def _summary(found: Attribution) -> str:
    if not found.aspects:
        return "the derivations do not differ"
    if found.is_equal:
        return "the outputs are equal; each difference by itself"
    return f"{count(len(found.aspects), 'difference')}, each by itself"
