"""Questions to the database that `Store` and commands in a hurry have in common.

Each takes `rows`, which runs a statement and gives its rows, so that it does not matter what stands between them and
SQLite. Whoever asks several sees to it that they are answered from one moment. Loads nothing: start-up time is
what is saved here.
"""

from __future__ import annotations

from .closure import dependencies_first

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Rows = Callable[[str, tuple[object, ...]], list[Any]]

SCHEMA_VERSION = 4
"""Of the database that the questions are put to."""
INFO = "SELECT id, tree, size, self, deriver, registered, used FROM objects WHERE base = ?"


def json_list(items: Iterable[object]) -> str:
    """JSON of numbers or of base names, none of which needs to be escaped."""
    return "[" + ",".join([f'"{item}"' if isinstance(item, str) else str(item) for item in items]) + "]"


def references(rows: Rows, number: int) -> list[str]:
    """The base names that an object refers to, without itself."""
    return [
        base for (base,) in rows("SELECT base FROM refs JOIN objects ON id = reference WHERE referrer = ?", (number,))
    ]


def referrers(rows: Rows, number: int) -> list[str]:
    """The base names of what refers to an object, without itself."""
    return [
        base for (base,) in rows("SELECT base FROM refs JOIN objects ON id = referrer WHERE reference = ?", (number,))
    ]


def closure(rows: Rows, bases: Sequence[str]) -> list[str]:
    """The base names of everything that registered objects reach, dependencies first; follows from the objects alone."""
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
    # Numbers in the order of the names stand for the objects: where there are many it is quicker.
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
    """How many files, executable or not, a manifest in canonical form lists."""
    fields = b"\0" + manifest[manifest.index(b"\n") + 1 :]
    if b"\0l " not in fields:
        return fields.count(b"\0f ") + fields.count(b"\0x ")
    # The target of a link stands in a field of its own, and may look like anything.
    count = 0
    rest = iter(fields[1:].split(b"\0"))
    for field in rest:
        kind = field[:2]
        if kind == b"f " or kind == b"x ":
            count += 1
        elif kind == b"l ":
            next(rest)
    return count
