"""Write EROFS file systems, not compressed, the same bytes for the same nodes (docs/disk-format.md).

Source: the kernel's "EROFS - Enhanced Read-Only File System" (Documentation/filesystems/erofs.rst) and the format's own
documentation, "Core on-disk format". Block 0 holds the superblock and the inode of the root; the whole blocks of files and
directories follow; the other inodes come last. A node number is the place of an inode by 32 bytes, and that of the root
has 16 bits: it must be near the beginning. What is shorter than a block stands behind its inode, in the same block, so
that inodes can be written only when contents are known: that they come last lets a writer read each large file once.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .errors import InvalidParameter, NoRoom
from .nodes import Kind, content, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any
    from uuid import UUID

    from .nodes import Node

BLOCK: Final = 4096
_SLOT: Final = 32
"""Inodes begin at multiples of this."""
_SLOTS: Final = BLOCK // _SLOT
_SUPERBLOCK: Final = 1024
_ROOT: Final = 1152
"""Where the root's inode is: behind the superblock of 128 bytes."""
_MAGIC: Final = 0xE0F5E1E2
_HAS_CHECKSUM: Final = 1
_HAS_MTIME: Final = 2
_COMPACT: Final = struct.Struct("<HHHHIIIIHHI")
_EXTENDED: Final = struct.Struct("<HHHHQIIIIQII16x")
_EXTENDED_BIT: Final = 1
_PLAIN: Final = 0 << 1
_INLINE: Final = 2 << 1
_ENTRY: Final = struct.Struct("<QHBx")
_NO_BLOCK: Final = 0xFFFFFFFF
_TYPES: Final = {
    Kind.FILE: 1, Kind.DIRECTORY: 2, Kind.CHARACTER: 3, Kind.BLOCK: 4, Kind.FIFO: 5, Kind.SYMLINK: 7,
}  # fmt: skip
_LONGEST_LABEL: Final = 15


