"""Check whether this machine builds what a lock pins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..errors import RequestError
from ..failure import Failure
from ..settings import configured
from .attributes import is_within, realise_all, targets_of_attributes
from .document import NAME, WHOLE
from .errors import DAMAGED, LockError
from .substitute import LockedOutputs
from .trees import Trees
from .vary import build_varied
from .verify import OutputDiffers, check_content, check_output, check_sources, system_of

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ...store import Store, StorePath
    from ...store.difference import FileChange
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session
    from ..targets import Target
    from .document import Lock, Pin, PinnedOutput
    from .project import Project
    from .vary import Cause


def check(
    session: Session,
    project: Project,
    attributes: Sequence[str] = (),
    *,
    rebuild: bool = False,
    variations: tuple[str, ...] = (),
    request: Request | None = None,
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
) -> Report:
    """Build all pinned packages, or those of `attributes`, and compare the outputs with their pins.

    `rebuild`: build even outputs that are in the store. `variations`: then build again under these (`ops.reproduce`).
    `request` has the arguments for the expression, if any. `options` defaults to those of chx.toml, `reporter` to that
    of the session. Raises `RequestError` for a name that is not pinned, and `LockError`.
    """
    lock = project.lock
    if lock is None:
        raise RequestError(f"there is no {NAME} in '{project.folder}'", hint="chx lock writes it")
    Trees(session, project, lock).check()
    check_trees(session.store, lock)
    unknown = [name for name in attributes if not any(is_within(pinned, name) for pinned in lock.pins)]
    if unknown:
        raise RequestError(f"'{unknown[0]}' is not pinned", hint=f"pinned are {', '.join(sorted(lock.pins)) or 'none'}")
    rounds = _Rounds(rebuild, variations)
    work = _Checking(
        session,
        request or project.request,
        project,
        lock,
        rounds,
        options or configured(),
        reporter or session.reporter,
    )
    chosen = [
        pinned for pinned in sorted(lock.pins) if not attributes or any(is_within(pinned, name) for name in attributes)
    ]
    return Report(project.place, tuple(checked for name in chosen for checked in work.check(name)))


class _Rounds(NamedTuple):
    """How to build each pin: `rebuild` even outputs in the store; then build under `variations`."""

    rebuild: bool
    variations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of checking a pin. `verdict`:

    `holds`: the outputs equal the pin; `differs`: an output differs; `failed`: another error occurred; `not here`:
    the attribute is pinned only for other systems.

    `output` is the name of the differing output, `built` its content, `files` the differing files as far as they are
    known. `cause` is the cause of the difference, if variations were tried. `error` is the error, if any.
    """

    attribute: str
    system: str
    verdict: Literal["holds", "differs", "failed", "not here"]
    pinned: Mapping[str, PinnedOutput]
    output: str | None = None
    built: PinnedOutput | None = None
    files: tuple[FileChange, ...] = ()
    cause: Cause | None = None
    error: Failure | None = None
    remark: str | None = None

    @property
    def code(self) -> str | None:
        """The code of the error."""
        return None if self.error is None else self.error.code

    @property
    def message(self) -> str | None:
        """The message of the error, or the reason why nothing was checked."""
        return self.remark if self.error is None else self.error.message


@dataclass(frozen=True, slots=True)
class Report:
    """The results of checking pins against the lock at a path."""

    lock: str
    pins: tuple[Checked, ...]

    @property
    def failed(self) -> list[str]:
        """Attributes whose pins do not hold."""
        return list(dict.fromkeys(pin.attribute for pin in self.pins if pin.verdict in ("differs", "failed")))


def check_trees(store: Store, lock: Lock) -> None:
    """Raise `LockError` if an input's tree in the store is damaged."""
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
        rounds: _Rounds,
        options: BuildOptions,
        reporter: Reporter,
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
        """Check one attribute. Its errors become results, so that the check of others goes on."""
        try:
            targets = targets_of_attributes(self._session, self._request, self._project, self._lock, [name])
        except Exception as error:
            yield self._failed(name, self._session.world.current_system, {}, error)
            return
        for item in targets:
            system = system_of(self._session, item)
            pin = self._lock.pin(item.attribute, system)
            if pin is not None:
                yield self._checked(item, pin, system)
            elif (item.attribute or WHOLE) == name:
                remark = f"pinned for {', '.join(self._lock.pins[name])}, not for {system}"
                yield Checked(name, system, "not here", {}, remark=remark)

    def _checked(self, item: Target, pin: Pin, system: str) -> Checked:
        name = item.attribute or WHOLE
        self._cause = None
        try:
            self._check_pin(item, pin)
        except Exception as error:
            return self._failed(name, system, pin.outputs, error)
        return Checked(name, system, "holds", pin.outputs)

    def _check_pin(self, item: Target, pin: Pin) -> None:
        if not self._request.has_arguments:
            check_sources(self._session, self._lock, item, self._project.place)
        # The trial of variations begins with a rebuild of its own.
        rebuild = self._rounds.rebuild and not self._rounds.variations
        options = replace(self._options, rebuild=rebuild)
        self._compare(item, pin, realise_all(self._session, [item], options, self._reporter)[item.derivation])
        if self._rounds.variations:
            found = build_varied(self._session, item, pin, self._rounds.variations, self._options, self._reporter)
            if found is not None:
                self._cause = found.cause
                self._compare(item, pin, found.built, found.reason)

    def _compare(self, item: Target, pin: Pin, built: Mapping[str, StorePath], why: str = "") -> None:
        for output, path in built.items():
            pinned = pin.outputs.get(output)
            if pinned is not None and pinned.path != path:
                # Fetch the pinned output, so that the report can list the differing files.
                LockedOutputs(self._session, self._options, self._reporter).has(pinned.path)
            place = self._project.place
            check_output(self._session, item, pin, output, path, place, self._request.has_arguments, why)
            check_content(self._session.store, item.attribute, path, pin.outputs[output])

    def _failed(self, name: str, system: str, pinned: Mapping[str, PinnedOutput], error: Exception) -> Checked:
        if not isinstance(error, Failure):
            raise error
        found = Checked(name, system, "failed", pinned, cause=self._cause, error=error)
        if isinstance(error, OutputDiffers):
            return replace(found, verdict="differs", output=error.output, built=error.built, files=error.files)
        return found
