"""Move bytes between descriptors, several at once: what a terminal, files and a machine say to each other.

A flow reads its source while less than `_HELD` bytes wait, and writes to its sink when that is ready. So a slow reader
slows down who writes, nothing is lost, and memory is bounded. Of bytes for a sink that may block, no more are written at
once than a pipe that is ready takes (PIPE_BUF, pipe(7)).
"""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_CHUNK: Final = 1 << 16
_PIPE: Final = 4096
_HELD: Final = 1 << 18
_GONE: Final = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Flow:
    """Bytes on their way from `source` to `sink`, descriptors that the flow does not close.

    `passed` is given what was read, and returns what goes on to the sink; without a sink, it is the end of the way. At
    the end of the source, `rest` returns what is still to be written, and then `ended` is called, once. With
    `sink_may_close`, a sink that nobody reads any more is the end of the flow, and no error.
    """

    def __init__(
        self,
        source: int,
        sink: int | None,
        passed: Callable[[bytes], bytes] | None = None,
        rest: Callable[[], bytes] | None = None,
        ended: Callable[[], None] | None = None,
        sink_may_close: bool = False,
    ) -> None:
        self.source, self.sink = source, sink
        self._sink_may_close = sink_may_close
        self._passed, self._rest, self._ended = passed, rest, ended
        self._held = bytearray()
        self._is_open = True
        self.is_finished = False

    def wants(self) -> list[tuple[int, int]]:
        """Return descriptors and the events of poll(2) that this flow waits for."""
        wanted = []
        if self._is_open and len(self._held) < _HELD:
            wanted.append((self.source, select.POLLIN))
        if self._held and self.sink is not None:
            wanted.append((self.sink, select.POLLOUT))
        return wanted

    def heed(self, events: dict[int, int]) -> None:
        """Read and write what the events allow. Raises OSError of the sink."""
        if self._is_open and len(self._held) < _HELD and events.get(self.source, 0) & (select.POLLIN | _GONE):
            self._read()
        if self._held and self.sink is not None and events.get(self.sink, 0) & (select.POLLOUT | _GONE):
            self._write(self.sink)
        if not self._is_open and not self._held and not self.is_finished:
            self.is_finished = True
            if self._ended is not None:
                self._ended()

    @property
    def is_pending(self) -> bool:
        """Whether something was read that is not written yet."""
        return bool(self._held)

    def _write(self, sink: int) -> None:
        try:
            del self._held[: os.write(sink, self._held[:_PIPE])]
        except BlockingIOError:
            pass
        except OSError:
            if not self._sink_may_close:
                raise
            self._held.clear()
            self._is_open = False

    def _read(self) -> None:
        try:
            data = os.read(self.source, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            # A socket whose other end was closed with something unread, a terminal that was hung up.
            data = b""
        if data:
            self._add(data if self._passed is None else self._passed(data))
        else:
            self._is_open = False
            self._add(b"" if self._rest is None else self._rest())

    def _add(self, data: bytes) -> None:
        if self.sink is not None:
            self._held += data


def move(flows: Iterable[Flow], until: Callable[[], bool], deadline: float | None) -> bool:
    """Keep flows going until `until` says so; return False if the time `deadline` (time.monotonic) comes first.

    `until` is asked after each step. Raises OSError of a sink.
    """
    flows = list(flows)
    while not until():
        wait = None
        if deadline is not None:
            wait = deadline - time.monotonic()
            if wait <= 0:
                return False
        wanted: dict[int, int] = {}
        for flow in flows:
            for descriptor, events in flow.wants():
                wanted[descriptor] = wanted.get(descriptor, 0) | events
        poll = select.poll()
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        found = dict(poll.poll(None if wait is None else int(wait * 1000) + 1))
        for flow in flows:
            flow.heed(found)
    return True
