"""The ledger: the build trace rows of this store's builder, signed and chained.

Each build leaves a row, even if another row says the same: two that agree are worth more than one if they have
different *witnesses* (`witness`).

A row's *text* is canonical JSON of its claim and of the hash of the previous row; its *hash* is BLAKE3 of the text; its
*signature* is Ed25519 over the text. So nobody can change a row, or remove or insert one, without the builder's key.
The *head* (number of rows, last hash) is signed as well, so that missing rows at the end are noticed. A copy of the
head kept elsewhere also reveals that a whole store was reset to an earlier state.

A row can be verified alone, by its text and signature: so rows can be copied to other stores. There they keep the
signature of their builder, and are not part of the chain.

Rows of format 1 have no witness. They remain as they are, and are verified as they were signed.

Rows lost to damage cannot be recovered. If the owner has the ledger mended (`mending`), a signed *gap* replaces them:
it holds the hashes around them and their number. Later rows keep their signatures.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .digest import Digest
from .errors import DamagedRow, DatabaseFailure, StoreError
from .foreign import parse_json
from .keys import InvalidKey, is_signed_by
from .path import InvalidStorePath, StorePath
from .records import Realisation
from .trace import COLUMNS, realisation_of
from .witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .database import Database
    from .keys import Signer

FORMATS: Final = {"chx trace row 1": False, "chx trace row 2": True}
"""Formats of rows, and whether they have a witness."""
_FORMAT_PREFIX: Final = "chx trace row "
_NAMES: Final = {has_witness: name for name, has_witness in FORMATS.items()}
_HEAD_FORMAT: Final = "chx ledger head 1"
_GAP_FORMAT: Final = "chx ledger gap 1"
GAPS: Final = "ledger gaps"
"""The key in `meta` of the gaps of the ledger."""
BEGINNING: Final = b"\0" * 32
"""Stands for the hash before the first row."""


class SignedRow(NamedTuple):
    """A realisation with its signature."""

    realisation: Realisation
    previous: Digest
    signature: str

    @property
    def text(self) -> bytes:
        """The signed text: canonical JSON."""
        row = self.realisation
        said: dict[str, Any] = {
            "format": _NAMES[row.witness is not None],
            "resolved": str(row.resolved),
            "output": row.output,
            "path": row.path.base,
            "derivation": None if row.derivation is None else row.derivation.base,
            "started": row.started,
            "seconds": row.seconds,
            "variation": row.variation,
            "builder": row.builder,
            "previous": str(self.previous),
        }
        if row.witness is not None:
            said["witness"] = row.witness.to_dict()
        return _canonical(said)

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
        """Return JSON types, with the signature."""
        return {**json.loads(self.text), "signature": self.signature}

    @classmethod
    def from_dict(cls, data: Any) -> SignedRow:
        """Inverse of `to_dict`; raises `ValueError` for anything else."""
        try:
            has_witness = FORMATS.get(data["format"])
            if has_witness is None:
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
                witness=Witness.from_dict(data["witness"]) if has_witness else None,
            )
            for text in (row.output, row.variation, row.builder, *(row.witness or ())):
                text.encode()  # what JSON can hold and no database
            return cls(row, Digest.parse(data["previous"]), str(data["signature"]))
        except (KeyError, TypeError, AttributeError, OverflowError, InvalidStorePath) as error:
            raise ValueError(f"it is no row of a build trace: {error}") from error


def parse_rows(text: bytes) -> list[SignedRow]:
    """Parse a JSON list of rows; rows of later formats are left out. Raises `ValueError`."""
    items = parse_json(text)
    if not isinstance(items, list):
        raise ValueError("it is no list of rows")
    return [SignedRow.from_dict(item) for item in items if not _is_later(item)]


def _is_later(item: object) -> bool:
    named = item.get("format") if isinstance(item, dict) else None
    return isinstance(named, str) and named not in FORMATS and named.startswith(_FORMAT_PREFIX)


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


class Fault(NamedTuple):
    """A fault of the ledger: at `row` (its number; None for the whole), described by `what`."""

    row: int | None
    what: str


class Gap(NamedTuple):
    """`lost` rows are missing after the one with hash `after`; the next row follows the hash `before`."""

    after: bytes
    before: bytes
    lost: int

    @property
    def text(self) -> bytes:
        """The signed text."""
        return f"{_GAP_FORMAT}\n{self.after.hex()}\n{self.before.hex()}\n{self.lost}".encode()


def gaps(database: Database, own: str) -> list[Gap]:
    """The gaps that the owner of the key `own` has signed."""
    found = []
    try:
        for item in parse_json(database.value("SELECT value FROM meta WHERE key = ?", (GAPS,)) or "[]"):
            gap = Gap(bytes.fromhex(item["after"]), bytes.fromhex(item["before"]), int(item["lost"]))
            if gap.lost > 0 and is_signed_by(own, gap.text, item["signature"]):
                found.append(gap)
    except (DatabaseFailure, ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidKey):
        return found
    return found


def write_gaps(database: Database, signer: Signer, found: Iterable[Gap]) -> None:
    """Sign gaps, and replace the existing ones. Call it in a transaction."""
    items = [
        {"after": gap.after.hex(), "before": gap.before.hex(), "lost": gap.lost, "signature": signer.sign(gap.text)}
        for gap in found
    ]
    database.execute("DELETE FROM meta WHERE key = ?", (GAPS,))
    if items:
        database.execute("INSERT INTO meta VALUES (?, ?)", (GAPS, json.dumps(items)))


def append(database: Database, signer: Signer, rows: Iterable[Realisation]) -> None:
    """Add rows, signed and chained. In a transaction."""
    count, last = _head(database)
    added = False
    for row in rows:
        row = row._replace(started=float(row.started), seconds=float(row.seconds), builder=signer.public, origin="")
        signed = SignedRow(row, Digest(last), "")
        signed = signed._replace(signature=signer.sign(signed.text))
        insert(database, signed)
        count, last, added = count + 1, signed.hash.raw, True
    if added:
        write_head(database, signer, count, last)


def write_head(database: Database, signer: Signer, count: int, last: bytes) -> None:
    """Sign the number of rows and the last hash. Call it in a transaction."""
    text = _head_text(count, last)
    head = json.dumps({"count": count, "hash": last.hex(), "signature": signer.sign(text), "key": signer.public})
    database.execute("INSERT OR REPLACE INTO meta VALUES ('ledger', ?)", (head,))


def insert(database: Database, signed: SignedRow) -> None:
    """Add a row unchanged, unless it exists."""
    row = signed.realisation
    database.execute(
        "INSERT INTO realisations (resolved, output, path, derivation, started, seconds, builder, variation, witness,"
        " origin, previous, hash, signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            row.resolved.raw,
            row.output,
            row.path.base,
            None if row.derivation is None else row.derivation.base,
            row.started,
            row.seconds,
            row.builder,
            row.variation,
            None if row.witness is None else _canonical(row.witness.to_dict()).decode(),
            row.origin,
            signed.previous.raw,
            signed.hash.raw,
            signed.signature,
        ),
    )


class Numbered(NamedTuple):
    """A row by its number: `signed`, or None and its fault, `wrong`, as a text to follow its name.

    `hashes` are those that the next row may name: one, unless the row is damaged.
    """

    number: int
    signed: SignedRow | None
    hashes: frozenset[bytes]
    wrong: str = ""


def numbered(database: Database, where: str = "1", arguments: Iterable[Any] = ()) -> Iterator[Numbered]:
    """Yield rows that are or should be signed, in the order of recording; each is read alone, so that damage stays limited."""
    legacy = unsigned_until(database)
    for (number,) in database.rows(f"SELECT id FROM realisations WHERE {where} ORDER BY id", tuple(arguments)):
        try:
            row = database.row(
                f"SELECT previous, hash, signature, witness, {COLUMNS} FROM realisations WHERE id = ?", (number,)
            )
        except DatabaseFailure as error:
            yield Numbered(number, None, frozenset(), f"cannot be read: {error.reason}")
            continue
        if row is not None and not (row[2] is None and number <= legacy):
            yield _numbered(number, row)


def _numbered(number: int, row: Any) -> Numbered:
    previous, own, signature, witness, *rest = row
    hashes = {own} if isinstance(own, bytes) else set()
    try:
        known = None if witness is None else Witness.from_dict(parse_json(witness))
        if type(previous) is not bytes:
            raise DamagedRow("is damaged: there is no previous in it")
        signed = SignedRow(realisation_of(rest)._replace(witness=known), Digest(previous), str(signature))
        hashes.add(signed.hash.raw)
    except DamagedRow as error:
        return Numbered(number, None, frozenset(hashes), error.reason)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        return Numbered(number, None, frozenset(hashes), f"is damaged: {error}")
    if signature is None:
        return Numbered(number, None, frozenset(hashes), "has no signature")
    if hashes != {own}:
        return Numbered(number, None, frozenset(hashes), "is not what was signed: its hash is another")
    return Numbered(number, signed, frozenset(hashes))


def unsigned_until(database: Database) -> int:
    """Return the number up to which rows have no signature, because they are older than the ledger."""
    found = database.value("SELECT value FROM meta WHERE key = 'ledger began after'")
    return int(found) if isinstance(found, str) and found.isascii() and found.isdigit() else 0


def signed_rows(database: Database, where: str = "1", arguments: Iterable[Any] = ()) -> list[tuple[int, SignedRow]]:
    """Return signed rows with their numbers, in the order of recording, without damaged ones."""
    rows = numbered(database, where, arguments)
    return [(row.number, row.signed) for row in rows if row.signed is not None]


def all_rows(database: Database) -> list[Realisation]:
    """Return all readable rows, signed or not, in the order of recording."""
    found = []
    for witness, *rest in database.rows(f"SELECT witness, {COLUMNS} FROM realisations ORDER BY id"):
        try:
            known = None if witness is None else Witness.from_dict(parse_json(witness))
            found.append(realisation_of(rest)._replace(witness=known))
        except (DamagedRow, ValueError, TypeError, AttributeError, RecursionError):
            continue
    return found


def _head(database: Database) -> tuple[int, bytes]:
    """Read the head. Raises `UnsoundLedger`."""
    head = database.value("SELECT value FROM meta WHERE key = 'ledger'")
    if head is None:
        return 0, BEGINNING
    try:
        data = parse_json(head)
        return int(data["count"]), Digest.parse(data["hash"]).raw
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnsoundLedger(None, "its head is damaged") from None


def genuine_head(database: Database, own: str) -> tuple[int, bytes] | None:
    """Return the number of rows and the last hash signed with the key `own`; None if there is no such head."""
    try:
        data = parse_json(database.value("SELECT value FROM meta WHERE key = 'ledger'"))
        count, last = int(data["count"]), bytes.fromhex(data["hash"])
        return (count, last) if is_signed_by(own, _head_text(count, last), data["signature"]) else None
    except (DatabaseFailure, ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidKey):
        return None


def own_home(database: Database) -> str | None:
    """The home that the last row of this store's builder names as its witness, if its signature is genuine."""
    for (number,) in database.rows("SELECT id FROM realisations WHERE origin = '' ORDER BY id DESC LIMIT 64"):
        for row in numbered(database, "id = ?", (number,)):
            if row.signed is not None and row.signed.realisation.witness is not None and row.signed.is_genuine():
                return row.signed.realisation.witness.home
    return None


