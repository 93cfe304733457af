"""Gzip members one after the other, each of which version 2 signs or hashes as it is packed."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from .errors import Damaged, TooLarge, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

MAGIC: Final = b"\x1f\x8b"
LEVEL: Final = 9
_GZIP: Final = 31
_READ: Final = 1 << 16


def packer(level: int = LEVEL) -> zlib._Compress:
    """Return what packs one member; it writes no time and no name, so that bytes depend on the content and on zlib only."""
    return zlib.compressobj(level, zlib.DEFLATED, _GZIP)


def packed(data: bytes) -> bytes:
    """Return a member."""
    one = packer()
    return one.compress(data) + one.flush()


class Members:
    """Reads members forwards. `next` goes to the next one, whose content `read` returns; nothing at its end."""

    def __init__(self, file: BinaryIO, place: str) -> None:
        self._file = file
        self._place = place
        self._ahead = b""
        self._unpacker: zlib._Decompress | None = None
        self._note: Callable[[bytes], object] | None = None

    def next(self, note: Callable[[bytes], object] | None = None) -> bool:
        """Begin with the next member; False if there is none. `note` gets its bytes as they are packed."""
        self._ahead = self._ahead or self._file.read(_READ)
        if not self._ahead:
            return False
        self._unpacker = zlib.decompressobj(_GZIP)
        self._note = note
        return True

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes of the member. Raises `Damaged` and `Truncated`."""
        unpacker = self._unpacker
        assert unpacker is not None
        while not unpacker.eof:
            data = self._ahead or self._file.read(_READ)
            try:
                found = unpacker.decompress(data, size)
            except zlib.error as error:
                raise Damaged(self._place, "packed data", "it is no gzip, or a damaged one") from error
            self._ahead = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            if self._note and len(data) > len(self._ahead):
                self._note(data[: len(data) - len(self._ahead)])
            if found:
                return found
            if not data:
                raise Truncated(self._place, self._file.tell() if self._file.seekable() else 0)
        return b""

    def whole(self, most: int, note: Callable[[bytes], object] | None = None) -> bytes | None:
        """Return the content of the next member, of at most `most` bytes; None if there is none. Raises `TooLarge`, too."""
        if not self.next(note):
            return None
        parts = []
        size = 0
        while data := self.read(_READ):
            size += len(data)
            if size > most:
                raise TooLarge(self._place, "bytes of a part that is read whole", size, most)
            parts.append(data)
        return b"".join(parts)
