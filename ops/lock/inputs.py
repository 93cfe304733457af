"""The argument `inputs` of an expression, from the lock beside it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from .document import NAME, Lock
from .errors import MOVED, NOT_LOCKED, LockError
from .fingerprint import is_within
from .inputs_nix import inputs_expression
from .manifest import read_declared
from .project import Project, project_at
from .resolve import resolve_inputs
from .trees import Trees, add_local, files_of, hash_of, is_of_disk, place_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from ...store import StorePath
    from ..request import Request
    from ..session import Session


def inputs_beside(session: Session, request: Request, file: str) -> tuple[Project | None, str | None]:
    """Return the project of an expression file, and the text of its argument `inputs`; None without lock and inputs.

    Missing inputs are fetched when an expression reads them. Raises `LockError`, `BuildError`.
    """
    without = request.lock == "ignore"
    project = project_at(file, may_be_damaged=without)
    if project.lock is None and not project.declared and not without:
        return None, None
    if without:
        session.reporter.notice(f"--no-lock: {NAME} is not used; inputs are taken as they are, and nothing is compared")
        project = replace(project, lock=unlocked(session, project))
    lock = project.lock or Lock()
    checked: frozenset[str] = frozenset()
    if request.lock in ("use", "inputs"):
        lock, checked, moved = with_own_trees(session, project, lock)
        if moved:
            names = f"input '{moved[0]}' is" if len(moved) == 1 else f"inputs {', '.join(moved)} are"
            session.reporter.notice(
                f"warning[{MOVED}]: the {names} not as {NAME} has it; chx lock update {' '.join(moved)} takes what is there now"
            )
            project = replace(project, moved=moved)
    check_inputs(session, project, lock, checked)
    return project, locked_inputs(project, lock)


class OwnTrees(NamedTuple):
    """A lock with the project's own trees as they are now.

    `checked` are the inputs that are such trees, `moved` those that differ from the lock as it was read.
    """

    lock: Lock
    checked: frozenset[str]
    moved: tuple[str, ...]


def with_own_trees(session: Session, project: Project, lock: Lock) -> OwnTrees:
    """Take the project's own trees as they are now, and all other inputs as locked.

    A tree is the project's own if its real path is within the directory of the project, or if it is a path within such
    a tree. Raises `LockError` if a changed tree declares inputs that are not locked.
    """
    inputs = dict(lock.inputs)
    own: set[str] = set()
    checked: set[str] = set()
    moved: list[str] = []
    for name in sorted(inputs):
        item = inputs[name]
        if item.declared.path is None or not _is_declared(project, name):
            continue
        if "/" not in name and project.declared[name] != item.declared:
            continue  # `Trees.check` reports it
        if not is_of_disk(name, item) and (item.declared.base or name.rpartition("/")[0]) not in own:
            continue
        place = place_of(session.store, project.folder, inputs, name, item.declared)
        if is_of_disk(name, item) and not _is_inside(project.folder, place):
            continue
        own.add(name)
        found = add_local(session.store, place, name)
        now = item.hash if found == item.object else hash_of(session.store, found)
        if now != item.hash:
            inputs[name] = replace(item, hash=now, object=found)
            moved.append(name)
            overridden = {f"{top}/{inner}" for top, written in project.declared.items() for inner in written.overrides}
            _check_inner(session, lock, name, found, overridden)
        elif found != item.object:
            continue  # the lock contradicts itself, which `Trees.check` reports
        checked.add(name)
    return OwnTrees(replace(lock, inputs=inputs), frozenset(checked), tuple(moved))


def _is_inside(folder: str, place: str) -> bool:
    place = os.path.realpath(place)
    return os.path.lexists(place) and is_within(place, os.path.realpath(folder))


def _check_inner(session: Session, lock: Lock, name: str, tree: StorePath, overridden: set[str]) -> None:
    """Raise `LockError` if a changed tree declares other inputs than are locked."""
    folder = session.store.physical(tree)
    for inner, written in read_declared(folder).items() if os.path.isdir(folder) else ():
        path = f"{name}/{inner}"
        wanted = {path: written.declared_in(name) if written.follows is not None else written}
        wanted.update({f"{path}/{below}": item.declared_in(name) for below, item in written.overrides.items()})
        for found, declared in wanted.items():
            locked = lock.inputs.get(found)
            if found not in overridden and (locked is None or locked.declared != declared):
                raise LockError(
                    NOT_LOCKED, f"the input '{found}' is not locked as '{name}' declares it now: {declared}",
                    hint=f"chx lock update {name} locks it",
                )  # fmt: skip


def locked_inputs(project: Project, lock: Lock) -> str:
    """Return the expression of the argument `inputs` for a lock, which may be unwritten."""
    return inputs_expression({name: item for name, item in lock.inputs.items() if _is_declared(project, name)})


def check_inputs(session: Session, project: Project, lock: Lock, checked: Collection[str] = ()) -> None:
    """Check inputs but those `checked` against the lock. Missing ones are fetched when an expression reads them.

    Raises `LockError`, `BuildError`.
    """
    if project.declared or lock.inputs:
        look_at_paths(session, project, lock)
        Trees(session, project, lock).check(session.world.awaited, checked)


def _is_declared(project: Project, name: str) -> bool:
    return name.partition("/")[0] in project.declared


def unlocked(session: Session, project: Project) -> Lock:
    """Return a lock with the current trees of local paths, and other inputs as locked or newly resolved."""

    def is_local(name: str) -> bool:
        return name in project.declared and project.declared[name].path is not None

    return Lock(expression=project.expression, inputs=resolve_inputs(session, project, is_local))


def look_at_paths(session: Session, project: Project, lock: Lock) -> None:
    """Record the signatures of local trees, so that a repeated command need not read them."""
    for name, item in lock.inputs.items():
        declared = item.declared
        if declared.path is not None and is_of_disk(name, item) and _is_declared(project, name):
            place = place_of(session.store, project.folder, lock.inputs, name, declared)
            session.world.see(place)
            for path in files_of(os.path.realpath(place)):
                session.world.see(path)
