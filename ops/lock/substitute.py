"""Substitute pinned outputs by content hash, from the store or an untrusted cache.

A lock has the digest and the path of an output. The path follows from the content of the object and, through its
references, of its whole closure. So the object may come from any cache. Substitution only requires that the pin is
still what the user requests:

* the expression evaluates to the pinned derivation, or
* the files that its evaluation read are unchanged (`fingerprint.py`); then chx does not evaluate it, or
* the user requests the pinned outputs, whatever the expression is now (`--pinned`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...builder import Substituter
from ...store import Digest
from ..errors import RequestError
from ..paths import absolute, is_there
from ..sources import expression_file
from ..targets import Target
from .document import NAME, WHOLE
from .errors import BROKEN, NOT_HERE, LockError
from .fingerprint import first_changed, places_of
from .inputs import check_inputs, with_own_trees
from .project import project_at
from .seal import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...builder import BuildOptions
    from ...store import StorePath
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session
    from .document import Lock, Pin
    from .project import Project

Pinned = list[tuple[Target, "Pin"]]
Built = dict[tuple["StorePath", str], "StorePath"]


class Locked(NamedTuple):
    """The pins of an unevaluated request, and their outputs, which are in the store."""

    project: Project
    pins: Pinned
    built: Built


class LockedOutputs:
    """Finds pinned outputs in this store, or else in the configured caches."""

    def __init__(self, session: Session, options: BuildOptions, reporter: Reporter) -> None:
        self._store = session.store
        self._options = options
        self._reporter = reporter
        self.has_fetched = False

    def take(self, pins: Pinned) -> Built | None:
        """Return the outputs of all targets; None if one is neither in the store nor in a cache."""
        found: Built = {}
        for target, pin in pins:
            for output in target.outputs:
                path = pin.outputs[output].path
                if not self.has(path):
                    return None
                found[target.derivation, output] = path
        return found

    def has(self, path: StorePath) -> bool:
        """Fetch an object if need be; return whether the store has it."""
        return self._store.claim(path) or (bool(self._options.caches) and self._fetch(path))

    def _fetch(self, path: StorePath) -> bool:
        reporter = self._reporter
        place = Substituter(self._store, self._options, reporter.refused, reporter.substituted).take(path)
        if place is None:
            return False
        self.has_fetched = True
        reporter.substituted(place, path)
        return True


def substitutable(session: Session, lock: Lock, pins: Pinned) -> Pinned:
    """Return the evaluated pins whose outputs may be substituted without building.

    The expression still evaluates to their derivations, and the build trace of this store has no outputs of these.
    """
    return [
        (target, pin)
        for target, pin in pins
        if pin.derivation == target.derivation
        and all(output in pin.outputs for output in target.outputs)
        and not _is_known(session, pin)
        and state_of(lock, *_key(session, target), pin) != "tampered"
    ]


def substitute(session: Session, options: BuildOptions, reporter: Reporter, pins: Pinned) -> Built:
    """Return those outputs of substitutable pins that the store or a cache has."""
    locked, found = LockedOutputs(session, options, reporter), Built()
    for pair in pins:
        found.update(locked.take([pair]) or {})
    return found


def _is_known(session: Session, pin: Pin) -> bool:
    """Return whether this store knows the outputs of a pinned derivation, and so compares them with the pin."""
    if pin.resolved is None:
        return all(session.store.is_valid(output.path) for output in pin.outputs.values())
    try:
        return bool(session.store.realisations(Digest.parse(pin.resolved.removeprefix("blake3:"))))
    except Exception:
        return True  # no key of the build trace: compare after the build


def _system(session: Session) -> str:
    return session.world.current_system


def try_without_evaluation(
    session: Session, request: Request, options: BuildOptions, reporter: Reporter
) -> Locked | None:
    """Return the pinned outputs of a request if the recorded inputs are unchanged; None if it has to be evaluated.

    Raises `LockError` if an input has changed, as evaluation does.
    """
    file = _locked_file(session, request)
    if file is None:
        return None
    project = project_at(file)
    lock = project.lock
    if lock is None or not project.pins_this or not lock.files:
        return None
    if project.declared.keys() != {name for name in lock.inputs if "/" not in name}:
        return None
    names = request.attributes or (WHOLE,)
    pins = _pinned(session, lock, names)
    if pins is None or any(state_of(lock, *_key(session, target), pin) != "valid_with_inputs" for target, pin in pins):
        return None
    _record_signatures(session, project, lock)
    if first_changed(lock.files, project.folder) is not None:
        return None
    checked: frozenset[str] = frozenset()
    if request.lock == "use":
        _, checked, moved = with_own_trees(session, project, lock)
        if moved:
            return None
    check_inputs(session, project, lock, checked)
    locked = LockedOutputs(session, options, reporter)
    built = locked.take(pins)
    if built is None:
        return None
    if locked.has_fetched:
        reporter.notice(f"as {NAME} pins it; nothing was evaluated, because all that it was made from is as it was")
    return Locked(project, pins, built)


def use_lock_only(session: Session, request: Request, options: BuildOptions, reporter: Reporter) -> Locked:
    """Return what the lock pins, without evaluating or building. Raises `LockError`, `RequestError`."""
    _refuse_what_needs_evaluating(session, request)
    place = absolute(request.file or ".")
    if not place.endswith(".nix"):
        place += "/default.nix"
    project = project_at(place)
    lock = project.lock
    if lock is None:
        raise RequestError(f"there is no {NAME} in '{project.folder}'", hint="--pinned takes what a lock pins")
    if not project.pins_this and request.file is not None and request.file.endswith(".nix"):
        raise RequestError(f"the pins of {NAME} are those of {lock.expression}, not of {project.expression}")
    system = _system(session)
    names = request.attributes or tuple(sorted(name for name in lock.pins if system in lock.pins[name]))
    pins = _pinned(session, lock, names)
    if pins is None:
        missing = next(name for name in names if _pinned(session, lock, [name]) is None)
        raise RequestError(
            f"'{missing}' is not pinned for {system}", hint=f"pinned are {', '.join(sorted(lock.pins)) or 'none'}"
        )
    for target, pin in pins:
        if state_of(lock, *_key(session, target), pin) == "tampered":
            raise LockError(
                BROKEN, f"the pin of '{target.attribute or WHOLE}' is not as chx lock wrote it: its seal is of something else",
                hint="it was edited, or merged from two locks; chx build without --pinned compares it with what comes out",
            )  # fmt: skip
    _record_signatures(session, project, lock)
    built: Built = {}
    locked = LockedOutputs(session, options, reporter)
    for pair in pins:
        built.update(locked.take([pair]) or _absent(*pair))
    changed = first_changed(lock.files, project.folder)
    if changed is not None:
        session.reporter.notice(f"as {NAME} pins it, whatever the expression is now: {changed} has changed since")
    return Locked(project, pins, built)


def _absent(target: Target, pin: Pin) -> Mapping[tuple[StorePath, str], StorePath]:
    output = pin.outputs[target.outputs[0]]
    raise LockError(
        NOT_HERE, f"what is pinned as '{target.attribute or WHOLE}' is neither in the store nor in a cache",
        details=[f"  pinned: {output.digest}, {output.size} bytes, {output.path}"],
        hint="[caches] in chx.toml names caches; without --pinned, it is built",
    )  # fmt: skip


def _refuse_what_needs_evaluating(session: Session, request: Request) -> None:
    used = [
        option
        for option, value in (
            ("--expr", request.expr), ("--arg", request.args), ("--argstr", request.argstrs),
            ("--include", session.search_path),
        )
        if value
    ]  # fmt: skip
    if used:
        raise RequestError(f"--pinned evaluates nothing, and {used[0]} is about evaluating")


def _locked_file(session: Session, request: Request) -> str | None:
    """Return the expression file of a request; None if it has no lock beside it, or if arguments change its value."""
    if request.lock in ("ignore", "inputs") or request.has_arguments or session.search_path or request.expr is not None:
        return None
    if request.file is None:
        file = absolute("default.nix")
    elif request.file == "-" or request.file.startswith("<"):
        return None
    else:
        file = expression_file(request.file)
    return file if is_there(file) and is_there(f"{file.rpartition('/')[0]}/{NAME}") else None


def _pinned(session: Session, lock: Lock, names: Sequence[str]) -> Pinned | None:
    """Return the pins of attributes, with their named outputs; None if one is not pinned for this system."""
    found = []
    for name in dict.fromkeys(names):
        attribute = "" if name == WHOLE else name
        pin = lock.pin(attribute, _system(session))
        if pin is None or any(output not in pin.outputs for output in pin.named):
            return None
        found.append((Target(attribute, pin.derivation, pin.named), pin))
    return found


def _key(session: Session, target: Target) -> tuple[str, str]:
    return target.attribute, _system(session)


def _record_signatures(session: Session, project: Project, lock: Lock) -> None:
    """Record the signatures of the files to compare, so that a repeated command need not read them."""
    for place in (*project.files, f"{project.folder}/{project.expression}"):
        session.world.see(place)
    for place, is_tree in places_of(lock.files, project.folder):
        (session.world.see_tree if is_tree else session.world.see)(place)
