"""Put inputs into the store as trees: add local ones, fetch others by hash."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from ...builder import SOURCE, hash_content, sri, tree_source
from ...store import FixedOutput
from .compare import changed_files
from .document import LockedInput
from .errors import DAMAGED, MOVED, NOT_LOCKED, UNREADABLE, Contrast, LockError

if TYPE_CHECKING:
    from ...store import FixedOutput, Store, StorePath
    from ..session import Session
    from .document import Lock
    from .manifest import Declared
    from .project import Project


def ignored(name: str, place: str) -> bool:
    """Return whether an entry at the top of a tree is no part of it: git's own directory, or a link to a result."""
    return name == ".git" or (name.startswith("result") and os.path.islink(place))


def files_of(place: str) -> Iterator[str]:
    """Yield the path of a tree, then the paths of everything in it."""
    yield place
    for base, folders, files in os.walk(place):
        if base == place:
            folders[:] = [name for name in folders if not ignored(name, os.path.join(base, name))]
            files = [name for name in files if not ignored(name, os.path.join(base, name))]
        for name in (*folders, *files):
            yield os.path.join(base, name)


def add_local(store: Store, place: str, name: str) -> StorePath:
    """Add the local tree of the input `name` to the store. Raises `LockError`."""
    if not os.path.lexists(place):
        raise LockError(MOVED, f"there is no '{place}', which is the input '{name}'")
    place = os.path.realpath(place)
    if not os.path.isdir(place):
        return store.add_tree(place, SOURCE)
    names = os.listdir(place)
    kept = [inner for inner in names if not ignored(inner, os.path.join(place, inner))]
    if len(kept) == len(names):
        return store.add_tree(place, SOURCE)
    import shutil

    copy = os.path.join(store.temporary("input"), "tree")
    os.mkdir(copy)
    for inner in kept:
        source, target = os.path.join(place, inner), os.path.join(copy, inner)
        if os.path.isdir(source) and not os.path.islink(source):
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target, follow_symlinks=False)
    return store.add_tree(copy, SOURCE, consume=True)


def hash_of(store: Store, path: StorePath) -> str:
    """Return the hash of a tree in the store, in the form of the lock."""
    return sri("sha256", hash_content(store.physical(path), "sha256", "recursive"))


def place_of(store: Store, folder: str, inputs: Mapping[str, LockedInput], name: str, declared: Declared) -> str:
    """Return the file system path of an input that is declared as a path. Raises `LockError`."""
    assert declared.path is not None
    parent = name.rpartition("/")[0] if declared.base is None else declared.base.lstrip(".")
    if not parent:
        return os.path.normpath(os.path.join(folder, declared.path))
    above = inputs[parent].object
    assert above is not None
    top = store.physical(above)
    place = os.path.normpath(os.path.join(top, declared.path))
    if not os.path.realpath(place).startswith((top + "/", os.path.realpath(top) + "/")):
        raise LockError(
            UNREADABLE,
            f"the input '{parent}' has an input '{name.rpartition('/')[2]}' that is outside of it: '{declared.path}'",
            hint=f"override it: inputs.{name.rpartition('/')[2]} of '{parent}' in chx.toml",
        )
    return place


def target_of(inputs: Mapping[str, LockedInput], name: str) -> str:
    """Follow `follows` from the input `name` to its end. Raises `LockError`."""
    passed = [name]
    while True:
        found = inputs.get(name)
        if found is None:
            raise LockError(
                NOT_LOCKED, f"the input '{passed[0]}' follows '{name}', and there is no such input",
                hint="run chx lock" if len(passed) == 1 else f"there are {', '.join(sorted(inputs))}",
            )  # fmt: skip
        if found.declared.follows is None:
            return name
        name = found.declared.follows
        if name in passed:
            raise LockError(UNREADABLE, f"inputs follow each other in a circle: {' -> '.join((*passed, name))}")
        passed.append(name)


