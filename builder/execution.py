"""Execute one resolved derivation: from its inputs to registered outputs.

Runs in a thread of its own. The order is: lock, query the trace again (another process may have finished it), run,
check, register, record. A failure before registration leaves nothing in the store; an object that is registered but not
recorded is never used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from ..store.checkpoint import Stopped, checkpoint, extra_check, no_checks
from ..store.derivation import output_object_name
from ..store.digest import Digest
from ..store.errors import UnsupportedFile
from ..store.path import STORE_DIR, StorePath
from ..store.records import OutputDraft, Realisation
from ..store.scratch import scratch_hash
from .bubblewrap import claim_age_warning, find_bubblewrap
from .builtin.registry import find_builtin
from .builtin.task import Task
from .bwrap import explain_refusal, run_sandbox
from .cancellation import Deadline
from .debug_shell import write_debug_shell
from .disk import remove_tree
from .engine import EngineUnavailable, Job
from .errors import (
    BuilderFailed,
    Cancelled,
    FixedOutputReferences,
    LimitExceeded,
    MissingOutput,
    OutputLimitExceeded,
    SandboxFailed,
    StoreRefused,
    WitnessesDisagree,
    WrongSystem,
    as_build_error,
)
from .fixed import check_fixed
from .inputs import InputFiles, visible_objects
from .log import BuildLog, log_path
from .measure import apparent_size
from .output_checks import check_outputs
from .planning import recalled
from .preparation import prepare, scratch_paths
from .resolution import with_outputs
from .sandbox import Bind, Limits, SandboxSpec
from .work_lock import WorkLock

if TYPE_CHECKING:
    from ..store.derivation import Derivation
    from ..store.store import Store
    from .bubblewrap import Bubblewrap
    from .cancellation import Cancellation
    from .engine import Engine, Ran
    from .options import BuildOptions
    from .process import Outcome

_FIXED_DOMAIN = b"chx fixed output 1\0"


class Work(NamedTuple):
    """One piece of work: a derivation, its resolved form, and `key`, equal for work with equal results."""

    path: StorePath
    derivation: Derivation
    key: Digest
    again: bool = False  # build even if the trace has the outputs
    is_remote: bool = False  # the engine's

    @property
    def resolved(self) -> Digest:
        """Digest of the resolved derivation, the key of the build trace."""
        return self.key if self.derivation.fixed is None else self.derivation.resolved_digest()


class Result(NamedTuple):
    """`outputs` by name. `was_known`: nothing was run. `earlier`: of each, the first that was recorded and differs."""

    outputs: dict[str, StorePath]
    seconds: float
    was_known: bool = False
    earlier: tuple[tuple[str, StorePath], ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """Environment of an execution beside the work itself; the functions may be called from any thread.

    `covers` are the mounts over /proc, determined once; `discard` removes a directory in the background.
    """

    store: Store
    options: BuildOptions
    cancellation: Cancellation
    cores: Callable[[], int]
    logged: Callable[[StorePath, list[str]], None]
    phase: Callable[[StorePath, str], None]
    fetched: Callable[[StorePath, str, int, int | None], None]
    started: Callable[[StorePath], None]
    waiting: Callable[[StorePath], None]
    unvaried: Callable[[StorePath, str], None]
    connected: Callable[[StorePath, str], None]
    notice: Callable[[str], None]
    aged: Callable[[StorePath, Bubblewrap], None]
    covers: tuple[Bind, ...]
    discard: Callable[[str], None]
    _closures: dict[tuple[StorePath, ...], tuple[StorePath, ...]] = field(default_factory=dict)

    def closure(self, paths: Sequence[StorePath]) -> tuple[StorePath, ...]:
        """Return the closure of `paths`, cached: builds share roots, and objects never change."""
        known = self._closures.get(tuple(paths))
        if known is None:
            known = self._closures[tuple(paths)] = tuple(self.store.closure(paths))
        return known


def work_key(resolved: Derivation) -> Digest:
    """Return the key of the result: the hash of a fixed output, else the resolved derivation."""
    if resolved.fixed is None:
        return resolved.resolved_digest()
    fixed = resolved.fixed
    name = output_object_name(resolved.name, "out")
    return Digest.of(_FIXED_DOMAIN + "\0".join((name, fixed.algorithm, fixed.digest.hex(), fixed.mode)).encode())


def known_outputs(store: Store, work: Work) -> dict[str, StorePath] | None:
    """Return all outputs, if the trace has them and all are valid."""
    found = recalled(store, work.derivation, work.resolved)
    if all(output in found and store.claim(found[output]) for output in work.derivation.outputs):
        return {output: found[output] for output in work.derivation.outputs}
    return None


def execute(world: World, work: Work) -> Result:
    """Do the work, or return the result of another process that did. Raises `BuildError`."""
    with (
        extra_check(world.cancellation.check),
        WorkLock(world.store.home, work.key, world.cancellation, lambda: world.waiting(work.path)),
    ):
        checkpoint()
        if not work.again:
            known = known_outputs(world.store, work)
            if known is not None:
                return Result(known, 0.0, was_known=True)
        world.started(work.path)
        return _run(world, work)


def _run(world: World, work: Work) -> Result:
    """Run the builder: elsewhere if the work says so, and then here as well if it is sampled. Raises `BuildError`."""
    engine = world.options.engine
    if engine is None or not work.is_remote:
        return _Execution(world, work).run()
    here = work._replace(is_remote=False)
    # This machine's word comes first: of several rows the first one counts.
    sampled = _Execution(world, here).run() if engine.is_sampled(str(work.resolved)) else None
    try:
        result = _Execution(world, work).run()
    except EngineUnavailable:
        remote = world.options.remote
        if remote is None or remote.fallback != "local":
            raise
        world.notice(f"{work.path.name.removesuffix('.drv')} is built here: nothing elsewhere answers")
        return sampled or _Execution(world, here).run()
    if sampled is not None and sampled.outputs != result.outputs:
        raise disagreement([(sampled.outputs, "this machine"), (result.outputs, "elsewhere")])
    return result


def disagreement(told: Sequence[tuple[dict[str, StorePath], str]]) -> WitnessesDisagree:
    """Return the error for witnesses of one build that differ: of each the outputs, and who it is."""
    (first, who), (second, other) = told[:2]
    output = next((name for name in first if first[name] != second.get(name)), next(iter(first)))
    return WitnessesDisagree(output, str(first[output]), who, str(second[output]), other)


class _Execution:
    """One execution."""

    def __init__(self, world: World, work: Work) -> None:
        self._world, self._work = world, work
        self._told: Sequence[Ran] = ()
        self._store = world.store
        self._scratch = scratch_paths(work.derivation)
        self._derivation = with_outputs(work.derivation, self._scratch)
        self._top = ""
        self._made = "store"  # the directory in which the outputs lie
        self._variation = ""
        self._sandbox = ""
        self._deadline = Deadline(world.options.timeout_seconds)
        self._spec: SandboxSpec | None = None
        self._phase = ""

    def _enter_phase(self, name: str) -> None:
        self._phase = name
        self._world.phase(self._work.path, name)

    def run(self) -> Result:
        started, clock = time.time(), time.monotonic()
        log = BuildLog(
            log_path(self._store.home, self._work.path),
            lambda lines: self._world.logged(self._work.path, lines),
            self._enter_phase,
        )
        kept: str | None = None
        self._top = self._store.temporary("build")
        try:
            with extra_check(self._deadline.check):
                candidates = self._build(log)
                outputs = self._register(candidates, started, time.monotonic() - clock)
        except Exception as error:
            failure = as_build_error(self._in_words_of_the_build(error), self._store.home)
            if self._world.options.keep_failed and not isinstance(failure, Cancelled):
                kept = self._keep()
            raise failure.attach(self._work.path, log.close(), log.tail, kept) from failure.__cause__
        finally:
            log.close()
            if kept is None:
                self._world.discard(self._top)
        return Result(outputs, time.monotonic() - clock, earlier=self._earlier(outputs))

    def _build(self, log: BuildLog) -> Sequence[StorePath]:
        """Run the builder, which writes the outputs; return the objects that these may refer to."""
        if self._derivation.builder.startswith("builtin:"):
            return self._run_builtin(log)
        engine = self._world.options.engine
        if engine is not None and self._work.is_remote:
            return self._run_elsewhere(engine, log)
        return self._run_sandbox(log)

    def _folder(self, name: str) -> str:
        return f"{self._top}/{name}"

    def _place(self, output: str) -> str:
        """Return the path of an output on disk before it is registered."""
        return self._folder(self._made) + self._scratch[output][len(STORE_DIR) :]

    def _run_builtin(self, log: BuildLog) -> Sequence[StorePath]:
        builder = find_builtin(self._derivation.builder)
        visible = visible_objects(self._store, self._derivation)
        os.mkdir(self._folder("store"), 0o755)
        os.mkdir(self._folder("work"))
        world, path = self._world, self._work.path
        task = Task(
            derivation=self._derivation,
            output=self._place("out"),
            work=self._folder("work"),
            say=log.say,
            progress=lambda place, done, total: world.fetched(path, place, done, total),
            physical=InputFiles(self._store, visible).locate,
            cancellation=world.cancellation,
            offline=world.options.offline,
            known_size=self._known_size(),
            max_download=world.options.max_download_bytes,
            max_output=world.options.max_output_bytes,
            deadline=self._deadline,
            notice=world.notice,
            archive_time=self._archive_time(),
        )
        if self._derivation.outputs != ("out",):
            raise task.refuse("outputs", "it has one output, 'out'")
        builder(task)
        return visible

    @staticmethod
    def _check_emulated(system: str, supported: tuple[str, ...]) -> None:
        from .emulation import ELF, emulator_of, registrations_for

        if emulator_of(system) is None:
            other = registrations_for(system)
            raise WrongSystem(system, supported, other[0].interpreter if other else None, system in ELF)

    def _archive_time(self) -> str | None:
        fixed = self._derivation.fixed
        return None if fixed is None else self._world.options.archive_time(fixed)

    def _known_size(self) -> int | None:
        fixed = self._derivation.fixed
        return None if fixed is None else self._world.options.known_size(fixed)

    def _run_sandbox(self, log: BuildLog) -> Sequence[StorePath]:
        derivation, options = self._derivation, self._world.options
        supported = supported_systems(options.extra_systems)
        if derivation.system not in supported:
            self._check_emulated(derivation.system, supported)
        bubblewrap = find_bubblewrap(self._store.home)
        self._tell_age(bubblewrap)
        cores = self._world.cores()
        self._sandbox = bubblewrap.name
        self._variation = f"cores={cores} kernel={os.uname().release}"
        prepared = prepare(self._store, derivation, self._scratch, self._top, cores, self._world.covers)
        with self._varied(replace(prepared.spec, limits=limits_of(options))) as spec:
            self._spec = spec
            checkpoint()
            run = self._run_connected if spec.network else self._run_alone
            outcome, has_started = run(spec, bubblewrap.path, log)
        if not has_started and outcome.ended is None:
            said = "\n".join(log.tail).removeprefix("bwrap: ")
            raise explain_refusal(said, bubblewrap.path, self._store.home) or SandboxFailed(said, derivation.builder)
        self._judge(outcome)
        self._mention_strays(log, prepared.visible)
        if prepared.spec.network:
            self._renew()
        # Objects of the rootfs are candidates, too: their paths are hidden, but a build may have learned them.
        hidden = [path for path in derivation.input_srcs if path not in prepared.visible]
        return [*prepared.visible, *self._world.closure(hidden)]

    def _run_elsewhere(self, engine: Engine, log: BuildLog) -> Sequence[StorePath]:
        derivation, options = self._derivation, self._world.options
        visible = tuple(visible_objects(self._store, derivation))
        limits = replace(limits_of(options), seconds=self._deadline.left)
        job = Job(self._work.path, derivation, self._scratch, visible, limits, options.max_output_bytes)
        checkpoint()
        told = engine.run(job, self._top, log.write)
        first = told[0]
        if not first.has_started and first.outcome.ended is None:
            raise SandboxFailed("\n".join(log.tail).removeprefix("bwrap: "), derivation.builder)
        self._judge(first.outcome)
        for name in first.strays:
            log.say(f"chx: {STORE_DIR}/{name} is dropped: it is none of the outputs")
        self._told = told
        self._made = os.path.basename(first.place)
        hidden = [path for path in derivation.input_srcs if path not in visible]
        return [*visible, *self._world.closure(hidden)]

    def _tell_age(self, bubblewrap: Bubblewrap) -> None:
        if bubblewrap.is_old and claim_age_warning(self._store.home) is not None:
            self._world.aged(self._work.path, bubblewrap)

    def _run_alone(self, spec: SandboxSpec, bwrap: str, log: BuildLog) -> tuple[Outcome, bool]:
        # Time spent before counts as well.
        limited = replace(spec, limits=replace(spec.limits, seconds=self._deadline.left))
        inspect = self._inspect if self._world.options.max_output_bytes else None
        return run_sandbox(limited, bwrap, log.write, self._world.cancellation, inspect)

    def _run_connected(self, spec: SandboxSpec, bwrap: str, log: BuildLog) -> tuple[Outcome, bool]:
        """Run a build with network access, if possible through a network of its own; report it otherwise."""
        from .network import NoUplink, own_network

        try:
            return self._run_alone(own_network(spec, self._top), bwrap, log)
        except NoUplink as failure:
            log.say(f"chx: this build shares the network of the machine: {failure.reason}")
            self._world.connected(self._work.path, failure.reason)
        return self._run_alone(spec, bwrap, log)

    def _renew(self) -> None:
        """Replace the outputs by copies, to which no other process has a descriptor."""
        from .fresh import copy_fresh

        # Somebody may be changing them still: this only spares copying in vain.
        self._check_size(is_settled=False)
        made = self._folder(self._made)
        os.mkdir(self._folder("fresh"), 0o755)
        for path in self._scratch.values():
            name = path.rpartition("/")[2]
            if os.path.lexists(f"{made}/{name}"):
                copy_fresh(made, name, f"{self._folder('fresh')}/{name}", checkpoint)
        self._made = "fresh"

    def _judge(self, outcome: Outcome) -> None:
        """Raise the error of a sandbox that did not succeed."""
        options = self._world.options
        match outcome.ended:
            case "cancelled":
                raise Cancelled
            case "time":
                raise LimitExceeded("time", options.timeout_seconds)
            case "silence":
                raise LimitExceeded("silence", options.silence_seconds)
            case "log":
                raise LimitExceeded("log", options.max_log_bytes)
            case "output":
                raise OutputLimitExceeded(options.max_output_bytes)
        if outcome.status != 0:
            raise BuilderFailed(outcome.status, self._phase)

    def _inspect(self, process: int) -> str | None:
        """Return the reason to end a running build, if there is one."""
        limit = self._world.options.max_output_bytes
        places = [self._place(output) for output in self._scratch]
        try:
            return "output" if apparent_size(places, limit) > limit else None
        except Stopped:
            return None  # the thread that runs the build notices it, too

    def _check_size(self, is_settled: bool = True) -> None:
        """Raise `OutputLimitExceeded` if the outputs together are too large."""
        limit = self._world.options.max_output_bytes
        places = [self._place(output) for output in self._scratch]
        if limit and apparent_size(places, limit, is_settled=is_settled) > limit:
            raise OutputLimitExceeded(limit)

    @contextmanager
    def _varied(self, spec: SandboxSpec) -> Iterator[SandboxSpec]:
        """Return `spec` under the requested variations, if they apply to this build."""
        names = self._world.options.variations
        if not names or not self._work.again:
            yield spec
            return
        from .variation import Workspace, vary

        folder = self._folder("varied")
        os.mkdir(folder)
        memory = _folder_in_memory()
        unmade: set[str] = set()
        try:
            varied = vary(spec, names, Workspace(folder, memory), unmade.add)
            for name in sorted(unmade):
                self._world.unvaried(self._work.path, name)
            if made := ",".join(name for name in names if name not in unmade):
                self._variation += f" vary={made}"
            yield varied
        finally:
            if memory is not None:
                # Nobody else would.
                with no_checks():
                    remove_tree(memory)

    def _mention_strays(self, log: BuildLog, visible: Sequence[StorePath]) -> None:
        """Report files that the build wrote beside its outputs, which are lost."""
        expected = {path.base for path in visible} | {path.rpartition("/")[2] for path in self._scratch.values()}
        for name in sorted(set(os.listdir(self._folder("store"))) - expected):
            log.say(f"chx: {STORE_DIR}/{name} is dropped: it is none of the outputs")

    def _register(self, candidates: Sequence[StorePath], started: float, seconds: float) -> dict[str, StorePath]:
        """Register and record the outputs of each witness; raise `WitnessesDisagree` if they are not the same."""
        by_place: dict[str, list[Ran]] = {}
        for ran in self._told:
            by_place.setdefault(os.path.basename(ran.place), []).append(ran)
        if len(by_place) < 2:
            return self._register_place(candidates, started, seconds, self._told)
        kept = []
        for self._made, told in by_place.items():
            # Kept to be looked at, and not recorded: no later build is to take one of them.
            kept.append((self._register_place(candidates, started, seconds, None), told[0].variation))
        raise disagreement(kept)

    def _register_place(
        self, candidates: Sequence[StorePath], started: float, seconds: float, told: Sequence[Ran] | None
    ) -> dict[str, StorePath]:
        """Register the outputs in `_made`, and record them by the word of `told`; None records nothing."""
        derivation, store = self._derivation, self._store
        for output, path in self._scratch.items():
            if not os.path.lexists(self._place(output)):
                raise MissingOutput(output, path)
        self._check_size()
        if derivation.fixed is not None:
            check_fixed(self._place("out"), derivation.fixed)
        drafts = [
            OutputDraft(output, output_object_name(derivation.name, output), self._place(output), scratch_hash(output))
            for output in derivation.outputs
        ]
        outputs = store.add_outputs(drafts, candidates, self._work.path)
        if derivation.fixed is not None:
            references = store.info(outputs["out"]).references
            if references:
                raise FixedOutputReferences(tuple(map(str, references)))
            store.record_fixed_output(outputs["out"].name, derivation.fixed, outputs["out"])
        check_outputs(store, derivation, outputs)
        if told is not None:
            self._record(outputs, started, seconds, told)
        return outputs

    def _record(self, outputs: dict[str, StorePath], started: float, seconds: float, told: Sequence[Ran]) -> None:
        """Record the outputs: by this machine's word, or by that of all in `told`, who built it elsewhere."""
        store, work = self._store, self._work
        here = store.witness(self._sandbox)
        words = [(self._variation, here)]
        if told:
            # Nothing of this machine had a part in it.
            words = [(ran.variation, here._replace(machine="", kernel=ran.kernel, sandbox=ran.sandbox)) for ran in told]
        store.record(
            Realisation(work.resolved, output, path, work.path, started, seconds, variation, witness=witness)
            for variation, witness in words
            for output, path in outputs.items()
        )

    def _in_words_of_the_build(self, error: Exception) -> Exception:
        if not isinstance(error, UnsupportedFile):
            return error
        return StoreRefused(UnsupportedFile(self._as_built(error.path), error.kind, error.hint))

    def _as_built(self, path: str) -> str:
        """Return a path on disk in terms of the build: `$out/file`."""
        for output in self._scratch:
            place = self._place(output)
            if path == place or path.startswith(place + "/"):
                return f"${output}{path[len(place) :]}"
        return path

    def _earlier(self, outputs: dict[str, StorePath]) -> tuple[tuple[str, StorePath], ...]:
        rows = self._store.realisations(self._work.resolved)
        first: dict[str, StorePath] = {}
        for row in rows:
            if outputs.get(row.output, row.path) != row.path:
                first.setdefault(row.output, row.path)
        return tuple(first.items())

    def _keep(self) -> str | None:
        """Move the build's directories out of reach of the cleaning; None if that is not possible."""
        name = self._work.path.name.removesuffix(".drv")
        number = 0
        while True:
            place = f"{self._store.home}/tmp/failed-{name}-{number}"
            try:
                os.mkdir(place)
                # Its /tmp is world-writable, and a failed build may leave any files.
                os.chmod(self._top, 0o700)
                os.rename(self._top, place)
                if self._spec is not None:
                    write_debug_shell(self._store.home, self._work.path.name, self._spec, self._top, place)
                return place
            except FileExistsError:
                number += 1
            except OSError:
                return None


def limits_of(options: BuildOptions) -> Limits:
    """Limits of each build."""
    return Limits(
        options.timeout_seconds,
        options.silence_seconds,
        options.max_log_bytes,
        options.max_processes,
        options.max_memory_bytes,
    )


def _folder_in_memory() -> str | None:
    """Make a directory on a file system in memory; None if there is none."""
    from tempfile import mkdtemp

    try:
        return mkdtemp(prefix="chx-", dir="/dev/shm")
    except OSError:
        return None


def supported_systems(extra: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the systems whose programs this machine runs without an emulator, and those that the user adds."""
    return (f"{os.uname().machine}-linux", *extra)
