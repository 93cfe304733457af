"""Reads EROFS as the kernel does, from the description of the format alone: what `disk/erofs.py` writes is held against it."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass

BLOCK = 4096
TYPES = {1: stat.S_IFREG, 2: stat.S_IFDIR, 3: stat.S_IFCHR, 4: stat.S_IFBLK, 5: stat.S_IFIFO, 7: stat.S_IFLNK}


def crc32c(data: bytes) -> int:
    """The remainder of a division in GF(2), bit by bit from the lowest on, where the polynomial is 0x11EDC6F41."""
    remainder = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):
            carry = (remainder ^ byte >> bit) & 1
            remainder = remainder >> 1 ^ (0x82F63B78 if carry else 0)
    return remainder


@dataclass(frozen=True)
class Inode:
    number: int
    mode: int
    links: int
    size: int
    uid: int
    gid: int
    mtime: int
    serial: int
    start: int
    is_extended: bool
    content: bytes

    @property
    def kind(self) -> int:
        return stat.S_IFMT(self.mode)


class Reader:
    """A file system in memory; wrong ones are assertions that fail."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        head = struct.unpack_from("<IIIBBHQQIIII16s16sI", data, 1024)
        magic, checksum, features, bits, slots, self.root, self.inodes, self.mtime, _, blocks, meta, _, *rest = head
        self.uuid, self.label, incompatible = rest
        assert (magic, features, bits, slots, meta, incompatible) == (0xE0F5E1E2, 3, 12, 0, 0, 0)
        assert len(data) == blocks * BLOCK
        assert checksum == crc32c(data[1024:1028] + bytes(4) + data[1032:BLOCK])

    def inode(self, number: int) -> Inode:
        at = number * 32
        form, xattrs, mode = struct.unpack_from("<HHH", self.data, at)
        layout, is_extended = form >> 1, bool(form & 1)
        assert xattrs == 0 and layout in (0, 2)
        if is_extended:
            size, start, serial, uid, gid, mtime, _, links = struct.unpack_from("<QIIIIQII", self.data, at + 8)
        else:
            links, size, _, start, serial, uid, gid = struct.unpack_from("<HIIIIHH", self.data, at + 6)
            mtime = self.mtime
        content = b""
        if stat.S_IFMT(mode) in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            content = self._content(at + (64 if is_extended else 32), layout == 2, size, start)
        assert (at + (64 if is_extended else 32) - 1) // BLOCK == at // BLOCK
        return Inode(number, mode, links, size, uid, gid, mtime, serial, start, is_extended, content)

    def _content(self, behind: int, has_tail: bool, size: int, start: int) -> bytes:
        blocks = -(-size // BLOCK)
        whole = blocks - 1 if has_tail else blocks
        content = self.data[start * BLOCK : (start + whole) * BLOCK] if whole else b""
        assert len(content) == whole * BLOCK
        if has_tail:
            tail = size - whole * BLOCK
            # `erofs_fill_symlink` and `erofs_map_blocks`: within one block, and with the inode.
            assert tail > 0 and (behind - 1) // BLOCK == (behind + tail - 1) // BLOCK
            return content + self.data[behind : behind + tail]
        assert not any(content[size:])
        return content[:size]

    def names(self, directory: Inode) -> Iterator[tuple[bytes, int, int]]:
        """Name, number of the inode and type of all that is in a directory, as `erofs_readdir` gives them."""
        for at in range(0, directory.size, BLOCK):
            yield from block_names(directory.content[at : at + BLOCK])

    def find(self, directory: Inode, name: bytes) -> int | None:
        """The number that `erofs_namei` finds: by halves among the first names of blocks, then within a block."""
        blocks = [directory.content[at : at + BLOCK] for at in range(0, directory.size, BLOCK)]
        low, high, found = 0, len(blocks) - 1, None
        while low <= high:
            middle = (low + high) // 2
            first = next(block_names(blocks[middle]))[0]
            if first <= name:
                low, found = middle + 1, middle
            else:
                high = middle - 1
        if found is None:
            return None
        entries = list(block_names(blocks[found]))
        low, high = 0, len(entries) - 1
        while low <= high:
            middle = (low + high) // 2
            if entries[middle][0] == name:
                return entries[middle][1]
            if entries[middle][0] < name:
                low = middle + 1
            else:
                high = middle - 1
        return None

    def walk(
        self, path: bytes = b"", number: int | None = None, above: int | None = None
    ) -> Iterator[tuple[bytes, Inode]]:
        """All paths with their inodes."""
        inode = self.inode(self.root if number is None else number)
        yield path, inode
        if inode.kind != stat.S_IFDIR:
            return
        entries = list(self.names(inode))
        names = [name for name, _, _ in entries]
        assert names == sorted(set(names)) and {b".", b".."} <= set(names)
        for name, child, kind in entries:
            if name == b".":
                assert (child, kind) == (inode.number, 2)
            elif name == b"..":
                assert (child, kind) == (inode.number if above is None else above, 2)
            else:
                assert self.inode(child).kind == TYPES[kind] and self.find(inode, name) == child
                yield from self.walk(path + b"/" + name if path else name, child, inode.number)


def block_names(block: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The entries of one block of a directory."""
    (names_at,) = struct.unpack_from("<H", block, 8)
    assert names_at % 12 == 0 and 0 < names_at < len(block)
    for at in range(0, names_at, 12):
        number, start, kind, reserved = struct.unpack_from("<QHBB", block, at)
        end = struct.unpack_from("<H", block, at + 20)[0] if at + 12 < names_at else len(block.rstrip(b"\0"))
        assert reserved == 0 and start < end <= len(block) and end - start <= 255
        yield block[start:end], number, kind
