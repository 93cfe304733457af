"""Repair of the ledger, at its owner's request.

A damaged cell is restored if the row's hash or signature confirms a value derived from other rows, other tables and the
key: hash and signature cover all of the row's text. The order of rows follows from the hash that each names. A row that
cannot be restored is moved to `damaged/`, and a signed gap replaces it, so that the ledger can be verified from there
on: later rows keep their signatures. Repair never makes a false row genuine: it signs only gaps, the head, and rows
whose text is confirmed by the hash in the next row.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .digest import Digest
from .errors import StoreError, StoreIO
from .foreign import parse_json
from .ledger import (
    BEGINNING,
    Gap,
    SignedRow,
    gaps,
    genuine_head,
    numbered,
    unsigned_until,
    write_gaps,
    write_head,
)
from .trace import COLUMNS, realisation_of
from .witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .database import Database
    from .keys import Signer
    from .store import Store

_CELLS: Final = (
    "resolved",
    "output",
    "path",
    "derivation",
    "started",
    "seconds",
    "variation",
    "builder",
    "origin",
    "previous",
    "hash",
    "signature",
    "witness",
)
ANOTHER_KEY: Final = "another key of this store"
"""The origin of rows that this store's builder signed with a key that is lost."""
_MOST: Final = 20_000
"""At most so many values of a column are tried."""


class LedgerRepair(NamedTuple):
    """Result of a repair: the numbers of rows that are `whole` again and of those `lost`; `place` is the file with the lost ones."""

    whole: tuple[int, ...]
    lost: tuple[int, ...]
    place: str | None


def mend_ledger(store: Store) -> LedgerRepair:
    """Make the ledger one that can be checked. Raises `StoreError`."""
    database, signer = store._database, store.signer
    with store.transaction(), database.lenient():
        whole, bad = _mend_rows(database, signer)
        place = _take_out(store, bad) if bad else None
        own = [
            (row.number, row.signed)
            for row in numbered(database, "origin = ''")
            if row.signed is not None and row.signed.realisation.builder == signer.public
        ]
        ordered = _in_order(own)
        if [number for number, _ in own] != [number for number, _ in ordered]:
            _number_again(database, [number for number, _ in own], [number for number, _ in ordered])
        _close(database, signer, [signed for _, signed in ordered], len(bad))
    return LedgerRepair(tuple(whole), tuple(bad), place)


def _mend_rows(database: Database, signer: Signer) -> tuple[list[int], list[int]]:
    """Return the rows that are whole again, and those that are lost, by number."""
    whole: list[int] = []
    bad: list[int] = []
    legacy = unsigned_until(database)
    named = {
        bytes(row[0]) for row in database.rows("SELECT previous FROM realisations WHERE typeof(previous) = 'blob'")
    }
    head = genuine_head(database, signer.public)
    if head is not None:
        named.add(head[1])
    for (number,) in database.rows("SELECT id FROM realisations ORDER BY id"):
        cells = dict(zip(_CELLS, database.row(f"SELECT {', '.join(_CELLS)} FROM realisations WHERE id = ?", (number,))))
        if cells["signature"] is None and cells["hash"] is None and number <= legacy:
            if _signed(cells) is None:
                bad.append(number)
            continue
        if _is_right(cells, signer.public):
            continue
        signed = _signed(cells)
        if signed is not None and cells["origin"] == "" and signed.is_genuine() and signed.hash.raw == cells["hash"]:
            # Signed with a key that the store had before: as good as that of any other builder.
            database.execute("UPDATE realisations SET origin = ? WHERE id = ?", (ANOTHER_KEY, number))
            whole.append(number)
            continue
        found = next(
            (
                tried
                for tried in _attempts(database, number, cells, signer)
                if _is_right(tried, signer.public) or _is_confirmed(tried, named, signer)
            ),
            None,
        )
        if found is None:
            bad.append(number)
            continue
        text = _signed(found)
        assert text is not None
        found["hash"] = text.hash.raw
        if not text.is_genuine():
            found["signature"] = signer.sign(text.text)
        changes = ", ".join(f"{name} = ?" for name in _CELLS)
        database.execute(f"UPDATE OR REPLACE realisations SET {changes} WHERE id = ?", (*found.values(), number))
        whole.append(number)
    return whole, bad


