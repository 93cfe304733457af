"""Cancellation of everything, and deadlines of single builds."""

from __future__ import annotations

import os
from time import monotonic

from .errors import Cancelled, LimitExceeded


class Cancellation:
    """A signal that wakes all waiting threads.

    `descriptor` becomes readable (end of file) when `cancel` is called, and stays so: one `poll` waits for output and
    for cancellation.
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
        """Close the descriptors; no thread may wait any more."""
        self.cancel()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class Deadline:
    """The time limit of a build, counted from now; 0 seconds mean no limit."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.moment = monotonic() + seconds if seconds else None
        """Time of the monotonic clock; None if there is no limit."""

    @property
    def left(self) -> float:
        """Seconds, never quite 0; 0 if there is no limit."""
        return 0.0 if self.moment is None else max(_SOON, self.moment - monotonic())

    def check(self) -> None:
        """Raise `LimitExceeded` if the time is over."""
        if self.moment is not None and monotonic() >= self.moment:
            raise LimitExceeded("time", self._seconds)


_SOON = 0.001
