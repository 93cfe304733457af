"""Classes of differences: the terms by which people search for a cause.

| class | what differs |
|---|---|
| path | only paths in it, such as the build directory |
| date | only dates and times in it, or the times of members |
| order | only the order of lines or members |
| build-id | the build-id of an ELF file, which depends on everything else |
| code | instructions |
| debug, symbols | information for debuggers; tables of symbols |
| data, text | other data of a program; other lines |
| files | an archive has other members |
| attributes | owners, modes, addresses, types |
| packing | how it was compressed |
| hash | hashes of store paths |
| headers, bytes | bytes between sections; bytes of an unknown format |
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .content import ArchiveChange, ElfChange, HashChange, PackedChange, TextChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .content import Content, MemberChange

ORDER: Final = (
    "path", "date", "order", "build-id", "code", "data", "text", "debug", "symbols", "files", "attributes", "packing",
    "hash", "headers", "bytes",
)  # fmt: skip
_MONTH: Final = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DATE: Final = re.compile(
    rf"\d{{4}}-\d\d-\d\d|\d{{1,2}}[ -]{_MONTH}[ -]\d{{4}}|{_MONTH}\s+\d{{1,2}},?(?:\s+\d{{4}})?|\d\d?:\d\d(?::\d\d)?(?:\.\d+)?"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\b|\b[12]\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?\b|\b(?:19|20)\d\d(?:[01]\d[0-3]\d\d*)?\b"
)
_PATH: Final = re.compile(r"(?:/[\w.+@~%-]+)+/?")
_CODE: Final = (".text", ".init", ".fini", ".plt")
_DEBUG: Final = (".debug", ".zdebug", ".stab", ".line", ".gnu_debug", ".comment")
_SYMBOLS: Final = (".symtab", ".strtab", ".shstrtab", ".dynsym", ".dynstr", ".hash", ".gnu.hash", ".gnu.version")


def classes(content: Content) -> tuple[str, ...]:
    """The classes of a difference, in the order of `ORDER`; always at least one."""
    found = set(_classes(content))
    return tuple(name for name in ORDER if name in found)


def _classes(content: Content) -> Iterable[str]:
    match content:
        case TextChange(None):
            return ("text",)
        case TextChange(lines):
            removed = [line[1:] for line in lines or () if line.startswith("-")]
            added = [line[1:] for line in lines or () if line.startswith("+")]
            return _of_texts(removed, added) or ("text",)
        case ElfChange():
            return _of_elf(content)
        case ArchiveChange():
            return [*(("order",) if content.is_reordered else ()), *_of_members(content.members)]
        case PackedChange():
            return [*(("date",) if content.time else ()), *_inner(content)]
        case HashChange():
            return ("hash",)
    return ("bytes",)


def _inner(content: PackedChange) -> Iterable[str]:
    if content.content is not None:
        return _classes(content.content)
    return () if content.time else ("packing",)


def _of_texts(removed: list[str], added: list[str]) -> tuple[str, ...]:
    """Return the classes that explain all differing lines or strings; none if no class does."""
    if sorted(removed) == sorted(added):
        return ("order",)
    for masks in (("date",), ("path",), ("path", "date")):
        if _masked(removed, masks) == _masked(added, masks):
            return masks
    return ()


def _masked(lines: Iterable[str], masks: tuple[str, ...]) -> list[str]:
    for mask in masks:
        pattern = _DATE if mask == "date" else _PATH
        lines = [pattern.sub(f"<{mask}>", line) for line in lines]
    return sorted(lines)


def _of_elf(change: ElfChange) -> Iterator[str]:
    if not change.sections:
        yield "headers"
    is_data = False
    for section in change.sections:
        name = section.name
        if name == ".note.gnu.build-id":
            yield "build-id"
        elif section.attributes and section.first_offset is None and section.size_before == section.size_after:
            yield "attributes"
        elif name.startswith(_CODE):
            yield "code"
        elif name.startswith(_DEBUG) or (name.startswith(".rel") and ".debug" in name):
            yield "debug"
        elif name.startswith(_SYMBOLS):
            yield "symbols"
        else:
            is_data = True
    symbols = {*change.symbols_removed, *change.symbols_added}
    removed = [text for text in change.strings_removed if text not in symbols]
    added = [text for text in change.strings_added if text not in symbols]
    told = _of_texts(removed, added) if removed or added else ()
    yield from told
    if is_data and not told:
        yield "data"


def _of_members(members: Iterable[MemberChange]) -> Iterator[str]:
    for member in members:
        if member.size_before is None or member.size_after is None:
            yield "files"
        elif member.time:
            yield "date"
        elif member.stamp:
            yield "attributes"
        if member.content is not None:
            # The index of an archive of objects follows from its members.
            yield from ("symbols",) if member.name in ("/", "/SYM64/") else _classes(member.content)
