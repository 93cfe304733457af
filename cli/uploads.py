"""What others write to `chx serve --writable`.

Files of the layout are gathered in `cache/uploads`. Once an object is described, which comes after all it needs, it is
taken from there as from any cache: compared with its name, and registered. Rows of the build trace count if a trusted
builder has signed them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ..store import Digest, InvalidStorePath, StorePath
from ..store.exchange import Receiver
from ..store.exchange.errors import LyingCache
from ..store.exchange.layout import MARK, MARK_TEXT, blob_name, object_name, trace_name
from ..store.exchange.places import DirectoryPlace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store import Store

_LARGEST_TRACE = 1 << 24


class Refused(Exception):
    """What was sent is not taken, and why."""


class Uploads:
    """Takes files of the layout for a store; may be used by several threads."""

    def __init__(self, store: Store) -> None:
        from _thread import allocate_lock

        self._store = store
        self._place = DirectoryPlace(store.home + "/cache/uploads", create=True)
        self._receiver = Receiver(store, self._place)
        self._lock = allocate_lock()

    def has(self, name: str) -> bool:
        """Whether a file was sent already and not used yet."""
        return self._place.has(name)

    def take(self, name: str, chunks: Iterable[bytes]) -> None:
        """Raises `Refused`, `StoreError`."""
        kind, _, rest = name.partition("/")
        try:
            if kind == "blobs" and name == blob_name(bytes.fromhex(rest.removesuffix(".zst").rpartition("/")[2])):
                self._place.write(name, chunks)
            elif kind == "objects" and name == object_name(path := StorePath.parse(rest.removesuffix(".zst"))):
                self._place.write(name, chunks)
                self._adopt(path)
            elif kind == "trace" and name == trace_name(Digest.parse(rest.removesuffix(".json"))):
                self._remember(chunks)
            elif name != MARK or b"".join(chunks) != MARK_TEXT:
                raise ValueError
        except LyingCache as error:
            raise Refused(f"{error.name}: {error.reason}") from error
        except (ValueError, InvalidStorePath):
            raise Refused("a cache has no file of that name") from None

    def _adopt(self, path: StorePath) -> None:
        # One after the other: the receiver knows what the one before has brought.
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
        from ..store.ledger import parse_rows
        from .copy import accept_rows

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


def sweep(home: str) -> None:
    """Remove what was sent and never used, by senders that broke off."""
    from ..store import remove_tree

    with suppress(OSError):
        remove_tree(os.fsencode(home + "/cache/uploads"))
