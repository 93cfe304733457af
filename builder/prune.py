"""Remove unused logs, and lock files of processes that were killed."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from .log import log_path

if TYPE_CHECKING:
    from ..store.store import Store


def prune_logs(store: Store, younger_than: float | None = None) -> tuple[int, int]:
    """Remove the logs of derivations that are not registered. Return their number and their bytes on disk.

    Logs written within the last `younger_than` seconds are kept.
    """
    import time

    known = {log_path(store.home, path) for path in store.objects() if path.is_derivation}
    oldest = time.time() - younger_than if younger_than is not None else float("inf")
    removed = freed = 0
    top = os.path.join(store.home, "logs")
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            plain = path.partition(".log")[0] + ".log"
            with suppress(OSError):
                status = os.lstat(path)
                if plain not in known and status.st_mtime <= oldest:
                    os.unlink(path)
                    removed += 1
                    freed += status.st_blocks * 512
        if folder != top:
            with suppress(OSError):
                os.rmdir(folder)
    return removed, freed


def prune_locks(store: Store) -> int:
    """Remove the lock files that no process holds; return their number. `WorkLock` copes with a file that is removed before it is locked."""
    folder = os.path.join(store.home, "locks")
    removed = 0
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return 0
    for name in names:
        path = os.path.join(folder, name)
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_ino == os.stat(path).st_ino:
                    os.unlink(path)
                    removed += 1
            finally:
                os.close(descriptor)
    return removed
