"""Uploads to `chx serve --writable`.

Files of the layout are collected in `cache/uploads`. A client sends the description of an object last; chx then takes the
object from there as from any cache: it compares it with its store path and registers it. Rows of the build trace count
if a trusted builder has signed them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ..ops.objects import accept_rows
from ..store import Digest, InvalidStorePath, StorePath, remove_tree
from ..store.exchange import Receiver
from ..store.exchange.backends import DirectoryCache
from ..store.exchange.errors import CacheIntegrityError
from ..store.exchange.layout import MARK, MARK_TEXT, blob_name, object_name, trace_name
from ..store.ledger import parse_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store import Store

_LARGEST_TRACE = 1 << 24


class Refused(Exception):
    """An upload was refused, with the reason."""


class Uploads:
    """Receives files of the layout for a store; thread-safe."""

    def __init__(self, store: Store) -> None:
        from _thread import allocate_lock

        self._store = store
        self._place = DirectoryCache(store.home + "/cache/uploads", create=True)
        self._receiver = Receiver(store, self._place)
        self._lock = allocate_lock()

    def has(self, name: str) -> bool:
        """Whether a file was received and not used yet."""
        return _kind_of(name) is not None and self._place.has(name)

    def take(self, name: str, chunks: Iterable[bytes]) -> None:
        """Receive a file. Raises `Refused`, `StoreError`."""
        kind = _kind_of(name)
        try:
            if kind == "blobs":
                self._place.write(name, chunks)
            elif kind == "objects":
                self._place.write(name, chunks)
                self._adopt(StorePath.parse(name.removeprefix("objects/").removesuffix(".zst")))
            elif kind == "trace":
                self._remember(chunks)
            elif name != MARK or next(iter(chunks), b"") != MARK_TEXT:
                raise Refused("a cache has no file of that name")
        except CacheIntegrityError as error:
            raise Refused(f"{error.name}: {error.reason}") from error

    def _adopt(self, path: StorePath) -> None:
        # One at a time: the receiver remembers objects that it has received.
        with self._lock:
            description = self._receiver.describe(path)
            try:
                if not self._receiver.receive(path):
                    raise Refused("something that it refers to is missing")
            finally:
                self._place.remove(object_name(path))
                for entry in description.manifest if description is not None else ():
                    if entry.digest is not None:
                        self._place.remove(blob_name(entry.digest))

    def _remember(self, chunks: Iterable[bytes]) -> None:
        data = b""
        for chunk in chunks:
            data += chunk
            if len(data) > _LARGEST_TRACE:
                raise Refused("it is too large")
        try:
            rows = parse_rows(data)
        except ValueError as error:
            raise Refused(f"no rows of a build trace: {error}") from error
        with self._lock:
            _, refused = accept_rows(self._store, rows, (), "upload")
        if refused:
            raise Refused(f"{refused[0]}; objects that were sent before are here all the same")


def _kind_of(name: str) -> str | None:
    """Return the kind of a file of the layout; None if the name is not exactly in its form."""
    kind, _, rest = name.partition("/")
    try:
        if kind == "blobs":
            is_proper = name == blob_name(bytes.fromhex(rest.removesuffix(".zst").rpartition("/")[2]))
        elif kind == "objects":
            is_proper = name == object_name(StorePath.parse(rest.removesuffix(".zst")))
        else:
            is_proper = kind == "trace" and name == trace_name(Digest.parse(rest.removesuffix(".json")))
    except (ValueError, InvalidStorePath):
        return None
    return kind if is_proper else None


def sweep(home: str) -> None:
    """Remove incomplete uploads."""
    with suppress(OSError):
        remove_tree(os.fsencode(home + "/cache/uploads"))
