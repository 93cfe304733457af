"""Partition tables (GPT), as the UEFI specification 2.10 has them in section 5.3: 128 entries of 128 bytes, sectors of 512 bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zlib import crc32

from .errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

SECTOR: Final = 512
ALIGNMENT: Final = 1 << 20
"""Partitions begin at multiples of this many bytes."""
_ENTRIES: Final = 128
_ENTRY: Final = struct.Struct("<16s16sQQQ72s")
_LONGEST_NAME: Final = 36
_TABLE: Final = _ENTRIES * _ENTRY.size
FIRST: Final = 2 * SECTOR + _TABLE
"""Bytes before the first usable sector: protective MBR, header, table."""
LAST: Final = SECTOR + _TABLE
"""Bytes after the last usable sector: table, header."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition: `start` and `size` in bytes, multiples of a sector; `name` of at most 36 characters."""

    type: UUID
    identifier: UUID
    name: str
    start: int
    size: int
    attributes: int = 0


def tables(size: int, identifier: UUID, partitions: Sequence[Partition]) -> tuple[bytes, bytes]:
    """Return what a disk of `size` bytes begins with and what it ends with.

    Raises `InvalidParameter` for partitions that overlap or do not fit.
    """
    _check(size, identifier, partitions)
    table = b"".join(map(_entry, partitions)).ljust(_TABLE, b"\0")
    last = size // SECTOR - 1
    first_usable, last_usable = FIRST // SECTOR, (size - LAST) // SECTOR - 1

    def header(own: int, other: int, entries: int) -> bytes:
        fields = (b"EFI PART", 0x10000, 92, 0, 0, own, other, first_usable, last_usable, identifier.bytes_le, entries)
        text = struct.pack("<8sIIIIQQQQ16sQIII", *fields, _ENTRIES, _ENTRY.size, crc32(table))
        return (text[:16] + struct.pack("<I", crc32(text)) + text[20:]).ljust(SECTOR, b"\0")

    begin = _protective(last) + header(1, last, 2) + table
    return begin, table + header(last, 1, (size - LAST) // SECTOR)


def _check(size: int, identifier: UUID, partitions: Sequence[Partition]) -> None:
    if size % SECTOR or size < FIRST + LAST:
        raise InvalidParameter("size", f"a disk has whole sectors of {SECTOR} bytes, and more than the tables need")
    if len(partitions) > _ENTRIES:
        raise InvalidParameter("partitions", f"there are more than {_ENTRIES}")
    if len({identifier, *(one.identifier for one in partitions)}) <= len(partitions):
        raise InvalidParameter("partitions", "two have one identifier, or one has that of the disk")
    end = FIRST
    for one in sorted(partitions, key=lambda partition: partition.start):
        if one.start % SECTOR or one.size % SECTOR or one.size <= 0:
            raise InvalidParameter(one.name, "it does not begin and end with a sector")
        if one.start < end or one.start + one.size > size - LAST:
            raise InvalidParameter(one.name, "it overlaps another partition, or the tables")
        end = one.start + one.size


def _entry(one: Partition) -> bytes:
    name = one.name.encode("utf-16-le", "surrogatepass")
    if len(name) > 2 * _LONGEST_NAME or "\0" in one.name:
        raise InvalidParameter(
            repr(one.name), f"the name of a partition has up to {_LONGEST_NAME} characters, and no NUL"
        )
    if not 0 <= one.attributes < 1 << 64:
        raise InvalidParameter(one.name, "the attributes of a partition have 64 bits")
    first, last = one.start // SECTOR, (one.start + one.size) // SECTOR - 1
    return _ENTRY.pack(one.type.bytes_le, one.identifier.bytes_le, first, last, one.attributes, name)


def _protective(last: int) -> bytes:
    """Return an MBR whose only partition is the disk, so that no program takes it for empty."""
    entry = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, min(last, 0xFFFFFFFF))
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"
