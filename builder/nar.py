"""The NAR form of a tree, as far as hashing needs it: what a `recursive` fixed output promises the hash of.

Format: Nix manual, "Nix Archive (NAR) Format". Names are ordered bytewise; nothing but kind, executable
bit, content, link target and names is in it.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 20


class Hasher(Protocol):
    """What hashlib and blake3 give."""

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
    """Give `sink` the NAR of the tree at `path`, piece by piece. ValueError for a device, a pipe or a socket."""
    sink(_MAGIC)
    # Pending steps, last first: a path to describe, or bytes to emit after what it holds.
    todo: list[str | bytes] = [path]
    while todo:
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
            size += len(chunk)
            sink(chunk)
    if size != about.st_size:
        raise ValueError(f"'{path}' changed while it was read")
    sink(b"\0" * (-size % 8) + _CLOSE)


def nar_digest(path: str, hasher: Hasher) -> bytes:
    """The digest of the NAR of `path`."""
    write_nar(path, hasher.update)
    return hasher.digest()


def nar_size(path: str) -> int:
    """The bytes of the NAR of `path`."""
    size = 0

    def count(data: bytes) -> None:
        nonlocal size
        size += len(data)

    write_nar(path, count)
    return size
