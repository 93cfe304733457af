"""The builder executes plans, several steps at once.

The thread that calls `realise` makes all decisions: it owns the schedule, queries the trace, starts threads and calls
the reporter. A thread per running step does the work and sends events; nothing else is shared.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final

from ..store.checkpoint import extra_check
from .background_cleaner import BackgroundCleaner
from .cancellation import Cancellation
from .errors import BuildError, Cancelled, SeveralFailures, as_build_error
from .execution import Result, Work, World, execute, known_outputs, work_key
from .forecast import expected
from .options import BuildOptions
from .planning import Lane, Plan, plan
from .process_attributes import ConstantAttributes
from .procfs import build_covers
from .reporter import Reporter, Silence
from .resolution import resolve
from .schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store.digest import Digest
    from ..store.path import StorePath
    from ..store.store import Store
    from .planning import Outputs

Runner = Callable[[World, Work], Result]

_MOMENT: Final = 2.0
"""Seconds of a build that is not worth the way to another machine."""


class Builder:
    """Realises derivations. One `realise` at a time; `cancel` may be called from any thread."""

    def __init__(
        self,
        store: Store,
        options: BuildOptions | None = None,
        reporter: Reporter | None = None,
        runner: Runner = execute,
    ) -> None:
        self._store = store
        self._options = options or BuildOptions()
        self._reporter = reporter or Silence()
        self._runner = runner
        self._realising: _Realising | None = None
        self._is_cancelled = False

    def plan(self, targets: Iterable[tuple[StorePath, Iterable[str]]]) -> Plan:
        """Return the plan: what `realise` would do at most."""
        return plan(self._store, targets, self._options.rebuild)

    def realise(self, targets: Iterable[tuple[StorePath, Iterable[str]]]) -> Outputs:
        """Realise the targets; return the store paths of their outputs.

        Raises `BuildError`; an interrupt (`KeyboardInterrupt`) ends all sandboxes and is raised again. In either case,
        finished outputs stay registered and recorded.
        """
        chosen = [(path, tuple(outputs)) for path, outputs in targets]
        decided = self.plan(chosen)
        if decided.steps and self._options.caches and not self._options.rebuild:
            from .substitution import Substituter

            reporter = self._reporter
            with extra_check(self._check):
                Substituter(self._store, self._options, reporter.refused, reporter.substituted).prepare(chosen)
            decided = self.plan(chosen)
        result: Outputs = dict(decided.reused)
        if decided.steps:
            if self._options.engine is not None and any(step.lane is Lane.BUILD for step in decided.steps):
                with extra_check(self._check):
                    self._options.engine.prepare(self._store)
            self._reporter.planned(decided)
            self._realising = _Realising(self._store, self._options, self._reporter, self._runner, decided)
            try:
                # Checked after the line above, so that no `cancel` falls in between.
                if self._is_cancelled:
                    raise Cancelled
                result = self._realising.run()
            finally:
                self._realising = None
        return {(path, output): result[path, output] for path, outputs in decided.targets for output in outputs}

    def cancel(self) -> None:
        """End a running `realise`, and any later one; it raises `Cancelled`."""
        self._is_cancelled = True
        realising = self._realising
        if realising is not None:
            realising.cancel()

    def _check(self) -> None:
        if self._is_cancelled:
            raise Cancelled


Event = Callable[[], None]


class _Realising:
    """One call of `realise` with work to do."""

    def __init__(self, store: Store, options: BuildOptions, reporter: Reporter, runner: Runner, decided: Plan) -> None:
        self._store, self._options, self._reporter, self._runner = store, options, reporter, runner
        self._schedule = Schedule(decided.steps, expected(decided.steps, decided.remembered))
        self._again = {path for path, _ in decided.targets} if options.rebuild else set()
        self._outputs: Outputs = dict(decided.reused)
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._cancellation = Cancellation()
        self._threads: dict[StorePath, Thread] = {}
        self._running = dict.fromkeys(Lane, 0)
        self._lanes: dict[StorePath, Lane] = {}
        self._remembered = decided.remembered
        # Waiting and running work by key: equal work is done once, and its followers wait for the result.
        self._work: dict[StorePath, Work] = {}
        self._leaders: dict[Digest, StorePath] = {}
        self._followers: dict[StorePath, list[StorePath]] = {}
        # Work done by this run is not repeated, even with `rebuild`.
        self._done: dict[Digest, dict[str, StorePath]] = {}
        self._was_cancelled = False
        self._failures: list[BuildError] = []
        self._skipped: list[StorePath] = []
        processors = len(os.sched_getaffinity(0))
        self._slots = {
            Lane.BUILD: options.jobs or processors,
            Lane.FETCH: max(1, options.fetches),
            Lane.REMOTE: 0 if options.engine is None else max(1, options.engine.jobs),
        }
        self._processors = processors
        self._cleaner = BackgroundCleaner()
        self._world = World(
            store,
            options,
            self._cancellation,
            self._cores,
            logged=lambda path, lines: self._events.put(lambda: reporter.logged(path, lines)),
            phase=lambda path, name: self._events.put(lambda: reporter.phase(path, name)),
            fetched=lambda path, place, done, total: self._events.put(
                lambda: reporter.fetched(path, place, done, total)
            ),
            started=lambda path: self._events.put(lambda: reporter.started(path, self._lanes[path])),
            waiting=lambda path: self._events.put(lambda: reporter.waiting(path)),
            aged=lambda path, bubblewrap: self._events.put(lambda: reporter.aged(bubblewrap)),
            connected=lambda path, reason: self._events.put(lambda: reporter.connected(path, reason)),
            notice=lambda text: self._events.put(lambda: reporter.notice(text)),
            unvaried=lambda path, name: self._events.put(lambda: reporter.unvaried(path, name)),
            covers=build_covers(store),
            discard=self._cleaner.remove,
        )

    def cancel(self) -> None:
        self._cancellation.cancel()
        self._cleaner.expedite()
        self._events.put(lambda: None)

    def run(self) -> Outputs:
        # Outputs get signed; loading the signer takes as long as a small build, so it runs in parallel.
        loading = Thread(target=self._load_signer, daemon=True)
        loading.start()
        with ConstantAttributes(), self._cleaner:
            try:
                while True:
                    self._offer()
                    self._launch()
                    if not self._threads:
                        break
                    self._events.get()()
            finally:
                # Reached early by an interrupt: nothing may go on behind the caller's back.
                self._cancellation.cancel()
                for thread in (*self._threads.values(), loading):
                    thread.join()
                self._cancellation.close()
        while not self._events.empty():
            self._events.get()()
        if self._failures:
            raise self._failure()
        if self._was_cancelled or not self._schedule.is_finished:
            raise Cancelled
        return self._outputs

    def _load_signer(self) -> None:
        # Signing reports any error of the signer.
        with suppress(Exception):
            _ = self._store.signer

    def _failure(self) -> BuildError:
        if len(self._failures) == 1:
            return self._failures[0]
        return SeveralFailures(tuple(self._failures), tuple(self._skipped))

    def _offer(self) -> None:
        """Resolve ready steps; each is known, or waits for equal work, or is queued."""
        while fresh := self._schedule.fresh():
            for path in fresh:
                try:
                    self._offer_one(path)
                except BuildError as error:
                    self._fail(path, error)

    def _offer_one(self, path: StorePath) -> None:
        resolved = resolve(self._schedule.step(path).derivation, self._outputs)
        work = Work(path, resolved, work_key(resolved), path in self._again)
        known = self._done.get(work.key) if work.again else known_outputs(self._store, work)
        if known is not None:
            self._accept(path, known)
            self._reporter.reused(path, known)
            return
        leader = self._leaders.setdefault(work.key, path)
        if leader != path:
            self._followers.setdefault(leader, []).append(path)
            return
        lane = self._lanes[path] = self._lane_of(work)
        self._work[path] = work._replace(is_remote=lane is Lane.REMOTE)
        self._schedule.queue(path, lane)

    def _lane_of(self, work: Work) -> Lane:
        """Return the lane of ready work. The engine's is what it takes, unless it takes but a moment here."""
        lane, engine = self._schedule.step(work.path).lane, self._options.engine
        if engine is None or lane is not Lane.BUILD or not engine.takes(work.derivation):
            return lane
        # No engine varies what a build sees, and an unvaried one is no evidence.
        if work.derivation.builder.startswith("builtin:") or (work.again and self._options.variations):
            return lane
        is_free = self._running[Lane.BUILD] + self._schedule.waits(Lane.BUILD) < self._slots[Lane.BUILD]
        seconds = self._remembered.get(work.path.name)
        is_short = seconds is not None and seconds < _MOMENT
        return lane if is_short and is_free and not work.again and engine.leaves_moments else Lane.REMOTE

    def _accept(self, path: StorePath, outputs: dict[str, StorePath]) -> None:
        for output, object_path in outputs.items():
            self._outputs[path, output] = object_path
        self._schedule.done(path)

    def _launch(self) -> None:
        for lane, slots in self._slots.items():
            while self._running[lane] < slots and not self._cancellation.is_cancelled:
                path = self._schedule.take(lane)
                if path is None:
                    break
                self._running[lane] += 1
                thread = Thread(target=self._perform, args=(self._work[path],), name=path.name, daemon=True)
                thread.start()
                # One that cannot be started must not be waited for.
                self._threads[path] = thread

    def _perform(self, work: Work) -> None:
        """In a thread: do the work and send the result."""
        try:
            result = self._runner(self._world, work)
            self._events.put(lambda: self._succeeded(work.path, result))
        except BaseException as error:
            failure = as_build_error(error, self._store.home)
            self._events.put(lambda: self._failed(work.path, failure))

    def _succeeded(self, path: StorePath, result: Result) -> None:
        self._leave(path)
        followers = self._followers.pop(path, [])
        self._leaders.pop(self._work[path].key, None)
        self._done[self._work[path].key] = result.outputs
        self._accept(path, result.outputs)
        if result.was_known:
            self._reporter.joined(path, result.outputs)
        else:
            self._reporter.finished(path, result.outputs, result.seconds)
        for output, earlier in result.earlier:
            self._reporter.differs(path, output, earlier, result.outputs[output])
        for follower in followers:
            self._accept(follower, result.outputs)
            self._reporter.joined(follower, result.outputs)

    def _failed(self, path: StorePath, error: BuildError) -> None:
        self._leave(path)
        followers = self._followers.pop(path, [])
        self._leaders.pop(self._work[path].key, None)
        if isinstance(error, Cancelled):
            self._was_cancelled = True
            self._schedule.failed(path)
            return
        self._fail(path, error)
        for follower in followers:
            self._skipped += [follower, *self._schedule.failed(follower)]

    def _fail(self, path: StorePath, error: BuildError) -> None:
        error.attach(path)
        self._failures.append(error)
        self._reporter.failed(error)
        skipped = self._schedule.failed(path)
        if skipped:
            self._skipped += skipped
            self._reporter.skipped(skipped)
        if not self._options.keep_going:
            self._cancellation.cancel()

    def _leave(self, path: StorePath) -> None:
        self._threads.pop(path).join()
        self._running[self._lanes[path]] -= 1

    def _cores(self) -> int:
        """Divide the processors among the builds that run or could run."""
        if self._options.cores:
            return self._options.cores
        busy = self._running[Lane.BUILD] + self._schedule.waits(Lane.BUILD)
        return max(1, self._processors // max(1, min(busy, self._slots[Lane.BUILD])))
