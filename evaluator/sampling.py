"""Sample what an evaluation is doing, for a profile.

The thread that waits for the evaluation (`recursion.py`) looks at the Python frames of the evaluating thread about a
thousand times a second. Each stack counts for the processor time of that thread since the one before. Marks of generated
code say what a frame is in the source; other frames count for the function that led to them.

A builtin that is called by generated code is known by the line that calls it. Called otherwise, for example by another
builtin, it may be compiled and leave no frame; so while samples are taken builtins are wrapped in functions with their
names.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from . import recursion
from .builtins import library
from .builtins.derivations import Draft
from .trace import GENERATED

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

INTERVAL: Final = 0.001
"""Seconds between two samples."""
_SWITCH: Final = 0.0002
"""Seconds after which the evaluating thread lets a sample be taken."""
_BUILTIN: Final = "<builtin>"


class Place(NamedTuple):
    """One entry of a stack. `kind` is `function`, `thunk`, `file`, `builtin`, or a phase: `compile`, `load`.

    `line` counts from 1; it is 0, and `file` empty, for a builtin.
    """

    kind: str
    name: str
    file: str
    line: int


class Sampler:
    """The samples of evaluations inside `with`: nanoseconds of processor time by stack, outermost entry first."""

    def __init__(self) -> None:
        self.stacks: dict[tuple[Place, ...], int] = {}
        self._thread = 0
        self._clock = 0
        self._last = 0
        self._places: dict[tuple[int, int], Place | None] = {}
        self._kept: list[Any] = []
        self._phases = _phases()
        self._instantiating = Draft.instantiate.__code__

    def __enter__(self) -> Sampler:
        self._before = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        recursion.sampler = self
        library.wrapper = _named
        return self

    def __exit__(self, *_: object) -> None:
        sys.setswitchinterval(self._before)
        recursion.sampler = None
        library.wrapper = None

    def enter(self, thread: int) -> None:
        """Called by the evaluating thread before anything else."""
        self._clock = time.pthread_getcpuclockid(thread)
        self._last = time.clock_gettime_ns(self._clock)
        self._thread = thread

    def watch(self, done: Any) -> None:
        """Take samples until the lock `done` can be acquired."""
        while not done.acquire(timeout=INTERVAL):
            self._take()

    def _take(self) -> None:
        frame = sys._current_frames().get(self._thread) if self._thread else None
        if frame is None:
            return
        try:
            now = time.clock_gettime_ns(self._clock)
        except OSError:
            # The thread has ended.
            return
        stack = self._stack(frame)
        self.stacks[stack] = self.stacks.get(stack, 0) + now - self._last
        self._last = now

    def _stack(self, top: FrameType) -> tuple[Place, ...]:
        result: list[Place] = []
        frame: FrameType | None = top
        while frame is not None:
            code = frame.f_code
            if code.co_filename == GENERATED:
                self._add_generated(result, frame)
            elif code.co_filename == _BUILTIN:
                result.append(Place("builtin", code.co_name, "", 0))
            elif code is self._instantiating:
                # The thunks of a derivation's paths.
                result.append(Place("builtin", "derivation", "", 0))
            elif code in self._phases:
                result.append(Place(self._phases[code], "", frame.f_locals["text"].name, 0))
            frame = frame.f_back
        result.reverse()
        return tuple(result)

    def _add_generated(self, result: list[Place], frame: FrameType) -> None:
        """Append the builtin that a frame of generated code calls, if it does, and its function."""
        file = frame.f_globals["F"]
        mark = file.mark(frame.f_lineno)
        if mark is not None and mark[0] == "B" and not (result and result[-1].kind == "builtin"):
            result.append(Place("builtin", mark[3], "", 0))
        code = frame.f_code
        key = (id(file), code.co_firstlineno)
        place = self._places.get(key)
        if place is None:
            # Both are kept, so that nothing else gets their addresses.
            self._kept.append(file)
            place = self._places[key] = _place(file, code)
        result.append(place)


def _place(file: Any, code: CodeType) -> Place:
    """Return what a function of generated code is in the source."""
    mark = file.mark(code.co_firstlineno)
    name = file.text.name
    if code.co_name == "main" or mark is None:
        return Place("file", "", name, 1)
    line = file.source.place(mark[1]).line
    kind = "function" if mark[0] == "f" else "thunk"
    return Place(kind, mark[3] or "", name, line)


def _phases() -> dict[CodeType, str]:
    """Functions of the evaluator that a profile names: their argument `text` is the source."""
    from .compiling import compile_source
    from .loader import load

    return {compile_source.__code__: "compile", load.__code__: "load"}


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the function of a builtin, called through a frame of its name."""

    def call(*arguments: Any) -> Any:
        return function(*arguments)

    call.__code__ = call.__code__.replace(co_name=name, co_filename=_BUILTIN)
    return call
