"""Stopping everything at once."""

from __future__ import annotations

import os

from .errors import Cancelled


class Cancellation:
    """A signal that wakes everybody who waits, in any thread.

    `descriptor` becomes readable (end of file) when `cancel` is called, and stays so: one `poll` then waits
    for output and for the end alike.
    """

    def __init__(self) -> None:
        self.descriptor, self._writer = os.pipe2(os.O_CLOEXEC)
        self.is_cancelled = False

    def cancel(self) -> None:
        """Idempotent; may be called from any thread and from a signal handler."""
        self.is_cancelled = True
        writer, self._writer = self._writer, -1
        if writer >= 0:
            os.close(writer)

    def check(self) -> None:
        """Raise `Cancelled` if it was cancelled."""
        if self.is_cancelled:
            raise Cancelled

    def close(self) -> None:
        """Give the descriptors back; nobody may wait any more."""
        self.cancel()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