@dataclass(slots=True)
class _Inode:
    """An inode while it is planned: its node, the size of its content and where things are.

    `entries` are those of a directory, block by block: names and inodes. `whole` blocks of the content begin at block
    `first`; `tail` bytes stand behind the inode. `source` is the file whose blocks these are: of files with the same content
    the first one.
    """

    node: Node
    number: int
    size: int
    parent: _Inode | None
    entries: list[list[tuple[bytes, _Inode]]] = field(default_factory=list)
    links: int = 1
    extended: bool = False
    blocks: int = 0
    tail: int = 0
    first: int = _NO_BLOCK
    place: int = 0
    source: _Inode | None = None

    @property
    def length(self) -> int:
        """Bytes of the inode itself."""
        return _EXTENDED.size if self.extended else _COMPACT.size

    @property
    def slots(self) -> int:
        """Slots of the inode and of what stands behind it."""
        return -(-(self.length + self.tail) // _SLOT)


@dataclass(frozen=True, slots=True)
class Erofs:
    """A file system whose layout is known and that is not written yet; `size` is in bytes."""

    size: int
    _uuid: bytes
    _label: bytes
    _mtime: int
    _root: _Inode
    _data: Sequence[_Inode]
    _metadata: Sequence[Sequence[_Inode]]
    _inodes: int

    def chunks(self, hasher: Callable[[], Any] | None = None) -> Iterator[bytes]:
        """Yield the file system from its first byte to its last. `hasher` is as `content` has it.

        Raises `ContentChanged`.
        """
        yield self._first_block()
        tails: dict[int, bytes] = {}
        for inode in self._data:
            yield from self._whole_blocks(inode, hasher, tails)
        for block in self._metadata:
            yield self._inode_block(block, hasher, tails)

    def _first_block(self) -> bytes:
        block = bytearray(BLOCK)
        root = self._root
        _put(block, _ROOT, _inode(root, self._mtime) + _tail_of(root))
        superblock = struct.pack(
            "<IIIBBHQQIIII16s16sIHHHBBIQB23x",
            *(_MAGIC, 0, _HAS_CHECKSUM | _HAS_MTIME, 12, 0, _ROOT // _SLOT, self._inodes, self._mtime, 0),
            *(self.size // BLOCK, 0, 0, self._uuid, self._label, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        )
        block[_SUPERBLOCK : _SUPERBLOCK + len(superblock)] = superblock
        struct.pack_into("<I", block, _SUPERBLOCK + 4, _crc32c(bytes(block[_SUPERBLOCK:])))
        return bytes(block)

    def _whole_blocks(
        self, inode: _Inode, hasher: Callable[[], Any] | None, tails: dict[int, bytes]
    ) -> Iterator[bytes]:
        """Yield the blocks of an inode; what is to stand behind inodes of this content goes to `tails`."""
        if inode.node.kind == Kind.DIRECTORY:
            yield _blocks_of(inode, inode.blocks)
            return
        if inode.node.kind == Kind.SYMLINK:
            yield inode.node.target.ljust(BLOCK, b"\0")
            return
        end = inode.size - inode.tail
        written = 0
        for piece in content(inode.node, hasher):
            if written + len(piece) > end:
                tails[inode.number] = piece[end - written :]
                piece = piece[: end - written]
            written += len(piece)
            if piece:
                yield piece
        if end % BLOCK:
            yield bytes(-end % BLOCK)

    def _inode_block(
        self, inodes: Sequence[_Inode], hasher: Callable[[], Any] | None, tails: dict[int, bytes]
    ) -> bytes:
        block = bytearray(BLOCK)
        for inode in inodes:
            if inode.node.kind != Kind.FILE:
                tail = _tail_of(inode)
            elif inode.source is not None:
                tail = tails[inode.source.number] if inode.tail else b""
            else:
                tail = b"".join(content(inode.node, hasher))
            _put(block, inode.place % BLOCK, _inode(inode, self._mtime) + tail)
        return bytes(block)


def plan(nodes: Iterable[Node], uuid: UUID, label: str, mtime: int) -> Erofs:
    """Return the file system of nodes, whose order does not matter; missing directories are made.

    All nodes have the modification time `mtime` (seconds since 1970). Raises `InvalidNode`, `InvalidParameter`, and
    `NoRoom` for more than 2**32 blocks.
    """
    name = label.encode()
    if len(name) > _LONGEST_LABEL or b"\0" in name:
        raise InvalidParameter(f"label '{label}'", f"it has at most {_LONGEST_LABEL} bytes and no NUL")
    if not 0 <= mtime < 1 << 63:
        raise InvalidParameter(f"time {mtime}", "it is none after 1970")
    inodes = _inodes(in_order(nodes))
    root, *others = inodes
    _lay_out(root, BLOCK - _ROOT)
    for inode in others:
        _lay_out(inode, BLOCK)
    data, end = _with_blocks(inodes)
    metadata = _with_places(root, others, end)
    blocks = end + len(metadata)
    if blocks >= _NO_BLOCK:
        raise NoRoom("the file system", blocks * BLOCK, _NO_BLOCK * BLOCK)
    return Erofs(blocks * BLOCK, uuid.bytes, name, mtime, root, data, metadata, len(inodes))


def _inodes(ordered: Sequence[Node]) -> list[_Inode]:
    """Return the inodes of nodes in order, directories with their entries."""
    found: dict[bytes, _Inode] = {}
    for number, node in enumerate(ordered, 1):
        parent = found[node.parent] if node.path else None
        size = len(node.target) if node.kind == Kind.SYMLINK else node.size
        found[node.path] = _Inode(node, number, size, parent)
    children: dict[bytes, list[_Inode]] = {
        path: [] for path, inode in found.items() if inode.node.kind == Kind.DIRECTORY
    }
    for path, inode in found.items():
        if path:
            children[inode.node.parent].append(inode)
    for path, inner in children.items():
        _fill(found[path], inner)
    for inode in found.values():
        node = inode.node
        inode.extended = max(node.uid, node.gid, inode.links) > 0xFFFF or inode.size > 0xFFFFFFFF
    return list(found.values())


def _fill(directory: _Inode, children: Sequence[_Inode]) -> None:
    """Divide the entries of a directory into blocks: names in order of their bytes, with those of itself and its parent."""
    names = [(inode.node.name, inode) for inode in children]
    names += [(b".", directory), (b"..", directory.parent or directory)]
    names.sort(key=lambda entry: entry[0])
    room = 0
    for entry in names:
        needed = _ENTRY.size + len(entry[0])
        if needed > room:
            directory.entries.append([])
            room = BLOCK
        directory.entries[-1].append(entry)
        room -= needed
    directory.size = len(directory.entries) * BLOCK - room
    directory.links = 2 + sum(inode.node.kind == Kind.DIRECTORY for inode in children)


def _lay_out(inode: _Inode, room: int) -> None:
    """Divide a content into whole blocks and what stands behind the inode, if that has room in one block with it."""
    # Of all files with one content the blocks are the same, however large their inodes are.
    whole, tail = divmod(inode.size, BLOCK)
    if tail and _EXTENDED.size + tail > room:
        whole, tail = whole + 1, 0
    inode.blocks, inode.tail = whole, tail


def _with_blocks(inodes: Sequence[_Inode]) -> tuple[list[_Inode], int]:
    """Give inodes their blocks; return those whose blocks are written, and the block after the last."""
    data, at = [], 1
    first: dict[tuple[bytes, int], _Inode] = {}
    for inode in inodes:
        if not inode.blocks:
            continue
        digest = inode.node.digest
        if inode.node.kind == Kind.FILE:
            inode.source = inode if digest is None else first.setdefault((digest, inode.size), inode)
            if inode.source is not inode:
                inode.first = inode.source.first
                continue
        inode.first = at
        at += inode.blocks
        data.append(inode)
    return data, at


def _with_places(root: _Inode, others: Sequence[_Inode], at: int) -> list[list[_Inode]]:
    """Give inodes their places from block `at` on; return them block by block."""
    root.place = _ROOT
    blocks: list[list[_Inode]] = []
    used = _SLOTS
    for inode in others:
        if used + inode.slots > _SLOTS:
            blocks.append([])
            used = 0
        inode.place = (at + len(blocks) - 1) * BLOCK + used * _SLOT
        blocks[-1].append(inode)
        used += inode.slots
    return blocks


def _inode(inode: _Inode, mtime: int) -> bytes:
    node = inode.node
    where = inode.first
    if node.device is not None:
        major, minor = node.device
        where = minor & 0xFF | major << 8 | (minor & ~0xFF) << 12
    layout = _INLINE if inode.tail else _PLAIN
    mode = node.kind | node.mode
    if inode.extended:
        return _EXTENDED.pack(
            _EXTENDED_BIT | layout,
            0,
            mode,
            0,
            inode.size,
            where,
            inode.number,
            node.uid,
            node.gid,
            mtime,
            0,
            inode.links,
        )
    return _COMPACT.pack(layout, 0, mode, inode.links, inode.size, 0, where, inode.number, node.uid, node.gid, 0)


def _tail_of(inode: _Inode) -> bytes:
    """Return what stands behind the inode of a directory or a link."""
    if not inode.tail:
        return b""
    return inode.node.target if inode.node.kind == Kind.SYMLINK else _directory_block(inode.entries[-1])


def _blocks_of(inode: _Inode, count: int) -> bytes:
    """Return the first blocks of a directory."""
    return b"".join(_directory_block(entries).ljust(BLOCK, b"\0") for entries in inode.entries[:count])


def _directory_block(entries: Sequence[tuple[bytes, _Inode]]) -> bytes:
    at = _ENTRY.size * len(entries)
    heads = []
    for name, inode in entries:
        heads.append(_ENTRY.pack(inode.place // _SLOT, at, _TYPES[inode.node.kind]))
        at += len(name)
    return b"".join(heads) + b"".join(name for name, _ in entries)


def _put(block: bytearray, at: int, data: bytes) -> None:
    block[at : at + len(data)] = data


def _crc32c(data: bytes) -> int:
    """Return the CRC-32C of data (RFC 3720, appendix B.4) without its last inversion, as the kernel compares it."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value