def _head_text(count: int, last: bytes) -> bytes:
    return f"{_HEAD_FORMAT}\n{count}\n{last.hex()}".encode()


def head(database: Database) -> str:
    """The number of rows and the last hash, to be kept elsewhere. Raises `UnsoundLedger`."""
    count, last = _head(database)
    return f"{count}:{last.hex()}"


def check(database: Database, own: str, expected: str | None = None) -> list[Fault]:
    """Return the faults of the ledger; `own` is the key of its signatures, `expected` a head that it has to extend."""
    faults: list[Fault] = []
    chain = _Chain(gaps(database, own))
    for row in numbered(database, "origin = ''"):
        faults += (Fault(row.number, what) for what in chain.add(row, own))
        if row.signed is not None and not row.signed.is_genuine():
            faults.append(Fault(row.number, "is not what was signed"))
    for row in numbered(database, "origin IS NOT ''"):
        if row.signed is None:
            faults.append(Fault(row.number, f"came from elsewhere and {row.wrong}"))
        elif not row.signed.is_genuine():
            faults.append(Fault(row.number, "came from elsewhere and is not what its builder signed"))
        elif row.signed.realisation.builder == own:
            faults.append(Fault(row.number, "is signed with this store's key and said to come from elsewhere"))
    faults += chain.check_head(database, own)
    if expected is not None and expected not in chain.seen:
        faults.append(Fault(None, f"it does not go on from {expected}"))
    return faults


