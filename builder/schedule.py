"""The schedule: the states of all steps, without any I/O.

                    all inputs done          taken               succeeded
    WAITING ------------------------> READY --------> RUNNING --------------> DONE
       |                                |                |
       | an input failed                | known (cutoff) | failed
       v                                +--> DONE        v
    SKIPPED                                            FAILED

`_move` is the only place where a state changes.
"""

from __future__ import annotations

import heapq
from enum import Enum
from typing import TYPE_CHECKING, Final

from .forecast import urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..store.path import StorePath
    from .planning import Lane, Step


class State(Enum):
    """State of a step."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


_TRANSITIONS: Final = {
    State.WAITING: {State.READY, State.SKIPPED},
    State.READY: {State.RUNNING, State.DONE, State.FAILED},
    State.RUNNING: {State.DONE, State.FAILED},
    State.DONE: frozenset[State](),
    State.FAILED: frozenset[State](),
    State.SKIPPED: frozenset[State](),
}


class Schedule:
    """The steps of a plan during execution.

    Of the ready steps, the one with the longest chain of dependents comes first: the end of everything is never earlier
    than the end of that chain. `seconds` are estimated durations; without it all steps count equally.
    """

    def __init__(self, steps: Iterable[Step], seconds: Mapping[StorePath, float] | None = None) -> None:
        self._steps = {step.path: step for step in steps}
        self._states = dict.fromkeys(self._steps, State.WAITING)
        self._missing = {path: len(step.needs) for path, step in self._steps.items()}
        self._dependents: dict[StorePath, list[StorePath]] = {path: [] for path in self._steps}
        for path, step in self._steps.items():
            for need in step.needs:
                self._dependents[need].append(path)
        self._urgency = urgency(tuple(self._steps.values()), seconds or {})
        self._queues: dict[Lane, list[tuple[float, int, StorePath]]] = {}
        self._fresh: list[StorePath] = []
        self._order = {path: number for number, path in enumerate(self._steps)}
        self._open = len(self._steps)
        for path, missing in self._missing.items():
            if not missing:
                self._move(path, State.READY)

    def step(self, path: StorePath) -> Step:
        return self._steps[path]

    def state(self, path: StorePath) -> State:
        return self._states[path]

    @property
    def is_finished(self) -> bool:
        """Whether no step waits, is ready or runs."""
        return self._open == 0

    def fresh(self) -> list[StorePath]:
        """Return the steps that became ready since the last call, in order; the caller queues or finishes each."""
        fresh, self._fresh = sorted(self._fresh, key=self._order.__getitem__), []
        return fresh

    def queue(self, path: StorePath, lane: Lane | None = None) -> None:
        """Queue a ready step for `take`, in its own lane or another."""
        queue = self._queues.setdefault(lane or self._steps[path].lane, [])
        heapq.heappush(queue, (-self._urgency[path], self._order[path], path))

    def waits(self, lane: Lane) -> int:
        """Return the number of queued steps in a lane."""
        return len(self._queues.get(lane, ()))

    def take(self, lane: Lane) -> StorePath | None:
        """Start the most urgent queued step of a lane."""
        queue = self._queues.get(lane)
        if not queue:
            return None
        path = heapq.heappop(queue)[2]
        self._move(path, State.RUNNING)
        return path

    def done(self, path: StorePath) -> None:
        """Mark a step as done: it succeeded, or was known."""
        self._move(path, State.DONE)
        for other in self._dependents[path]:
            self._missing[other] -= 1
            if not self._missing[other] and self._states[other] is State.WAITING:
                self._move(other, State.READY)

    def failed(self, path: StorePath) -> list[StorePath]:
        """Mark a step as failed; return the steps skipped for it, in order."""
        self._move(path, State.FAILED)
        skipped: list[StorePath] = []
        todo = [path]
        while todo:
            for other in self._dependents[todo.pop()]:
                if self._states[other] is State.WAITING:
                    self._move(other, State.SKIPPED)
                    skipped.append(other)
                    todo.append(other)
        return sorted(skipped, key=self._order.__getitem__)

    def _move(self, path: StorePath, state: State) -> None:
        before = self._states[path]
        if state not in _TRANSITIONS[before]:
            raise ValueError(f"{path} cannot go from {before.value} to {state.value}")
        self._states[path] = state
        if state is State.READY:
            self._fresh.append(path)
        elif state in (State.DONE, State.FAILED, State.SKIPPED):
            self._open -= 1
