"""Carries out one action at one endpoint: drives the state machine of `operation` over gRPC.

A stream is read by a thread of its own. The caller's thread waits for what that reads, and looks between whether the
work is to go on: a cancelled build cancels the operation there, since closing a stream ends no job.
"""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from ..store.checkpoint import checkpoint, no_checks, pause
from .endpoint import grpc_module
from .errors import EndpointUnreachable, NotAuthenticated, NothingExecutes, RemoteFailure
from .operation import (
    NAMES,
    PERMISSION_DENIED,
    UNAUTHENTICATED,
    UNAVAILABLE,
    Execute,
    Failed,
    Finished,
    Operation,
    Step,
    Wait,
    retry_delay,
)
from .wire import SHA256, new, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from .digests import Digest
    from .endpoint import Channel

_LOOK: Final = 0.1
"""Seconds between looks whether to go on."""
_CANCEL_SECONDS: Final = 2.0
_NAME_SECONDS: Final = 1.0
_STATUS_HEADER: Final = "grpc-status-details-bin"


class Driver:
    """One action at one endpoint.

    `refill` sends what the server lacks, and returns how many blobs that were. `is_asked`: the server's action cache is
    asked.
    """

    def __init__(
        self,
        channel: Channel,
        function_number: int,
        digest: Digest,
        refill: Callable[[], int],
        is_asked: bool,
        queue_seconds: float,
    ) -> None:
        self._channel, self._digest, self._refill = channel, digest, refill
        self._request = new(
            "ExecuteRequest",
            instance_name=channel.address.instance,
            skip_cache_lookup=not is_asked,
            action_digest=digest.message,
            digest_function=0 if function_number == SHA256 else function_number,
            inline_stdout=True,
        )
        self._queue_seconds = queue_seconds
        self._operation = Operation()
        self._waits_since = monotonic()

    def run(self) -> Any:
        """Return the ExecuteResponse.

        Raises `EndpointUnreachable`, `NotAuthenticated`, `NothingExecutes`, `RemoteFailure`, and what `checkpoint` does.
        """
        try:
            return self._follow(Execute())
        except BaseException:
            self._cancel()
            raise

    def again(self) -> Any | None:
        """Execute once more after a result without a report; None if that was done before."""
        step = self._operation.lost()
        if step is None:
            return None
        try:
            return self._follow(step)
        except BaseException:
            self._cancel()
            raise

    def _follow(self, step: Step) -> Any:
        while True:
            match step:
                case Finished(response):
                    return response
                case Failed(code, text):
                    raise self._failure(code, text)
                case Execute(seconds, refill, _):
                    pause(seconds)
                    if refill and not self._refill():
                        step = self._operation.nothing_missing()
                        if isinstance(step, Failed | Finished):
                            continue
                        pause(step.pause)
                    self._waits_since = monotonic()
                    step = self._read(self._channel.stream("Execute", self._request, action=self._digest.hash))
                case Wait(name, seconds):
                    pause(seconds)
                    request = new("WaitExecutionRequest", name=name)
                    step = self._read(self._channel.stream("WaitExecution", request, action=self._digest.hash))

    def _read(self, call: Any) -> Step:
        """Read a stream to its end, or to a result."""
        news: SimpleQueue[Any] = SimpleQueue()
        began = monotonic()
        Thread(target=_pass_on, args=(call, news), daemon=True).start()
        try:
            while True:
                checkpoint()
                self._check_queue()
                try:
                    item = news.get(timeout=_LOOK)
                except Empty:
                    continue
                if item is None:
                    return self._operation.broken(UNAVAILABLE, "the stream ended", held=monotonic() - began)
                if isinstance(item, BaseException):
                    return self._broken(item, monotonic() - began)
                try:
                    step = self._operation.update(item)
                except ValueError as error:
                    raise RemoteFailure(self._channel.name, "DATA_LOSS", str(error)) from None
                if step is not None:
                    return step
        except BaseException:
            self._learn_name(news)
            raise
        finally:
            call.cancel()

    def _learn_name(self, news: SimpleQueue[Any]) -> None:
        """Wait a moment for the operation's name: without it a job that has just begun cannot be ended."""
        until = monotonic() + _NAME_SECONDS
        with suppress(Empty, AttributeError, ValueError):
            while not self._operation.name:
                self._operation.update(news.get(timeout=max(0.0, until - monotonic())))

    def _broken(self, error: Any, held: float) -> Step:
        if not isinstance(error, grpc_module().RpcError):
            raise error
        code = error.code().value[0]
        return self._operation.broken(code, error.details() or "", _pause_of(error), held)

    def _check_queue(self) -> None:
        if self._operation.is_executing:
            # A worker may be lost, and the action wait once more.
            self._waits_since = monotonic()
            return
        if monotonic() - self._waits_since > self._queue_seconds:
            raise NothingExecutes(self._channel.name, self._queue_seconds)

    def _failure(self, code: int, text: str) -> Exception:
        name = self._channel.name
        if code in (UNAUTHENTICATED, PERMISSION_DENIED):
            return NotAuthenticated(name, text or NAMES[code])
        if code == UNAVAILABLE:
            return EndpointUnreachable(name, text, self._channel.address.is_secure)
        return RemoteFailure(name, NAMES.get(code, str(code)), text)

    def _cancel(self) -> None:
        """End the job there, as far as that is possible in a moment."""
        if not self._operation.name:
            return
        request = new("CancelOperationRequest", name=self._operation.name)
        with no_checks(), suppress(Exception):
            self._channel.call("CancelOperation", request, _CANCEL_SECONDS)


def _pass_on(call: Any, news: SimpleQueue[Any]) -> None:
    try:
        for item in call:
            news.put(item)
        news.put(None)
    except BaseException as error:
        news.put(error)


def _pause_of(error: Any) -> float | None:
    """Return the seconds that a server asks to wait."""
    for key, value in error.trailing_metadata() or ():
        if key == _STATUS_HEADER and isinstance(value, bytes):
            with suppress(ValueError):
                return retry_delay(parse("Status", value).details)
    return None