def _signed(cells: dict[str, Any]) -> SignedRow | None:
    try:
        witness = cells["witness"]
        told = None if witness is None else Witness.from_dict(parse_json(witness))
        row = realisation_of([cells[name.strip()] for name in COLUMNS.split(",")])
        signed = SignedRow(row._replace(witness=told), Digest(cells["previous"]), str(cells["signature"]))
        signed.text.decode()
        for text in (row.output, row.variation, row.builder, row.origin):
            text.encode()
        return signed
    except (StoreError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def _is_right(cells: dict[str, Any], own: str) -> bool:
    signed = _signed(cells)
    return (
        signed is not None
        and signed.hash.raw == cells["hash"]
        and signed.is_genuine()
        and (cells["origin"] == "") is (signed.realisation.builder == own)
    )


def _is_confirmed(cells: dict[str, Any], named: set[bytes], signer: Signer) -> bool:
    """Whether the text of a row is what was signed: by its signature, or, of an own one, by the hash that its successor or the head names."""
    signed = _signed(cells)
    if signed is None:
        return False
    is_own = signed.realisation.builder == signer.public
    if (cells["origin"] == "") is not is_own:
        return False
    return (is_own and signed.hash.raw in named) or signed.is_genuine()


def _attempts(database: Database, number: int, cells: dict[str, Any], signer: Signer) -> Iterator[dict[str, Any]]:
    """Yield the row itself, and variants with another value in each of its cells."""
    yield dict(cells)
    before = database.value(
        "SELECT hash FROM realisations WHERE id < ? AND origin = '' ORDER BY id DESC LIMIT 1", (number,)
    )
    special: dict[str, list[Any]] = {
        "previous": [before, BEGINNING],
        "builder": [signer.public],
        "origin": ["", "elsewhere"],
        "derivation": [None],
        "variation": [""],
        "witness": [None],
    }
    for name in _CELLS:
        if name in ("hash", "signature"):
            continue
        values = list(special.get(name, ()))
        column = "hash" if name == "previous" else name
        values += (
            value
            for (value,) in database.rows(f"SELECT DISTINCT {column} FROM realisations LIMIT ?", (_MOST,))
            if value is not None
        )
        if name in ("path", "derivation"):
            values += (base for (base,) in database.rows("SELECT base FROM objects LIMIT ?", (_MOST,)))
        for value in values:
            if value != cells[name]:
                yield {**cells, name: value}


def _take_out(store: Store, numbers: Iterable[int]) -> str:
    """Write rows to a file in `damaged/` and delete them; return the file."""
    folder = f"{store.home}/damaged"
    try:
        os.makedirs(folder, exist_ok=True)
        number = 1
        while os.path.lexists(place := f"{folder}/ledger-{number}.json"):
            number += 1
        rows = []
        for one in numbers:
            found = store._database.row(f"SELECT {', '.join(_CELLS)} FROM realisations WHERE id = ?", (one,))
            cells = {name: cell.hex() if isinstance(cell, bytes) else cell for name, cell in zip(_CELLS, found)}
            rows.append({"number": one, **cells})
            store._database.execute("DELETE FROM realisations WHERE id = ?", (one,))
        with open(place, "w", encoding="ascii") as file:
            json.dump(rows, file, indent=1)
    except OSError as error:
        raise StoreIO("write", folder, error) from error
    return place


def _in_order(rows: list[tuple[int, SignedRow]]) -> list[tuple[int, SignedRow]]:
    """Sort rows in the order of the chain; pieces of the chain by their first numbers."""
    following = {signed.previous.raw: (number, signed) for number, signed in reversed(rows)}
    hashes = {signed.hash.raw for _, signed in rows}
    ordered: list[tuple[int, SignedRow]] = []
    done: set[int] = set()
    begins = [row for row in rows if row[1].previous.raw not in hashes]
    begins.sort(key=lambda row: (row[1].previous.raw != BEGINNING, row[0]))
    for row in begins:
        following_row: tuple[int, SignedRow] | None = row
        while following_row is not None and following_row[0] not in done:
            done.add(following_row[0])
            ordered.append(following_row)
            following_row = following.get(following_row[1].hash.raw)
    return [*ordered, *(row for row in rows if row[0] not in done)]


def _number_again(database: Database, numbers: list[int], ordered: list[int]) -> None:
    """Renumber the rows `ordered` with `numbers`, in this order."""
    free = min(0, database.value("SELECT min(id) FROM realisations")) - 1
    for place, former in enumerate(ordered):
        database.execute("UPDATE realisations SET id = ? WHERE id = ?", (free - place, former))
    for place, number in enumerate(numbers):
        database.execute("UPDATE realisations SET id = ? WHERE id = ?", (number, free - place))


def _close(database: Database, signer: Signer, rows: list[SignedRow], bad: int) -> None:
    """Sign gaps where rows are missing, and the head."""
    head = genuine_head(database, signer.public)
    known = {(gap.after, gap.before): gap for gap in gaps(database, signer.public)}
    found: list[Gap] = []
    last, count = BEGINNING, 0
    for row in rows:
        if row.previous.raw != last:
            gap = known.get((last, row.previous.raw)) or Gap(last, row.previous.raw, 1)
            found.append(gap)
            count += gap.lost
        last, count = row.hash.raw, count + 1
    if head is None:
        if rows:
            write_head(database, signer, count, last)
        elif database.row("SELECT 1 FROM meta WHERE key = 'ledger'") is not None:
            database.execute("DELETE FROM meta WHERE key = 'ledger'")
        write_gaps(database, signer, found)
        return
    if head[1] != last:
        gap = known.get((last, head[1])) or Gap(last, head[1], 1)
        found.append(gap)
        count += gap.lost
    missing = head[0] - count
    fresh = [index for index, gap in enumerate(found) if (gap.after, gap.before) not in known]
    if missing > 0 and fresh:
        # Only the total of missing rows is known; any position for the last ones will do.
        found[fresh[-1]] = found[fresh[-1]]._replace(lost=found[fresh[-1]].lost + missing)
    elif missing:
        write_head(database, signer, count, head[1])
    write_gaps(database, signer, found)
