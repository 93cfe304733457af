"""Deep recursion without the limits of the C stack.

CPython calls Python functions without C stack, but the compiled runtime (`native.py`), or mapping a function
over an iterator, uses it. Evaluation therefore runs in a thread with a large stack (virtual memory:
pages are allocated when touched), and Python's recursion limit stops a runaway program. The
compiled runtime also checks how much of the stack is left.
"""

from __future__ import annotations

import _thread
import sys

from ..native import deepen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, TypeVar

    from .sampling import Sampler

    _T = TypeVar("_T")


STACK_SIZES: Final = (512 << 20, 256 << 20, 64 << 20)
"""Stack sizes to try; a limit on address space may forbid the first."""
FRAMES_PER_CALL: Final = 6
"""Most Python frames of one call of the language; usually one to three."""

_MOST_FRAMES: Final = (1 << 31) - 1

FRAME_ROOM: Final = 33 << 20
"""Python keeps frames in chunks of 16 KB, which it maps and unmaps one by one: recursion that oscillates around the end
of a chunk does so all the time. A larger frame gets a chunk of the next power of two, whose rest serves the calls inside.
So the first function claims more than half of a large chunk, as virtual memory."""
_SLOT: Final = 8

PATIENCE: Final = 0.2
"""Seconds after which the memory limit applies to an evaluation (see `memory.py`)."""

_inside: set[int] = set()

sampler: Sampler | None = None
"""What takes samples of evaluations while they run, for a profile."""

stop_when_interrupted = False
"""Whether an interrupt stops the evaluation and waits for its end. A process that exits on interrupt need not wait."""


def run_deep(function: Callable[[], _T], depth: int = 10_000) -> _T:
    """Call `function` with a stack for `depth` nested calls; directly if the caller already has one."""
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
        deepen(limit)
        if sampler is not None:
            sampler.enter(ident)
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
            # There is no virtual memory for the frame of `roomy`. Errors inside `body` do not arrive here.
            body()

    roomy.__code__ = roomy.__code__.replace(co_stacksize=FRAME_ROOM // _SLOT)
    # Each thread counts its own frames, but the limit is the same for all.
    before = sys.getrecursionlimit()
    limit = max(before, min(depth * FRAMES_PER_CALL, _MOST_FRAMES))
    sys.setrecursionlimit(limit)
    try:
        _start(entry)
        if not done.acquire(timeout=PATIENCE if sampler is None else 0):
            from .memory import limited

            with limited():
                if sampler is None:
                    done.acquire()
                else:
                    sampler.watch(done)
    except KeyboardInterrupt:
        if stop_when_interrupted and _stop(started):
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
            # Avoid a cycle of the error and the frame that holds it.
            del value, result
    return value  # type: ignore[no-any-return]


def _stop(started: list[int]) -> bool:
    """Raise an interrupt in the evaluating thread; Python itself interrupts only the main thread.

    False where this Python has no ctypes: the thread goes on, and ends with the process.
    """
    try:
        import ctypes
    except ImportError:
        return False
    for ident in started:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(KeyboardInterrupt))
    return True


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
