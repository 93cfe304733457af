"""Export and import of objects in one file.

    chx export 1\\n, then one zstd stream of frames:
    O <length> <description>      an object; then, for each of its contents that is new in the stream,
    B <length> <content>          in the order of its manifest
    T <length> <JSON list>        signed rows of the build trace
    E <length> <BLAKE3>           of everything before, uncompressed: the file is whole

A length is 8 bytes, big-endian. References precede their referrers, and each object is checked by its name and
registered as soon as it is complete: a truncated file still yields whole objects.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, BinaryIO, Final

from ..canonical_form import CHUNK
from ..checkpoint import checkpoint
from ..copying import copy_file
from ..ledger import parse_rows
from ..manifest import path_bytes
from .compression import compressed
from .errors import BrokenArchive
from .layout import LARGEST_DESCRIPTION, WINDOW, Description
from .receiving import adopt, write_checked
from .sending import checked, relevant_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from blake3 import blake3 as Hasher

    from ..ledger import SignedRow
    from ..manifest import Entry
    from ..path import StorePath
    from ..store import Store

HEADER: Final = b"chx export 1\n"


def export(store: Store, paths: Iterable[StorePath], out: BinaryIO) -> int:
    """Write objects with their closures and rows to `out`; how many objects. Raises `StoreError`, OSError."""
    closure = store.closure(paths)
    out.write(HEADER)
    for chunk in compressed(_frames(store, closure)):
        out.write(chunk)
    return len(closure)


def _frames(store: Store, closure: list[StorePath]) -> Iterator[bytes]:
    from blake3 import blake3

    hasher = blake3()
    for chunk in _content(store, closure):
        hasher.update(chunk)
        yield chunk
    yield b"E" + (32).to_bytes(8, "big") + hasher.digest()


def _content(store: Store, closure: list[StorePath]) -> Iterator[bytes]:
    sent: set[bytes] = set()
    for path in closure:
        description = Description.of(store, path)
        text = description.encode()
        yield b"O" + len(text).to_bytes(8, "big") + text
        for entry in description.manifest:
            if entry.digest is not None and entry.digest not in sent:
                sent.add(entry.digest)
                yield b"B" + entry.size.to_bytes(8, "big")
                yield from checked(store, path, entry)
    rows = json.dumps([row.to_dict() for row in relevant_rows(store, closure)]).encode()
    yield b"T" + len(rows).to_bytes(8, "big") + rows


class ArchiveReader:
    """Reads an export. `received` are the objects that are new to this store, `rows` the build trace rows of the file."""

    def __init__(self, store: Store, source: BinaryIO, name: str = "the file") -> None:
        self._store, self._source, self._name = store, source, name
        self._places: dict[bytes, bytes] = {}
        self.received: list[StorePath] = []
        self.rows: list[SignedRow] = []

    def read(self) -> None:
        """Import everything. Raises `BrokenArchive`, `CacheIntegrityError`, `StoreIO`."""
        from blake3 import blake3

        from ..zstd import ZstdError, unpacked

        if self._source.read(len(HEADER)) != HEADER:
            raise BrokenArchive(f"{self._name} is no export of chx")
        try:
            self._frames(unpacked(self._source, WINDOW), blake3())
        except ZstdError as error:
            raise BrokenArchive(
                f"{self._name} is damaged: {error}; {len(self.received)} objects were imported"
            ) from error

    def _frames(self, reader: BinaryIO, hasher: Hasher) -> None:
        while True:
            before = hasher.copy()
            kind, size = self._head(reader, hasher)
            if kind == b"O":
                self._object(reader, hasher, size)
            elif kind == b"T":
                self._rows(self._take(reader, hasher, size, LARGEST_DESCRIPTION))
            elif kind == b"E":
                if self._take(reader, hasher, size, 32) != before.digest():
                    raise BrokenArchive(f"{self._name} is damaged: its checksum differs")
                return
            else:
                raise BrokenArchive(f"{self._name} is damaged: there is no frame {kind!r}")

    def _head(self, reader: BinaryIO, hasher: Hasher) -> tuple[bytes, int]:
        head = self._take(reader, hasher, 9, 9)
        return head[:1], int.from_bytes(head[1:], "big")

    def _take(self, reader: BinaryIO, hasher: Hasher, size: int, limit: int) -> bytes:
        if size > limit:
            raise BrokenArchive(f"{self._name} is damaged: a part of {size} bytes is too large")
        return b"".join(self._chunks(reader, hasher, size))

    def _chunks(self, reader: BinaryIO, hasher: Hasher, size: int) -> Iterator[bytes]:
        while size:
            checkpoint()
            chunk = reader.read(min(size, CHUNK))
            if not chunk:
                raise BrokenArchive(f"{self._name} ends early; {len(self.received)} objects were imported")
            hasher.update(chunk)
            size -= len(chunk)
            yield chunk

    def _object(self, reader: BinaryIO, hasher: Hasher, size: int) -> None:
        try:
            description = Description.decode(self._take(reader, hasher, size, LARGEST_DESCRIPTION))
        except ValueError as error:
            raise BrokenArchive(f"{self._name} is damaged: {error}") from error
        root = os.fsencode(self._store.physical(description.path))
        fresh: dict[bytes, bytes] = {}
        for entry in description.manifest:
            if entry.digest is not None and entry.digest not in self._places:
                fresh.setdefault(entry.digest, root + b"/" + path_bytes(entry.path) if entry.path else root)
        todo = set(fresh)
        drafts: dict[bytes, bytes] = {}

        def content(entry: Entry) -> Iterator[bytes]:
            kind, length = self._head(reader, hasher)
            if kind != b"B" or length != entry.size:
                raise BrokenArchive(f"{self._name} is damaged: a file of '{description.path}' is missing")
            return self._chunks(reader, hasher, length)

        def write(entry: Entry, target: bytes) -> None:
            assert entry.digest is not None
            if entry.digest not in todo:
                copy_file(drafts.get(entry.digest) or self._places[entry.digest], target)
                return
            todo.discard(entry.digest)
            drafts[entry.digest] = target
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                write_checked(entry, content(entry), descriptor)
            except ValueError as error:
                raise BrokenArchive(f"'{entry.path}' of '{description.path}': {error}") from error
            finally:
                os.close(descriptor)

        if self._store.claim(description.path):
            for entry in description.manifest:
                if entry.digest in todo:
                    todo.discard(entry.digest)
                    for _ in content(entry):
                        pass
        else:
            for reference in description.references:
                if not self._store.claim(reference):
                    raise BrokenArchive(f"'{description.path}' refers to '{reference}', which is not there")
            adopt(self._store, description, write, self._name)
            self.received.append(description.path)
        self._places.update(fresh)

    def _rows(self, text: bytes) -> None:
        try:
            self.rows += parse_rows(text)
        except ValueError as error:
            raise BrokenArchive(f"{self._name} is damaged: {error}") from error
