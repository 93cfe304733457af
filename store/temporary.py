"""Temporary directories whose owners may die at any moment.

Each process has one directory `tmp/<pid>-<start time>`, and holds a lock on it while it lives; the kernel releases the
lock even after SIGKILL. A directory is stale if its process has ended *and* the lock is free: the lock is right across
PID namespaces, the name is also right in the moment between making the directory and locking it.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import Final

from .checkpoint import Stopped
from .removal import remove_tree

_PROC_START_FIELD: Final = 19
"""Field of /proc/<pid>/stat, counted after the command name in parentheses: see proc_pid_stat(5)."""


def process_start(pid: int) -> str | None:
    """Return when a process started, in the kernel's ticks; None if it does not exist, "0" if unknown.

    A zombie process does not count as existing.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
            return None if fields[0] in (b"Z", b"X") else fields[_PROC_START_FIELD].decode()
    except FileNotFoundError:
        return None if os.path.exists("/proc/self/stat") else "0"
    except OSError:
        return "0"


class TemporaryFolders:
    """The directory of this process under `root`; made on first use, and again after a fork."""

    __slots__ = ("_count", "_lock", "_own", "_pid", "_root")

    def __init__(self, root: str) -> None:
        self._root = root
        self._pid = -1
        self._own = ""
        self._lock = -1
        self._count = 0

    def name(self, kind: str) -> str:
        """Return a fresh path in this process's directory; nothing exists there yet."""
        if self._pid != os.getpid():
            self._claim()
        self._count += 1
        return f"{self._own}/{self._count}-{kind}"

    def folder(self, kind: str) -> str:
        """Return a fresh empty directory."""
        path = self.name(kind)
        os.mkdir(path)
        return path

    def _claim(self) -> None:
        pid = os.getpid()
        base = f"{self._root}/{pid}-{process_start(pid)}"
        attempt = 0
        while True:
            path = f"{base}-{attempt}"
            try:
                os.mkdir(path, 0o700)
            except FileExistsError:
                attempt += 1
                continue
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(lock).st_nlink:
                break
            # Somebody cleaned it away before it was locked.
            os.close(lock)
        self._pid, self._own, self._lock, self._count = pid, path, lock, 0

    def clean(self) -> list[str]:
        """Remove the directories of dead processes; return those removed."""
        removed = []
        for name in os.listdir(self._root):
            path = f"{self._root}/{name}"
            if path == self._own and self._pid == os.getpid():
                continue
            if _is_stale(path, name):
                try:
                    remove_tree(os.fsencode(path))
                except OSError:
                    continue
                removed.append(path)
        return removed

    def close(self) -> None:
        """Release the directory, and remove it with anything that an error has left in it."""
        if self._pid == os.getpid():
            try:
                os.rmdir(self._own)
            except OSError:
                # Leave what cannot be waited for to the next process.
                with suppress(OSError, Stopped):
                    remove_tree(os.fsencode(self._own))
            os.close(self._lock)
            self._pid = -1


def _is_stale(path: str, name: str) -> bool:
    pid, _, rest = name.partition("-")
    start = rest.partition("-")[0]
    if not pid.isascii() or not pid.isdigit() or process_start(int(pid)) == start:
        return False
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True
