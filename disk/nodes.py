"""Nodes of a file tree: files, directories, links, pipes and devices, with all that a file system says of them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from .errors import ContentChanged, InvalidNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, BinaryIO

LONGEST_NAME: Final = 255
"""Bytes of a name, for the kernel and for all file systems of this room."""
LONGEST_PATH: Final = 4095
"""Bytes of a path and of a target: the kernel's PATH_MAX less the NUL at its end."""
CHUNK: Final = 1 << 18
"""Contents are read in pieces of this many bytes; a multiple of every block size."""
_LARGEST_ID: Final = (1 << 32) - 2
"""The number above stands for no owner, in `chown` of POSIX and in the kernel."""
_LARGEST_MAJOR: Final = (1 << 12) - 1
_LARGEST_MINOR: Final = (1 << 20) - 1


class Kind(IntEnum):
    """Kind of a node, as the bits of `st_mode` that tell the type (POSIX.1-2017, <sys/stat.h>, values of Linux)."""

    FIFO = 0o010000
    CHARACTER = 0o020000
    DIRECTORY = 0o040000
    BLOCK = 0o060000
    FILE = 0o100000
    SYMLINK = 0o120000


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a file tree.

    `path` is relative, without `.`, `..` and a slash at its end; empty for the root itself. `mode` has the twelve bits
    of permissions. `size` in bytes and `open`, which opens the content for reading, are those of a file; `target` is that
    of a symbolic link; `device` has the major and the minor number of a device. `digest` is what the hasher that a writer
    is given must give for the content; None if nothing is known of it.
    """

    path: bytes
    kind: Kind
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    open: Callable[[], BinaryIO] | None = None
    target: bytes = b""
    digest: bytes | None = None
    device: tuple[int, int] | None = None

    @classmethod
    def of_bytes(cls, path: bytes, content: bytes, mode: int = 0o644, uid: int = 0, gid: int = 0) -> Node:
        """Return a file with this content."""
        return cls(path, Kind.FILE, mode, uid, gid, len(content), lambda: io.BytesIO(content))

    @property
    def parent(self) -> bytes:
        """The path of the directory that the node is in."""
        return self.path.rpartition(b"/")[0]

    @property
    def name(self) -> bytes:
        """The last part of the path."""
        return self.path.rpartition(b"/")[2]

    def check(self) -> None:
        """Raise `InvalidNode` if the kernel can have no such node."""
        if reason := self._problem():
            raise InvalidNode(self.path, reason)

    def _problem(self) -> str | None:
        if b"\0" in self.path or b"\0" in self.target:
            return "its name or its target has a NUL"
        parts = self.path.split(b"/")
        if self.path and not {b"", b".", b".."}.isdisjoint(parts):
            return "its path is not a plain one below the root"
        if max(map(len, parts)) > LONGEST_NAME:
            return f"a name in it has more than {LONGEST_NAME} bytes"
        if len(self.path) > LONGEST_PATH or len(self.target) > LONGEST_PATH:
            return f"its path or its target has more than {LONGEST_PATH} bytes"
        if not 0 <= self.mode <= 0o7777:
            return f"its mode is {self.mode:o}"
        if not (0 <= self.uid <= _LARGEST_ID and 0 <= self.gid <= _LARGEST_ID):
            return f"its owner is {self.uid}:{self.gid}, and numbers go from 0 to {_LARGEST_ID}"
        if self.size < 0:
            return "its size is negative"
        return self._misfit()

    def _misfit(self) -> str | None:
        """Return what does not go with the kind of the node."""
        if (self.kind == Kind.FILE) != (self.open is not None) or (self.kind != Kind.FILE and self.size):
            return "only a file has a content, and every file has one"
        if (self.kind == Kind.SYMLINK) != bool(self.target):
            return "only a symbolic link has a target, and every link has one"
        if (self.kind in (Kind.CHARACTER, Kind.BLOCK)) != (self.device is not None):
            return "only a device has the numbers of one, and every device has them"
        if self.device is not None:
            major, minor = self.device
            if not (0 <= major <= _LARGEST_MAJOR and 0 <= minor <= _LARGEST_MINOR):
                return f"there is no device {major}:{minor}"
        if not self.path and self.kind != Kind.DIRECTORY:
            return "the root is no directory"
        return None


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """Return nodes sorted by the bytes of their paths: the root is first, directories precede their content.

    Directories that are missing, the root as well, are made: mode 0755, owner 0:0. Raises `InvalidNode` for a node that
    the kernel cannot have, for a path that occurs twice, and for one below something that is no directory.
    """
    found: dict[bytes, Node] = {}
    for node in nodes:
        node.check()
        if node.path in found:
            raise InvalidNode(node.path, "it occurs twice")
        found[node.path] = node
    for node in list(found.values()):
        path = node.path
        while path:
            path = path.rpartition(b"/")[0]
            parent = found.get(path)
            if parent is not None:
                if parent.kind != Kind.DIRECTORY:
                    raise InvalidNode(node.path, f"{path!r} is no directory")
                break
            found[path] = Node(path, Kind.DIRECTORY, 0o755)
    if not found:
        found[b""] = Node(b"", Kind.DIRECTORY, 0o755)
    return [found[path] for path in sorted(found)]


def content(node: Node, hasher: Callable[[], Any] | None = None) -> Iterator[bytes]:
    """Yield exactly `size` bytes of a file in pieces of `CHUNK` bytes, of which the last may be shorter.

    `hasher` makes an object with `update` and `digest`, which the content is compared with the digest of the node by.
    Raises `ContentChanged`, for what cannot be read as well.
    """
    assert node.open is not None
    check = hasher() if hasher is not None and node.digest is not None else None
    left = node.size
    try:
        with node.open() as file:
            while left:
                piece = _read(file, min(left, CHUNK))
                if not piece:
                    raise ContentChanged(node.path, f"it ends {left} bytes too early")
                left -= len(piece)
                if check is not None:
                    check.update(piece)
                if left:
                    yield piece
            if file.read(1):
                raise ContentChanged(node.path, f"it has more than {node.size} bytes")
    except OSError as error:
        # Whoever writes the image must not take this for an error of writing.
        raise ContentChanged(node.path, f"it cannot be read ({error.strerror or error})") from error
    if check is not None and check.digest() != node.digest:
        raise ContentChanged(node.path, "its digest is another")
    if node.size:
        yield piece


def _read(file: BinaryIO, size: int) -> bytes:
    """Return `size` bytes, or less at the end only: an unbuffered file may give less at once."""
    data = file.read(size)
    while 0 < len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data
