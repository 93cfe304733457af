"""Write cpio archives that the kernel unpacks as its first root file system, the same bytes for the same nodes.

Source: the kernel's "initramfs buffer format" (Documentation/driver-api/early-userspace/buffer-format.rst), type `newc`.
Archives can be joined, one behind the other: each is a multiple of 4 bytes. The kernel makes no directory that the
archive does not name before what is in it, and passes over what it cannot take without a word; so both are seen to here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .errors import InvalidNode, InvalidParameter
from .nodes import Kind, content, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from .nodes import Node

_ALIGNMENT: Final = 4
_END: Final = b"TRAILER!!!"
_LARGEST: Final = (1 << 32) - 1
"""Numbers have eight hexadecimal digits."""


def archive(nodes: Iterable[Node], mtime: int, hasher: Callable[[], Any] | None = None) -> Iterator[bytes]:
    """Return the chunks of an archive, the same for the same nodes in any order.

    `mtime` is the modification time of all nodes, in seconds since 1970, less than 2**32. `hasher` is as `content` has
    it. Directories that are missing are made. Raises `InvalidNode` and `InvalidParameter` before there is a chunk;
    `ContentChanged` later.
    """
    if not 0 <= mtime <= _LARGEST:
        raise InvalidParameter(f"time {mtime}", f"an archive has times from 0 to {_LARGEST}")
    ordered = in_order(nodes)
    for node in ordered:
        if node.size > _LARGEST:
            raise InvalidNode(node.path, "an archive has no file of 4 GiB and more")
        if node.path == _END:
            raise InvalidNode(node.path, "an archive ends at this name")
    return _chunks(ordered, mtime, hasher)


def _chunks(ordered: list[Node], mtime: int, hasher: Callable[[], Any] | None) -> Iterator[bytes]:
    for number, node in enumerate(ordered, 1):
        head = _header(node, number, mtime)
        if node.kind != Kind.FILE:
            yield head + _padded(node.target)
            continue
        yield head
        yield from content(node, hasher)
        if node.size % _ALIGNMENT:
            yield bytes(-node.size % _ALIGNMENT)
    yield _fields((0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), _END)


def _header(node: Node, number: int, mtime: int) -> bytes:
    major, minor = node.device or (0, 0)
    # Links are counted for GNU cpio alone, which takes two files of one number for one.
    links = 2 if node.kind == Kind.DIRECTORY else 1
    size = len(node.target) if node.kind == Kind.SYMLINK else node.size
    mode = node.kind | node.mode
    numbers = (number, mode, node.uid, node.gid, links, mtime, size, 0, 0, major, minor)
    return _fields(numbers, node.path or b".")


def _fields(numbers: tuple[int, ...], name: bytes) -> bytes:
    """Return a header, which ends with the size of the name with its NUL, a sum that is not used, and the name."""
    return _padded(b"070701%b%08X%08X%b\0" % (b"".join(b"%08X" % one for one in numbers), len(name) + 1, 0, name))


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)
