"""The ledger: the rows of the build trace that this store's builder answers for, signed and chained.

A row's *text* is canonical JSON of what it says and of the hash of the row before it; its *hash* is BLAKE3 of
the text; its *signature* is Ed25519 over the text. So a row cannot be changed, and none can be taken out of
the middle or added, without the builder's key. The *head* (how many rows, the last hash) is signed as well, so
that rows missing at the end are noticed. Whoever keeps the head elsewhere also notices that a whole store was
set back to an earlier state.

A row can be checked alone, by its text and signature: that is how rows travel to other stores. There they keep
the signature of who built it, and are not part of the chain.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .digest import Digest
from .keys import InvalidKey, is_signed_by
from .path import StorePath
from .records import Realisation
from .trace import COLUMNS, realisation_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .database import Database
    from .keys import Signer

_FORMAT: Final = "chx trace row 1"
_HEAD_FORMAT: Final = "chx ledger head 1"
BEGINNING: Final = b"\0" * 32
"""Stands for the hash before the first row."""


class SignedRow(NamedTuple):
    """A realisation with what proves it."""

    realisation: Realisation
    previous: Digest
    signature: str

    @property
    def text(self) -> bytes:
        row = self.realisation
        return json.dumps(
            {
                "format": _FORMAT,
                "resolved": str(row.resolved),
                "output": row.output,
                "path": row.path.base,
                "derivation": None if row.derivation is None else row.derivation.base,
                "started": row.started,
                "seconds": row.seconds,
                "variation": row.variation,
                "builder": row.builder,
                "previous": str(self.previous),
            },
            sort_keys=True,
            separators=(",", ":"),
        ).encode()

    @property
    def hash(self) -> Digest:
        return Digest.of(self.text)

    def is_genuine(self) -> bool:
        """Whether the builder that it names has signed it."""
        try:
            return is_signed_by(self.realisation.builder, self.text, self.signature)
        except InvalidKey:
            return False

    def to_dict(self) -> dict[str, Any]:
        """As JSON types, with its signature."""
        return {**json.loads(self.text), "signature": self.signature}

    @classmethod
    def from_dict(cls, data: Any) -> SignedRow:
        """Inverse of `to_dict`; raises `ValueError` for anything else."""
        try:
            if data["format"] != _FORMAT:
                raise ValueError("it is of another format")
            derivation = data["derivation"]
            row = Realisation(
                Digest.parse(data["resolved"]),
                str(data["output"]),
                StorePath.parse(data["path"]),
                None if derivation is None else StorePath.parse(derivation),
                float(data["started"]),
                float(data["seconds"]),
                str(data["variation"]),
                str(data["builder"]),
            )
            return cls(row, Digest.parse(data["previous"]), str(data["signature"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"it lacks {error}") from error


class Fault(NamedTuple):
    """Something wrong with the ledger: at `row` (its number; None for the whole), `what` in words."""

    row: int | None
    what: str


def append(database: Database, signer: Signer, rows: Iterable[Realisation]) -> None:
    """Add rows that are not there yet, signed and chained. In a transaction."""
    count, last = _head(database)
    added = False
    for row in rows:
        row = row._replace(started=float(row.started), seconds=float(row.seconds), builder=signer.public, origin="")
        key = (row.resolved.raw, row.output, row.path.base, row.builder, row.variation)
        known = database.row(
            "SELECT 1 FROM realisations WHERE resolved = ? AND output = ? AND path = ? AND builder = ? AND variation = ?",
            key,
        )
        if known is not None:
            continue
        signed = SignedRow(row, Digest(last), "")
        signed = signed._replace(signature=signer.sign(signed.text))
        insert(database, signed)
        count, last, added = count + 1, signed.hash.raw, True
    if added:
        text = _head_text(count, last)
        head = json.dumps({"count": count, "hash": last.hex(), "signature": signer.sign(text), "key": signer.public})
        database.execute("INSERT OR REPLACE INTO meta VALUES ('ledger', ?)", (head,))


def insert(database: Database, signed: SignedRow) -> None:
    """Add a row as it is, unless it is there."""
    row = signed.realisation
    database.execute(
        "INSERT INTO realisations (resolved, output, path, derivation, started, seconds, builder, variation, origin,"
        " previous, hash, signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            row.resolved.raw,
            row.output,
            row.path.base,
            None if row.derivation is None else row.derivation.base,
            row.started,
            row.seconds,
            row.builder,
            row.variation,
            row.origin,
            signed.previous.raw,
            signed.hash.raw,
            signed.signature,
        ),
    )


def signed_rows(database: Database, where: str = "1", arguments: Iterable[Any] = ()) -> list[tuple[int, SignedRow]]:
    """Rows that carry a signature, with their numbers, in the order of recording."""
    rows = database.rows(
        f"SELECT id, previous, signature, {COLUMNS} FROM realisations"
        f" WHERE signature IS NOT NULL AND ({where}) ORDER BY id",
        tuple(arguments),
    )
    return [
        (number, SignedRow(realisation_of(rest), Digest(previous), signature))
        for number, previous, signature, *rest in rows
    ]


def _head(database: Database) -> tuple[int, bytes]:
    head = database.value("SELECT value FROM meta WHERE key = 'ledger'")
    if head is None:
        return 0, BEGINNING
    data = json.loads(head)
    return int(data["count"]), bytes.fromhex(data["hash"])


def _head_text(count: int, last: bytes) -> bytes:
    return f"{_HEAD_FORMAT}\n{count}\n{last.hex()}".encode()


def head(database: Database) -> str:
    """The number of rows and the last hash, to be kept elsewhere."""
    count, last = _head(database)
    return f"{count}:{last.hex()}"


def check(database: Database, own: str, expected: str | None = None) -> list[Fault]:
    """What is wrong with the ledger; `own` is the key it should be signed with, `expected` a head it has to go on from."""
    faults: list[Fault] = []
    last, count = BEGINNING, 0
    seen = {f"0:{BEGINNING.hex()}"}
    for number, signed in signed_rows(database, "origin = ''"):
        count += 1
        if signed.previous.raw != last:
            faults.append(Fault(number, "does not follow the row before it: rows are missing or were put in"))
        if signed.realisation.builder != own:
            faults.append(Fault(number, "is signed with another key than this store's"))
        if not signed.is_genuine():
            faults.append(Fault(number, "is not what was signed"))
        last = signed.hash.raw
        seen.add(f"{count}:{last.hex()}")
    legacy = database.value("SELECT value FROM meta WHERE key = 'ledger began after'") or 0
    for (number,) in database.rows(
        "SELECT id FROM realisations WHERE signature IS NULL AND id > ? ORDER BY id", (int(legacy),)
    ):
        faults.append(Fault(number, "has no signature"))
    for number, signed in signed_rows(database, "origin != ''"):
        if not signed.is_genuine():
            faults.append(Fault(number, "came from elsewhere and is not what its builder signed"))
    faults += _check_head(database, own, count, last)
    if expected is not None and expected not in seen:
        faults.append(Fault(None, f"it does not go on from {expected}"))
    return faults


def _check_head(database: Database, own: str, count: int, last: bytes) -> list[Fault]:
    text = database.value("SELECT value FROM meta WHERE key = 'ledger'")
    if text is None:
        return [Fault(None, "its head is missing")] if count else []
    try:
        data = json.loads(text)
        genuine = is_signed_by(own, _head_text(data["count"], bytes.fromhex(data["hash"])), data["signature"])
    except (ValueError, KeyError, TypeError, InvalidKey):
        genuine = False
    if not genuine:
        return [Fault(None, "its head is not what was signed")]
    if (data["count"], data["hash"]) != (count, last.hex()):
        return [Fault(None, f"it has {count} rows and should have {data['count']}")]
    return []
