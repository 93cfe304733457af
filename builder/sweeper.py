"""Removing what builds leave behind, beside the builds.

Right after a sandbox has ended the kernel still takes its mounts apart, and removing a directory that was mounted
upon waits for that: several times as long as a small build takes otherwise. Nobody waits for a folder to be gone,
so one thread removes them in the order in which they come.
"""

from __future__ import annotations

from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from types import TracebackType

from ..store.checkpoint import Stopped, heeding
from .disk import remove_tree

_LAST_SECONDS = 1.0


class Sweeper:
    """A context; at its end all that was handed over is gone, or left to the folder of this process.

    Who does not want to wait for its end says `hurry`, or interrupts it.
    """

    def __init__(self) -> None:
        self._doomed: SimpleQueue[str | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._until: float | None = None

    def remove(self, path: str) -> None:
        """Have a tree removed soon; may be called from any thread."""
        self._doomed.put(path)

    def hurry(self) -> None:
        """Take only a moment from now on; may be called from any thread."""
        if self._until is None:
            self._until = monotonic() + _LAST_SECONDS

    def __enter__(self) -> Sweeper:
        self._thread = Thread(target=self._sweep, name="sweeper", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._doomed.put(None)
        if self._thread is None:
            return
        if error is not None and not isinstance(error, Exception):
            self.hurry()
        try:
            self._thread.join()
        except BaseException:
            self.hurry()
            self._thread.join()
            raise

    def _check(self) -> None:
        if self._until is not None and monotonic() > self._until:
            raise Stopped

    def _sweep(self) -> None:
        with heeding(self._check):
            while (path := self._doomed.get()) is not None:
                # What cannot be removed now goes with the folder of this process.
                with suppress(OSError, Stopped):
                    remove_tree(path)
