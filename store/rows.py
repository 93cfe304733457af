"""Check the rows of the database against the objects.

A cell may hold anything: a faulty disk or another program may have changed it. So cells are read one by one and
unconverted (`Database.lenient`), a fault is reported as a `RowFault`, and the other cells are checked all the same. The
correct rows of an object follow from its bytes (`verify.examine`), so a damaged row is never a reason to drop an
object. Rows of the build trace are signed and are checked by `ledger`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from time import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .derivation import DIGEST_SIZES, FixedOutput
from .errors import NotValid, StoreError
from .ledger import GAPS, own_home
from .loss import EMPTIED, adopt_whole, deriver_of, recognised_stray, strays
from .manifest import Manifest
from .path import StorePath, parsed
from .place import IDENTITY, PLACE
from .verify import examine
from .witness import ID_BYTES, fresh_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .database import Database
    from .outputs import Settled
    from .store import Store
    from .verify import Problem

LATEST: Final = 1 << 36
"""Latest plausible time in a row, in seconds since 1970."""
_META: Final = frozenset(
    ("boot", PLACE, "former places", IDENTITY, "ledger", "ledger began after", GAPS, "lost", EMPTIED)
)
_LIKE: Final = 3
"""Most characters in which a damaged name may differ from the original."""


class RowFault(NamedTuple):
    """A damaged row of `table`: `row` describes it (`path` if it belongs to that object), `what` the damage."""

    table: str
    row: str
    what: str
    path: StorePath | None = None


class Report(NamedTuple):
    """Result for one object: `problems` of its bytes, `faults` of its rows, and the correct rows if it is `whole`."""

    path: StorePath
    problems: tuple[Problem, ...]
    faults: tuple[RowFault, ...]
    whole: Settled | None


def neighbours(store: Store) -> dict[str, StorePath]:
    """Objects to which an object may refer, by hash part: those in the store directory or registered."""
    with store._database.lenient():
        named = [parsed(base) for (base,) in store._database.rows("SELECT base FROM objects")]
    with suppress(OSError):
        named += map(parsed, os.listdir(store.directory))
    return {path.hash: path for path in named if path is not None}


def registered(store: Store) -> list[StorePath]:
    """Return all objects whose rows have a name, dependencies first."""
    with store._database.lenient():
        named = (parsed(base) for (base,) in store._database.rows("SELECT base FROM objects ORDER BY id"))
        return [path for path in named if path is not None]


# One object

_CELLS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "tree": lambda cell: isinstance(cell, bytes) and len(cell) == 32,
    "size": lambda cell: isinstance(cell, int) and cell >= 0,
    "self": lambda cell: isinstance(cell, int) and cell in (0, 1),
    "deriver": lambda cell: cell is None or parsed(cell) is not None,
    "registered": lambda cell: isinstance(cell, int) and 0 <= cell <= LATEST,
    "synced": lambda cell: isinstance(cell, int) and cell in (0, 1),
    "used": lambda cell: cell is None or (isinstance(cell, int) and 0 <= cell <= LATEST),
}


class _Row(NamedTuple):
    """The rows of one object, unchecked."""

    number: int
    cells: dict[str, Any]
    content: object
    references: tuple[StorePath | None, ...]


def _read(database: Database, path: StorePath) -> _Row:
    with database.lenient():
        row = database.row(f"SELECT id, {', '.join(_CELLS)} FROM objects WHERE base = ?", (path.base,))
        if row is None:
            raise NotValid(path)
        number, *cells = row
        content = database.value("SELECT content FROM manifests WHERE object = ?", (number,))
        references = database.rows(
            "SELECT base FROM refs LEFT JOIN objects ON id = reference WHERE referrer = ?", (number,)
        )
    return _Row(number, dict(zip(_CELLS, cells)), content, tuple(parsed(base) for (base,) in references))


def report(store: Store, path: StorePath, there: Callable[[], Mapping[str, StorePath]]) -> Report:
    """Check an object and its rows. `there` returns the `neighbours`. Raises `NotValid`, `StoreIO`."""
    row = _read(store._database, path)
    wrong = {name: "holds what it cannot hold" for name, is_right in _CELLS.items() if not is_right(row.cells[name])}
    manifest = None
    with suppress(StoreError, ValueError):
        manifest = Manifest.decode(row.content) if isinstance(row.content, bytes) else None
    references = [other for other in row.references if other is not None]
    is_readable = len(references) == len(row.references) and path not in references
    problems, whole = examine(store.physical(path), path, references if is_readable else None, manifest, there)
    if "deriver" not in wrong and row.cells["deriver"] is not None and not _may_have_given(store, row, path):
        wrong["deriver"] = "is none that gave it"
    faults = [RowFault("objects", str(path), f"{name} {what}", path) for name, what in wrong.items()]
    if whole is not None:
        for name, value in (
            ("tree", whole.tree_digest.raw),
            ("size", whole.manifest.total_size),
            ("self", int(whole.self_reference)),
        ):
            if name not in wrong and row.cells[name] != value:
                faults.append(RowFault("objects", str(path), f"{name} is not what it is of the object", path))
        if row.content != whole.manifest.encode():
            what = "is missing" if row.content is None else "is not that of the object"
            faults.append(RowFault("manifests", str(path), what, path))
        if not is_readable or set(references) != set(whole.references):
            faults.append(RowFault("refs", str(path), "references are not those of the object", path))
    elif manifest is None:
        faults.append(RowFault("manifests", str(path), "is missing or none", path))
    return Report(path, problems, tuple(faults), whole)


def _may_have_given(store: Store, row: _Row, path: StorePath) -> bool:
    """Whether the deriver of a row can be right: it exists, or no row of the build trace contradicts it."""
    deriver = row.cells["deriver"]
    with store._database.lenient():
        if store._database.row("SELECT 1 FROM objects WHERE base = ?", (deriver,)) is not None:
            return True
        given = store._database.rows("SELECT derivation FROM realisations WHERE path = ?", (path.base,))
    return not given or (deriver,) in given


def mend_object(store: Store, found: Report) -> None:
    """Write the correct rows of an intact object. Raises `NotValid` if a reference is not registered."""
    whole, path, database = found.whole, found.path, store._database
    assert whole is not None
    with store.transaction():
        row = _read(database, path)
        kept = {name: cell if _CELLS[name](cell) else None for name, cell in row.cells.items()}
        deriver = kept["deriver"]
        if row.cells["deriver"] is not None and (deriver is None or not _may_have_given(store, row, path)):
            deriver = _base(deriver_of(database, path))
        database.execute(
            "UPDATE objects SET tree = ?, size = ?, self = ?, deriver = ?, registered = ?, synced = ?, used = ? WHERE id = ?",
            (
                whole.tree_digest.raw,
                whole.manifest.total_size,
                int(whole.self_reference),
                deriver,
                int(time()) if kept["registered"] is None else kept["registered"],
                kept["synced"] or 0,
                kept["used"],
                row.number,
            ),
        )
        store._describe(row.number, whole)


def _base(path: StorePath | None) -> str | None:
    return None if path is None else path.base


# Tables


def check_rows(store: Store) -> list[RowFault]:
    """Return faults of rows that belong to no object, without those of the build trace and of `report`."""
    database = store._database
    with database.lenient():
        return [
            *_nameless(store),
            *_orphans(database),
            *(RowFault("fixed_outputs", row, what) for _, row, what in _promises(database)),
            *(RowFault("meta", repr(key), what) for key, what, _ in _facts(database)),
        ]


def _nameless(store: Store) -> Iterator[RowFault]:
    lying = [path.base for path in strays(store)]
    for number, base in store._database.rows("SELECT id, base FROM objects ORDER BY id"):
        path = parsed(base)
        if path is None:
            yield RowFault("objects", str(number), "base is no name of an object")
        elif lying and not os.path.lexists(store.physical(path)):
            like = next((other for other in lying if _is_like(base, other)), None)
            if like is not None:
                yield RowFault("objects", str(number), f"base names '{base}', which is not there, and '{like}' is")


_ORPHANS: Final[Mapping[str, str]] = {
    "manifests": "object NOT IN (SELECT id FROM objects)",
    "refs": "typeof(referrer) != 'integer' OR typeof(reference) != 'integer'"
    " OR referrer NOT IN (SELECT id FROM objects) OR reference NOT IN (SELECT id FROM objects) OR referrer = reference",
    "files": "typeof(content) != 'integer' OR typeof(object) != 'integer'",
}
_KEYS: Final = {"manifests": "object", "refs": "quote(referrer) || ',' || quote(reference)", "files": "quote(object)"}


def _orphans(database: Database) -> Iterator[RowFault]:
    for table, condition in _ORPHANS.items():
        for (key,) in database.rows(f"SELECT {_KEYS[table]} FROM {table} WHERE {condition}"):
            yield RowFault(table, str(key), "belongs to no object")


_PROMISES: Final = "SELECT name, algorithm, digest, mode, path FROM fixed_outputs"


def _promises(database: Database) -> Iterator[tuple[tuple[object, ...], str, str]]:
    """Yield damaged rows of `fixed_outputs`: the key, a name for messages, and the damage."""
    for row in database.rows(_PROMISES):
        wrong = _wrong_promise(*row)
        if wrong:
            yield row[:4], str(parsed(row[4]) or row[0]), wrong


def _wrong_promise(name: Any, algorithm: Any, digest: Any, mode: Any, base: Any) -> str:
    path = parsed(base)
    if not isinstance(digest, bytes) or not isinstance(algorithm, str) or DIGEST_SIZES.get(algorithm) != len(digest):
        return "promises what is no hash"
    if mode not in ("flat", "recursive"):
        return "promises a hash of a kind that there is not"
    if path is None:
        return "path is no name of an object"
    return "" if path.name == name else f"is of another name than '{path}'"


def promises(store: Store) -> list[tuple[StorePath, FixedOutput]]:
    """Return the fixed outputs of objects, without damaged rows and removed objects."""
    with store._database.lenient():
        rows = [row for row in store._database.rows(_PROMISES) if not _wrong_promise(*row)]
    found = [(StorePath.parse(base), FixedOutput(algorithm, digest, mode)) for _, algorithm, digest, mode, base in rows]
    return [(path, fixed) for path, fixed in found if store.is_valid(path)]


def _facts(database: Database) -> Iterator[tuple[object, str, object]]:
    """Yield damaged rows of `meta`: the key, the damage, and the correct value, or None if the row should not exist."""
    rows = dict(database.rows("SELECT key, value FROM meta"))
    for key, value in rows.items():
        if key not in _META:
            yield key, "is unknown", None
        elif key == EMPTIED and not _is_number(value):
            yield key, "is no number", None
        elif key == "ledger began after" and not _is_number(value):
            yield key, "is no number", database.value("SELECT max(id) FROM realisations WHERE signature IS NULL") or 0
    home = rows.get(IDENTITY)
    if not isinstance(home, str) or len(home) != 2 * ID_BYTES or not set(home) <= set("0123456789abcdef"):
        yield IDENTITY, "is not what tells this home from others", own_home(database) or fresh_id()


def _is_number(value: object) -> bool:
    return isinstance(value, (int, str)) and str(value).isascii() and str(value).isdigit()


class Mended(NamedTuple):
    """Repaired `faults`, and objects that are `registered` again."""

    faults: tuple[RowFault, ...]
    registered: tuple[StorePath, ...]


def mend_rows(store: Store, faults: Iterable[RowFault]) -> Mended:
    """Name the objects of nameless rows, delete rows without an object, and register intact objects that lost their rows.

    Faults from an earlier `report` have to be searched for again afterwards.
    """
    faults = tuple(faults)
    database = store._database
    tables = {fault.table for fault in faults}
    again: tuple[StorePath, ...] = ()
    if not tables.isdisjoint(("objects", "manifests", "refs")):
        _name_again(store)
        with store.transaction(), database.lenient():
            for number, base in database.rows("SELECT id, base FROM objects"):
                if parsed(base) is None:
                    database.execute("DELETE FROM refs WHERE referrer = ? OR reference = ?", (number, number))
                    database.execute("DELETE FROM objects WHERE id = ?", (number,))
            for table in ("refs", "manifests"):
                database.execute(f"DELETE FROM {table} WHERE {_ORPHANS[table]}")
        again = adopt_whole(store)[0]
    with store.transaction(), database.lenient():
        if "files" in tables:
            database.execute(f"DELETE FROM files WHERE {_ORPHANS['files']}")
        for key, _, _ in list(_promises(database)):
            _delete(database, "fixed_outputs", ("name", "algorithm", "digest", "mode"), key)
        for fact, _, value in list(_facts(database)):
            if value is None:
                _delete(database, "meta", ("key",), (fact,))
            else:
                database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (fact, str(value)))
    return Mended(faults, again)


def _delete(database: Database, table: str, columns: Sequence[str], cells: Sequence[object]) -> None:
    """Delete a row by the cells of its key, which may be anything: what is no UTF-8 can be no parameter but as bytes."""
    same = " AND ".join(
        f"CAST({column} AS BLOB) IS ? AND typeof({column}) = 'text'" if isinstance(cell, str) else f"{column} IS ?"
        for column, cell in zip(columns, cells)
    )
    values = [cell.encode("utf-8", "surrogateescape") if isinstance(cell, str) else cell for cell in cells]
    database.execute(f"DELETE FROM {table} WHERE {same}", values)


def _name_again(store: Store) -> None:
    """Find the objects of rows with a damaged name: one that is invalid or absent, while its tree is at another path."""
    database = store._database
    with database.lenient():
        rows = database.rows("SELECT id, base, tree FROM objects")
    homeless = [
        (number, base, tree)
        for number, base, tree in rows
        if (path := parsed(base)) is None or not os.path.lexists(store.physical(path))
    ]
    if not homeless:
        return
    there = neighbours(store)
    for path in strays(store):
        whole = recognised_stray(store, path, there)
        if whole is None:
            continue
        for number, base, tree in homeless:
            if tree == whole.tree_digest.raw and (parsed(base) is None or _is_like(base, path.base)):
                with store.transaction():
                    if not store._is_registered(path):
                        database.execute("UPDATE objects SET base = ? WHERE id = ?", (path.base, number))
                homeless.remove((number, base, tree))
                break


def _is_like(text: str, other: str) -> bool:
    return len(text) == len(other) and sum(one != two for one, two in zip(text, other)) <= _LIKE
