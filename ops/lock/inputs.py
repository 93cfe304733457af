"""The argument `inputs` of an expression, from the lock beside it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from .document import NAME, Lock
from .inputs_nix import inputs_expression
from .project import Project, project_at
from .resolve import resolve_inputs
from .trees import Trees, files_of, is_of_disk, place_of

if TYPE_CHECKING:
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
    check_inputs(session, project, lock)
    return project, locked_inputs(project, lock)


def locked_inputs(project: Project, lock: Lock) -> str:
    """Return the expression of the argument `inputs` for a lock, which may be unwritten."""
    return inputs_expression({name: item for name, item in lock.inputs.items() if _is_declared(project, name)})


def check_inputs(session: Session, project: Project, lock: Lock) -> None:
    """Check inputs against the lock. Missing ones are fetched and checked when an expression reads them.

    Raises `LockError`, `BuildError`.
    """
    if project.declared or lock.inputs:
        look_at_paths(session, project, lock)
        Trees(session, project, lock).check(session.world.awaited)


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
