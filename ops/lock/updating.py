"""Write a lock: add missing inputs and pins, or update existing ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ..settings import configured
from .attributes import has_attribute, is_within, realise_all, targets_of_attributes
from .document import WHOLE, Lock, write_lock
from .fingerprint import SELF, first_changed, merged, record
from .lock_changes import Changes, changes
from .pin import add_pin, pin_of
from .resolve import resolve_inputs
from .seal import sealed, state_of
from .trees import Trees
from .verify import check_output, check_sources, system_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...builder import BuildOptions
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session
    from ..targets import Target
    from .document import Pin
    from .project import Project
    from .seal import State


class Written(NamedTuple):
    """The new lock, its changes, and whether the file was written."""

    lock: Lock
    changes: Changes
    is_written: bool


def add(
    session: Session,
    project: Project,
    attributes: Sequence[str] = (),
    *,
    request: Request | None = None,
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
) -> Written:
    """Lock missing inputs, and pin missing attributes, of all or of the named ones. Locked ones must not change.

    `request` has the arguments for the expression, if any. `options` defaults to those of chx.toml, `reporter` to that
    of the session. Raises `LockError`, `EvalError`, `BuildError`, `RequestError`.
    """
    return _locking(session, project, request, options, reporter).add(attributes)


def update(
    session: Session,
    project: Project,
    names: Sequence[str] = (),
    *,
    request: Request | None = None,
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
) -> Written:
    """Update inputs and pins: all, or the named inputs and attributes. Arguments and errors are those of `add`."""
    return _locking(session, project, request, options, reporter).update(names)


def _locking(
    session: Session,
    project: Project,
    request: Request | None,
    options: BuildOptions | None,
    reporter: Reporter | None,
) -> _Locking:
    return _Locking(session, request or project.request, project, options or configured(), reporter or session.reporter)


class _Locking:
    def __init__(
        self, session: Session, request: Request, project: Project, options: BuildOptions, reporter: Reporter
    ) -> None:
        self._session = session
        self._request = request
        self._project = project
        self._options = options
        self._reporter = reporter
        self._before = project.lock or Lock(expression=project.expression)
        self._known: set[tuple[str, str]] = set()
        """Pins of the new lock that the expression was evaluated to, by attribute and system."""

    def add(self, attributes: Sequence[str]) -> Written:
        lock = self._resolve(lambda name: False)
        return self._finish(self._sealed(self._pin(lock, attributes, lambda attribute: False)))

    def update(self, names: Sequence[str]) -> Written:
        inputs = [name for name in names if name in self._before.inputs or name in self._project.declared]
        attributes = [name for name in names if name not in inputs]
        lock = self._resolve((lambda name: True) if not names else lambda name: name in inputs)
        everything = not names or bool(inputs)
        selected = list(dict.fromkeys([*(sorted(self._before.pins) if everything else ()), *attributes]))
        removed: list[str] = []
        if everything:
            selected, removed = self._existing_and_removed(lock, selected)
        lock = replace(lock, pins={name: pins for name, pins in lock.pins.items() if name not in removed})
        moving = (
            (lambda attribute: True)
            if everything
            else lambda attribute: any(is_within(attribute, name) for name in attributes)
        )
        if selected:
            lock = self._pin(lock, selected, moving)
        return self._finish(self._sealed(lock))

    def _existing_and_removed(self, lock: Lock, names: list[str]) -> tuple[list[str], list[str]]:
        """Return the attributes that the expression has, and those that it has no more."""
        existing = [name for name in names if has_attribute(self._session, self._request, self._project, lock, name)]
        return existing, [name for name in names if name not in existing]

    def _resolve(self, moving: Callable[[str], bool]) -> Lock:
        inputs = {}
        if self._project.declared:
            inputs = resolve_inputs(self._session, self._project, moving)
            Trees(self._session, self._project, replace(self._before, inputs=inputs)).check()
        return replace(self._before, inputs=inputs)

    def _pin(self, lock: Lock, attributes: Sequence[str], moving: Callable[[str], bool]) -> Lock:
        session, store = self._session, self._session.store
        targets = targets_of_attributes(session, self._request, self._project, lock, attributes)
        pins = [(item, lock.pin(item.attribute, system_of(session, item))) for item in targets]
        fixed = [(item, pin) for item, pin in pins if pin is not None and not moving(_name(item))]
        for item, _ in fixed if not self._request.has_arguments else ():
            check_sources(session, lock, item, self._project.place)
        built = realise_all(session, targets, self._options, self._reporter)
        for item, pin in fixed:
            for output, path in built[item.derivation].items():
                check_output(session, item, pin, output, path, self._project.place)
        kept = {id(item) for item, pin in fixed}
        moved = [item for item in targets if id(item) not in kept]
        for item in moved:
            pin, sources, seeds = pin_of(store, item.derivation, built[item.derivation])
            made = (replace(pin, named=item.named), sources, seeds)
            lock = add_pin(lock, item.attribute, system_of(session, item), made)
        known = [*moved, *(item for item, pin in fixed if pin.derivation == item.derivation)]
        self._known.update((_name(item), system_of(session, item)) for item in known)
        return lock

    def _sealed(self, lock: Lock) -> Lock:
        """Return the lock with the fingerprint of the evaluation, and a seal on each pin."""
        before, folder = self._before, self._project.folder
        has_arguments = self._request.has_arguments or bool(self._session.search_path)
        seen = None if has_arguments or not self._known else record(self._session.world, folder)
        stays = before.inputs == lock.inputs and first_changed(before.files, folder) is None
        files = merged(before.files, seen or {}) if stays else seen or {}

        def state(attribute: str, system: str, pin: Pin) -> State:
            if (attribute, system) in self._known:
                return "valid" if seen is None else "valid_with_inputs"
            if pin.seal is None:
                return "valid"
            earlier = state_of(before, attribute, system, pin)
            if stays or earlier in ("valid", "tampered"):
                return earlier
            # The project's own files have changed since, or chx has.
            is_own = before.inputs == lock.inputs and bool(files) and before.files.get(SELF) == files.get(SELF)
            return "valid_with_chx" if is_own else "valid"

        return sealed(replace(lock, files=files), state)

    def _finish(self, lock: Lock) -> Written:
        found = changes(self._session.store, self._before, lock)
        return Written(lock, found, write_lock(self._project.place, lock))


def _name(target: Target) -> str:
    return target.attribute or WHOLE
