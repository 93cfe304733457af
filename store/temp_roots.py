"""Temporary roots: objects in use by running processes, which no garbage collection removes.

Each process has one file `pins/<pid>-<start time>-<n>` of base names, one a line. It holds an exclusive lock on the file
while it lives; the kernel releases the lock even after SIGKILL. A file that can be locked belongs to a dead process.

*Order.* A process first writes a temporary root, then checks that the object is valid. It writes either while
it holds the write lock of the database, or under a shared `GcLock`. A collector holds both, the
write lock first, from reading the temporary roots until its deletion is committed.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from .errors import StoreIO
from .temporary import process_start

if TYPE_CHECKING:
    from collections.abc import Iterable


class GcLock:
    """Context that holds the garbage collection lock: `shared` to add temporary roots, exclusive to collect."""

    __slots__ = ("_descriptor", "_operation", "_path")

    def __init__(self, home: str, *, shared: bool) -> None:
        self._path = home + "/db/gc.lock"
        self._operation = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._descriptor = -1

    def __enter__(self) -> GcLock:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, self._operation)
        return self

    def __exit__(self, *error: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class TempRoots:
    """The temporary roots of this process; a forked child starts with none. The caller serialises all calls."""

    __slots__ = ("_bases", "_file", "_folder", "_home", "_path", "_pid")

    def __init__(self, home: str) -> None:
        self._home = home
        self._folder = home + "/pins"
        self._pid = -1
        self._path = ""
        self._file = -1
        self._bases: set[str] = set()

    def add(self, bases: Iterable[str], *, guarded: bool) -> None:
        """Add temporary roots. `guarded`: the caller holds the write lock of the database. Raises `StoreIO`."""
        if self._pid != os.getpid():
            self._bases.clear()
        fresh = [base for base in bases if base not in self._bases]
        if not fresh:
            return
        try:
            if self._pid != os.getpid():
                self._claim()
            if guarded:
                self._write(fresh)
            else:
                with GcLock(self._home, shared=True):
                    self._write(fresh)
        except OSError as error:
            raise StoreIO("add temporary roots to", self._folder, error) from error
        self._bases.update(fresh)

    def _write(self, bases: list[str]) -> None:
        data = memoryview("".join(f"{base}\n" for base in bases).encode())
        while data:
            data = data[os.write(self._file, data) :]

    def _claim(self) -> None:
        os.makedirs(self._folder, exist_ok=True)
        pid = os.getpid()
        base = f"{self._folder}/{pid}-{process_start(pid)}"
        attempt = 0
        while True:
            path = f"{base}-{attempt}"
            try:
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                attempt += 1
                continue
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:
                break
            # A collector removed the file before it was locked, as that of a dead process.
            os.close(file)
        self._pid, self._path, self._file = pid, path, file

    def close(self) -> None:
        """Drop all temporary roots of this process."""
        if self._pid == os.getpid():
            with suppress(OSError):
                os.unlink(self._path)
            os.close(self._file)
            self._pid = -1
            self._bases.clear()

    def live(self) -> list[tuple[int, str]]:
        """Return the temporary roots of living processes as pairs of process id and base name.

        Files of dead processes are removed.
        """
        found: list[tuple[int, str]] = []
        try:
            names = sorted(os.listdir(self._folder))
        except FileNotFoundError:
            return found
        for name in names:
            path = f"{self._folder}/{name}"
            try:
                file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                with suppress(OSError):
                    os.unlink(path)
            except OSError:
                # Its process lives and holds the lock.
                with open(file, "rb", closefd=False) as lines:
                    process = name.partition("-")[0]
                    number = int(process) if process.isascii() and process.isdigit() else 0
                    found += ((number, line.decode("ascii", "replace")) for line in lines.read().splitlines())
            finally:
                os.close(file)
        return found
