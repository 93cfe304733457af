"""Differences of trees and files, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...store.difference import (
    ArchiveChange,
    BinaryChange,
    ElfChange,
    HashChange,
    PackedChange,
    TextChange,
    without_parents,
)
from ..progress.format import size
from .page import Page, around, count, differ, first_difference, sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...ops.diff.comparison import ObjectReport
    from ...store import Entry
    from ...store.difference import (
        ArchiveChange,
        BinaryChange,
        Content,
        ElfChange,
        FileChange,
        MemberChange,
        PartChange,
    )

FILES_SHOWN: Final = 20
STRINGS_SHOWN: Final = 4
STRING_SHOWN: Final = 100
"""Characters of a string that are shown."""
SYMBOLS_SHOWN: Final = 8
PARTS_SHOWN: Final = 12
_PLAIN: Final = {(), ("text",), ("bytes",), ("hash",)}
"""Classes of differences that are seen anyway."""
_KINDS: Final = {"d": "directory", "f": "file", "x": "executable", "l": "link"}


def draw_files(page: Page, changes: Sequence[FileChange], depth: int) -> None:
    """Draw a line for each path."""
    found = without_parents(changes)
    shown = page.limit(len(found), FILES_SHOWN)
    for change in found[:shown]:
        draw_file(page, change, depth)
    if shown < len(found):
        page.more(len(found) - shown, depth, "files")


def draw_file(page: Page, change: FileChange, depth: int) -> None:
    path = change.path or "(the object itself)"
    before, after = change.before, change.after
    if before is None and after is not None:
        page.added(f"{path} ({_entry(after)})", depth)
    elif after is None and before is not None:
        page.removed(f"{path} ({_entry(before)})", depth)
    elif before is not None and after is not None:
        page.changed(f"{path}: {_alteration(before, after)}", depth)


def _entry(entry: Entry) -> str:
    if entry.target is not None:
        return f"link to {entry.target}"
    return f"{_KINDS[entry.kind]}, {size(entry.size)}" if entry.is_file else _KINDS[entry.kind]


def _alteration(before: Entry, after: Entry) -> str:
    if before.target is not None and after.target is not None:
        return f"{before.target} -> {after.target}"
    if not (before.is_file and after.is_file):
        return f"{_entry(before)} -> {_entry(after)}"
    parts = []
    if before.kind != after.kind:
        parts.append(f"{_KINDS[before.kind]} -> {_KINDS[after.kind]}")
    if before.digest != after.digest:
        parts.append(sizes(before.size, after.size))
    return ", ".join(parts)


def draw_contents(page: Page, report: ObjectReport, depth: int) -> None:
    """Draw how the bytes of changed files differ."""
    for change in report.contents:
        name = change.path or report.difference.after.name
        classes = "" if change.classes in _PLAIN else f" ({', '.join(change.classes)})"
        draw_content(page, name + classes, change.content, depth)
    if report.skipped:
        page.more(report.skipped, depth, "changed files")


def draw_content(page: Page, name: str, content: Content, depth: int) -> None:
    match content:
        case HashChange():
            page.changed(f"{name}: only hashes of store paths differ", depth)
        case TextChange(None, before, after):
            page.changed(f"{name}: text of {count(before, 'line')}, now {after}, too many of which differ", depth)
        case TextChange(lines):
            page.changed(f"{name}:", depth)
            page.diff(lines or (), depth + 1)
        case ElfChange():
            _draw_elf(page, name, content, depth)
        case ArchiveChange():
            _draw_archive(page, name, content, depth)
        case PackedChange(form, None, time):
            cause = "another time" if time else "packed otherwise"
            page.changed(f"{name}: {form}, {cause}; what it holds is equal", depth)
        case PackedChange(form, inner):
            assert inner is not None
            draw_content(page, f"{name}: in {form}", inner, depth)
        case BinaryChange():
            _draw_binary(page, name, content, depth)


def _draw_elf(page: Page, name: str, change: ElfChange, depth: int) -> None:
    if not change.sections:
        where = f"{count(change.differing, 'byte')}, the first at {_offset(change.first_offset)}"
        page.changed(f"{name}: ELF, no section differs, but headers or padding do: {where}", depth)
        return
    page.changed(f"{name}: ELF, {differ(len(change.sections), 'section')}", depth)
    shown = page.limit(len(change.sections), PARTS_SHOWN)
    width = max(len(section.name) for section in change.sections[:shown])
    for section in change.sections[:shown]:
        _draw_section(page, section, width, depth + 1)
    if shown < len(change.sections):
        page.more(len(change.sections) - shown, depth + 1, "sections")
    for text in page.some(change.strings_removed, STRINGS_SHOWN, depth + 1):
        page.removed(_string(page, text, change.strings_added), depth + 1)
    for text in page.some(change.strings_added, STRINGS_SHOWN, depth + 1):
        page.added(_string(page, text, change.strings_removed), depth + 1)
    for label, names in (
        ("symbols gone", change.symbols_removed),
        ("new symbols", change.symbols_added),
        ("symbols with other content", change.symbols_changed),
    ):
        _draw_symbols(page, label, names, depth + 1)


def _draw_symbols(page: Page, label: str, names: Sequence[str], depth: int) -> None:
    if names:
        shown = names[: page.limit(len(names), SYMBOLS_SHOWN)]
        more = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
        page.line(f"{label}: {', '.join(shown)}{more}", depth)


def _string(page: Page, text: str, others: Sequence[str]) -> str:
    """Quote a string; a long one is cut around the place where it differs from the most similar one of `others`."""
    if not page.is_full and len(text) > STRING_SHOWN:
        place = max((first_difference(text, other) for other in others), default=0)
        page.has_left_out = True
        text = around(text, place, STRING_SHOWN - 4)
    return '"' + text.replace("\t", "\\t") + '"'


def _draw_section(page: Page, section: PartChange, width: int, depth: int) -> None:
    name = f"{section.name:<{width}}"
    if section.size_before is None:
        page.added(f"{name}  {size(section.size_after or 0)}", depth)
    elif section.size_after is None:
        page.removed(f"{name}  {size(section.size_before)}", depth)
    elif section.first_offset is None:
        cause = (
            "another address, type or flags" if section.size_before == section.size_after else "no bytes in the file"
        )
        page.line(f"{name}  {sizes(section.size_before, section.size_after)}, {cause}", depth)
    else:
        where = f"{differ(section.differing, 'byte')}, the first at {_offset(section.first_offset)}"
        page.line(f"{name}  {sizes(section.size_before, section.size_after)}, {where}", depth)
        if section.shown_from is not None:
            _draw_bytes(page, section.shown_from, section.bytes_before, section.bytes_after, depth + 1)


def _draw_bytes(page: Page, start: int, before: bytes, after: bytes, depth: int) -> None:
    """Draw the rows of two dumps that differ."""
    old, new = _hexdump(start, before), _hexdump(start, after)
    for row in old:
        if row not in new:
            page.removed(row, depth)
    for row in new:
        if row not in old:
            page.added(row, depth)


def _draw_archive(page: Page, name: str, change: ArchiveChange, depth: int) -> None:
    order = ", in another order" if change.is_reordered else ""
    kind = "archive" if change.form == "ar" else f"{change.form} archive"
    page.changed(f"{name}: {kind}, {differ(len(change.members), 'member')}{order}", depth)
    shown = page.limit(len(change.members), PARTS_SHOWN)
    for member in change.members[:shown]:
        _draw_member(page, member, depth + 1)
    if shown < len(change.members):
        page.more(len(change.members) - shown, depth + 1, "members")


def _draw_member(page: Page, member: MemberChange, depth: int) -> None:
    if member.size_before is None:
        page.added(f"{member.name} ({size(member.size_after or 0)})", depth)
    elif member.size_after is None:
        page.removed(f"{member.name} ({size(member.size_before)})", depth)
    else:
        if member.stamp:
            page.changed(f"{member.name}: another time, owner or mode", depth)
        if member.content is not None:
            label = "(index of symbols)" if member.name == "/" else member.name
            draw_content(page, label, member.content, depth)


def _draw_binary(page: Page, name: str, change: BinaryChange, depth: int) -> None:
    extent = f"{sizes(change.size_before, change.size_after)}, {differ(change.differing, 'byte')}"
    page.changed(f"{name}: {extent}, the first at {_offset(change.first_offset)}", depth)
    for text in _hexdump(change.shown_from, change.bytes_before):
        page.removed(text, depth + 1)
    for text in _hexdump(change.shown_from, change.bytes_after):
        page.added(text, depth + 1)


def _hexdump(start: int, data: bytes) -> list[str]:
    lines = []
    for position in range(0, len(data), 16):
        row = data[position : position + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{start + position:08x}  {row.hex(' '):<47}  {text}")
    return lines


def _offset(position: int | None) -> str:
    return "?" if position is None else f"{position:#x}"
