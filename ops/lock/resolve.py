"""Resolve declared inputs to trees with hashes. Only this module fetches unlocked content from the network."""

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
"""Depth limit of inputs of inputs, since an input may be its own input."""


def resolve_inputs(session: Session, project: Project, moving: Callable[[str], bool]) -> dict[str, LockedInput]:
    """Resolve all inputs, and their inputs. Keep inputs that are locked as declared, unless `moving` selects them.

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

    def visit(self, prefix: str, declared: Mapping[str, Declared], locked: Mapping[str, LockedInput]) -> None:
        """Resolve the inputs of one project; `locked` are the inputs in its own lock."""
        if prefix.count("/") > DEEPEST:
            raise LockError(UNREADABLE, f"inputs of inputs without an end: {prefix.rstrip('/')}")
        for inner, written in declared.items():
            name = prefix + inner
            self._override(name, written, prefix.rstrip("/"))
            declaration, own = self._overrides.get(name), None
            if declaration is None:
                declaration, own = written, locked.get(inner)
                if declaration.follows is not None:
                    declaration = declaration.declared_in(prefix.rstrip("/"))
            self.found[name] = item = self._resolve_input(name, declaration, own)
            if item.object is None:
                continue  # an input that follows another has no inputs of its own
            tree = self._store.physical(item.object)
            if os.path.isdir(tree):
                self.visit(
                    f"{name}/",
                    read_declared(tree),
                    (_below(locked, inner) if own is not None else {}) or _locked_in(tree),
                )
        self._check_overrides(prefix, declared)

    def _override(self, name: str, written: Declared, project: str) -> None:
        for inner, override in written.overrides.items():
            # Outer projects are visited first, and their overrides win.
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

    def _resolve_input(self, name: str, declaration: Declared, own: LockedInput | None) -> LockedInput:
        if declaration.follows is not None:
            return LockedInput(declaration)
        store = self._store
        old = self._old.get(name)
        if old is not None and (old.declared != declaration or self._moves(name)):
            old = None
        if declaration.path is not None:
            path = add_local(store, place_of(store, self._folder, self.found, name, declaration), name)
            if old is not None and ("/" not in name or declaration.base == "."):
                return old  # `Trees.check` reports a changed tree
            return LockedInput(declaration, None, None, hash_of(store, path), path)
        alone = self._moving(name) and not self._moves(name.rpartition("/")[0])
        if old is None and not alone and own is not None and own.declared == declaration and own.url is not None:
            old = own
        if old is not None:
            have_tree(self._session, name, old)
            return old

        found = prefetch_tree(store, declaration.fetch_url, self._session.reporter.notice, self._session.input_options)
        return LockedInput(declaration, found.url, found.revision, sri("sha256", found.digest), found.path)

    def _moves(self, name: str) -> bool:
        """Return whether this input or one of its parents is to be updated."""
        parts = name.split("/")
        return any(self._moving("/".join(parts[:count])) for count in range(1, len(parts) + 1))


def _below(inputs: Mapping[str, LockedInput], name: str) -> dict[str, LockedInput]:
    """Return the locked inputs of an input, relative to it."""
    prefix = name + "/"
    return {found[len(prefix) :]: item for found, item in inputs.items() if found.startswith(prefix)}


def _locked_in(tree: str) -> Mapping[str, LockedInput]:
    lock = read_lock(os.path.join(tree, NAME))
    return lock.inputs if lock is not None else {}
