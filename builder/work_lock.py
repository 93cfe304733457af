"""Locks between processes: at most one builder per derivation.

A lock is a file `$CHX_HOME/locks/<digest>` with an flock on it, which the kernel releases whenever its holder
dies. The holder removes the file before it releases the lock, so the directory does not fill up. A process that waited
on a removed file detects that by its inode and starts again.
"""

from __future__ import annotations

import fcntl
import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..store.digest import Digest
    from .cancellation import Cancellation

_PATIENCE = 0.05, 0.5  # seconds between tries, first and last: poll cannot wait for an flock


class WorkLock:
    """Context in which no other process does the work named `digest`. `waiting` is called once if another one does."""

    def __init__(
        self, home: str, digest: Digest, cancellation: Cancellation, waiting: Callable[[], None] | None = None
    ) -> None:
        self._path = os.path.join(home, "locks", str(digest))
        self._cancellation = cancellation
        self._waiting = waiting
        self._file = -1

    def __enter__(self) -> WorkLock:
        pause = _PATIENCE[0]
        reported = False
        while True:
            file = self._open()
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                if not reported and self._waiting is not None:
                    self._waiting()
                reported = True
                poll = select.poll()
                poll.register(self._cancellation.descriptor, select.POLLIN)
                poll.poll(pause * 1000)
                self._cancellation.check()
                pause = min(2 * pause, _PATIENCE[1])
                continue
            try:
                current = os.stat(self._path).st_ino == os.fstat(file).st_ino
            except FileNotFoundError:
                current = False
            if current:
                self._file = file
                return self
            os.close(file)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self._path, flags, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            return os.open(self._path, flags, 0o600)

    def __exit__(self, *error: object) -> None:
        os.unlink(self._path)
        os.close(self._file)
