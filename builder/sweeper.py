"""Removing what builds leave behind, beside the builds.

Right after a sandbox has ended the kernel still takes its mounts apart, and removing a directory that was mounted
upon waits for that: several times as long as a small build takes otherwise. Nobody waits for a folder to be gone,
so one thread removes them in the order in which they come.
"""

from __future__ import annotations

from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from types import TracebackType

from .disk import remove_tree


class Sweeper:
    """A context; at its end all that was handed over is gone, or left to the folder of this process."""

    def __init__(self) -> None:
        self._doomed: SimpleQueue[str | None] = SimpleQueue()
        self._thread: Thread | None = None

    def remove(self, path: str) -> None:
        """Have a tree removed soon; may be called from any thread."""
        self._doomed.put(path)

    def __enter__(self) -> Sweeper:
        self._thread = Thread(target=self._sweep, name="sweeper", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._doomed.put(None)
        if self._thread is not None:
            self._thread.join()

    def _sweep(self) -> None:
        while (path := self._doomed.get()) is not None:
            # What cannot be removed now goes with the folder of this process.
            with suppress(OSError):
                remove_tree(path)