class Trees:
    """Checks that inputs equal the lock, and puts them into the store."""

    def __init__(self, session: Session, project: Project, lock: Lock) -> None:
        self._session = session
        self._store = session.store
        self._project = project
        self._inputs = lock.inputs

    def check(self, awaited: dict[str, Callable[[], None]] | None = None, checked: Collection[str] = ()) -> None:
        """Check all inputs against the lock, and fetch those that are missing in the store.

        With `awaited`, fetch nothing: add a function that fetches each missing object to it, by base name. The trees of
        the inputs `checked` are known to be right.

        Raises `LockError` if the declaration or the tree of an input has changed, `BuildError` if a fetch fails.
        """
        for name, declared in self._project.declared.items():
            self._check_declared(name, declared)
        for name, item in self._needed():
            if item.declared.follows is not None:
                target_of(self._inputs, name)
            elif name in checked:
                continue
            elif awaited is None or self._is_near(name, item):
                self._have(name, item)
            else:
                assert item.object is not None
                awaited.setdefault(item.object.base, partial(self._have_with_parent, name, item))

    def _have(self, name: str, item: LockedInput) -> None:
        if item.declared.path is not None:
            self._check_path(name, item)
        else:
            self._check_fetched(name, item)

    def _have_with_parent(self, name: str, item: LockedInput) -> None:
        parent = name.rpartition("/")[0]
        if item.declared.path is not None and parent:
            self._have_with_parent(parent, self._inputs[parent])
        self._have(name, item)

    def _is_near(self, name: str, item: LockedInput) -> bool:
        """Return whether an input can be read without fetching."""
        if is_of_disk(name, item):
            return True
        if item.declared.path is not None:
            above = self._inputs.get(item.declared.base or name.rpartition("/")[0])
            return above is not None and above.object is not None and self._store.is_valid(above.object)
        fixed = fixed_output(name, item.hash)
        if self._store.fixed_output(SOURCE, fixed) is not None:
            return True
        if item.object is None or not self._store.is_valid(item.object) or item.object.name != SOURCE:
            return False
        # The object is here without its row, for example as part of a closure.
        if hash_of(self._store, item.object) == item.hash:
            self._store.record_fixed_output(SOURCE, fixed, item.object)
        return True

    def _needed(self) -> Iterator[tuple[str, LockedInput]]:
        """Yield declared inputs and their inputs, parents first."""
        for name in sorted(self._inputs):
            if name.partition("/")[0] in self._project.declared:
                yield name, self._inputs[name]

    def _check_declared(self, name: str, declared: Declared) -> None:
        found = self._inputs.get(name)
        if found is None:
            raise LockError(
                NOT_LOCKED, f"the input '{name}' is not locked: chx.toml declares {declared}, chx.lock has nothing",
                hint="chx lock locks it",
            )  # fmt: skip
        if found.declared != declared:
            raise LockError(
                NOT_LOCKED, f"the input '{name}' is locked as something else than chx.toml declares",
                hint="chx lock locks what is declared", contrast=Contrast(str(found.declared), str(declared), "locked", "declared", self._project.place, name),
            )  # fmt: skip
        for inner, override in declared.overrides.items():
            self._check_declared(f"{name}/{inner}", override.declared_in(""))

    def _check_path(self, name: str, item: LockedInput) -> None:
        place = place_of(self._store, self._project.folder, self._inputs, name, item.declared)
        found = add_local(self._store, place, name)
        now = item.hash if found == item.object else hash_of(self._store, found)
        if now != item.hash:
            raise _moved(self._store, self._project, name, item, found, now)
        if found != item.object:
            raise _wrong_object(self._project, name, item, found)

    def _check_fetched(self, name: str, item: LockedInput) -> None:
        found = have_tree(self._session, name, item)
        if found != item.object:
            raise _wrong_object(self._project, name, item, found)


def is_of_disk(name: str, item: LockedInput) -> bool:
    """Return whether an input is a local tree, and not a path in another input."""
    return item.declared.path is not None and ("/" not in name or item.declared.base == ".")


def have_tree(session: Session, name: str, item: LockedInput) -> StorePath:
    """Return the tree of a locked input that is not local; fetch it by hash if it is missing. Raises `BuildError`."""
    store = session.store
    fixed = fixed_output(name, item.hash)
    found = store.fixed_output(SOURCE, fixed)
    if found is not None:
        return found
    derivation = store.add_derivation(tree_source(item.url or "", fixed.digest))
    session.reporter.entitle({derivation: f"the input '{name}'"})
    return session.realise([(derivation, ("out",))], session.input_options)[derivation, "out"]


def fixed_output(name: str, text: str) -> FixedOutput:
    """Parse a locked hash as a fixed output. Raises `LockError`."""
    import base64

    algorithm, _, digest = text.partition("-")
    try:
        raw = base64.b64decode(digest, validate=True)
    except ValueError:
        raw = b""
    if algorithm != "sha256" or len(raw) != 32:
        raise LockError(UNREADABLE, f"the input '{name}' is locked with '{text}', which is no sha256 hash")
    return FixedOutput("sha256", raw, "recursive")


def _moved(store: Store, project: Project, name: str, item: LockedInput, found: StorePath, now: str) -> LockError:
    assert item.object is not None
    return LockError(
        MOVED, f"the input '{name}' at {item.declared.path} is not what chx.lock has",
        contrast=Contrast(item.hash, now, lock=project.place), files=changed_files(store, item.object, found),
        hint=f"chx lock update {name} takes what is there now; --no-lock builds with it once",
    )  # fmt: skip


def _wrong_object(project: Project, name: str, item: LockedInput, found: StorePath) -> LockError:
    return LockError(
        DAMAGED, f"the lock contradicts itself: the input '{name}' with the hash {item.hash} is another object",
        contrast=Contrast(str(item.object), str(found), "locked", "has it", project.place), hint="chx lock update writes it anew",
    )  # fmt: skip
