"""The NAR form of a tree: what a `recursive` fixed output promises the hash of, and how a bundle carries it.

Format: Nix manual, "Nix Archive (NAR) Format". Names are ordered bytewise; nothing but kind, executable
bit, content, link target and names is in it.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO, Protocol

from ..store.checkpoint import checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 20
_LONGEST_TEXT = 1 << 16


class Hasher(Protocol):
    """Common protocol of hashes in hashlib and blake3."""

    def update(self, data: bytes, /) -> object: ...
    def digest(self) -> bytes: ...


def _text(data: bytes) -> bytes:
    return len(data).to_bytes(8, "little") + data + b"\0" * (-len(data) % 8)


_MAGIC = _text(b"nix-archive-1")
_OPEN, _CLOSE = _text(b"("), _text(b")")
_TYPE = _text(b"type")
_REGULAR = _TYPE + _text(b"regular")
_EXECUTABLE = _text(b"executable") + _text(b"")
_CONTENTS = _text(b"contents")
_SYMLINK = _TYPE + _text(b"symlink") + _text(b"target")
_DIRECTORY = _TYPE + _text(b"directory")
_ENTRY = _text(b"entry") + _OPEN + _text(b"name")
_NODE = _text(b"node")


def write_nar(path: str, sink: Callable[[bytes], object]) -> None:
    """Write the NAR of the tree at `path` to `sink`. ValueError for a device, a pipe or a socket."""
    sink(_MAGIC)
    # Pending steps, last first: a path to describe, or bytes to emit after what it holds.
    todo: list[str | bytes] = [path]
    while todo:
        checkpoint()
        step = todo.pop()
        if isinstance(step, bytes):
            sink(step)
            continue
        about = os.lstat(step)
        if stat.S_ISLNK(about.st_mode):
            sink(_OPEN + _SYMLINK + _text(os.fsencode(os.readlink(step))) + _CLOSE)
        elif stat.S_ISREG(about.st_mode):
            _write_file(step, about, sink)
        elif stat.S_ISDIR(about.st_mode):
            sink(_OPEN + _DIRECTORY)
            todo.append(_CLOSE)
            for name in sorted(map(os.fsencode, os.listdir(step)), reverse=True):
                todo += [_CLOSE, os.path.join(step, os.fsdecode(name)), _ENTRY + _text(name) + _NODE]
        else:
            raise ValueError(f"'{step}' is neither a file, nor a directory, nor a link")


def _write_file(path: str, about: os.stat_result, sink: Callable[[bytes], object]) -> None:
    executable = _EXECUTABLE if about.st_mode & 0o100 else b""
    sink(_OPEN + _REGULAR + executable + _CONTENTS + about.st_size.to_bytes(8, "little"))
    size = 0
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            checkpoint()
            size += len(chunk)
            sink(chunk)
    if size != about.st_size:
        raise ValueError(f"'{path}' changed while it was read")
    sink(b"\0" * (-size % 8) + _CLOSE)


def nar_digest(path: str, hasher: Hasher) -> bytes:
    """Return the digest of the NAR of `path`."""
    write_nar(path, hasher.update)
    return hasher.digest()


def nar_size(path: str) -> int:
    """Return the number of bytes in the NAR of `path`."""
    size = 0

    def count(data: bytes) -> None:
        nonlocal size
        size += len(data)

    write_nar(path, count)
    return size


class InvalidNar(ValueError):
    """Bytes are not a NAR."""


def read_nar(source: BinaryIO, target: str) -> None:
    """Write the tree in the NAR `source` to `target`, which must not exist. Raises `InvalidNar`, `OSError`.

    Accepts only the output format of `write_nar`: sorted names, and no name that leads out of the tree.
    """
    reader = _Reader(source)
    reader.expect(b"nix-archive-1")
    # The directories that are being read, each with the last name in it.
    opened: list[tuple[str, bytes]] = []
    place: str | None = target
    while place is not None:
        is_complete = _read_node(reader, place, opened)
        place = _next_place(reader, opened, is_complete)
    if source.read(1):
        raise InvalidNar("something follows its end")


def _read_node(reader: _Reader, place: str, opened: list[tuple[str, bytes]]) -> bool:
    """Read a file, a link, or the beginning of a directory; whether all of it was read."""
    reader.expect(b"(")
    reader.expect(b"type")
    kind = reader.text()
    if kind == b"directory":
        os.mkdir(place)
        opened.append((place, b""))
        return False
    if kind == b"regular":
        reader.file(place)
    elif kind == b"symlink":
        reader.expect(b"target")
        os.symlink(reader.text(), os.fsencode(place))
    else:
        raise InvalidNar(f"it has an entry of the kind {kind[:20]!r}")
    reader.expect(b")")
    return True


def _next_place(reader: _Reader, opened: list[tuple[str, bytes]], is_complete: bool) -> str | None:
    """Return the path of the next node; None after the last."""
    while True:
        if is_complete:
            if not opened:
                return None
            # The end of the entry that it was.
            reader.expect(b")")
        folder, last = opened[-1]
        word = reader.text()
        if word == b"entry":
            reader.expect(b"(")
            reader.expect(b"name")
            name = reader.text()
            if name in (b"", b".", b"..") or b"/" in name or b"\0" in name or name <= last:
                raise InvalidNar(f"the name {name[:80]!r} is not allowed, or out of order")
            reader.expect(b"node")
            opened[-1] = (folder, name)
            return os.path.join(folder, os.fsdecode(name))
        if word != b")":
            raise InvalidNar(f"it has {word[:20]!r} where an entry or the end of a directory should be")
        opened.pop()
        is_complete = True


class _Reader:
    """Reads the strings of a NAR: a length of 8 bytes, little-endian, the bytes, and zeros up to a multiple of 8."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source

    def _exactly(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) != size:
            raise InvalidNar("it ends too early")
        return data

    def _padding(self, size: int) -> None:
        if any(self._exactly(-size % 8)):
            raise InvalidNar("its padding is not zero")

    def text(self) -> bytes:
        size = int.from_bytes(self._exactly(8), "little")
        if size > _LONGEST_TEXT:
            raise InvalidNar(f"it has a word of {size} bytes")
        data = self._exactly(size)
        self._padding(size)
        return data

    def expect(self, word: bytes) -> None:
        found = self.text()
        if found != word:
            raise InvalidNar(f"it has {found[:20]!r} where {word!r} should be")

    def file(self, place: str) -> None:
        word = self.text()
        is_executable = word == b"executable"
        if is_executable:
            self.expect(b"")
            word = self.text()
        if word != b"contents":
            raise InvalidNar(f"it has {word[:20]!r} where 'contents' should be")
        size = left = int.from_bytes(self._exactly(8), "little")
        with open(place, "xb") as file:
            while left:
                chunk = self._exactly(min(left, _CHUNK))
                file.write(chunk)
                left -= len(chunk)
        self._padding(size)
        os.chmod(place, 0o755 if is_executable else 0o644)
