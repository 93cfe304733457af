"""Build all packages of a set, and tell of each what became of it (`chx build --all`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Literal, NamedTuple

from ...builder import BuilderFailed, BuildError, Cancelled, SeveralFailures
from ..building import verifier_of
from ..instantiation import Instantiated
from ..reporter import Forwarding
from ..settings import configured
from ..text import readable
from .members import members_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...builder import BuildOptions, Lane
    from ...store import Store, StorePath
    from ..failure import Failure
    from ..lock.errors import LockError
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session
    from ..targets import Target
    from .members import Member

    Outputs = dict[tuple[StorePath, str], StorePath]

Verdict = Literal["built", "present", "failed", "skipped", "broken", "not evaluated"]


@dataclass(frozen=True, slots=True)
class PackageStatus:
    """What became of a package.

    `built` now; `present` in the store before; `failed`; `skipped` because an input failed or the build stopped; `broken`: the package
    says that it cannot be built in this set; `not evaluated`. `reason` says why a package was not built. `seconds` is
    how long its own build took, now or when it was built last. `needed_by` are the attributes of all packages of the set that are built with it.
    """

    attribute: str
    name: str
    verdict: Verdict
    derivation: StorePath | None = None
    outputs: tuple[StorePath, ...] = ()
    seconds: float | None = None
    reason: str | None = None
    needed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedStep:
    """A derivation whose build failed: a package of the set, or an input of packages, such as a source.

    `phase` is the last one that the builder announced, `tail` the last lines of the log at the path `log`. `affected`
    are the attributes of the packages that could not be built for it, itself included.
    """

    derivation: StorePath
    name: str
    code: str
    message: str
    phase: str | None
    seconds: float | None
    tail: tuple[str, ...]
    log: str | None
    affected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BulkReport:
    """The report of a bulk build. `set` names what was built; `seconds` is how long all took."""

    set: str
    packages: tuple[PackageStatus, ...]
    failures: tuple[FailedStep, ...]
    seconds: float

    def of(self, *verdicts: Verdict) -> list[PackageStatus]:
        """Return the packages with one of these verdicts."""
        return [package for package in self.packages if package.verdict in verdicts]

    @property
    def holds(self) -> bool:
        """Whether every package is built that does not say that it is broken."""
        return not self.of("failed", "skipped", "not evaluated")


class Bulk(NamedTuple):
    """A bulk build: its report, the targets that are built, and their outputs.

    `error` is that of the builds, if any; an interrupt, which the caller raises again, is one.
    """

    report: BulkReport
    targets: list[Target]
    outputs: Outputs
    error: BuildError | KeyboardInterrupt | None
    errors: list[Failure]
    """The errors of packages that cannot be evaluated."""
    mismatch: LockError | None
    """The error of the lock, if what was built differs from it."""


def build_all(
    session: Session, request: Request, options: BuildOptions | None, reporter: Reporter, notices: Reporter
) -> Bulk:
    """Build every package of the sets that a request names; failures become part of the report.

    Without `options.keep_going`, the first failure ends the build. Raises `RequestError`, `LangError`, `EvalError`,
    `LockError` if the set cannot be evaluated.
    """
    options = options or configured()
    began = monotonic()
    members, project = members_of(session, request)
    targets = [member.target for member in members if member.target is not None]
    recorder = _Recorder(reporter)
    outputs, error = _realise(session, targets, options, recorder)
    graph = _Graph(session.store, targets)
    earlier = session.store.durations({target.derivation.name for target in targets})
    reason = _reason(error, options.keep_going)
    status = _Status(recorder, graph, outputs, earlier, reason)
    packages = tuple(status.of(member) for member in members)
    failures = tuple(status.step(path, failure) for path, failure in recorder.failures.items())
    report = BulkReport(_title(request), packages, failures, monotonic() - began)
    done = [target for target in targets if all((target.derivation, one) in outputs for one in target.outputs)]
    mismatch = None
    if not isinstance(error, Cancelled | KeyboardInterrupt):
        mismatch = _mismatch(session, request, Instantiated(done, project), options, notices, outputs)
    errors = [member.error for member in members if member.error is not None]
    return Bulk(report, done, outputs, error, errors, mismatch)


def _realise(
    session: Session, targets: list[Target], options: BuildOptions, recorder: _Recorder
) -> tuple[Outputs, BuildError | KeyboardInterrupt | None]:
    """Build as much as possible; return what is there, and the error, if any."""
    wanted = list(dict.fromkeys((target.derivation, target.outputs) for target in targets))
    error: BuildError | None = None
    while wanted:
        try:
            return dict(session.realise(wanted, options, recorder)), error
        except (Cancelled, KeyboardInterrupt) as interrupt:
            return recorder.outputs | _present(session.store, wanted), interrupt
        except BuildError as found:
            error = found if error is None else SeveralFailures((*_failures(error), *_failures(found)))
            unplanned = found.derivation
            if isinstance(found, SeveralFailures) or unplanned is None or unplanned in recorder.failures:
                break
            # One that cannot be planned prevents the others from being tried.
            recorder.failures[unplanned] = found
            left = [item for item in wanted if item[0] != unplanned]
            if len(left) == len(wanted) or not options.keep_going:
                break
            wanted = left
    return recorder.outputs | _present(session.store, wanted), error


def _reason(error: BaseException | None, keeps_going: bool) -> str:
    """Return why a package was not tried that needs nothing of what failed."""
    if isinstance(error, Cancelled | KeyboardInterrupt):
        return "the build was interrupted"
    if keeps_going:
        return "the build was stopped"
    return "another build failed first, and without --keep-going chx stops there"


def _failures(error: BuildError) -> tuple[BuildError, ...]:
    return error.failures if isinstance(error, SeveralFailures) else (error,)


def _present(store: Store, wanted: Iterable[tuple[StorePath, tuple[str, ...]]]) -> Outputs:
    """Return the outputs of targets that the store has."""
    from ...builder import recall

    found: Outputs = {}
    for path, outputs in wanted:
        try:
            known = recall(store, [path]).outputs
        except BuildError:
            continue
        for output in outputs:
            there = known.get((path, output))
            if there is not None and store.is_valid(there):
                found[path, output] = there
    return found


def _mismatch(
    session: Session, request: Request, found: Instantiated, options: BuildOptions, notices: Reporter, outputs: Outputs
) -> LockError | None:
    """Compare what was built with the lock, if there is one; return the error."""
    if found.project is None or found.project.lock is None:
        return None
    from ..lock.errors import LockError

    try:
        verifier = verifier_of(session, request, found, options, notices)
        if verifier is not None:
            verifier.check_outputs(outputs)
    except LockError as error:
        return error
    return None


def _title(request: Request) -> str:
    names = ", ".join(request.attributes)
    if request.target is not None:
        names = f"{names} for {request.target}".lstrip()
    place = request.file or ("an expression" if request.expr is not None else "")
    return " of ".join(filter(None, (names, place))) or "all packages"


class _Recorder(Forwarding):
    """Records what became of each derivation."""

    def __init__(self, to: Reporter) -> None:
        super().__init__(to)
        self.seconds: dict[StorePath, float] = {}
        self.outputs: Outputs = {}
        self.failures: dict[StorePath, BuildError] = {}
        self._started: dict[StorePath, float] = {}

    def started(self, derivation: StorePath, lane: Lane) -> None:
        self._started[derivation] = monotonic()
        self._to.started(derivation, lane)

    def finished(self, derivation: StorePath, outputs: Mapping[str, StorePath], seconds: float) -> None:
        self.seconds[derivation] = seconds
        self._keep(derivation, outputs)
        self._to.finished(derivation, outputs, seconds)

    def reused(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        self._keep(derivation, outputs)
        self._to.reused(derivation, outputs)

    def joined(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        self._keep(derivation, outputs)
        self._to.joined(derivation, outputs)

    def failed(self, error: BuildError) -> None:
        if error.derivation is not None:
            self.failures[error.derivation] = error
            if error.derivation in self._started:
                self.seconds[error.derivation] = monotonic() - self._started[error.derivation]
        self._to.failed(error)

    def _keep(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        self.outputs.update({(derivation, output): path for output, path in outputs.items()})


class _Graph:
    """Which packages need which derivations."""

    def __init__(self, store: Store, targets: Iterable[Target]) -> None:
        self._attributes: dict[StorePath, list[str]] = {}
        for target in targets:
            self._attributes.setdefault(target.derivation, []).append(target.attribute)
        self._users: dict[StorePath, list[StorePath]] = {}
        todo, seen = list(self._attributes), set(self._attributes)
        while todo:
            path = todo.pop()
            for needed in store.derivation(path).input_drvs:
                self._users.setdefault(needed, []).append(path)
                if needed not in seen:
                    seen.add(needed)
                    todo.append(needed)

    def users(self, path: StorePath) -> list[str]:
        """Return the attributes of the packages that are built with a derivation, directly or not, without itself."""
        found: set[StorePath] = set()
        todo = [path]
        while todo:
            for user in self._users.get(todo.pop(), ()):
                if user not in found:
                    found.add(user)
                    todo.append(user)
        return sorted(attribute for user in found for attribute in self._attributes.get(user, ()))

    def affected(self, path: StorePath) -> tuple[str, ...]:
        """Return the attributes of the packages that a derivation is needed for, itself included."""
        return (*self._attributes.get(path, ()), *self.users(path))


class _Status:
    def __init__(
        self, recorder: _Recorder, graph: _Graph, outputs: Outputs, earlier: Mapping[str, float], reason: str
    ) -> None:
        self._earlier = earlier
        self._recorder = recorder
        self._graph = graph
        self._outputs = outputs
        self._reason = reason
        self._causes: dict[str, list[StorePath]] = {}
        for path in recorder.failures:
            for attribute in graph.users(path):
                self._causes.setdefault(attribute, []).append(path)

    def of(self, member: Member) -> PackageStatus:
        attribute, target = member.attribute, member.target
        status = PackageStatus(attribute, attribute.rpartition(".")[2], "skipped")
        if member.error is not None:
            return replace(status, verdict="not evaluated", reason=readable(member.error.message))
        if target is None:
            return replace(status, verdict="broken", reason=member.broken)
        path = target.derivation
        status = replace(
            status,
            name=_name(path),
            derivation=path,
            seconds=self._recorder.seconds.get(path, self._earlier.get(path.name)),
            needed_by=tuple(self._graph.users(path)),
        )
        if all((path, output) in self._outputs for output in target.outputs):
            outputs = tuple(self._outputs[path, output] for output in target.outputs)
            return replace(status, verdict="built" if path in self._recorder.seconds else "present", outputs=outputs)
        failure = self._recorder.failures.get(path)
        if failure is not None:
            return replace(status, verdict="failed", reason=failure.message)
        causes = self._causes.get(attribute)
        if causes:
            return replace(status, reason=f"its input {', '.join(map(_name, causes))} failed")
        return replace(status, reason=self._reason)

    def step(self, path: StorePath, error: BuildError) -> FailedStep:
        phase = error.phase if isinstance(error, BuilderFailed) else ""
        seconds = self._recorder.seconds.get(path)
        return FailedStep(
            path,
            _name(path),
            error.code,
            error.message,
            phase or None,
            None if seconds is None else round(seconds, 3),
            error.tail,
            error.log,
            self._graph.affected(path),
        )


def _name(path: StorePath) -> str:
    return path.name.removesuffix(".drv")
