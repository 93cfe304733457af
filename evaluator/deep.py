"""Deep recursion without the limits of the C stack.

CPython runs Python calls without C stack, but the compiled runtime (`native.py`), or mapping a function
over an iterator, goes through C. Evaluation therefore runs in a thread with a large stack (virtual memory
only; pages are used as they are touched), and Python's own counter is what stops a runaway program. The
compiled runtime looks besides how much of the stack is left.
"""

from __future__ import annotations

import _thread
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, TypeVar

    _T = TypeVar("_T")


STACK_SIZES: Final = (512 << 20, 256 << 20, 64 << 20)
"""Stack sizes to try; a limit on address space may forbid the first."""
FRAMES_PER_CALL: Final = 6
"""Python frames that one call of the language may take; most take one to three."""

_MOST_FRAMES: Final = (1 << 31) - 1

FRAME_ROOM: Final = 33 << 20
"""Python keeps frames in pieces of 16 KB, which it asks the system for, and gives back, one by one: recursion that
swings around the end of one does that all the time. A piece that holds a greater frame is the next power of two, and
what the frame leaves of it serves the calls inside. So the first function claims, as virtual memory, more than half."""
_SLOT: Final = 8

PATIENCE: Final = 0.2
"""Seconds after which an evaluation is one that may take much memory (see `memory.py`)."""

_inside: set[int] = set()

stop_when_interrupted = False
"""Whether an interrupt ends the evaluation and waits for its end. A process that ends with it need not."""


def run_deep(function: Callable[[], _T], depth: int = 10_000) -> _T:
    """Call `function` with a stack for `depth` nested calls; at once if the caller already has one."""
    if _thread.get_ident() in _inside:
        return function()
    result: list[Any] = []
    done = _thread.allocate_lock()
    done.acquire()

    started: list[int] = []

    def body() -> None:
        ident = _thread.get_ident()
        started.append(ident)
        _inside.add(ident)
        try:
            result.extend((True, function()))
        except BaseException as error:
            result.extend((False, error))
        finally:
            _inside.discard(ident)
            done.release()

    def roomy() -> None:
        body()

    def entry() -> None:
        try:
            roomy()
        except MemoryError:
            # Not even virtual memory is left for the frame of `roomy`; what happens inside `body` does not get here.
            body()

    roomy.__code__ = roomy.__code__.replace(co_stacksize=FRAME_ROOM // _SLOT)
    # The limit counts the frames of each thread by itself, but is one number for all.
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, min(depth * FRAMES_PER_CALL, _MOST_FRAMES)))
    try:
        _start(entry)
        if not done.acquire(timeout=PATIENCE):
            from .memory import limited

            with limited():
                done.acquire()
    except KeyboardInterrupt:
        if stop_when_interrupted:
            _stop(started)
            done.acquire()
            result.clear()
        raise
    finally:
        if result:
            sys.setrecursionlimit(before)
    succeeded, value = result
    if not succeeded:
        try:
            raise value
        finally:
            # The frame would otherwise be held by the error that it holds.
            del value, result
    return value  # type: ignore[no-any-return]


def _stop(started: list[int]) -> None:
    """Raise an interrupt in the evaluating thread, which Python itself gives only to the main one."""
    import ctypes

    for ident in started:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(KeyboardInterrupt))


def _start(body: Callable[[], None]) -> None:
    before = _thread.stack_size()
    for size in STACK_SIZES:
        try:
            _thread.stack_size(size)
            _thread.start_new_thread(body, ())
        except (ValueError, RuntimeError):
            if size == STACK_SIZES[-1]:
                raise
        else:
            return
        finally:
            _thread.stack_size(before)
