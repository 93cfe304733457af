"""Removal of the directories of finished builds, in the background.

After a sandbox has exited the kernel still unmounts its file systems, and removing a directory that was a mount point
waits for that: several times the duration of a small build. No build needs the directory removed, so one thread removes
them in order.
"""

from __future__ import annotations

from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from types import TracebackType

from ..store.checkpoint import Stopped, extra_check
from .disk import remove_tree

_LAST_SECONDS = 1.0


class BackgroundCleaner:
    """Context that removes trees in a thread. Leaving it waits for the thread.

    After `expedite` or an interrupt, the trees that remain go with the temporary directory of this process.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._deadline: float | None = None

    def remove(self, path: str) -> None:
        """Queue a tree for removal. Thread-safe."""
        self._queue.put(path)

    def expedite(self) -> None:
        """Stop within `_LAST_SECONDS`. Thread-safe."""
        if self._deadline is None:
            self._deadline = monotonic() + _LAST_SECONDS

    def __enter__(self) -> BackgroundCleaner:
        self._thread = Thread(target=self._run, name="cleaner", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        if self._thread is None:
            return
        if error is not None and not isinstance(error, Exception):
            self.expedite()
        try:
            self._thread.join()
        except BaseException:
            self.expedite()
            self._thread.join()
            raise

    def _check(self) -> None:
        if self._deadline is not None and monotonic() > self._deadline:
            raise Stopped

    def _run(self) -> None:
        with extra_check(self._check):
            while (path := self._queue.get()) is not None:
                # A tree that cannot be removed now goes with the temporary directory of this process.
                with suppress(OSError, Stopped):
                    remove_tree(path)
