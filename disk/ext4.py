"""Write empty ext4 file systems, the same bytes for the same size and identifier (docs/disk-format.md).

Source: the kernel's "ext4 Data Structures and Algorithms" (Documentation/filesystems/ext4). There is no journal and
there are no checksums: the file system is for what a machine changes over a root that is proved, and is small enough to
be checked. What is not written is zeros: the tables of inodes take no room in a sparse file.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from .errors import InvalidParameter, NoRoom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

BLOCK: Final = 4096
LEAST: Final = 16 << 20
"""Bytes of the smallest file system that is worth having."""
_GROUP: Final = 32768
"""Blocks of a group: as many as a block has bits."""
_INODES: Final = 8192
"""Inodes of a group."""
_INODE: Final = 256
_TABLE: Final = _INODES * _INODE // BLOCK
_DESCRIPTOR: Final = 32
_LEAST_OF_GROUP: Final = 64
"""Blocks beside its own that the last group must have to be one."""
_ROOT: Final = 2
_LOST: Final = 11
_USED_INODES: Final = 11
_EXTENDED_ATTRIBUTES: Final = 0x0008
_FILE_TYPE_AND_EXTENTS: Final = 0x0002 | 0x0040
_SPARSE_LARGE_EXTRA: Final = 0x0001 | 0x0002 | 0x0040
_EXTRA: Final = 32
_DIRECTORY: Final = 0o040000
_LONGEST_LABEL: Final = 16


class Piece(NamedTuple):
    """Bytes at an offset of a file system."""

    offset: int
    content: bytes


def empty(size: int, uuid: UUID, label: str, mtime: int) -> Iterator[Piece]:
    """Yield the pieces of an empty file system of at most `size` bytes; between them are zeros.

    It has the directory lost+found, and is root's. Raises `NoRoom` for less than `LEAST` or more than 2**32 blocks,
    `InvalidParameter` for a label or a time that it cannot have.
    """
    name = label.encode()
    if len(name) > _LONGEST_LABEL:
        raise InvalidParameter(f"label '{label}'", f"it has more than {_LONGEST_LABEL} bytes")
    if not 0 <= mtime < 1 << 31:
        raise InvalidParameter(f"time {mtime}", "the format has times from 1970 to 2038")
    if size < LEAST:
        raise NoRoom("a file system (ext4)", LEAST, size)
    if size // BLOCK >= 1 << 32:
        raise InvalidParameter(f"size {size}", "the format has less than 2**32 blocks")
    return _Layout(size // BLOCK, uuid, name, mtime).pieces()


class _Layout:
    def __init__(self, blocks: int, uuid: UUID, label: bytes, mtime: int) -> None:
        self._uuid, self._label, self._mtime = uuid, label, mtime
        # A last group that has hardly room for its own blocks is left out.
        groups = -(-blocks // _GROUP)
        if blocks % _GROUP and blocks % _GROUP < _own_blocks(groups - 1, groups) + _LEAST_OF_GROUP:
            blocks -= blocks % _GROUP
            groups -= 1
        self._blocks, self._groups = blocks, groups

    def pieces(self) -> Iterator[Piece]:
        free = [self._free_blocks(group) for group in range(self._groups)]
        table = b"".join(self._descriptor(group, free[group]) for group in range(self._groups))
        for group in range(self._groups):
            start = group * _GROUP
            if _has_superblock(group):
                superblock = self._superblock(group, sum(free))
                yield Piece(start * BLOCK + (1024 if group == 0 else 0), superblock)
                yield Piece((start + 1) * BLOCK, table)
            bitmap = start + self._head(group)
            yield Piece(bitmap * BLOCK, self._block_bitmap(group) + _inode_bitmap(group))
        yield from self._directories()

    def _head(self, group: int) -> int:
        """Return how many blocks of a group come before its bitmaps: superblock and descriptors."""
        return 1 + _descriptor_blocks(self._groups) if _has_superblock(group) else 0

    def _used(self, group: int) -> int:
        """Return how many blocks at the beginning of a group are used: its own, and those of the two directories."""
        return _own_blocks(group, self._groups) + (2 if group == 0 else 0)

    def _size(self, group: int) -> int:
        return min(_GROUP, self._blocks - group * _GROUP)

    def _free_blocks(self, group: int) -> int:
        return self._size(group) - self._used(group)

    def _block_bitmap(self, group: int) -> bytes:
        used, size = self._used(group), self._size(group)
        bits = (1 << used) - 1 | ((1 << _GROUP - size) - 1) << size
        return bits.to_bytes(BLOCK, "little")

    def _descriptor(self, group: int, free: int) -> bytes:
        bitmap = group * _GROUP + self._head(group)
        inodes = _INODES - (_USED_INODES if group == 0 else 0)
        directories = 2 if group == 0 else 0
        return struct.pack("<IIIHHH14x", bitmap, bitmap + 1, bitmap + 2, free, inodes, directories)

    def _superblock(self, group: int, free: int) -> bytes:
        inodes = self._groups * _INODES
        head = struct.pack(
            "<IIIIIIIIIIIIIHHHHHHIIIIHHIHHIII16s16s64xI",
            *(inodes, self._blocks, 0, free, inodes - _USED_INODES, 0, 2, 2, _GROUP, _GROUP, _INODES),
            *(0, self._mtime, 0, 0xFFFF, 0xEF53, 1, 1, 0, self._mtime, 0, 0, 1, 0, 0, _LOST, _INODE, group),
            *(_EXTENDED_ATTRIBUTES, _FILE_TYPE_AND_EXTENTS, _SPARSE_LARGE_EXTRA, self._uuid.bytes, self._label, 0),
        )
        block = bytearray(head.ljust(1024, b"\0"))
        # The seed of directories' hashes, which are halves of MD4.
        block[0xEC:0xFD] = self._uuid.bytes + b"\1"
        struct.pack_into("<I", block, 0x108, self._mtime)
        struct.pack_into("<HH", block, 0x15C, _EXTRA, _EXTRA)
        return bytes(block)

    def _directories(self) -> Iterator[Piece]:
        """Yield the inodes and blocks of the root and of lost+found."""
        first = _own_blocks(0, self._groups)
        table = (self._head(0) + 2) * BLOCK
        yield Piece(table + (_ROOT - 1) * _INODE, self._inode(0o755, 3, first))
        yield Piece(table + (_LOST - 1) * _INODE, self._inode(0o700, 2, first + 1))
        root = [(_ROOT, b"."), (_ROOT, b".."), (_LOST, b"lost+found")]
        yield Piece(first * BLOCK, _entries(root) + _entries([(_LOST, b"."), (_ROOT, b"..")]))

    def _inode(self, mode: int, links: int, block: int) -> bytes:
        time = self._mtime
        head = struct.pack(
            "<HHIIIIIHHII4x", _DIRECTORY | mode, 0, BLOCK, time, time, time, 0, 0, links, BLOCK // 512, 0
        )
        return (head + struct.pack("<I", block)).ljust(128, b"\0") + struct.pack("<H", _EXTRA).ljust(128, b"\0")


def _has_superblock(group: int) -> bool:
    """Whether a group has a copy: the first two, and powers of 3, 5 and 7."""
    if group < 2:
        return True
    for base in (3, 5, 7):
        power = base
        while power < group:
            power *= base
        if power == group:
            return True
    return False


def _descriptor_blocks(groups: int) -> int:
    return -(-groups * _DESCRIPTOR // BLOCK)


def _own_blocks(group: int, groups: int) -> int:
    head = 1 + _descriptor_blocks(groups) if _has_superblock(group) else 0
    return head + 2 + _TABLE


def _inode_bitmap(group: int) -> bytes:
    used = _USED_INODES if group == 0 else 0
    bits = (1 << used) - 1 | ((1 << BLOCK * 8 - _INODES) - 1) << _INODES
    return bits.to_bytes(BLOCK, "little")


def _entries(names: list[tuple[int, bytes]]) -> bytes:
    """Return a block of a directory: the last entry reaches to its end."""
    found = b""
    for number, (inode, name) in enumerate(names, 1):
        length = 8 + -(-len(name) // 4) * 4
        if number == len(names):
            length = BLOCK - len(found)
        found += struct.pack("<IHBB", inode, length, len(name), 2) + name.ljust(length - 8, b"\0")
    return found
