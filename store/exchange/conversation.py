"""Wait for a remote side within a time limit.

A blocking call of a client cannot be ended from outside: a name lookup, a handshake, a header that arrives byte by
byte. So a thread makes the call, and the caller takes its results from a queue, and checks meanwhile whether to go on.
A caller that gives up shuts down the thread's sockets and abandons it; the thread ends at the latest at the client's
own timeout.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..checkpoint import checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Self

_LOOK: Final = 0.1
_WAITING: Final = 4
"""Most results in the queue; beyond, the thread waits."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Time limit: at least `least` bytes must arrive in `seconds`, or the rest of the transfer."""

    seconds: float = 60.0
    least: int = 1024


PATIENCE: Final = Patience()


class Stalled(Exception):
    """Nothing, or almost nothing, arrived within the time limit."""


class Clock:
    """Measures waiting time, over any number of attempts; restarts when enough bytes have arrived."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._waited = 0.0
        self._came = 0

    @property
    def left(self) -> float:
        """Seconds left to wait."""
        return max(0.0, self.patience.seconds - self._waited)

    def waited(self, seconds: float) -> None:
        """Count `seconds` of waiting."""
        self._waited += seconds

    def received(self, count: int) -> None:
        """Count `count` bytes that arrived, or were accepted by the other side."""
        self._came += count
        if self._came >= self.patience.least:
            self._waited, self._came = 0.0, 0


class _Abandoned(Exception):
    """The caller has abandoned this thread."""


class _Accepted(NamedTuple):
    """The other side has accepted `size` bytes."""

    size: int


class _End(NamedTuple):
    """The thread has ended, with `error` or normally."""

    error: BaseException | None


class Conversation:
    """A thread that talks to the other side, and the queue of its results.

    `speak` runs in the thread with this object, and calls `deliver`, `sent` and `hold`; the creator calls `take` and
    `close`.
    """

    def __init__(self, clock: Clock, speak: Callable[[Conversation], None]) -> None:
        self.clock = clock
        self._speak = speak
        self._queue: Queue[Any] = Queue(_WAITING)
        self._lock = Lock()
        self._is_abandoned = False
        self._held: list[int] = []
        Thread(target=self._run, name="conversation", daemon=True).start()

    # In the thread

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self._speak(self)
        except _Abandoned:
            return
        except BaseException as failure:
            error = failure
        finally:
            self._release()
        with suppress(_Abandoned):
            self._put(_End(error))

    def _put(self, item: object) -> None:
        while not self._is_abandoned:
            try:
                return self._queue.put(item, timeout=_LOOK)
            except Full:
                continue
        raise _Abandoned

    def deliver(self, item: object) -> None:
        """Put a result into the queue for `take`."""
        self._put(item)

    def sent(self, count: int) -> None:
        """Report that the other side has accepted `count` more bytes."""
        self._put(_Accepted(count))

    def hold(self, descriptor: int) -> None:
        """Register a socket to shut down when the caller gives up, which unblocks the thread."""
        with self._lock:
            if self._is_abandoned:
                raise _Abandoned
            self._held.append(os.dup(descriptor))

    def _release(self) -> None:
        with self._lock:
            for descriptor in self._held:
                os.close(descriptor)
            self._held.clear()

    # Outside

    def take(self) -> Any:
        """Return the next result; None at the end. Raises `Stalled`, and the error of the thread."""
        while True:
            checkpoint()
            if not self.clock.left:
                raise Stalled
            began = monotonic()
            try:
                item = self._queue.get(timeout=min(_LOOK, self.clock.left))
            except Empty:
                continue
            finally:
                self.clock.waited(monotonic() - began)
            match item:
                case _Accepted(size):
                    self.clock.received(size)
                case _End(None):
                    return None
                case _End(error):
                    assert error is not None
                    raise error
                case _:
                    if isinstance(item, bytes):
                        self.clock.received(len(item))
                    return item

    def close(self) -> None:
        """Abandon the thread, without waiting for it."""
        import socket

        with self._lock:
            self._is_abandoned = True
            for descriptor in self._held:
                try:
                    with socket.socket(fileno=os.dup(descriptor)) as held:
                        held.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # closed by the other side already

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Counted:
    """A file that reports how much of it was sent."""

    def __init__(self, file: Any, line: Conversation) -> None:
        self._file: IO[bytes] = file
        self._line = line

    def read(self, size: int = -1) -> bytes:
        """Read from the file. The kernel has accepted the previous bytes when more are read."""
        data = self._file.read(size)
        self._line.sent(len(data))
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Seek: some clients determine the size of a file so."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def answer_of(call: Callable[[], Any], patience: Patience = PATIENCE) -> Any:
    """Return the result of `call`. Raises `Stalled` after the time limit, and the errors of `call`."""
    with Conversation(Clock(patience), lambda line: line.deliver((call(),))) as line:
        return line.take()[0]
