"""Cancellation of long work: `checkpoint` asks between two steps whether to go on.

Every loop over bytes, files or members calls `checkpoint`. `extra_check` sets what it calls in the current thread: a check
whether a build was cancelled, or has reached its deadline. An interrupt reaches only the main thread, as
`KeyboardInterrupt`; other threads, and deadlines, have no other way to end work.

The check belongs to the thread and is no argument. Otherwise every function down to the innermost loop would have to
pass it on, and one that forgets could not be ended (compare cancel scopes in Trio).
"""

from __future__ import annotations

from _thread import _local
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_T = TypeVar("_T")
_LOOK = 0.1  # seconds between checks while idle


class Stopped(Exception):
    """Base of exceptions of `checkpoint`: the work was cancelled, without an error."""


class _ThreadCheck(_local):
    check: Callable[[], None] | None = None


_thread_check = _ThreadCheck()


def checkpoint() -> None:
    """Raise what the caller's thread is to be ended with, if it is; quick enough for every piece of work."""
    check = _thread_check.check
    if check is not None:
        check()


@contextmanager
def extra_check(check: Callable[[], None]) -> Iterator[None]:
    """Context in which `checkpoint` also calls `check` in this thread; `check` raises a `Stopped`."""
    outer = _thread_check.check

    def check_all() -> None:
        check()
        if outer is not None:
            outer()

    _thread_check.check = check_all
    try:
        yield
    finally:
        _thread_check.check = outer


@contextmanager
def no_checks() -> Iterator[None]:
    """Context in which `checkpoint` does nothing: for short work that would not be repeated later."""
    outer, _thread_check.check = _thread_check.check, None
    try:
        yield
    finally:
        _thread_check.check = outer


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Context in which `checkpoint` raises `Stopped` after `seconds`."""
    until = monotonic() + seconds

    def check() -> None:
        if monotonic() > until:
            raise Stopped

    with extra_check(check):
        yield


def pause(seconds: float) -> None:
    """Sleep, unless the work is cancelled meanwhile."""
    from time import sleep

    until = monotonic() + seconds
    while (left := until - monotonic()) > 0:
        checkpoint()
        sleep(min(left, _LOOK))
    checkpoint()


def in_threads(count: int, function: Callable[[_T], None], items: Iterable[_T]) -> None:
    """Call `function` with each item, up to `count` at a time, in threads with this thread's checks.

    All threads are stopped and joined when one fails or this thread is interrupted; the first error is raised.
    """
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    outer = _thread_check.check
    ended: list[bool] = []

    def check() -> None:
        if ended:
            raise Stopped
        if outer is not None:
            outer()

    def call(item: _T) -> None:
        with extra_check(check):
            checkpoint()
            function(item)

    with ThreadPoolExecutor(count) as pool:
        try:
            calls = [pool.submit(call, item) for item in items]
            done, _ = wait(calls, return_when=FIRST_EXCEPTION)
            failures = [failure for one in calls if one in done and (failure := one.exception()) is not None]
            if failures:
                raise failures[0]
        except BaseException:
            ended.append(True)
            pool.shutdown(wait=False, cancel_futures=True)
            raise
