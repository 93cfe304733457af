"""`chx lock check`: does this machine give what is pinned?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..errors import CommandError
from .document import NAME, WHOLE
from .errors import DAMAGED, Differs, LockError
from .guard import check_content, check_output, check_sources, system_of
from .selecting import asked_of, is_within, realise_all
from .taking import Taker
from .trees import Trees

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ...ops import Request
    from ...store import Store, StorePath
    from ...store.difference import FileChange
    from ..difference.page import Page
    from ..lines import Lines
    from ..session import Asked, Session
    from .document import Lock, Pin, PinnedOutput
    from .project import Project
    from .varying import Cause


class Rounds(NamedTuple):
    """How each pin is built when it is checked: `rebuild`, though its output is there; then under `variations`."""

    rebuild: bool = False
    variations: tuple[str, ...] = ()


def check(
    session: Session,
    request: Request,
    project: Project,
    names: Sequence[str],
    rounds: Rounds,
    options: BuildOptions,
    reporter: Lines,
) -> Report:
    """Check pins, all or those named. Raises `CommandError` for a name that is not pinned, and `LockError`."""
    lock = project.lock
    if lock is None:
        raise CommandError(f"there is no {NAME} in '{project.folder}'", hint="chx lock writes it")
    Trees(session.store, project, lock, session.input_options).check()
    check_inputs(session.store, lock)
    unknown = [name for name in names if not any(is_within(pinned, name) for pinned in lock.pins)]
    if unknown:
        raise CommandError(f"'{unknown[0]}' is not pinned", hint=f"pinned are {', '.join(sorted(lock.pins)) or 'none'}")
    session.project = project
    work = _Checking(session, request, project, lock, rounds, options, reporter)
    chosen = [pinned for pinned in sorted(lock.pins) if not names or any(is_within(pinned, name) for name in names)]
    return Report(project.place, tuple(checked for name in chosen for checked in work.check(name)))


def draw_report(page: Page, report: Report) -> None:
    """A line for each pin that holds, and what is wrong with the others."""
    for checked in report.pins:
        _draw(page, checked)


@dataclass(frozen=True, slots=True)
class Checked:
    """A pin and what was found. `verdict`:

    `holds`: what came out is what is pinned; `differs`: it is not; `failed`: something else went wrong; `not here`:
    it is pinned for other systems only.

    `output` is the one that differs, `built` what it is, `files` those that differ, as far as they are known. `cause`:
    what the difference comes from, if that was looked for. `message` and `report` are for people.
    """

    attribute: str
    system: str
    verdict: Literal["holds", "differs", "failed", "not here"]
    pinned: Mapping[str, PinnedOutput]
    output: str | None = None
    built: PinnedOutput | None = None
    files: tuple[FileChange, ...] = ()
    cause: Cause | None = None
    code: str | None = None
    message: str | None = None
    report: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All that was checked against the lock at a place."""

    lock: str
    pins: tuple[Checked, ...]

    @property
    def failed(self) -> list[str]:
        """Attributes whose pins do not hold."""
        return list(dict.fromkeys(pin.attribute for pin in self.pins if pin.verdict in ("differs", "failed")))


def _draw(page: Page, checked: Checked) -> None:
    if checked.verdict == "holds":
        for output, pinned in checked.pinned.items():
            title = f"{checked.attribute} ({checked.system})" + ("" if output == "out" else f" {output}")
            page.line(f"= {title}: {pinned.digest}, {pinned.size} bytes", 0)
    elif checked.verdict == "not here":
        page.line(f"? {checked.attribute}: {checked.message}", 0)
    else:
        page.removed(f"{checked.attribute}: not as pinned", 0)
        page.lines += [f"  {line}" for line in checked.report]


def check_inputs(store: Store, lock: Lock) -> None:
    """Raise `LockError` if the tree of an input was changed in the store."""
    for name, item in lock.inputs.items():
        if item.object is None or not store.is_valid(item.object):
            continue
        problems = store.verify_object(item.object)
        if problems:
            raise LockError(
                DAMAGED, f"the input '{name}' was changed in the store after it came: {item.object}",
                details=[f"  {problem.file or item.object.name}: {problem.what}" for problem in problems[:8]],
                hint=f"chx store verify --repair {item.object} moves it away, and chx gets it anew",
            )  # fmt: skip


class _Checking:
    def __init__(
        self,
        session: Session,
        request: Request,
        project: Project,
        lock: Lock,
        rounds: Rounds,
        options: BuildOptions,
        reporter: Lines,
    ) -> None:
        self._session = session
        self._request = request
        self._project = project
        self._lock = lock
        self._rounds = rounds
        self._options = options
        self._reporter = reporter
        self._cause: Cause | None = None

    def check(self, name: str) -> Iterator[Checked]:
        """One attribute: what is wrong with it does not keep the others from being checked."""
        try:
            asked = asked_of(self._session, self._request, self._project, self._lock, [name])
        except Exception as error:
            yield self._failed(name, self._session.world.current_system, {}, error)
            return
        for item in asked:
            system = system_of(self._session, item)
            pin = self._lock.pin(item.attribute, system)
            if pin is not None:
                yield self._checked(item, pin, system)
            elif (item.attribute or WHOLE) == name:
                told = f"pinned for {', '.join(self._lock.pins[name])}, not for {system}"
                yield Checked(name, system, "not here", {}, message=told)

    def _checked(self, item: Asked, pin: Pin, system: str) -> Checked:
        name = item.attribute or WHOLE
        self._cause = None
        try:
            self._check_pin(item, pin)
        except Exception as error:
            return self._failed(name, system, pin.outputs, error)
        return Checked(name, system, "holds", pin.outputs)

    def _check_pin(self, item: Asked, pin: Pin) -> None:
        if not self._request.has_arguments:
            check_sources(self._session, self._lock, item)
        # Trying variations begins with building it again.
        rebuild = self._rounds.rebuild and not self._rounds.variations
        options = replace(self._options, rebuild=rebuild)
        self._compare(item, pin, realise_all(self._session, [item], options, self._reporter)[item.derivation])
        if self._rounds.variations:
            from .varying import tried

            found = tried(self._session, item, pin, self._rounds.variations, self._options, self._reporter)
            if found is not None:
                self._cause = found.cause
                self._compare(item, pin, found.built, found.reason)

    def _compare(self, item: Asked, pin: Pin, built: Mapping[str, StorePath], why: str = "") -> None:
        for output, path in built.items():
            pinned = pin.outputs.get(output)
            if pinned is not None and pinned.path != path:
                # So that it can be said in which files.
                Taker(self._session, self._options, self._reporter).has(pinned.path)
            check_output(self._session, item, pin, output, path, self._request.has_arguments, why)
            check_content(self._session.store, item.attribute, path, pin.outputs[output])

    def _failed(self, name: str, system: str, pinned: Mapping[str, PinnedOutput], error: Exception) -> Checked:
        from ..report import Style, describe

        message = getattr(error, "message", None)
        if message is None:
            raise error
        report = tuple(describe(error, Style(None))[0])
        code = getattr(error, "code", None)
        if isinstance(error, Differs):
            return Checked(
                name,
                system,
                "differs",
                pinned,
                error.output,
                error.built,
                error.files,
                self._cause,
                code,
                message,
                report,
            )
        return Checked(name, system, "failed", pinned, cause=self._cause, code=code, message=message, report=report)
