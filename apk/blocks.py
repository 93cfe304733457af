"""The container: a magic number, a schema, and blocks (docs/apk-format.md).

`BlockReader` is safe against any bytes: it takes memory for what a file really has, in pieces, and never for what it only declares.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Final

from .compression import PLAIN, Compression, PackedWriter, unpacked
from .errors import Damaged, NotApk, TooLarge, Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

PACKAGE: Final = b"pckg"
INDEX: Final = b"indx"
DATABASE: Final = b"idb\0"
_SCHEMAS: Final = {PACKAGE: "package", INDEX: "index", DATABASE: "database"}

ADB: Final = 0
SIGNATURE: Final = 1
DATA: Final = 2
_LARGE: Final = 3
_NAMES: Final = ("ADB", "SIG", "DATA")

MOST_VALUES: Final = 64 << 20
"""Bytes of metadata that are read."""
MOST_SIGNATURES: Final = 64
MOST_IN_SIGNATURE: Final = 1 << 14
CHUNK: Final = 1 << 18

_WORD: Final = Struct("<I")
_LARGE_HEAD: Final = Struct("<IIQ")
_SIZE_BITS: Final = 30
_LARGEST: Final = (1 << _SIZE_BITS) - 1
_PADDING: Final = tuple(bytes(-size % 8) for size in range(8))


def block_head(kind: int, size: int) -> bytes:
    """Return the head of a block whose payload has `size` bytes."""
    if size + _WORD.size > _LARGEST:
        return _LARGE_HEAD.pack(_LARGE << _SIZE_BITS | kind, 0, size + _LARGE_HEAD.size)
    return _WORD.pack(kind << _SIZE_BITS | (size + _WORD.size))


def block_padding(size: int) -> bytes:
    """Return what follows a payload of `size` bytes."""
    head = _LARGE_HEAD.size if size + _WORD.size > _LARGEST else _WORD.size
    return _PADDING[(size + head) & 7]


def block(kind: int, payload: bytes | bytearray) -> bytes:
    """Return a whole block."""
    size = len(payload)
    return b"".join((block_head(kind, size), payload, block_padding(size)))


def begin_container(out: BinaryIO, schema: bytes, compression: Compression) -> PackedWriter:
    """Write the heads of a file; return what writes the blocks."""
    writer = PackedWriter(out, compression)
    writer.write(PLAIN + schema)
    return writer


@dataclass(frozen=True, slots=True)
class BlockHead:
    """The kind of a block, the bytes of its payload, and the bytes of its head."""

    kind: int
    size: int
    head: int


class BlockReader:
    """Reads the blocks of a file, forwards.

    `next_head` goes to the next block. Then its payload is to be read, by `payload` or `chunks`. All methods raise `Damaged`, `Truncated`
    and `TooLarge`.
    """

    def __init__(self, file: BinaryIO, place: str, schema: bytes | None = None) -> None:
        """Read the head of a file. Raises `NotApk` and `Unsupported`; NotApk, too, for another schema than the wanted one."""
        self.place = place
        self.compression, self._file = unpacked(file, place)
        self._offset = 0
        magic = self._exactly(8)
        self.schema = magic[4:]
        if magic[:4] != PLAIN:
            raise NotApk(place, "what is packed in it is no container of apk")
        if self.schema not in _SCHEMAS:
            raise NotApk(place, f"its schema {self.schema!r} is not known")
        if schema is not None and self.schema != schema:
            raise NotApk(
                place, f"it is a file of apk, but no {_SCHEMAS[schema]}: this is another kind: {_SCHEMAS[self.schema]}"
            )
        self._last: int | None = None
        self._signatures = 0

    def next_head(self) -> BlockHead | None:
        """Return the head of the next block; None at the end of the file."""
        first = self._some(_WORD.size)
        if not first:
            if self._last is None:
                raise Truncated(self.place, self._offset)
            return None
        start = self._offset - len(first)
        if len(first) < _WORD.size:
            raise Truncated(self.place, self._offset)
        word = _WORD.unpack(first)[0]
        kind, size, head = word >> _SIZE_BITS, word & _LARGEST, _WORD.size
        if kind == _LARGE:
            kind = size
            _, reserved, size = _LARGE_HEAD.unpack(first + self._exactly(_LARGE_HEAD.size - _WORD.size))
            head = _LARGE_HEAD.size
            if reserved or size - head + _WORD.size <= _LARGEST:
                raise self._error(start, "the head of a large block is used for a small one")
        if kind > DATA:
            raise self._error(start, f"its type {kind} is not known")
        if size < head:
            raise self._error(start, f"its size {size} is less than that of its head")
        self._check_order(kind, start)
        size -= head
        if kind == ADB and size > MOST_VALUES:
            raise TooLarge(self.place, "bytes of metadata", size, MOST_VALUES)
        if kind == SIGNATURE and size > MOST_IN_SIGNATURE:
            raise TooLarge(self.place, "bytes of a signature", size, MOST_IN_SIGNATURE)
        return BlockHead(kind, size, head)

    def _check_order(self, kind: int, start: int) -> None:
        """Hold the order of blocks: one ADB, then signatures, then data."""
        last = self._last
        if last is None:
            if kind != ADB:
                raise self._error(start, f"the first block is {_NAMES[kind]} and not ADB")
        elif kind == ADB:
            raise self._error(start, "it is a second ADB block")
        elif kind < last:
            raise self._error(start, f"a {_NAMES[kind]} block stands after {_NAMES[last]}")
        if kind == DATA and self.schema != PACKAGE:
            raise self._error(start, "only a package has DATA blocks")
        if kind == SIGNATURE:
            self._signatures += 1
            if self._signatures > MOST_SIGNATURES:
                raise TooLarge(self.place, "signatures", self._signatures, MOST_SIGNATURES)
        self._last = kind

    def payload(self, head: BlockHead) -> bytes:
        """Return the payload of a block, which is in memory then."""
        found = self._exactly(head.size)
        self.skip_padding(head)
        return found

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield `size` bytes of a payload in pieces."""
        while size:
            data = self._file.read(min(size, CHUNK))
            if not data:
                raise Truncated(self.place, self._offset)
            self._offset += len(data)
            size -= len(data)
            yield data

    def exactly(self, size: int) -> bytes:
        """Return `size` bytes of a payload."""
        return self._exactly(size)

    def skip_padding(self, head: BlockHead) -> None:
        """Go to the end of a block whose payload has been read."""
        size = -(head.head + head.size) & 7
        if size and self._exactly(size).strip(b"\0"):
            raise self._error(self._offset - size, "the padding after it is not zero")

    def _exactly(self, size: int) -> bytes:
        found = self._some(size)
        if len(found) < size:
            raise Truncated(self.place, self._offset)
        return found

    def _some(self, size: int) -> bytes:
        """Return `size` bytes, or less at the end of the file."""
        found = self._file.read(min(size, CHUNK))
        self._offset += len(found)
        if len(found) == size or not found:
            return found
        parts = [found]
        size -= len(found)
        while size:
            found = self._file.read(min(size, CHUNK))
            if not found:
                break
            self._offset += len(found)
            size -= len(found)
            parts.append(found)
        return b"".join(parts)

    def _error(self, offset: int, reason: str) -> Damaged:
        return Damaged(self.place, f"block at byte {offset}", reason)
