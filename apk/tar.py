"""Tar as version 2 uses it: fragments of an archive, with checksums and attributes in pax headers.

Not `tarfile`: fragments have no end, bytes have to be the same everywhere, and a reader has to bound what a header may ask for.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .errors import Damaged, TooLarge, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK: Final = 512
END: Final = bytes(2 * BLOCK)
MOST_IN_PAX: Final = 1 << 20
"""Bytes of the extended headers of one file."""
LONGEST: Final = 1 << 14
"""Bytes of a name in a header of its own."""
MOST_SIZE: Final = 1 << 60
CHUNK: Final = 1 << 18

FILE: Final = b"0"
HARD_LINK: Final = b"1"
SYMBOLIC_LINK: Final = b"2"
CHARACTER_DEVICE: Final = b"3"
BLOCK_DEVICE: Final = b"4"
DIRECTORY: Final = b"5"
FIFO: Final = b"6"
_PAX: Final = b"x"
_GLOBAL_PAX: Final = b"g"
_LONG_NAME: Final = b"L"
_LONG_LINK: Final = b"K"
_OLD_FILE: Final = b"\0"
_KINDS: Final = (FILE, HARD_LINK, SYMBOLIC_LINK, CHARACTER_DEVICE, BLOCK_DEVICE, DIRECTORY, FIFO)
_MOST_OCTAL: Final = 0o77777777777
_XATTR: Final = b"SCHILY.xattr."


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive. Names are bytes as they stand in it; `pax` has its extended headers but for names and sizes."""

    path: bytes
    kind: bytes = FILE
    mode: int = 0o644
    size: int = 0
    mtime: int = 0
    user: bytes = b"root"
    group: bytes = b"root"
    uid: int = 0
    gid: int = 0
    link: bytes = b""
    device: int = 0
    pax: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def xattrs(self) -> tuple[tuple[bytes, bytes], ...]:
        """Extended attributes."""
        return tuple([(key[len(_XATTR) :], value) for key, value in self.pax if key.startswith(_XATTR)])


def xattr_headers(xattrs: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]:
    """Return the extended headers that extended attributes are."""
    return tuple([(_XATTR + name, value) for name, value in xattrs])


def head(member: Member) -> bytes:
    """Return what stands before the content of a member: its header, and before that what does not fit in it."""
    extended = []
    name, prefix = _split(member.path)
    if name is None:
        extended.append((b"path", member.path))
        name = member.path[:100]
    if len(member.link) > 100:
        extended.append((b"linkpath", member.link))
    for key, number in ((b"size", member.size), (b"mtime", member.mtime)):
        if number > _MOST_OCTAL:
            extended.append((key, b"%d" % number))
    records = b"".join([_record(key, value) for key, value in (*extended, *member.pax)])
    found = _header(member, name, prefix)
    if not records:
        return found
    about = Member(b"PaxHeaders/" + member.path.rstrip(b"/").rpartition(b"/")[2][:80], _PAX, 0o644, len(records))
    return _header(about, about.path, b"") + records + padding(len(records)) + found


def padding(size: int) -> bytes:
    """Return what follows a content of `size` bytes."""
    return bytes(-size % BLOCK)


def whole(member: Member, content: bytes) -> bytes:
    """Return a member with its content."""
    return head(member) + content + padding(len(content))


def _split(path: bytes) -> tuple[bytes | None, bytes]:
    """Return name and prefix of a header; no name if the path does not fit."""
    if len(path) <= 100:
        return path, b""
    cut = path.rfind(b"/", 0, 156)
    if cut > 0 and 0 < len(path) - cut - 1 <= 100:
        return path[cut + 1 :], path[:cut]
    return None, b""


def _record(key: bytes, value: bytes) -> bytes:
    """Return a record of an extended header, which begins with its own length."""
    rest = b" " + key + b"=" + value + b"\n"
    size = len(rest) + 1
    while len(b"%d" % size) + len(rest) != size:
        size = len(b"%d" % size) + len(rest)
    return b"%d" % size + rest


def _header(member: Member, name: bytes, prefix: bytes) -> bytes:
    size, mtime = (number if number <= _MOST_OCTAL else 0 for number in (member.size, member.mtime))
    found = bytearray(
        b"".join(
            (
                name.ljust(100, b"\0"),
                b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (member.mode, member.uid, member.gid, size, mtime),
                # The checksum counts itself as blanks.
                b"        ",
                member.kind,
                member.link[:100].ljust(100, b"\0"),
                b"ustar\x0000",
                member.user[:31].ljust(32, b"\0"),
                member.group[:31].ljust(32, b"\0"),
                b"%07o\0%07o\0" % (os.major(member.device), os.minor(member.device)),
                prefix.ljust(BLOCK - 345, b"\0"),
            )
        )
    )
    found[148:156] = b"%06o\0 " % sum(found)
    return bytes(found)