class _Chain:
    """The own rows in the order of the chain."""

    def __init__(self, gaps: Iterable[Gap] = ()) -> None:
        self._count = 0
        self._last = frozenset((BEGINNING,))
        self._gaps = list(gaps)
        self.seen = {f"0:{BEGINNING.hex()}"}

    def _leap(self, to: bytes) -> None:
        """Skip the missing rows up to the one that follows the hash `to`, if known."""
        for gap in self._gaps:
            if gap.after in self._last and gap.before == to:
                self._count += gap.lost
                self._last = frozenset((to,))
                self.seen.add(f"{self._count}:{to.hex()}")
                return

    def add(self, row: Numbered, own: str) -> list[str]:
        """Return the faults of the next row and its position."""
        if row.signed is not None and self._last and row.signed.previous.raw not in self._last:
            self._leap(row.signed.previous.raw)
        self._count += 1
        before, self._last = self._last, row.hashes
        if row.signed is None:
            return [row.wrong]
        self.seen.add(f"{self._count}:{row.signed.hash}")
        faults = []
        # After an unreadable row the position of the next is unknown; the head covers both.
        if before and row.signed.previous.raw not in before:
            faults.append("does not follow the row before it: rows are missing or were put in")
        if row.signed.realisation.builder != own:
            faults.append("is signed with another key than this store's")
        return faults

    def check_head(self, database: Database, own: str) -> list[Fault]:
        found = genuine_head(database, own)
        if found is None:
            if database.row("SELECT 1 FROM meta WHERE key = 'ledger'") is None:
                return [Fault(None, "its head is missing")] if self._count else []
            return [Fault(None, "its head is not what was signed")]
        count, last = found
        if self._last and last not in self._last:
            self._leap(last)
        if count != self._count:
            return [Fault(None, f"it has {self._count} rows and should have {count}")]
        if self._last and last not in self._last:
            return [Fault(None, "its head is not that of its last row")]
        return []


