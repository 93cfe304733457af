"""Resolving inputs: from what is declared to trees with hashes. The only place that asks the network for something new."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...builder import prefetch_tree, sri
from .document import NAME, LockedInput, read_lock
from .errors import UNREADABLE, LockError
from .manifest import read_declared
from .trees import add_local, hash_of, have_tree, place_of, target_of

if TYPE_CHECKING:
    from ..session import Session
    from .manifest import Declared
    from .project import Project

DEEPEST = 16
"""Inputs of inputs; one that is its own input has no end."""


def resolve_inputs(session: Session, project: Project, moving: Callable[[str], bool]) -> dict[str, LockedInput]:
    """Resolve all inputs, those of inputs too. What is locked as it is declared stays, but for what is `moving`.

    Raises `LockError`, `BuildError`.
    """
    work = _Resolving(session, project, moving)
    work.visit("", project.declared, {})
    for name in work.found:
        target_of(work.found, name)
    return work.found


class _Resolving:
    def __init__(
        self,
        session: Session,
        project: Project,
        moving: Callable[[str], bool],
    ) -> None:
        self.found: dict[str, LockedInput] = {}
        self._session = session
        self._store = session.store
        self._folder = project.folder
        self._old = project.lock.inputs if project.lock is not None else {}
        self._moving = moving
        self._overrides: dict[str, Declared] = {}

    def visit(self, prefix: str, declared: Mapping[str, Declared], theirs: Mapping[str, LockedInput]) -> None:
        """Resolve the inputs of one project, whose own lock has `theirs`."""
        if prefix.count("/") > DEEPEST:
            raise LockError(UNREADABLE, f"inputs of inputs without an end: {prefix.rstrip('/')}")
        for inner, written in declared.items():
            name = prefix + inner
            self._override(name, written, prefix.rstrip("/"))
            wanted, own = self._overrides.get(name), None
            if wanted is None:
                wanted, own = written, theirs.get(inner)
                if wanted.follows is not None:
                    wanted = wanted.declared_in(prefix.rstrip("/"))
            self.found[name] = item = self._one(name, wanted, own)
            if item.object is None:
                continue  # it follows another one, whose inputs are its own
            tree = self._store.physical(item.object)
            if os.path.isdir(tree):
                self.visit(
                    f"{name}/", read_declared(tree), (_below(theirs, inner) if own is not None else {}) or _own(tree)
                )
        self._check_overrides(prefix, declared)

    def _override(self, name: str, written: Declared, project: str) -> None:
        for inner, override in written.overrides.items():
            # Who is further out has been here first, and decides.
            self._overrides.setdefault(f"{name}/{inner}", override.declared_in(project))
            self._override(f"{name}/{inner}", override, project)

    def _check_overrides(self, prefix: str, declared: Mapping[str, Declared]) -> None:
        for inner, written in declared.items():
            for below in written.overrides:
                if f"{prefix}{inner}/{below}" not in self.found:
                    raise LockError(
                        UNREADABLE, f"the input '{prefix}{inner}' has no input '{below}' to override",
                        hint=f"its own are {', '.join(sorted(self._inner_names(prefix + inner))) or 'none'}",
                    )  # fmt: skip

    def _inner_names(self, name: str) -> list[str]:
        return [found.rpartition("/")[2] for found in self.found if found.rpartition("/")[0] == name]

    def _one(self, name: str, wanted: Declared, own: LockedInput | None) -> LockedInput:
        if wanted.follows is not None:
            return LockedInput(wanted)
        store = self._store
        old = self._old.get(name)
        if old is not None and (old.declared != wanted or self._moves(name)):
            old = None
        if wanted.path is not None:
            path = add_local(store, place_of(store, self._folder, self.found, name, wanted), name)
            if old is not None and ("/" not in name or wanted.base == "."):
                return old  # if it has moved, that is told when it is checked
            return LockedInput(wanted, None, None, hash_of(store, path), path)
        alone = self._moving(name) and not self._moves(name.rpartition("/")[0])
        if old is None and not alone and own is not None and own.declared == wanted and own.url is not None:
            old = own
        if old is not None:
            have_tree(self._session, name, old)
            return old

        found = prefetch_tree(store, wanted.fetch_url, self._session.reporter.notice, self._session.input_options)
        return LockedInput(wanted, found.url, found.revision, sri("sha256", found.digest), found.path)

    def _moves(self, name: str) -> bool:
        """Whether this input or one that it belongs to is asked to move."""
        parts = name.split("/")
        return any(self._moving("/".join(parts[:count])) for count in range(1, len(parts) + 1))


def _below(inputs: Mapping[str, LockedInput], name: str) -> dict[str, LockedInput]:
    """The inputs of an input: who locked it locked them too."""
    prefix = name + "/"
    return {found[len(prefix) :]: item for found, item in inputs.items() if found.startswith(prefix)}


def _own(tree: str) -> Mapping[str, LockedInput]:
    lock = read_lock(os.path.join(tree, NAME))
    return lock.inputs if lock is not None else {}
