"""The inputs of an expression, as they are locked beside it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from .document import NAME, Lock
from .project import Project, project_at
from .trees import Trees, files_of, is_of_disk, place_of
from .values import inputs_expression

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ...ops import Request
    from ..session import Session


def inputs_beside(session: Session, request: Request, file: str) -> str | None:
    """The text of the argument `inputs`; None if nothing here concerns chx. Tells the session of the project.

    Raises `LockError`, `BuildError`.
    """
    without = request.lock == "ignore"
    project = project_at(file, may_be_damaged=without)
    if project.lock is None and not project.declared and not without:
        return None
    if without:
        session.notice(f"--no-lock: {NAME} is not used; inputs are taken as they are, and nothing is compared")
        project = replace(project, lock=unlocked(session, project, session.input_options))
    session.project = project
    lock = project.lock or Lock()
    as_locked(session, project, lock)
    return inputs_expression({name: item for name, item in lock.inputs.items() if _is_declared(project, name)})


def as_locked(session: Session, project: Project, lock: Lock) -> None:
    """Make sure that inputs are what is locked; those that are elsewhere come when somebody looks at them.

    Raises `LockError`, `BuildError`.
    """
    if project.declared or lock.inputs:
        look_at_paths(session, project, lock)
        Trees(session.store, project, lock, session.input_options).check(session.world.awaited)


def _is_declared(project: Project, name: str) -> bool:
    return name.partition("/")[0] in project.declared


def unlocked(session: Session, project: Project, options: BuildOptions) -> Lock:
    """A lock of what is there now: paths as they are, the rest as it is locked or else resolved."""
    from .resolving import resolve_inputs

    def is_local(name: str) -> bool:
        return name in project.declared and project.declared[name].path is not None

    inputs = resolve_inputs(session.store, project, is_local, session.notice, options)
    return Lock(expression=project.expression, inputs=inputs)


def look_at_paths(session: Session, project: Project, lock: Lock) -> None:
    """Remember the trees of this disk, so that an equal command need not look into them."""
    for name, item in lock.inputs.items():
        declared = item.declared
        if declared.path is not None and is_of_disk(name, item) and _is_declared(project, name):
            place = place_of(session.store, project.folder, lock.inputs, name, declared)
            session.world.see(place)
            for path in files_of(os.path.realpath(place)):
                session.world.see(path)
