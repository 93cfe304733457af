"""Digests of the API, and the index from the store's digests to them.

The store knows files by BLAKE3, most servers by SHA-256. The index is a table in `$CHX_HOME/cache/remote.db` that is
filled when a file is first sent or received. It is a cache: it may be dropped at any time, and a wrong row makes the
server refuse the bytes that are sent under it.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from .wire import BLAKE3, SHA256, new

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_CHUNK: Final = 1 << 20
_MOST_AT_ONCE: Final = 500


class Digest(NamedTuple):
    """The name of a blob: its hash in hexadecimal digits, and its size in bytes."""

    hash: str
    size: int

    def __str__(self) -> str:
        return f"{self.hash}/{self.size}"

    @property
    def message(self) -> Any:
        """As a message of the API."""
        return new("Digest", hash=self.hash, size_bytes=self.size)


def digest_of(message: Any) -> Digest:
    """Return the digest in a message of the API."""
    return Digest(message.hash, message.size_bytes)


class Function:
    """A digest function: `number` is its number in the API, `name` its name in names of resources."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = {SHA256: "sha256", BLAKE3: "blake3"}[number]

    def new(self) -> Any:
        """Return a hash object."""
        if self.number == BLAKE3:
            from blake3 import blake3

            return blake3()
        return hashlib.sha256()

    def of(self, data: bytes) -> Digest:
        """Return the digest of `data`."""
        state = self.new()
        state.update(data)
        return Digest(state.hexdigest(), len(data))

    def of_file(self, path: str) -> Digest:
        """Return the digest of a file. Raises OSError."""
        state, size = self.new(), 0
        with open(path, "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                state.update(chunk)
                size += len(chunk)
        return Digest(state.hexdigest(), size)


def _open(place: str) -> sqlite3.Connection:
    """Open a database; where that is not possible, one that ends with the process."""
    try:
        if place != ":memory:":
            os.makedirs(os.path.dirname(place), exist_ok=True)
        return sqlite3.connect(place, check_same_thread=False, timeout=30)
    except (OSError, sqlite3.Error):
        return sqlite3.connect(":memory:", check_same_thread=False)


class Index:
    """The index of one home; `function` is that of the server. May be used from any thread."""

    def __init__(self, home: str, function: Function) -> None:
        self._is_own = function.number == BLAKE3
        self._lock = Lock()
        self._known: dict[bytes, str] = {}
        self._database = _open(":memory:" if self._is_own else f"{home}/cache/remote.db")
        self._execute("CREATE TABLE IF NOT EXISTS digests (blake3 BLOB PRIMARY KEY, sha256 BLOB) WITHOUT ROWID")

    def _execute(self, text: str) -> None:
        with suppress(sqlite3.Error), self._database:
            self._database.execute(text)

    def lookup(self, wanted: Iterable[bytes]) -> Mapping[bytes, str]:
        """Return the hashes of the server for digests of the store, as far as they are known."""
        if self._is_own:
            return {raw: raw.hex() for raw in wanted}
        asked = list(dict.fromkeys(wanted))
        with self._lock:
            unknown = [raw for raw in asked if raw not in self._known]
            with suppress(sqlite3.Error):
                for start in range(0, len(unknown), _MOST_AT_ONCE):
                    part = unknown[start : start + _MOST_AT_ONCE]
                    marks = ",".join("?" * len(part))
                    for own, other in self._database.execute(
                        f"SELECT blake3, sha256 FROM digests WHERE blake3 IN ({marks})", part
                    ):
                        if isinstance(other, bytes) and len(other) == 32:
                            self._known[own] = other.hex()
            return {raw: self._known[raw] for raw in asked if raw in self._known}

    def record(self, pairs: Mapping[bytes, str]) -> None:
        """Add what was computed from bytes."""
        if self._is_own or not pairs:
            return
        with self._lock:
            self._known.update(pairs)
            with suppress(sqlite3.Error), self._database:
                self._database.executemany(
                    "INSERT OR REPLACE INTO digests VALUES (?, ?)",
                    [(own, bytes.fromhex(other)) for own, other in pairs.items()],
                )

    def close(self) -> None:
        with self._lock:
            self._database.close()
