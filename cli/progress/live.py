"""Live view of a build on a terminal: running steps, waiting steps, and the remaining time.

Finished steps scroll up as lines; a thread redraws the table below them several times a second. That thread imports
`rich`, once a build has taken `PATIENCE` seconds.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final

from ...builder import Lane as Lanes
from ...builder import remaining
from ..output import colours, harmless, overwritten
from .format import duration, size, speed
from .plain import PlainReporter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console, RenderableType
    from rich.live import Live as RichLive
    from rich.table import Table

    from ...builder import BuildError, BuildOptions, Lane, Plan, Step
    from ...store import StorePath

PATIENCE: Final = 0.3
"""Seconds before the view appears."""
PER_SECOND: Final = 8


@dataclass(slots=True)
class Running:
    """A running step."""

    title: str
    is_fetch: bool
    started: float
    expected: float | None
    phase: str = ""
    line: str = ""
    done: int = 0
    total: int | None = None


@dataclass(slots=True)
class State:
    """The state that the view shows; read and written under a lock."""

    steps: dict[StorePath, Step] = field(default_factory=dict)
    expected: Mapping[StorePath, float] = field(default_factory=dict)
    slots: Mapping[Lane, int] = field(default_factory=dict)
    running: dict[StorePath, Running] = field(default_factory=dict)
    built: int = 0
    fetched: int = 0
    bytes: int = 0
    failed: int = 0
    spared: int = 0
    builds: int = 0
    fetches: int = 0
    is_guess: bool = True

    def remaining(self, now: float) -> float:
        elapsed = {path: now - one.started for path, one in self.running.items()}
        return remaining(self.steps.values(), self.expected, elapsed, self.slots)


class LiveReporter(PlainReporter):
    """A reporter for terminals; call `close` at the end."""

    def __init__(
        self,
        verbose: bool = False,
        titles: Mapping[StorePath, str] | None = None,
        options: BuildOptions | None = None,
    ) -> None:
        super().__init__(verbose, titles=titles)
        self._options = options
        self._state = State()
        self._lock = Lock()
        self._ended = Event()
        self._thread: Thread | None = None
        self._view: RichLive | None = None
        self._began = 0.0

    # Events, in the thread of the builder

    def planned(self, plan: Plan) -> None:
        import os

        from ...builder import BuildOptions, expected

        super().planned(plan)
        options = self._options or BuildOptions()
        with self._lock:
            self._began = self._began or monotonic()
            self._state = State(
                steps={step.path: step for step in plan.steps},
                expected=expected(plan.steps, plan.remembered),
                slots={Lanes.BUILD: options.jobs or len(os.sched_getaffinity(0)), Lanes.FETCH: options.fetches},
                builds=len(plan.builds),
                fetches=len(plan.fetches),
                is_guess=not plan.remembered,
            )
            self._state_names = {step.path: step.path.name in plan.remembered for step in plan.steps}
        if self._thread is None:
            self._thread = Thread(target=self._draw, name="view", daemon=True)
            self._thread.start()

    def started(self, derivation: StorePath, lane: Lane) -> None:
        state = self._state
        with self._lock:
            known = self._state_names.get(derivation, False)
            state.running[derivation] = Running(
                self._title(derivation),
                lane.value == "fetch",
                monotonic(),
                state.expected.get(derivation) if known else None,
            )

    def fetched(self, derivation: StorePath, place: str, done: int, total: int | None) -> None:
        super().fetched(derivation, place, done, total)
        with self._lock:
            if derivation in self._state.running:
                one = self._state.running[derivation]
                self._state.bytes += max(done - one.done, 0)
                one.done, one.total = done, total

    def phase(self, derivation: StorePath, name: str) -> None:
        with self._lock:
            if derivation in self._state.running:
                self._state.running[derivation].phase = name

    def logged(self, derivation: StorePath, lines: Sequence[str]) -> None:
        super().logged(derivation, lines)
        last = next((line for line in reversed(lines) if line.strip()), None)
        with self._lock:
            if last is not None and derivation in self._state.running:
                self._state.running[derivation].line = last

    def finished(self, derivation: StorePath, outputs: Mapping[str, StorePath], seconds: float) -> None:
        with self._lock:
            one = self._leave(derivation)
            if one is not None:
                if one.is_fetch:
                    self._state.fetched += 1
                else:
                    self._state.built += 1
        super().finished(derivation, outputs, seconds)

    def reused(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        with self._lock:
            self._leave(derivation)
            self._state.spared += 1
        super().reused(derivation, outputs)

    def joined(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        with self._lock:
            self._leave(derivation)
            self._state.spared += 1
        super().joined(derivation, outputs)

    def failed(self, error: BuildError) -> None:
        with self._lock:
            if error.derivation is not None:
                self._leave(error.derivation)
            self._state.failed += 1
        super().failed(error)
        if error.derivation is not None:
            self._notice(f"failed {self._title(error.derivation)}")

    def skipped(self, derivations: Sequence[StorePath]) -> None:
        with self._lock:
            for path in derivations:
                self._leave(path)
        super().skipped(derivations)

    def _leave(self, derivation: StorePath) -> Running | None:
        self._state.steps.pop(derivation, None)
        return self._state.running.pop(derivation, None)

    def close(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._ended.clear()

    # Output

    def _write(self, text: str) -> None:
        with self._lock:
            view = self._view
            if view is None:
                super()._write(text)
                return
            from rich.text import Text

            safe = harmless(text.removesuffix("\n"), colours(sys.stderr))
            view.console.print(Text.from_ansi(safe), soft_wrap=True, highlight=False)

    def _draw(self) -> None:
        """Draw the view until builds have ended; runs in a thread of its own."""
        if self._ended.wait(PATIENCE):
            return
        from rich.console import Console
        from rich.live import Live as View

        console = Console(file=sys.stderr, highlight=False)
        with View(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        ) as view:
            with self._lock:
                self._view = view
            try:
                while True:
                    with self._lock:
                        view.update(self._table(console, monotonic()), refresh=True)
                    if self._ended.wait(1 / PER_SECOND):
                        break
            finally:
                with self._lock:
                    self._view = None

    def _table(self, console: Console, now: float) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        rows = sorted(self._state.running.values(), key=lambda one: (one.is_fetch, one.started))
        room = max(1, console.height - 4)
        table = self._rows(rows[:room] if len(rows) > room else rows, now)
        more = [Text(f"  … {len(rows) - room} more", style="dim")] if len(rows) > room else []
        return Group(Text(self._summary(now), style="bold", no_wrap=True, overflow="ellipsis"), table, *more)

    def _summary(self, now: float) -> str:
        state = self._state
        parts = []
        if state.builds:
            parts.append(f"{state.built} of {state.builds} built")
        if state.fetches:
            amount = f" ({size(state.bytes)})" if state.bytes else ""
            parts.append(f"{state.fetched} of {state.fetches} fetched{amount}")
        if state.spared:
            parts.append(f"{state.spared} spared")
        if state.failed:
            parts.append(f"{state.failed} failed")
        parts.append(f"{len(state.running)} running, {len(state.steps) - len(state.running)} waiting")
        times = duration(now - self._began)
        if not state.is_guess:
            times += f", about {duration(state.remaining(now))} left"
        return f"chx: {' · '.join(parts)} · {times}"

    def _rows(self, rows: Sequence[Running], now: float) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
        for one in rows:
            elapsed = now - one.started
            took = f" / {duration(one.expected)}" if one.expected is not None and one.expected >= 1 else ""
            what, tail = harmless(one.phase, False), harmless(overwritten(one.line), False)
            if one.is_fetch:
                whole = f" of {size(one.total)}" if one.total else ""
                what = f"{size(one.done)}{whole}" if one.done else "connecting"
                tail = speed(one.done, elapsed) if one.done else ""
            table.add_row(
                Text(
                    f"  {'↓' if one.is_fetch else '•'} {harmless(one.title, False)}",
                    style="cyan" if one.is_fetch else "green",
                ),
                Text(what),
                Text(f"{duration(elapsed)}{took}"),
                Text(tail.expandtabs(), style="dim"),
            )
        return table
