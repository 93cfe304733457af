"""Two files compared by what is in them: text by lines, ELF by sections and symbols, archives by members, compressed
files by what they hold, the rest by bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from . import archive, elf, packed
from .bytewise import context, most_telling, printable_strings, spread
from .text import line_diff, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable
    from typing import TypeVar

    from .bytewise import Bytes

    Part = TypeVar("Part")

MOST_STRINGS: Final = 200
"""Most strings, and symbols, kept per side: further reading needs other tools."""
_DEEPEST: Final = 4
"""Most levels of nested archives and compressed files that are unpacked."""
_NO_WORDS: Final = (".eh_frame", ".rel", ".note", ".shstrtab")
"""Sections in which words occur by chance, or repeat the section's name."""


@dataclass(frozen=True, slots=True)
class TextChange:
    """`lines` of a unified diff without file names; None if the texts are too large."""

    kind: ClassVar[str] = "text"
    lines: tuple[str, ...] | None
    lines_before: int
    lines_after: int


@dataclass(frozen=True, slots=True)
class PartChange:
    """A section that differs: sizes in bytes, None on the side that lacks it.

    `differing` bytes do, the first at `first_offset` in the section. `attributes`: its type, flags or address
    differ. Of a section with data, `bytes_before` and `bytes_after` are what is around the first difference, from the
    offset `shown_from` on.
    """

    name: str
    size_before: int | None
    size_after: int | None
    differing: int
    first_offset: int | None
    attributes: bool
    shown_from: int | None = None
    bytes_before: bytes = b""
    bytes_after: bytes = b""