class Reading:
    """Reads an archive forwards from `read`, which returns no more than it is asked for, and nothing at the end."""

    def __init__(self, read: Callable[[int], bytes], place: str) -> None:
        self._read = read
        self._place = place
        self._offset = 0

    def members(self) -> Iterator[tuple[Member, Iterator[bytes]]]:
        """Yield each member with the pieces of its content. Raises `Damaged`, `Truncated` and `TooLarge`."""
        path = link = None
        pax: dict[bytes, bytes] = {}
        while True:
            block = self._some(BLOCK)
            if len(block) < BLOCK:
                if block or path or link or pax:
                    raise Truncated(self._place, self._offset)
                return
            if not block.strip(b"\0"):
                self._check_end()
                return
            member = self._member(block)
            kind, size = member.kind, member.size
            if kind in (_PAX, _GLOBAL_PAX):
                records = self._records(self._content(size, MOST_IN_PAX))
                if kind == _PAX:
                    pax = records
                continue
            if kind in (_LONG_NAME, _LONG_LINK):
                found = self._content(size, LONGEST).rstrip(b"\0")
                if kind == _LONG_NAME:
                    path = found
                else:
                    link = found
                continue
            if kind not in _KINDS:
                raise self._error(f"its member '{_shown(member.path)}' is of a kind that is not known ({kind!r})")
            member = self._extended(member, pax, path, link)
            path = link = None
            pax = {}
            size = member.size if member.kind == FILE else 0
            pieces = self._pieces(size)
            yield member, pieces
            for _ in pieces:
                pass
            if self._exactly(-size % BLOCK).strip(b"\0"):
                raise self._error("the padding after a file is not zero")

    def _extended(self, member: Member, pax: dict[bytes, bytes], path: bytes | None, link: bytes | None) -> Member:
        """Return a member as its extended headers have it."""
        size, mtime = member.size, member.mtime
        if b"size" in pax:
            size = self._decimal(pax[b"size"])
        if b"mtime" in pax:
            mtime = self._decimal(pax[b"mtime"].partition(b".")[0])
        return Member(
            pax.get(b"path", path if path is not None else member.path),
            member.kind,
            member.mode,
            size,
            mtime,
            pax.get(b"uname", member.user),
            pax.get(b"gname", member.group),
            member.uid,
            member.gid,
            pax.get(b"linkpath", link if link is not None else member.link),
            member.device,
            tuple([(key, value) for key, value in pax.items() if key not in _OF_HEADER]),
        )

    def _member(self, block: bytes) -> Member:
        stated = self._number(block[148:156])
        if stated != sum(block) - sum(block[148:156]) + 8 * 32:
            raise self._error("the checksum of a header is wrong")
        kind = block[156:157]
        name = block[:100].rstrip(b"\0").partition(b"\0")[0]
        is_posix = block[257:263] == b"ustar\0"
        prefix = block[345:500].partition(b"\0")[0] if is_posix else b""
        is_device = kind in (CHARACTER_DEVICE, BLOCK_DEVICE)
        return Member(
            prefix + b"/" + name if prefix else name,
            FILE if kind in (_OLD_FILE, b"7") else kind,
            self._number(block[100:108]) & 0o7777,
            self._number(block[124:136]),
            self._number(block[136:148]),
            block[265:297].partition(b"\0")[0],
            block[297:329].partition(b"\0")[0],
            self._number(block[108:116]),
            self._number(block[116:124]),
            block[157:257].partition(b"\0")[0],
            os.makedev(self._number(block[329:337]) & 0xFFFFF, self._number(block[337:345]) & 0xFFFFF)
            if is_device
            else 0,
        )

    def _number(self, field: bytes) -> int:
        if field[0] & 0x80:
            found = int.from_bytes(field[1:], "big") if field[0] == 0x80 else MOST_SIZE + 1
        else:
            digits = field.strip(b" \0")
            if digits.strip(b"01234567"):
                raise self._error("a header has a number that is none")
            found = int(digits, 8) if digits else 0
        if found > MOST_SIZE:
            raise TooLarge(self._place, "a number in a header of its archive", found, MOST_SIZE)
        return found

    def _decimal(self, text: bytes) -> int:
        if not text.isdigit() or len(text) > 20:
            raise self._error("an extended header has a number that is none")
        found = int(text)
        if found > MOST_SIZE:
            raise TooLarge(self._place, "a number in a header of its archive", found, MOST_SIZE)
        return found

    def _records(self, data: bytes) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        offset = 0
        while offset < len(data):
            blank = data.find(b" ", offset, offset + 10)
            size = data[offset:blank] if blank > 0 else b""
            end = offset + int(size) if size.isdigit() else 0
            key, equals, value = data[blank + 1 : end - 1].partition(b"=")
            if end <= blank + 1 or end > len(data) or data[end - 1] != 0x0A or not equals:
                raise self._error("an extended header is damaged")
            found[key] = value
            offset = end
        return found

    def _content(self, size: int, most: int) -> bytes:
        if size > most:
            raise TooLarge(self._place, "bytes of a header of its archive", size, most)
        found = self._exactly(size)
        self._exactly(-size % BLOCK)
        return found

    def _pieces(self, size: int) -> Iterator[bytes]:
        while size:
            data = self._read(min(size, CHUNK))
            if not data:
                raise Truncated(self._place, self._offset)
            self._offset += len(data)
            size -= len(data)
            yield data

    def _some(self, size: int) -> bytes:
        parts = []
        while size:
            data = self._read(min(size, CHUNK))
            if not data:
                break
            self._offset += len(data)
            size -= len(data)
            parts.append(data)
        return b"".join(parts)

    def _exactly(self, size: int) -> bytes:
        found = self._some(size)
        if len(found) < size:
            raise Truncated(self._place, self._offset)
        return found

    def _check_end(self) -> None:
        """Raise `Damaged` unless nothing but zeros follows."""
        while data := self._read(CHUNK):
            if data.strip(b"\0"):
                raise self._error("something follows the end of its archive")

    def _error(self, reason: str) -> Damaged:
        return Damaged(self._place, f"archive, before byte {self._offset}", reason)


_OF_HEADER: Final = (b"path", b"linkpath", b"size", b"mtime", b"uname", b"gname", b"uid", b"gid", b"atime", b"ctime")


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "replace")
