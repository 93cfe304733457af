"""The values of a container: what the ADB block holds (docs/apk-format.md).

A *word* is a value: four bits of type and 28 bits of content, which is a number or the offset of an item. `Writer` appends items and
returns words. `Values` reads words. It is safe against any bytes: an offset or a count is held against what there is, and what was read at
different offsets is together not larger than a small multiple of the payload. So time and memory are linear in it whatever refers to what.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from .errors import BadValue, Damaged, Unsupported

NULL: Final = 0
INT: Final = 0x10000000
INT_32: Final = 0x20000000
INT_64: Final = 0x30000000
BLOB_8: Final = 0x80000000
BLOB_16: Final = 0x90000000
BLOB_32: Final = 0xA0000000
ARRAY: Final = 0xD0000000
OBJECT: Final = 0xE0000000
TYPE: Final = 0xF0000000
CONTENT: Final = 0x0FFFFFFF

HEAD: Final = 8
MOST_BYTES: Final = 1 << 28
"""Bytes that offsets reach."""
_SHARES: Final = 4
"""How often each byte of a payload may be read as part of different items."""

_U16: Final = Struct("<H")
_U32: Final = Struct("<I")
_U64: Final = Struct("<Q")
_WORDS: Final = tuple(Struct(f"<{count}I") for count in range(33))
_ONE_BYTE: Final = tuple(bytes([size]) for size in range(256))


class Writer:
    """Appends items to a payload. An item whose bytes were appended before is not appended again, if it lies aligned."""

    __slots__ = ("_known", "data", "moves")

    def __init__(self) -> None:
        self.data = bytearray(HEAD)
        self.moves = 0
        """How many items were appended again because of their alignment. While it is the same, what was appended has the same word."""
        self._known: dict[bytes, int] = {}

    def blob(self, value: bytes) -> int:
        """Append bytes; return their word."""
        size = len(value)
        if size < 256:
            if not size:
                return NULL
            # As in `_item`, without alignment.
            item = _ONE_BYTE[size] + value
            known = self._known
            offset = known.get(item)
            if offset is None:
                data = self.data
                known[item] = offset = len(data)
                data += item
            return BLOB_8 | offset
        if size < 65536:
            return BLOB_16 | self._item(_U16.pack(size) + value, 1)
        return BLOB_32 | self._item(_U32.pack(size) + value, 3)

    def unshared_blob(self, value: bytes) -> int:
        """Append bytes (1 to 255) whether they are there or not, and so that nothing else refers to them. Return their word."""
        offset = len(self.data)
        self.data += _ONE_BYTE[len(value)] + value
        return BLOB_8 | offset

    def integer(self, value: int) -> int:
        """Return the word of a number from 0 to 2 ** 64 - 1. Raises `BadValue` for others."""
        if 0 <= value < 1 << 28:
            return INT | value
        if value < 0 or value >> 64:
            raise BadValue("the number", f"{value} is not from 0 to 2 to the power of 64")
        if value >> 32:
            return INT_64 | self._item(_U64.pack(value), 3)
        return INT_32 | self._item(_U32.pack(value), 3)

    def words(self, values: list[int] | tuple[int, ...], kind: int = OBJECT) -> int:
        """Append an array or object; return its word. Null values at its end are left out."""
        count = len(values)
        if not count:
            return NULL
        if not values[-1]:
            while count and not values[count - 1]:
                count -= 1
            if not count:
                return NULL
            values = values[:count]
        count += 1
        form = _WORDS[count] if count < 33 else Struct(f"<{count}I")
        return kind | self._item(form.pack(count, *values), 3)

    def _item(self, item: bytes, mask: int) -> int:
        """Append an item to a multiple of `mask` + 1; return its offset."""
        offset = self._known.get(item)
        if offset is not None:
            if not offset & mask:
                return offset
            self.moves += 1
        data = self.data
        if gap := -len(data) & mask:
            data += bytes(gap)
        self._known[item] = offset = len(data)
        data += item
        return offset

    def finish(self, root: int) -> bytearray:
        """Set the root; return the payload. Raises `BadValue` if offsets do not reach all of it."""
        if len(self.data) > MOST_BYTES:
            raise BadValue("the metadata", f"has more than {MOST_BYTES} bytes, which is what the format can hold")
        _U32.pack_into(self.data, 4, root)
        return self.data


class Values:
    """Reads a payload. `place` is the name of the file, for errors: all methods raise `Damaged`."""

    __slots__ = ("_blobs", "_left", "_texts", "data", "place")

    def __init__(self, data: bytes, place: str) -> None:
        self.place = place
        self.data = data
        self._left = _SHARES * len(data)
        self._blobs: dict[int, bytes] = {NULL: b""}
        self._texts: dict[int, str] = {NULL: ""}
        if len(data) < HEAD:
            raise Damaged(place, "values", "there is no head")
        if data[0]:
            raise Unsupported(place, f"its values need a reader of version {data[0]}, and this is one of version 0")

    @property
    def root(self) -> int:
        """The word of the root."""
        found: int = _U32.unpack_from(self.data, 4)[0]
        return found

    def error(self, offset: int, reason: str) -> Damaged:
        """Return an error about what lies at an offset."""
        return Damaged(self.place, f"value at offset {offset:#x}", reason)

    def blob(self, word: int) -> bytes:
        """Return the bytes of a word; none for null."""
        found = self._blobs.get(word)
        if found is not None:
            return found
        kind, offset, data = word & TYPE, word & CONTENT, self.data
        if kind == BLOB_8:
            start = offset + 1
            size = data[offset] if offset < len(data) else 0
        elif kind == BLOB_16:
            start = offset + 2
            size = _U16.unpack_from(data, offset)[0] if start <= len(data) else 0
        elif kind == BLOB_32:
            start = offset + 4
            size = _U32.unpack_from(data, offset)[0] if start <= len(data) else 0
        else:
            raise self.error(offset, f"bytes are wanted, and the word is {word:#010x}")
        if start + size > len(data) or offset < HEAD:
            raise self.error(offset, "it goes beyond the end")
        self._left -= start + size - offset
        if self._left < 0:
            raise self.error(offset, "items overlap")
        self._blobs[word] = found = data[start : start + size]
        return found

    def text(self, word: int) -> str:
        """Return a text; an empty one for null."""
        found = self._texts.get(word)
        if found is not None:
            return found
        try:
            self._texts[word] = found = self.blob(word).decode()
            return found
        except UnicodeDecodeError as error:
            raise self.error(word & CONTENT, "it is no UTF-8") from error

    def integer(self, word: int) -> int | None:
        """Return a number; None for null."""
        kind, content = word & TYPE, word & CONTENT
        if kind == INT:
            return content
        if not word:
            return None
        form = _U32 if kind == INT_32 else _U64 if kind == INT_64 else None
        if form is None:
            raise self.error(content, f"a number is wanted, and the word is {word:#010x}")
        if content < HEAD or content & 3 or content + form.size > len(self.data):
            raise self.error(content, "it is not aligned, or goes beyond the end")
        found: int = form.unpack_from(self.data, content)[0]
        return found

    def words(self, word: int) -> tuple[int, ...]:
        """Return the words of an array or object; none for null."""
        if not word:
            return ()
        kind, offset, data = word & TYPE, word & CONTENT, self.data
        if kind != OBJECT and kind != ARRAY:
            raise self.error(offset, f"an object or array is wanted, and the word is {word:#010x}")
        if offset < HEAD or offset & 3 or offset + 4 > len(data):
            raise self.error(offset, "it is not aligned, or goes beyond the end")
        count = _U32.unpack_from(data, offset)[0]
        if not count or offset + 4 * count > len(data):
            raise self.error(offset, f"it has {count} words and goes beyond the end" if count else "its count is 0")
        self._left -= 4 * count
        if self._left < 0:
            raise self.error(offset, "items overlap")
        count -= 1
        form = _WORDS[count] if count < 33 else Struct(f"<{count}I")
        return form.unpack_from(data, offset + 4)

    def fields(self, word: int, count: int) -> tuple[int, ...]:
        """Return the first `count` fields of an object; those that it does not have are null."""
        found = self.words(word)
        return (*found, *(NULL,) * (count - len(found))) if len(found) < count else found[:count]