@dataclass(frozen=True, slots=True)
class ElfChange:
    """Differing sections in order, and printable strings found on one side only, longest first.

    Without sections, only headers or bytes between sections differ: `differing` bytes of the file. Also the names of
    symbols found on one side only, and of those whose bytes (instructions of a function) differ.
    """

    kind: ClassVar[str] = "elf"
    sections: tuple[PartChange, ...]
    strings_removed: tuple[str, ...]
    strings_added: tuple[str, ...]
    differing: int
    first_offset: int | None
    symbols_removed: tuple[str, ...] = ()
    symbols_added: tuple[str, ...] = ()
    symbols_changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A member of an archive. `stamp`: its time, owner or mode differs; `time`: its time does; `content`: difference of its bytes."""

    name: str
    size_before: int | None
    size_after: int | None
    stamp: bool
    content: Content | None
    time: bool = False


@dataclass(frozen=True, slots=True)
class ArchiveChange:
    """Differing members, in order. `is_reordered`: the common ones are in another order. `form`: "ar", "tar", "zip"."""

    kind: ClassVar[str] = "archive"
    members: tuple[MemberChange, ...]
    is_reordered: bool
    form: str = "ar"


@dataclass(frozen=True, slots=True)
class PackedChange:
    """A file compressed by `form` ("gzip", "bzip2", "xz"): how what it holds differs, None if that is equal.

    `time`: the time in its header differs.
    """

    kind: ClassVar[str] = "packed"
    form: str
    content: Content | None
    time: bool


@dataclass(frozen=True, slots=True)
class BinaryChange:
    """Bytes without a known form: `differing` of them, the first at `first_offset`.

    `bytes_before` and `bytes_after` are what is around it, from `shown_from` on.
    """

    kind: ClassVar[str] = "binary"
    size_before: int
    size_after: int
    differing: int
    first_offset: int
    shown_from: int
    bytes_before: bytes
    bytes_after: bytes


@dataclass(frozen=True, slots=True)
class HashChange:
    """Only hash parts of store paths differ: of the objects themselves, or of their references."""

    kind: ClassVar[str] = "hashes"


Content = TextChange | ElfChange | ArchiveChange | PackedChange | BinaryChange | HashChange


def compare_bytes(before: Bytes, after: Bytes) -> Content | None:
    """Return the difference of two files; None if they are equal. Damaged ELF files and archives are compared as plain bytes."""
    return _compare(before, after, 0)


def _compare(before: Bytes, after: Bytes, depth: int) -> Content | None:
    if len(before) == len(after) and spread(before, after).first is None:
        return None
    try:
        if elf.is_elf(before) and elf.is_elf(after):
            return _compare_elf(before, after)
        if depth < _DEEPEST:
            opened = _compare_opened(before, after, depth + 1)
            if opened is not None:
                return opened
    except (elf.NotElf, archive.NotArchive, packed.NotPacked):
        return _compare_plain(before, after)
    text, other = text_of(before), text_of(after)
    if text is not None and other is not None:
        return TextChange(line_diff(text, other), text.count("\n"), other.count("\n"))
    return _compare_plain(before, after)


def _compare_plain(before: Bytes, after: Bytes) -> BinaryChange:
    found = spread(before, after)
    first = found.first or 0
    start, shown = context(before, first)
    return BinaryChange(len(before), len(after), found.count, first, start, shown, context(after, first)[1])


def _compare_opened(before: Bytes, after: Bytes, depth: int) -> Content | None:
    """Compare archives and compressed files; None if they do not have the same form."""
    if archive.is_archive(before) and archive.is_archive(after):
        return _compare_archives(_ar_members(before), _ar_members(after), "ar", depth)
    how = packed.compression(before)
    if how is not None and how == packed.compression(after):
        content = _compare(packed.decompressed(before, how), packed.decompressed(after, how), depth)
        return PackedChange(how, content, packed.packing_time(before, how) != packed.packing_time(after, how))
    form = packed.archive_form(before)
    if form is not None and form == packed.archive_form(after):
        return _compare_archives(packed.packed_members(before, form), packed.packed_members(after, form), form, depth)
    return None


def _ar_members(data: Bytes) -> tuple[packed.Packed, ...]:
    # The first twelve bytes of a stamp are the time.
    return tuple(
        packed.Packed(name, stamp[:12], stamp[12:], stop - start, packed.piece(data, start, stop))
        for name, stamp, start, stop in archive.members(data)
    )


def _compare_elf(before: Bytes, after: Bytes) -> ElfChange:
    old, new = elf.sections(before), elf.sections(after)
    changes = []
    for one, other in _pair(old, new, lambda section: section.name):
        change = _compare_sections(one, other, before, after)
        if change is not None:
            changes.append(change)
    strings, others = _strings(old, before), _strings(new, after)
    found = spread(before, after)
    symbols, counterparts = elf.symbols(before, old), elf.symbols(after, new)
    return ElfChange(
        tuple(changes),
        most_telling(strings - others)[:MOST_STRINGS],
        most_telling(others - strings)[:MOST_STRINGS],
        found.count,
        found.first,
        tuple(name for name in symbols if name not in counterparts)[:MOST_STRINGS],
        tuple(name for name in counterparts if name not in symbols)[:MOST_STRINGS],
        tuple(name for name, content in symbols.items() if content != counterparts.get(name, content))[:MOST_STRINGS],
    )


def _strings(sections: Iterable[elf.Section], data: Bytes) -> set[bytes]:
    """Return strings that people wrote, without those that code and linker tables resemble by chance."""
    found: set[bytes] = set()
    for section in sections:
        if not section.flags & elf.EXECUTABLE and not section.name.startswith(_NO_WORDS):
            found |= printable_strings(data[section.start : section.stop])
    return found


def _compare_sections(
    one: elf.Section | None, other: elf.Section | None, before: Bytes, after: Bytes
) -> PartChange | None:
    if one is None or other is None:
        there = one or other
        assert there is not None
        return PartChange(there.name, there.size if one else None, there.size if other else None, there.size, 0, False)
    old, new = before[one.start : one.stop], after[other.start : other.stop]
    found = spread(old, new)
    attributes = (one.kind, one.flags, one.address) != (other.kind, other.flags, other.address)
    if found.first is None and one.size == other.size and not attributes:
        return None
    if found.first is None or not (elf.has_data(one) and elf.has_data(other)) or one.name.startswith(_NO_WORDS):
        return PartChange(one.name, one.size, other.size, found.count, found.first, attributes)
    start, shown = context(old, found.first)
    return PartChange(
        one.name, one.size, other.size, found.count, found.first, attributes, start, shown, context(new, found.first)[1]
    )


def _compare_archives(
    old: Iterable[packed.Packed], new: Iterable[packed.Packed], form: str, depth: int
) -> ArchiveChange:
    changes = []
    for one, other in _pair(old, new, lambda member: member.name):
        change = _compare_members(one, other, depth)
        if change is not None:
            changes.append(change)
    names, others = [member.name for member in old], [member.name for member in new]
    common = set(names) & set(others)
    is_reordered = [name for name in names if name in common] != [name for name in others if name in common]
    return ArchiveChange(tuple(changes), is_reordered, form)


def _compare_members(one: packed.Packed | None, other: packed.Packed | None, depth: int) -> MemberChange | None:
    if one is None or other is None:
        there = one or other
        assert there is not None
        return MemberChange(there.name, there.size if one else None, there.size if other else None, False, None)
    content = _compare(one.read(), other.read(), depth)
    time, owner = one.time != other.time, one.owner != other.owner
    if content is None and not time and not owner:
        return None
    return MemberChange(one.name, one.size, other.size, time or owner, content, time)


def _pair(
    old: Iterable[Part], new: Iterable[Part], name: Callable[[Part], Hashable]
) -> list[tuple[Part | None, Part | None]]:
    """Pair parts of equal names, the second of a name with the second, in the order of `old` and then `new`."""
    waiting: dict[Hashable, list[Part]] = {}
    for part in new:
        waiting.setdefault(name(part), []).append(part)
    pairs: list[tuple[Part | None, Part | None]] = []
    for part in old:
        others = waiting.get(name(part))
        pairs.append((part, others.pop(0) if others else None))
    return pairs + [(None, part) for others in waiting.values() for part in others]
