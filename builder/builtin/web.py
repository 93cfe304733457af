"""`https:` and `http:` URLs.

An interrupted transfer is resumed. A server that sends nothing, or almost nothing, is given up after a minute, whatever
the cause. One that does not answer is asked once, for whichever file: see `hosts`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...store.checkpoint import pause
from ...store.exchange.conversation import PATIENCE, Clock, Stalled
from ..disk import size_of, write_all
from ..errors import FetchFailed
from .hosts import HOSTS, HURRY, NO_NETWORK, is_closed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...store.exchange.http import Answer
    from .hosts import Host
    from .task import Task

_TRIES = 4
_PAUSE = 0.5  # seconds before the second try; doubles
_PATIENCE = PATIENCE
_NO_HEAD = (400, 403, 405, 501)
"""Statuses of servers that may answer GET and not HEAD."""


class _TransferInterrupted(Exception):
    """A transfer failed; another try may succeed. With a hint in case it does not."""

    def __init__(self, reason: str, advice: str | None = None) -> None:
        super().__init__(reason)
        self.advice = advice


class _NoAnswer(_TransferInterrupted):
    """There was no answer at all.

    `is_closed`: none can be expected from other hosts, either. `is_final`: another try would wait as long again.
    """

    def __init__(self, reason: str, is_closed: bool, is_final: bool = False) -> None:
        super().__init__(reason, NO_NETWORK)
        self.is_closed, self.is_final = is_closed, is_final


def retrieve_web(task: Task, url: str, work: str) -> str:
    """Return the path of the file at `url`. Raises `FetchFailed`."""
    target = os.path.join(work, "file")
    host = HOSTS.find("web", url)
    reason, advice = "", None
    clock = Clock(_PATIENCE)
    if task.haste:
        clock.waited(_PATIENCE.seconds - _hurry())
    for attempt in range(_TRIES):
        if attempt:
            task.say(f"{reason}; trying again")
            pause(_PAUSE * 2 ** (attempt - 1))
        before = size_of(target)
        try:
            _transfer(task, url, target, clock, host)
            return target
        except Stalled:
            reason, advice = _nothing_for(_PATIENCE.seconds), NO_NETWORK
            if size_of(target) - before < _PATIENCE.least:
                break
            # The connection may be broken rather than the server.
            clock = Clock(_PATIENCE)
        except _NoAnswer as error:
            reason, advice = str(error), error.advice
            is_last = error.is_final or (attempt == _TRIES - 1 and not task.haste)
            if is_last:
                host.did_not_answer(reason, False, error.is_closed)
            if task.haste or is_last:
                raise FetchFailed(((url, reason),), advice, next_haste=None if is_last else 0) from error
        except _TransferInterrupted as error:
            reason, advice = str(error), error.advice
    raise FetchFailed(((url, reason),), advice)


def find_size(task: Task, url: str) -> int | None:
    """Return the size in bytes that a server tells of the file at `url`, without fetching it; None if it tells none.

    Raises `FetchFailed`.
    """
    from ... import __version__

    host = HOSTS.find("web", url)
    headers = {"User-Agent": f"chx/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
    reason, advice = "", None
    for method in (*["HEAD"] * _TRIES, "GET"):
        clock = Clock(_PATIENCE)
        if task.haste:
            clock.waited(_PATIENCE.seconds - _hurry())
        try:
            with _first_answer(task, url, headers, clock, host, method) as answer:
                if method == "HEAD" and answer.head.status in _NO_HEAD:
                    continue
                _judge(url, "", answer, 0)
                length = answer.head.headers.get("Content-Length", "")
                return int(length) if length.isascii() and length.isdecimal() and len(length) < 20 else None
        except Stalled:
            seconds = _hurry() if task.haste else _PATIENCE.seconds
            raise FetchFailed(((url, _nothing_for(seconds)),), NO_NETWORK) from None
        except _NoAnswer as error:
            is_last = error.is_final or not task.haste
            if is_last:
                host.did_not_answer(str(error), False, error.is_closed)
            raise FetchFailed(((url, str(error)),), error.advice, next_haste=None if is_last else 0) from error
        except _TransferInterrupted as error:
            reason, advice = str(error), error.advice
            pause(_PAUSE)
    raise FetchFailed(((url, reason),), advice)


def _hurry() -> float:
    """Return the seconds that a hurried attempt waits."""
    return min(HURRY, _PATIENCE.seconds)


def _nothing_for(seconds: float) -> str:
    return f"the server gave nothing more for {seconds:g} seconds"


def _transfer(task: Task, url: str, target: str, clock: Clock, host: Host) -> None:
    from ... import __version__

    offset = size_of(target)
    headers = {"User-Agent": f"chx/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    with _first_answer(task, url, headers, clock, host) as answer:
        if task.haste:
            # The hurry was about the answer.
            clock.received(_PATIENCE.least)
        _judge(url, target, answer, offset)
        _receive(task, url, target, answer, offset)


def _first_answer(
    task: Task, url: str, headers: dict[str, str], clock: Clock, host: Host, method: str = "GET"
) -> Answer:
    """Ask a host if it is to be asked now, and record whether it answers. Raises `FetchFailed`, `_NoAnswer`, `Stalled`."""
    with host.first_contact():
        host.check(url, task.haste)
        try:
            answer = _answer(url, headers, clock, method)
        except Stalled as error:
            if host.has_answered:
                raise
            seconds = _hurry() if task.haste else _PATIENCE.seconds
            silence = _NoAnswer(_nothing_for(seconds), True, is_final=seconds >= _PATIENCE.seconds)
            host.did_not_answer(str(silence), not silence.is_final, True)
            raise silence from error
        except _NoAnswer as error:
            if task.haste:
                # Whoever waits for this contact is to know.
                host.did_not_answer(str(error), True, error.is_closed)
            raise
        host.answered()
    return answer


def _answer(url: str, headers: dict[str, str], clock: Clock, method: str) -> Answer:
    from http.client import HTTPException
    from urllib.error import URLError
    from urllib.request import Request

    from ...store.exchange.http import RedirectRefused, send_request

    try:
        return send_request(Request(url, headers=headers, method=method), clock)
    except RedirectRefused as error:
        raise FetchFailed(((url, str(error)),)) from error
    except URLError as error:
        if type(error.reason).__name__ == "SSLCertVerificationError":
            raise FetchFailed(
                ((url, str(error.reason)),), "name your certificates in SSL_CERT_FILE if the network uses its own"
            ) from error
        cause = error.reason if isinstance(error.reason, Exception) else error
        if isinstance(cause, TimeoutError):
            raise Stalled from error
        raise _NoAnswer(_reason(cause), is_closed(cause)) from error
    except TimeoutError as error:
        raise Stalled from error
    except (HTTPException, OSError) as error:
        raise _interrupted(error) from error
    except ValueError as error:
        raise FetchFailed(((url, str(error)),)) from error


def _interrupted(error: Exception) -> _TransferInterrupted:
    return _TransferInterrupted(_reason(error), NO_NETWORK)


def _reason(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) else None
    return said or str(error) or type(error).__name__


def _judge(url: str, target: str, answer: Answer, offset: int) -> None:
    """Raise the error of an unsuccessful status."""
    status, reason, _, _ = answer.head
    if status == 416 and offset:
        os.unlink(target)
        raise _TransferInterrupted("the server does not resume")
    if status in (408, 425, 429) or status >= 500:
        raise _TransferInterrupted(f"the server answered {status} {reason}")
    if not 200 <= status < 300:
        raise FetchFailed(((url, f"the server answered {status} {reason}"),))


def _receive(task: Task, url: str, target: str, answer: Answer, offset: int) -> None:
    if offset and answer.head.status != 206:
        offset = 0  # the server sends everything again
    length = answer.head.length
    total = None if length is None else offset + length
    if total is not None:
        task.allowance.check(url, total)
    done = offset
    with open(target, "ab" if offset else "wb", buffering=0) as file:
        for chunk in _arriving(answer):
            done += len(chunk)
            task.allowance.check(url, done)
            write_all(file.fileno(), chunk)
            task.progress(url, done, total)
    if total is not None and done < total:
        raise _TransferInterrupted(f"the connection ended after {done} of {total} bytes")


def _arriving(answer: Answer) -> Iterator[bytes]:
    """Yield the chunks of an answer; turn network errors into `_TransferInterrupted`, but none of the consumer's."""
    from http.client import HTTPException

    try:
        yield from answer.chunks()
    except TimeoutError as error:
        raise Stalled from error
    except (HTTPException, OSError) as error:
        raise _interrupted(error) from error