class UnsoundLedger(StoreError):
    """Relied-on rows of the ledger do not hold: `row` is the number of the first, None for the whole."""

    def __init__(self, row: int | None, what: str) -> None:
        where = "the ledger of the store cannot be relied on: " + ("" if row is None else f"row {row} ")
        super().__init__(where + what, hint="`chx ledger --check` lists all that is wrong with it", code="S041")
        self.row, self.what = row, what


def check_relied(
    database: Database, own: str, relied: Mapping[tuple[Digest, str], StorePath]
) -> dict[tuple[Digest, str], tuple[SignedRow, ...]]:
    """Return the rows that make the claims of `relied`. Raises `UnsoundLedger`.

    Checks that every own row matches its hash and follows the previous one, and that the head is that of the last row,
    signed with `own`: so no row is missing, added or changed. Then checks, for each resolved derivation and output,
    that a row claims the path, and that all rows about it are signed by the builder that they name.
    """
    chain = _Chain(gaps(database, own))
    for row in numbered(database, "origin = ''"):
        for what in chain.add(row, own):
            raise UnsoundLedger(row.number, what)
    for fault in chain.check_head(database, own):
        raise UnsoundLedger(fault.row, fault.what)
    found: dict[tuple[Digest, str], tuple[SignedRow, ...]] = {}
    others: list[tuple[int, str]] = []
    damaged: list[tuple[int, str]] = []
    for (resolved, output), path in relied.items():
        rows = list(numbered(database, "resolved = ? AND output = ?", (resolved.raw, output)))
        damaged += ((row.number, row.wrong) for row in rows if row.signed is None)
        there = [(row.number, row.signed) for row in rows if row.signed is not None]
        damaged += ((number, "is not what its builder signed") for number, signed in there if not signed.is_genuine())
        agreeing = [signed for _, signed in there if signed.realisation.path == path]
        if not agreeing and there:
            number, signed = there[0]
            others.append((number, f"says that {resolved}!{output} gave '{signed.realisation.path}', and not '{path}'"))
        elif not agreeing and not rows:
            damaged.append((_LAST, f"it has no row that says that {resolved}!{output} gave '{path}'"))
        found[resolved, output] = tuple(agreeing)
    for number, what in sorted([*damaged, *others]):
        raise UnsoundLedger(None if number == _LAST else number, what)
    return found


_LAST: Final = 1 << 63
"""Sorts after all numbers of rows."""
