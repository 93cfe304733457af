"""SQL queries shared by `Store` and the fast start-up path.

Each takes `rows`, a function that runs a statement and returns its rows, and so works with any way to SQLite. A caller of
several queries holds a transaction around them. The module imports almost nothing, to save start-up time.
"""

from __future__ import annotations

from .closure import dependencies_first

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Rows = Callable[[str, tuple[object, ...]], list[Any]]

SCHEMA_VERSION = 4
"""Version of the database schema that the queries assume."""
INFO = "SELECT id, tree, size, self, deriver, registered, used FROM objects WHERE base = ?"


def json_list(items: Iterable[object]) -> str:
    """Return a JSON list of numbers or base names, which need no escaping."""
    return "[" + ",".join([f'"{item}"' if isinstance(item, str) else str(item) for item in items]) + "]"


def references(rows: Rows, number: int) -> list[str]:
    """Return the base names of an object's references, without itself."""
    return [
        base for (base,) in rows("SELECT base FROM refs JOIN objects ON id = reference WHERE referrer = ?", (number,))
    ]


def referrers(rows: Rows, number: int) -> list[str]:
    """Return the base names of an object's referrers, without itself."""
    return [
        base for (base,) in rows("SELECT base FROM refs JOIN objects ON id = referrer WHERE reference = ?", (number,))
    ]


def closure(rows: Rows, bases: Sequence[str]) -> list[str]:
    """Return the base names in the closure of registered objects, dependencies first. The order depends on the objects alone."""
    starts = rows("SELECT id FROM objects WHERE base IN (SELECT value FROM json_each(?))", (json_list(bases),))
    edges = rows(
        "WITH RECURSIVE reached (id) AS ("
        " SELECT value FROM json_each(?)"
        " UNION SELECT reference FROM refs JOIN reached ON referrer = reached.id)"
        " SELECT referrer, reference FROM reached JOIN refs ON referrer = reached.id",
        (json_list(number for (number,) in starts),),
    )
    numbers = {number for (number,) in starts}
    numbers.update([reference for _, reference in edges])
    named = rows(
        "SELECT base, id FROM objects WHERE id IN (SELECT value FROM json_each(?))", (json_list(sorted(numbers)),)
    )
    # Ranks in the order of the names are faster to sort than the names.
    named.sort()
    ranks = {number: rank for rank, (_, number) in enumerate(named)}
    table: dict[int, list[int]] = {}
    for referrer, reference in edges:
        table.setdefault(ranks[referrer], []).append(ranks[reference])
    for others in table.values():
        others.sort()
    order = dependencies_first(sorted([ranks[number] for (number,) in starts]), table)
    return [named[rank][0] for rank in order]


def count_files(manifest: bytes) -> int:
    """Return the number of files, executable or not, in a manifest in canonical form."""
    fields = b"\0" + manifest[manifest.index(b"\n") + 1 :]
    if b"\0l " not in fields:
        return fields.count(b"\0f ") + fields.count(b"\0x ")
    # The target of a link is a field of its own with arbitrary content.
    count = 0
    rest = iter(fields[1:].split(b"\0"))
    for field in rest:
        kind = field[:2]
        if kind == b"f " or kind == b"x ":
            count += 1
        elif kind == b"l ":
            next(rest)
    return count
