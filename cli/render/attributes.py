"""Differences of derivations themselves, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...store.difference import diff_lines
from ...store.foreign import parse_json
from .files import draw_contents, draw_files
from .page import Page, count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...ops.diff.comparison import ObjectReport
    from ...store.difference import AttributeChange, InputChange, OwnDifference, SourceChange

_LONG = 60


def draw_own(page: Page, own: OwnDifference, depth: int, sources: Mapping[SourceChange, ObjectReport | None]) -> None:
    """Draw the attributes, inputs and sources that differ."""
    for change in own.attributes:
        if not (change.attribute == "rootfs" and _is_told_by_inputs(change, own)):
            draw_attribute(page, change, depth)
    for item in own.inputs:
        (page.added if item.is_added else page.removed)(f"input {item.name}{_use(item)}", depth)
    for source in own.sources:
        page.changed(f"source {source.name}", depth)
        report = sources.get(source)
        if report is not None:
            draw_files(page, report.difference.files, depth + 1)
            draw_contents(page, report, depth + 1)
        elif source in sources:
            page.dim("its objects are not in the store any more", depth + 1)


def _use(item: InputChange) -> str:
    return f" ({', '.join(item.roles)})" if item.roles else ""


def _is_told_by_inputs(change: AttributeChange, own: OwnDifference) -> bool:
    """Whether a rootfs differs only by entries that are listed as added or removed inputs."""
    named = {f"${{{item.name}}}" for item in own.inputs if "rootfs" in item.roles}
    before, after = (
        [line for line in (text or "").split("\n") if line not in named] for text in (change.before, change.after)
    )
    return before == after


def draw_attribute(page: Page, change: AttributeChange, depth: int) -> None:
    """Draw short values side by side, lists by words, scripts and JSON by lines."""
    name = change.attribute.removeprefix("env.")
    before, after = change.before, change.after
    if before is None:
        page.added(f"{name} = {_shown(after or '')}", depth)
        return
    if after is None:
        page.removed(f"{name} = {_shown(before)}", depth)
        return
    if name == "rootfs" and sorted(before.split("\n")) == sorted(after.split("\n")):
        page.changed("rootfs: another order of the same entries", depth)
    elif "\n" not in before + after and len(before) + len(after) <= _LONG:
        page.changed(f"{name}: {_shown(before)} -> {_shown(after)}", depth)
        return
    else:
        page.changed(f"{name}:", depth)

    one, other = _lines(before), _lines(after)
    lines = diff_lines(one, other, 1)
    if lines is None:
        page.line(f"{count(len(one), 'line')} -> {count(len(other), 'line')}", depth + 1)
    else:
        page.diff([line for line in lines if not line.startswith("@@")] if len(one) < 4 else lines, depth + 1)


def summary(own: OwnDifference) -> str:
    """Return what differs, in one line."""
    names = [change.attribute.removeprefix("env.") for change in own.attributes]
    names += [("+ " if item.is_added else "- ") + item.name for item in own.inputs]
    names += [source.name for source in own.sources]
    return ", ".join(names)


def _shown(text: str) -> str:
    text = text.replace("\n", "\\n")
    return f'"{text if len(text) <= 2 * _LONG else text[: 2 * _LONG] + " ..."}"'


def _lines(text: str) -> list[str]:
    """Split a text into lines, the parts of JSON, or words."""
    if "\n" in text:
        return text.split("\n")
    if text[:1] in ("{", "["):
        try:
            return _json_lines(parse_json(text))
        except ValueError:
            pass
    return text.split(" ")


def _json_lines(value: object) -> list[str]:
    """Format JSON by lines, and break lines in its strings too: they are often whole files."""
    import json

    lines = json.dumps(value, indent=1, ensure_ascii=False).split("\n")
    return [part for line in lines for part in line.replace("\\n", "\n").replace('\\"', '"').split("\n")]
