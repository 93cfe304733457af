"""Read `ar` archives (static libraries), with the long names of GNU and BSD.

Strict: any inconsistency raises `NotArchive`, and the caller compares plain bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from .bytewise import Bytes

MAGIC: Final = b"!<arch>\n"
_HEADER: Final = 60


class NotArchive(ValueError):
    """Bytes are not a whole archive."""


class Member(NamedTuple):
    """A member: `stamp` is its header without name and size (time, owner, mode); its bytes are `start` to `stop`."""

    name: str
    stamp: bytes
    start: int
    stop: int


def is_archive(data: Bytes) -> bool:
    return data[: len(MAGIC)] == MAGIC


def members(data: Bytes) -> tuple[Member, ...]:
    """The members in order; the symbol index is one called `/`. Raises `NotArchive`."""
    if not is_archive(data):
        raise NotArchive("no archive header")
    found: list[Member] = []
    long_names = b""
    position = len(MAGIC)
    while position < len(data):
        header = bytes(data[position : position + _HEADER])
        if len(header) != _HEADER or header[58:] != b"`\n":
            raise NotArchive("a header is cut off or damaged")
        size, start = _number(header[48:58]), position + _HEADER
        if start + size > len(data):
            raise NotArchive("a member leaves the archive")
        stop = start + size
        raw = header[:16].rstrip(b" ")
        if raw == b"//":
            long_names = bytes(data[start:stop])
        else:
            if raw.startswith(b"#1/"):
                length = _number(raw[3:])
                if length > size:
                    raise NotArchive("a name is longer than its member")
                raw, start = bytes(data[start : start + length]).rstrip(b"\0"), start + length
            elif raw[:1] == b"/" and raw[1:].isdigit():
                raw = long_names[_number(raw[1:]) :].split(b"\n", 1)[0].removesuffix(b"/")
            elif len(raw) > 1 and raw != b"/SYM64/":
                raw = raw.removesuffix(b"/")
            found.append(Member(raw.decode("utf-8", "surrogateescape"), header[16:48], start, stop))
        # Members begin at even places.
        position = stop + stop % 2
    return tuple(found)


def _number(text: bytes) -> int:
    digits = text.strip(b" ")
    if not digits.isdigit():
        raise NotArchive("a size that is no number")
    return int(digits)
