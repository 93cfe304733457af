"""Rebuild a damaged database file.

Objects describe themselves (`loss`). The build trace, the hashes of fixed outputs and the times of objects are read
from the damaged file as far as SQLite can: each table from its beginning and from its end, up to the first error. The
damaged file is kept in `damaged/`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .database import Database
from .errors import StoreError, StoreIO
from .home import check_owner
from .loss import adopt_whole
from .path import InvalidStorePath, StorePath
from .temp_roots import TempRoots

if TYPE_CHECKING:
    from .store import Store

_FILES: Final = ("store.sqlite", "store.sqlite-wal", "store.sqlite-shm")
_TABLES: Final = {
    "realisations": "id, resolved, output, path, derivation, started, seconds, builder, variation, witness, origin, previous, hash, signature",
    "fixed_outputs": "name, algorithm, digest, mode, path",
    "meta": "key, value",
}
_MOST: Final = 1 << 22
"""Row limit per table: a page that refers to itself would yield rows without end."""


class Rebuilt(NamedTuple):
    """Result of a rebuild: the path of the damaged file, and the number of readable rows per table."""

    place: str
    read: dict[str, int]


class InUse(StoreError):
    """Another process uses the store."""

    def __init__(self, home: str, processes: list[int]) -> None:
        numbers = ", ".join(map(str, processes))
        super().__init__(
            f"cannot make the database of '{home}' anew while other chx processes use it ({numbers})",
            hint="wait for them to end",
            code="S007",
        )


def rebuild(home: str) -> Rebuilt:
    """Rebuild the database of the store in `home`, and register intact objects. No process may have the store open.

    Raises `InUse`, `StoreIO`, `DatabaseFailure`, `InvalidHome`.
    """
    from .store import Store

    home = os.path.normpath(home)
    check_owner(home)
    others = sorted({number for number, _ in TempRoots(home).live()} - {os.getpid()})
    if others:
        raise InUse(home, others)
    place = _set_aside(home)
    tables = {table: _salvaged(f"{place}/store.sqlite", table, columns) for table, columns in _TABLES.items()}
    came = _salvaged(f"{place}/store.sqlite", "objects", "id, base, deriver, registered, used")
    database = Database.open(f"{home}/db/store.sqlite")
    try:
        database.begin()
        for table, rows in tables.items():
            for row in rows:
                _insert(database, table, row)
        # `lost`, as in any database created beside existing objects: damaged objects are not garbage.
        database.execute("INSERT OR REPLACE INTO meta VALUES ('lost', '1')")
        database.commit()
    finally:
        database.close()
    with Store.open(home) as store:
        adopt_whole(store)
        _tell_again(store, came)
    return Rebuilt(place, {table: len(rows) for table, rows in tables.items()})


def _set_aside(home: str) -> str:
    number = 1
    while os.path.lexists(place := f"{home}/damaged/database-{number}"):
        number += 1
    try:
        os.makedirs(place)
        for name in _FILES:
            if os.path.lexists(f"{home}/db/{name}"):
                os.rename(f"{home}/db/{name}", f"{place}/{name}")
    except OSError as error:
        raise StoreIO("set aside", f"{home}/db", error) from error
    return place


def _salvaged(file: str, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Return the readable rows of a table, each once, in the order of the table."""

    import sqlite3

    found: dict[tuple[Any, ...], None] = {}
    late: list[tuple[Any, ...]] = []
    key = columns.partition(",")[0]
    try:
        connection = sqlite3.connect(file, isolation_level=None)
    except sqlite3.Error:
        return []
    connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    try:
        for order, into in (("", found), (f" ORDER BY {key} DESC", late)):
            try:
                for count, row in enumerate(connection.execute(f"SELECT {columns} FROM {table}{order}")):
                    if count > _MOST or row in found:
                        break
                    if isinstance(into, dict):
                        into[row] = None
                    else:
                        into.append(row)
            except (sqlite3.Error, OverflowError):
                continue
            else:
                if not order:
                    break
    finally:
        connection.close()
    found.update(dict.fromkeys(reversed(late)))
    return list(found)


def _insert(database: Database, table: str, row: tuple[Any, ...]) -> None:
    """Copy a row; leave out one that the table cannot hold."""
    import sqlite3

    cells = [_text(cell) for cell in row]
    try:
        database.execute(
            f"INSERT OR IGNORE INTO {table} ({_TABLES[table]}) VALUES ({', '.join('?' * len(cells))})", cells
        )
    except (StoreError, sqlite3.Error, UnicodeError):
        return


def _text(cell: Any) -> Any:
    """Text that is not UTF-8 is copied as bytes, which later checks report as damage."""
    if isinstance(cell, str):
        try:
            cell.encode()
        except UnicodeEncodeError:
            return cell.encode("utf-8", "surrogateescape")
    return cell


def _tell_again(store: Store, came: list[tuple[Any, ...]]) -> None:
    """Restore derivers, and the times at which objects were registered and used."""
    with store.transaction():
        for _, base, deriver, registered, used in came:
            if not isinstance(base, str) or not isinstance(registered, int):
                continue
            try:
                StorePath.parse(base)
                named = StorePath.parse(deriver).base if isinstance(deriver, str) else None
            except InvalidStorePath:
                continue
            store._database.execute(
                "UPDATE objects SET deriver = coalesce(?, deriver), registered = ?, used = ? WHERE base = ?",
                (named, registered, used if isinstance(used, int) else None, base),
            )
