"""Put a kernel and what it starts with into a program of UEFI ("unified kernel image", UAPI group specification 5).

Source: Microsoft, "PE Format". Sections are appended, and headers follow; nothing of the program moves.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from .errors import InvalidStub

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECTION: Final = struct.Struct("<8sIIIIIIHHI")
_DATA: Final = 0x40000040
"""Initialised data that is read."""
_PE32_PLUS: Final = 0x20B
_APPLICATION: Final = 10
_DIRECTORIES: Final = 112
"""Where the directories of the optional header begin."""
_CERTIFICATES: Final = 4
_MOST_SECTIONS: Final = 96
_LARGEST_ALIGNMENT: Final = 1 << 16
_LARGEST: Final = 1 << 31
_NAME: Final = 8


class _Section(NamedTuple):
    name: bytes
    length: int
    address: int
    size: int
    place: int


@dataclass(frozen=True, slots=True)
class _Headers:
    """What the headers of a program say; `pe`, `optional` and `table` are places, `size` is that of all headers."""

    pe: int
    optional: int
    table: int
    size: int
    initialised: int
    image_size: int
    section_alignment: int
    file_alignment: int
    sections: tuple[_Section, ...]


def assemble(stub: bytes, sections: Mapping[str, bytes]) -> bytes:
    """Return the program `stub` with more sections, in the order in which they are given.

    Raises `InvalidStub` if it is no program of UEFI for 64-bit machines, or a signed one, if its headers have no room, and
    for names of sections that are there already or longer than 8 bytes.
    """
    head = _headers(stub)
    _check_room(stub, head, sections)
    out = bytearray(stub)
    out += bytes(-len(out) % head.file_alignment)
    initialised, address = head.initialised, _aligned(head.image_size, head.section_alignment)
    for number, (name, content) in enumerate(sections.items(), len(head.sections)):
        size = _aligned(len(content), head.file_alignment)
        if max(len(out), address) + size >= _LARGEST:
            raise InvalidStub("with its sections it has more than 2 GiB")
        header = (name.encode(), len(content), address, size, len(out), 0, 0, 0, 0, _DATA)
        _SECTION.pack_into(out, head.table + _SECTION.size * number, *header)
        out += content + bytes(size - len(content))
        initialised += size
        address = _aligned(address + max(len(content), 1), head.section_alignment)
    struct.pack_into("<H", out, head.pe + 6, len(head.sections) + len(sections))
    struct.pack_into("<I", out, head.optional + 8, initialised & 0xFFFFFFFF)
    struct.pack_into("<I", out, head.optional + 56, address)
    struct.pack_into("<I", out, head.optional + 64, 0)
    return bytes(out)


def _check_room(stub: bytes, head: _Headers, sections: Mapping[str, bytes]) -> None:
    """Check that the headers of new sections fit, and that their names are new."""
    at = head.table + _SECTION.size * len(head.sections)
    end = at + _SECTION.size * len(sections)
    if end > head.size or len(head.sections) + len(sections) > _MOST_SECTIONS:
        raise InvalidStub(f"its headers have no room for {len(sections)} more sections")
    if any(stub[at:end]):
        raise InvalidStub("something lies behind the headers of its sections")
    names = {section.name.rstrip(b"\0") for section in head.sections}
    for name in sections:
        if not name.isascii() or not name.isprintable() or not 1 <= len(name) <= _NAME:
            raise InvalidStub(f"the name '{name}' of a section is empty, has more than {_NAME} bytes, or is not ASCII")
        if name.encode() in names:
            raise InvalidStub(f"it has a section '{name}' already")


def _headers(stub: bytes) -> _Headers:
    """Read the headers of a program, and check that they agree with each other and with its size."""
    try:
        (pe,) = struct.unpack_from("<I", stub, 0x3C)
        optional = pe + 24
        count, length = struct.unpack_from("<H12xH", stub, pe + 6)
        (magic,) = struct.unpack_from("<H", stub, optional)
        if stub[:2] != b"MZ" or stub[pe : pe + 4] != b"PE\0\0" or magic != _PE32_PLUS or length < _DIRECTORIES:
            raise InvalidStub("it is no program of UEFI for a machine of 64 bits")
        initialised, section_alignment, file_alignment = struct.unpack_from("<I20xII", stub, optional + 8)
        image_size, size, _, subsystem = struct.unpack_from("<IIIH", stub, optional + 56)
        (directories,) = struct.unpack_from("<I", stub, optional + 108)
        table = optional + length
        sections = tuple(
            _Section(*_SECTION.unpack_from(stub, table + number * _SECTION.size)[:5]) for number in range(count)
        )
        certificates = stub[optional + _DIRECTORIES + 8 * _CERTIFICATES :][:8] if directories > _CERTIFICATES else b""
    except struct.error as error:
        raise InvalidStub("it ends within its headers") from error
    if subsystem != _APPLICATION:
        raise InvalidStub("it is no application of UEFI")
    if any(certificates):
        raise InvalidStub("it is signed, and would not be what was signed any more")
    head = _Headers(pe, optional, table, size, initialised, image_size, section_alignment, file_alignment, sections)
    _check_places(stub, head, directories)
    return head


def _check_places(stub: bytes, head: _Headers, directories: int) -> None:
    alignments = (head.file_alignment, head.section_alignment)
    if any(one & (one - 1) for one in alignments) or not 0 < alignments[0] <= alignments[1] <= _LARGEST_ALIGNMENT:
        raise InvalidStub("its sections are aligned to what is no power of two, or too large")
    behind = head.table + _SECTION.size * len(head.sections)
    if head.optional + _DIRECTORIES + 8 * directories > head.table or not behind <= head.size <= len(stub):
        raise InvalidStub("its headers are larger than the room for them")
    for section in head.sections:
        if section.size and not head.size <= section.place <= len(stub) - section.size:
            raise InvalidStub(f"its section {section.name!r} is not within the file, or over its headers")
        if not head.size <= section.address <= head.image_size - max(section.length, section.size):
            raise InvalidStub(f"its section {section.name!r} is not within the image, or over its headers")


def _aligned(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment
