"""Put a kernel and what it starts with into a program of UEFI ("unified kernel image", UAPI group specification 5).

Source: Microsoft, "PE Format". Sections are appended, and headers follow; nothing of the program moves.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from .errors import InvalidStub

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER: Final = struct.Struct("<8sIIIIIIHHI")
_DATA: Final = 0x40000040
"""Initialised data that is read."""
_PE32_PLUS: Final = 0x20B
_LARGEST: Final = 1 << 31
_NAME: Final = 8


def assemble(stub: bytes, sections: Mapping[str, bytes]) -> bytes:
    """Return the program `stub` with more sections, in the order in which they are given.

    Raises `InvalidStub` if it is no program of UEFI for 64-bit machines, or if its headers have no room.
    """
    pe, table, count = _headers(stub)
    optional = pe + 24
    section_alignment, file_alignment = struct.unpack_from("<II", stub, optional + 32)
    initialised, image_size, headers_size = (struct.unpack_from("<I", stub, optional + at)[0] for at in (8, 56, 60))
    if file_alignment == 0 or section_alignment < file_alignment or section_alignment & (section_alignment - 1):
        raise InvalidStub("its sections are aligned to what is no power of two")
    if table + _HEADER.size * (count + len(sections)) > min(headers_size, len(stub)):
        raise InvalidStub(f"its headers have no room for {len(sections)} more sections")
    out = bytearray(stub)
    out += bytes(-len(out) % file_alignment)
    image_size = _aligned(image_size, section_alignment)
    for number, (name, content) in enumerate(sections.items(), count):
        encoded = name.encode()
        if len(encoded) > _NAME:
            raise InvalidStub(f"the name '{name}' of a section has more than {_NAME} bytes")
        size = _aligned(len(content), file_alignment)
        if len(out) + size >= _LARGEST:
            raise InvalidStub("with its sections it has more than 2 GiB")
        _HEADER.pack_into(
            out, table + _HEADER.size * number, encoded, len(content), image_size, size, len(out), 0, 0, 0, 0, _DATA
        )
        out += content + bytes(size - len(content))
        initialised += size
        image_size = _aligned(image_size + len(content), section_alignment)
    struct.pack_into("<H", out, pe + 6, count + len(sections))
    struct.pack_into("<I", out, optional + 8, initialised & 0xFFFFFFFF)
    struct.pack_into("<I", out, optional + 56, image_size)
    struct.pack_into("<I", out, optional + 64, 0)
    return bytes(out)


def _headers(stub: bytes) -> tuple[int, int, int]:
    """Return where the PE header and the table of sections are, and how many sections there are."""
    try:
        (pe,) = struct.unpack_from("<I", stub, 0x3C)
        count, size = struct.unpack_from("<H12xH", stub, pe + 6)
        (magic,) = struct.unpack_from("<H", stub, pe + 24)
        if stub[:2] != b"MZ" or stub[pe : pe + 4] != b"PE\0\0" or magic != _PE32_PLUS or size < 112:
            raise InvalidStub("it is no program of UEFI for a machine of 64 bits")
        stub[pe + 24 + size - 1]
    except (struct.error, IndexError) as error:
        raise InvalidStub("it ends within its headers") from error
    return pe, pe + 24 + size, count


def _aligned(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment
