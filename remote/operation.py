"""One execution of an action as a state machine, without any I/O.

The driver tells what it saw: an update of the operation, the end of the stream, a failed call. The machine answers with
the next step. The API guarantees no order of events (an action may go back to the queue when a worker is lost), so only
`done` decides. However servers behave, an action is executed `EXECUTIONS` times at most.

| what comes | step |
|---|---|
| a broken stream, UNAVAILABLE | wait for the operation again, or execute again; five times, with growing pauses |
| NOT_FOUND for an operation waited for | execute again |
| FAILED_PRECONDITION, INTERNAL, NOT_FOUND | send what is missing and execute again, twice; if nothing is missing, a broken stream is one, and a response is final |
| RESOURCE_EXHAUSTED | the same, after a longer pause |
| DEADLINE_EXCEEDED in a response | the action took too long: final |
| UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT, UNIMPLEMENTED | final |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .wire import EXECUTING, unpack

if TYPE_CHECKING:
    from collections.abc import Sequence

TRIES: Final = 5
REFILLS: Final = 2
LOSSES: Final = 1
EXECUTIONS: Final = 10
_HOLDS: Final = 10.0
"""Seconds from which on a stream has held."""
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 30.0

OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND = 0, 1, 2, 3, 4, 5
PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED = 7, 8, 9, 10
UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED = 12, 13, 14, 15, 16
NAMES: Final = {
    number: name
    for name, number in list(globals().items())
    if name.isupper()
    and isinstance(number, int)
    and name not in ("TRIES", "REFILLS", "LOSSES", "EXECUTIONS", "EXECUTING")
}
_FINAL: Final = frozenset({UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT, UNIMPLEMENTED})
_MISSING: Final = frozenset({FAILED_PRECONDITION, INTERNAL, NOT_FOUND})


class Execute(NamedTuple):
    """Execute the action, after a pause in seconds; `refill`: first send what the server lacks."""

    pause: float = 0.0
    refill: bool = False
    is_throttled: bool = False


class Wait(NamedTuple):
    """Wait for the operation `name`, after a pause in seconds."""

    name: str
    pause: float = 0.0


class Finished(NamedTuple):
    """The server's response."""

    response: Any


class Failed(NamedTuple):
    """The end without a result: a code of google.rpc.Code, and the server's words."""

    code: int
    text: str


Step = Execute | Wait | Finished | Failed


class Operation:
    """The state of one execution. `name` is that of the operation, once known; `is_executing`: a worker has it now."""

    def __init__(self) -> None:
        self.name = ""
        self.is_executing = False
        self._failures = 0
        self._refills = 0
        self._losses = 0
        self._executions = 1
        self._last: tuple[int, str] = (UNAVAILABLE, "")
        self._is_response = False

    def update(self, operation: Any) -> Step | None:
        """Take an update; return a step if it is the last one."""
        self.name = operation.name or self.name
        metadata = unpack(operation.metadata, "ExecuteOperationMetadata")
        # Servers that tell no stage tell nothing while an action waits, either.
        self.is_executing = metadata is None or not metadata.stage or metadata.stage >= EXECUTING
        if not operation.done:
            return None
        if operation.HasField("error"):
            return self._refused(operation.error)
        response = unpack(operation.response, "ExecuteResponse")
        if response is None:
            return Failed(DATA_LOSS, "the operation is done and has no response")
        if response.status.code == OK:
            return Finished(response)
        if response.status.code == DEADLINE_EXCEEDED:
            return Finished(response)
        return self._refused(response.status)

    def broken(self, code: int, text: str, pause: float | None = None, held: float = 0.0) -> Step:
        """Take the end of a stream without a result: a failed call, or UNAVAILABLE if it just ended.

        `pause` are the seconds that the server asks for, `held` those for which the stream held.
        """
        self._is_response = False
        if held >= _HOLDS and self.name:
            # Something between cuts streams now and then, which is no failure of this action.
            self._failures = 0
        if code == NOT_FOUND and self.name:
            self.name = ""
            return self._again(code, text, pause)
        if code in _MISSING:
            return self._refill(code, text)
        return self._again(code, text, pause)

    def _refused(self, status: Any) -> Step:
        code, text = status.code, status.message
        self.name = ""
        self._is_response = True
        return self._refill(code, text) if code in _MISSING else self._again(code, text, retry_delay(status.details))

    def nothing_missing(self) -> Step:
        """Take the news that the server had everything: then that was not the reason."""
        code, text = self._last
        return Failed(code, text) if self._is_response else self._again(code, text)

    def lost(self) -> Step | None:
        """Take a result without a report: the worker ended the action. Return a step to try it again, at most once."""
        self._losses += 1
        return self._execute(Execute(), UNAVAILABLE, "its worker was lost") if self._losses <= LOSSES else None

    def _refill(self, code: int, text: str) -> Step:
        self._refills += 1
        self._last = (code, text)
        if self._refills > REFILLS:
            return Failed(code, text)
        return self._execute(Execute(refill=True), code, text)

    def _again(self, code: int, text: str, pause: float | None = None) -> Step:
        self._failures += 1
        if code in _FINAL or self._failures > TRIES:
            return Failed(code, text)
        if pause is None:
            pause = _FIRST_PAUSE * 2 ** (self._failures - 1)
        pause = min(max(pause, 0.0), _LONGEST_PAUSE)
        if code == RESOURCE_EXHAUSTED:
            pause = max(pause, 1.0)
        if self.name:
            return Wait(self.name, pause)
        return self._execute(Execute(pause, is_throttled=code == RESOURCE_EXHAUSTED), code, text)

    def _execute(self, step: Execute, code: int, text: str) -> Execute | Failed:
        """Return `step` as far as there may be another execution. What was known of the last one is no longer true."""
        self.name = ""
        self.is_executing = False
        self._executions += 1
        return step if self._executions <= EXECUTIONS else Failed(code, text)


def retry_delay(details: Sequence[Any]) -> float | None:
    """Return the seconds that `RetryInfo` among the details of a status asks for."""
    for packed in details:
        try:
            found = unpack(packed, "RetryInfo")
        except ValueError:
            continue
        if found is not None:
            return float(found.retry_delay.seconds + found.retry_delay.nanos / 1e9)
    return None
