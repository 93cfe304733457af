"""Loss of the database, or of rows: it does not know objects that are in its store.

A killed process leaves a path without a row, and a collection removes it. After the loss of a database, or its
replacement, all objects would look like that and be removed. Rows are known to be *lost* if

* the database was created while the store already held objects (`meta`: `lost`), or
* no object is registered, although some were, and no collection removed the last one (`meta`: `emptied`), or
* a root leads to a path without a row: a root is made of registered objects, and keeps them registered.

Intact objects can be registered again, because an object describes itself: its name follows from its content and its
references, and the references are found in it. The build trace cannot be recovered.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from .closure import Cycle, dependencies_first
from .errors import StoreError, StoreIO
from .path import InvalidStorePath, StorePath
from .verify import recognised, wrong_modes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .database import Database
    from .outputs import Settled
    from .store import Store

EMPTIED: Final = "emptied"


class RowsLost(StoreError):
    """The database lacks objects of its store that it should know."""

    def __init__(self, home: str, paths: tuple[StorePath, ...]) -> None:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        super().__init__(
            f"the database of the store in '{home}' has lost what it knew of '{paths[0]}'{more}: nothing is collected",
            hint="`chx store verify --repair` registers again what is whole",
            code="S051",
        )
        self.paths = paths


def note_emptied(database: Database) -> None:
    """Record that removing the last object was intended; call it in each transaction that removes objects."""
    if database.row("SELECT 1 FROM objects LIMIT 1") is None:
        database.execute(
            "INSERT OR REPLACE INTO meta SELECT ?, max(seq) FROM sqlite_sequence WHERE name = 'objects'", (EMPTIED,)
        )


def lost_objects(store: Store) -> list[StorePath]:
    """Return paths of objects that the database should know and does not, sorted. Raises `StoreError`.

    Other processes add and remove objects while this one looks: what seems lost is looked at again under the write lock.
    """
    found = _seem_lost(store)
    if not found:
        return []
    with store.transaction():
        return _seem_lost(store)


def _seem_lost(store: Store) -> list[StorePath]:
    database = store._database
    lying = set(strays(store))
    if not lying:
        return []
    emptied = database.value("SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?", (EMPTIED,)) or 0
    last = database.value("SELECT max(CAST(seq AS INTEGER)) FROM sqlite_sequence WHERE name = 'objects'") or 0
    is_empty = database.row("SELECT 1 FROM objects LIMIT 1") is None
    if (is_empty and last > emptied) or database.row("SELECT 1 FROM meta WHERE key = 'lost'") is not None:
        return sorted(lying)
    return sorted(lying.intersection(path for _, path in store._roots.live()))


def check_known(store: Store) -> None:
    """Raise `RowsLost` if the database should know more objects than it does."""
    found = lost_objects(store)
    if found:
        raise RowsLost(store.home, tuple(found))


def strays(store: Store) -> Iterator[StorePath]:
    """Yield paths without a row that have the name of an object."""
    # The rows come last: what is registered after a reading of the rows, and lies there already, is no stray.
    lying = os.listdir(store.directory)
    with store._database.lenient():
        names = {base for (base,) in store._database.rows("SELECT base FROM objects")}
    for name in lying:
        if name not in names:
            try:
                yield StorePath.parse(name)
            except InvalidStorePath:
                continue


def known(store: Store) -> Iterator[StorePath]:
    """Yield what is registered under the name of an object."""
    with store._database.lenient():
        rows = store._database.rows("SELECT base FROM objects")
    for (base,) in rows:
        try:
            yield StorePath.parse(base)
        except (InvalidStorePath, TypeError, AttributeError):
            continue


class Adopted(NamedTuple):
    """`registered`: objects that the database knows again; `left`: those that could not be registered, and why."""

    registered: tuple[StorePath, ...]
    left: tuple[tuple[StorePath, str], ...]


def adopt(store: Store) -> Adopted:
    """Register the intact, unknown objects of the store again. Raises `StoreError`.

    Others are moved to `damaged/`, so that no collection removes them as leftovers of a killed process.
    """
    registered, seen = adopt_whole(store)
    left = []
    for path, reason in seen:
        with store.transaction():
            # Another process may have placed it when it was looked at, and have registered it since.
            if not store._is_registered(path):
                store.take_out(path)
                left.append((path, reason))
    with store.transaction():
        store._database.execute("DELETE FROM meta WHERE key = 'lost'")
    return Adopted(registered, tuple(left))


def adopt_whole(store: Store) -> Adopted:
    """Register the intact, unknown objects of the store again; leave the rest as it is. Raises `StoreError`."""
    lying = list(strays(store))
    if not lying:
        return Adopted((), ())
    there = {path.hash: path for path in (*lying, *known(store))}
    found: dict[StorePath, Settled] = {}
    left: dict[StorePath, str] = {}
    for path in lying:
        settled = recognised_stray(store, path, there)
        if settled is None:
            left[path] = "it is not what its name says"
        else:
            found[path] = settled
    registered = []
    for path in _in_order(found):
        try:
            with store.transaction():
                if not store._is_registered(path):
                    store._register(found[path], deriver_of(store._database, path))
            registered.append(path)
        except StoreError as error:
            left[path] = f"what it refers to is missing: {error.message}"
    return Adopted(tuple(registered), tuple(sorted(left.items())))


def _in_order(found: Mapping[StorePath, Settled]) -> list[StorePath]:
    references = {path: [other for other in settled.references if other in found] for path, settled in found.items()}
    try:
        return dependencies_first(sorted(found), references)
    except Cycle:  # cannot be, because a name is made of the names of others
        return sorted(found)


def deriver_of(database: Database, path: StorePath) -> StorePath | None:
    """Return a derivation of an object, according to the build trace."""
    with database.lenient():
        base = database.value(
            "SELECT derivation FROM realisations WHERE path = ? AND derivation IS NOT NULL ORDER BY id", (path.base,)
        )
    try:
        return None if base is None else StorePath.parse(base)
    except (InvalidStorePath, TypeError, AttributeError):
        return None


def recognised_stray(store: Store, path: StorePath, there: Mapping[str, StorePath]) -> Settled | None:
    """Return an intact object, ready to be registered; None if no set of references yields its name."""
    return _whole_at(store.physical(path), path, there)


def _whole_at(place: str, path: StorePath, there: Mapping[str, StorePath]) -> Settled | None:
    root = os.fsencode(place)
    try:
        whole = recognised(root, path, there)
    except (StoreError, OSError):
        return None
    return None if whole is None or any(wrong_modes(root, whole.manifest)) else whole


def survey(directory: str) -> Iterator[tuple[StorePath, bool]]:
    """Yield what is in a store directory, sorted, and whether it matches its name, without any database. Raises `StoreIO`."""
    try:
        names = sorted(os.listdir(directory))
    except OSError as error:
        raise StoreIO("read", directory, error) from error
    there: dict[str, StorePath] = {}
    for name in names:
        with suppress(InvalidStorePath):
            path = StorePath.parse(name)
            there[path.hash] = path
    for path in sorted(there.values(), key=lambda path: path.base):
        yield path, _whole_at(f"{directory}/{path.base}", path, there) is not None
