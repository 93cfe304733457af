"""The ledger: rows are signed and chained; an old database is brought up to date in one step."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from chx.store import Digest, Realisation, SignedRow, Signer, Store, StorePath, UnsoundLedger
from chx.store.ledger import BEGINNING, signed_rows
from chx.store.queries import SCHEMA_VERSION
from chx.store.witness import machine_id


def rows(store: Store, count: int = 4) -> None:
    for number in range(count):
        path = store.add_bytes(b"%d" % number, "x")
        store.record([Realisation(Digest.of(b"%d" % number), "out", path, None, 1.5, 2, "cores=2")])


def change(store: Store, statement: str) -> None:
    assert store._database.execute(statement).rowcount


def test_what_was_recorded_is_signed_by_the_stores_own_key(store: Store) -> None:
    rows(store)
    assert store.check_ledger() == []
    assert {row.builder for row in store.ledger()} == {Signer(store.home).public}
    assert store.ledger_head().startswith("4:")
    rows(store)
    assert store.ledger_head().startswith("8:"), "each build leaves a row"
    assert store.check_ledger() == []


def test_a_row_says_where_it_was_built_and_with_what(home: str) -> None:
    import platform

    import chx

    with Store.open(home) as store:
        rows(store, 1)
        (row,) = store.ledger()
        assert row.witness is not None
        assert len(row.witness.home) == 32 and len(row.witness.machine) in (0, 32)
        assert row.witness[2:] == (platform.release(), chx.__version__, "")
        assert store.witness("bubblewrap 1").sandbox == "bubblewrap 1"
    with Store.open(home) as store:
        assert store.witness() == row.witness
    with Store.open(home + "-other") as other:
        assert other.witness().home != row.witness.home
        assert other.witness().machine == row.witness.machine


def test_a_machine_is_told_without_its_machine_id(tmp_path: Path) -> None:
    file = tmp_path / "machine-id"
    assert machine_id(str(file)) == ""
    for text in ("", "uninitialized\n", "x" * 32):
        file.write_text(text)
        assert machine_id(str(file)) == ""
    file.write_text("0123456789abcdef0123456789abcdef\n")
    found = machine_id(str(file))
    assert len(found) == 32 and found != "0123456789abcdef0123456789abcdef"
    file.write_text("1123456789abcdef0123456789abcdef\n")
    assert machine_id(str(file)) not in ("", found)


def format_1(store: Store) -> None:
    """Bring the ledger into the form in which chx wrote it before there were witnesses, signed and chained."""
    last = BEGINNING
    found = signed_rows(store._database)
    store._database.execute("UPDATE realisations SET hash = NULL")
    for number, signed in found:
        bare = SignedRow(signed.realisation._replace(witness=None), Digest(last), "")
        bare = bare._replace(signature=store.signer.sign(bare.text))
        last = bare.hash.raw
        store._database.execute(
            "UPDATE realisations SET witness = NULL, previous = ?, hash = ?, signature = ? WHERE id = ?",
            (bare.previous.raw, last, bare.signature, number),
        )
    text = f"chx ledger head 1\n{len(found)}\n{last.hex()}".encode()
    head = {"count": len(found), "hash": last.hex(), "signature": store.signer.sign(text), "key": store.signer.public}
    store._database.execute("UPDATE meta SET value = ? WHERE key = 'ledger'", (json.dumps(head),))


def test_rows_of_format_1_are_checked_as_they_were_signed(store: Store) -> None:
    rows(store, 2)
    format_1(store)
    text = signed_rows(store._database)[0][1].text
    assert b"witness" not in text and b'"format":"chx trace row 1"' in text
    assert store.check_ledger() == []
    rows(store, 3)
    assert store.check_ledger() == []
    assert [row.witness is None for row in store.ledger()] == [True, True, False, False, False]
    change(store, "UPDATE realisations SET witness = (SELECT witness FROM realisations WHERE id = 5) WHERE id = 2")
    assert [fault.row for fault in store.check_ledger()] == [2]


KEY = (Digest.of(b"1"), "out")


@pytest.fixture
def relied(store: Store) -> dict[tuple[Digest, str], StorePath]:
    rows(store)
    return {KEY: store.add_bytes(b"1", "x")}


def test_rows_that_are_relied_on_are_given(store: Store, relied) -> None:  # type: ignore[no-untyped-def]
    rows(store)
    found = store.check_relied(relied)
    assert [row.realisation.path for row in found[KEY]] == [relied[KEY]] * 2
    other = store.add_bytes(b"other", "x")
    store.record([Realisation(KEY[0], "out", other, None, 1.0, 1.0)])
    assert len(store.check_relied({KEY: other})[KEY]) == 1, "what came out differently is a fact and no damage"
    assert store.check_relied({}) == {}


@pytest.mark.parametrize(
    ("statement", "row", "what"),
    [
        ("UPDATE realisations SET path = (SELECT path FROM realisations WHERE id = 1) WHERE id = 2", 2, "was signed"),
        ("UPDATE realisations SET seconds = 3 WHERE id = 1", 1, "was signed"),
        ("UPDATE realisations SET witness = replace(witness, 'kernel', 'kernal') WHERE id = 3", 3, "its witness"),
        ("UPDATE realisations SET witness = '{' WHERE id = 3", 3, "is damaged"),
        ("UPDATE realisations SET witness = NULL WHERE id = 2", 2, "was signed"),
        ("UPDATE realisations SET hash = zeroblob(32) WHERE id = 4", 4, "its hash is another"),
        ("UPDATE realisations SET previous = zeroblob(32) WHERE id = 3", 3, "its hash is another"),
        ("UPDATE realisations SET previous = zeroblob(31) WHERE id = 2", 2, "is damaged"),
        ("UPDATE realisations SET path = CAST(X'ff00' AS TEXT) WHERE id = 2", 2, "cannot be read"),
        ("UPDATE realisations SET path = 'x' WHERE id = 2", 2, "is damaged"),
        ("UPDATE realisations SET started = 'soon' WHERE id = 2", 2, "there is no started in it"),
        ("UPDATE realisations SET resolved = zeroblob(9) WHERE id = 1", 1, "is damaged"),
        ("UPDATE realisations SET signature = 'AAAA' WHERE id = 2", 2, "is not what its builder signed"),
        ("UPDATE realisations SET signature = NULL WHERE id = 2", 2, "has no signature"),
        ("DELETE FROM realisations WHERE id = 1", 2, "rows are missing"),
        ("DELETE FROM realisations WHERE id = 2", 3, "rows are missing"),
        ("DELETE FROM realisations WHERE id = 4", None, "has 3 rows and should have 4"),
        ("UPDATE realisations SET origin = 'elsewhere' WHERE id = 2", 3, "rows are missing"),
        ("DELETE FROM meta WHERE key = 'ledger'", None, "head is missing"),
        ("UPDATE meta SET value = '[]' WHERE key = 'ledger'", None, "head is not what was signed"),
        ("UPDATE meta SET value = replace(value, '4', '3') WHERE key = 'ledger'", None, "head is not what was signed"),
    ],
)
def test_the_first_row_that_cannot_be_relied_on_is_named(
    store: Store,
    relied,  # type: ignore[no-untyped-def]
    statement: str,
    row: int | None,
    what: str,
) -> None:
    change(store, statement)
    with pytest.raises(UnsoundLedger) as caught:
        store.check_relied(relied)
    assert caught.value.row == row and what in caught.value.what, caught.value.what


def test_what_no_row_says_cannot_be_relied_on(store: Store, relied) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnsoundLedger) as caught:
        store.check_relied({(Digest.of(b"unknown"), "out"): relied[KEY]})
    assert caught.value.row is None and "has no row that says" in caught.value.what
    with pytest.raises(UnsoundLedger) as caught:
        store.check_relied({KEY: store.add_bytes(b"2", "x")})
    assert caught.value.row == 2 and f"gave '{relied[KEY]}', and not" in caught.value.what


def test_a_row_that_another_key_has_signed_and_chained_cannot_be_relied_on(store: Store, relied, tmp_path) -> None:  # type: ignore[no-untyped-def]
    number, signed = signed_rows(store._database)[3]
    other = Signer(str(tmp_path / "other"))
    forged = SignedRow(signed.realisation._replace(builder=other.public), signed.previous, "")
    forged = forged._replace(signature=other.sign(forged.text))
    store._database.execute(
        "UPDATE realisations SET builder = ?, hash = ?, signature = ? WHERE id = ?",
        (other.public, forged.hash.raw, forged.signature, number),
    )
    with pytest.raises(UnsoundLedger) as caught:
        store.check_relied(relied)
    assert caught.value.row == 4 and "another key" in caught.value.what


def test_a_row_that_is_damaged_in_the_file_cannot_be_relied_on(home: str) -> None:
    with Store.open(home) as store:
        rows(store)
        path = store.add_bytes(b"1", "x")
        signature = signed_rows(store._database)[1][1].signature
        store._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database = Path(home) / "db" / "store.sqlite"
    content = database.read_bytes()
    assert content.count(signature.encode()) == 1
    database.write_bytes(content.replace(signature.encode(), signature.swapcase().encode()))
    with Store.open(home) as store:
        with pytest.raises(UnsoundLedger) as caught:
            store.check_relied({KEY: path})
        assert caught.value.row == 2
        assert [fault.row for fault in store.check_ledger()] == [2]


def test_a_damaged_row_does_not_hide_what_is_wrong_with_others_and_is_passed_over_by_builds(store: Store) -> None:
    rows(store)
    path = store.add_bytes(b"2", "x")
    store.record([Realisation(Digest.of(b"2"), "out", path, None, 1.0, 1.0)])
    change(store, "UPDATE realisations SET output = X'00' WHERE id = 2")
    change(store, "UPDATE realisations SET path = 'x' WHERE id = 3")
    change(store, "UPDATE realisations SET seconds = 7 WHERE id = 4")
    assert [fault.row for fault in store.check_ledger()] == [2, 3, 4]
    assert [row.path for row in store.realisations(Digest.of(b"2"))] == [path]
    assert store.realisation(Digest.of(b"2"), "out") == path
    assert len(store.ledger()) == 3


@pytest.mark.parametrize(
    ("statement", "row", "what"),
    [
        ("UPDATE realisations SET path = (SELECT path FROM realisations WHERE id = 1) WHERE id = 2", 2, "was signed"),
        ("UPDATE realisations SET seconds = 3 WHERE id = 2", 2, "was signed"),
        ("UPDATE realisations SET variation = '' WHERE id = 2", 2, "was signed"),
        ("DELETE FROM realisations WHERE id = 1", 2, "rows are missing"),
        ("DELETE FROM realisations WHERE id = 3", 4, "rows are missing"),
        ("DELETE FROM realisations WHERE id = 4", None, "has 3 rows and should have 4"),
        ("UPDATE realisations SET signature = NULL WHERE id = 4", 4, "no signature"),
        ("UPDATE realisations SET origin = 'elsewhere' WHERE id = 2", 3, "rows are missing"),
        ("DELETE FROM meta WHERE key = 'ledger'", None, "head is missing"),
        ("UPDATE meta SET value = replace(value, '4', '3') WHERE key = 'ledger'", None, "head is not what was signed"),
    ],
)
def test_a_row_that_is_changed_or_missing_is_noticed(store: Store, statement: str, row: int | None, what: str) -> None:
    rows(store)
    change(store, statement)
    assert any(fault.row == row and what in fault.what for fault in store.check_ledger()), store.check_ledger()


def test_a_row_signed_with_another_key_is_noticed(store: Store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    rows(store)
    number, signed = signed_rows(store._database)[3]
    other = Signer(str(tmp_path / "other"))
    forged = SignedRow(signed.realisation._replace(builder=other.public), signed.previous, "")
    forged = forged._replace(signature=other.sign(forged.text))
    assert forged.is_genuine()
    store._database.execute(
        "UPDATE realisations SET builder = ?, hash = ?, signature = ? WHERE id = ?",
        (other.public, forged.hash.raw, forged.signature, number),
    )
    assert any("another key" in fault.what for fault in store.check_ledger())


def test_a_store_that_was_set_back_does_not_go_on_from_a_head_kept_elsewhere(home: str) -> None:
    import shutil

    with Store.open(home) as store:
        rows(store, 2)
        early = store.ledger_head()
    shutil.copytree(home, home + "-before", symlinks=True)
    with Store.open(home) as store:
        rows(store, 4)
        late = store.ledger_head()
        assert store.check_ledger(early) == store.check_ledger(late) == []
    with Store.open(home + "-before") as store:
        assert store.check_ledger(early) == []
        assert "does not go on" in store.check_ledger(late)[0].what


def test_a_row_comes_back_from_its_json(store: Store) -> None:
    rows(store, 1)
    ((_, signed),) = signed_rows(store._database)
    again = SignedRow.from_dict(json.loads(json.dumps(signed.to_dict())))
    assert again == signed and again.is_genuine()
    for broken in ({}, [], None, {**signed.to_dict(), "format": "x"}, {**signed.to_dict(), "resolved": "x"}):
        with pytest.raises((ValueError, Exception)):
            SignedRow.from_dict(broken)


OLD = """
CREATE TABLE objects (id INTEGER PRIMARY KEY AUTOINCREMENT, base TEXT NOT NULL UNIQUE, tree BLOB NOT NULL, size INTEGER NOT NULL,
    self INTEGER NOT NULL, deriver TEXT, registered INTEGER NOT NULL, synced INTEGER NOT NULL DEFAULT 0);
CREATE INDEX objects_unsynced ON objects (id) WHERE NOT synced;
CREATE TABLE manifests (object INTEGER PRIMARY KEY REFERENCES objects ON DELETE CASCADE, content BLOB NOT NULL);
CREATE TABLE refs (referrer INTEGER NOT NULL REFERENCES objects ON DELETE CASCADE,
    reference INTEGER NOT NULL REFERENCES objects, PRIMARY KEY (referrer, reference)) WITHOUT ROWID;
CREATE INDEX refs_reference ON refs (reference);
CREATE TABLE realisations (id INTEGER PRIMARY KEY, resolved BLOB NOT NULL, output TEXT NOT NULL, path TEXT NOT NULL,
    derivation TEXT, started REAL NOT NULL, seconds REAL NOT NULL, UNIQUE (resolved, output, path));
CREATE TABLE fixed_outputs (name TEXT NOT NULL, algorithm TEXT NOT NULL, digest BLOB NOT NULL, mode TEXT NOT NULL,
    path TEXT NOT NULL, PRIMARY KEY (name, algorithm, digest, mode)) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def old_store(home: str) -> Digest:
    """A store as version 1 of the schema had it, with one object and one row."""
    with Store.open(home) as store:
        path = store.add_bytes(b"x", "x")
    database = f"{home}/db/store.sqlite"
    with sqlite3.connect(database) as connection:
        objects = connection.execute("SELECT * FROM objects").fetchall()
        manifests = connection.execute("SELECT * FROM manifests").fetchall()
    connection.close()
    for name in os.listdir(home + "/db"):
        os.unlink(f"{home}/db/{name}")
    key = Digest.of(b"resolved")
    connection = sqlite3.connect(database)
    connection.executescript(OLD)
    connection.execute("INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?)", objects[0][:8])
    connection.execute("INSERT INTO manifests VALUES (?, ?)", manifests[0])
    connection.execute("INSERT INTO realisations VALUES (7, ?, 'out', ?, NULL, 1.0, 2.0)", (key.raw, path.base))
    connection.commit()
    connection.close()
    return key


def test_a_database_of_version_1_is_brought_up_to_date(home: str, tools) -> None:  # type: ignore[no-untyped-def]
    key = old_store(home)
    with Store.open(home) as store:
        (row,) = store.realisations(key)
        assert (row.output, row.started, row.seconds, row.builder) == ("out", 1.0, 2.0, "")
        assert store.realisation(key, "out") == row.path
        assert store.check_ledger() == []
        rows(store, 2)
        assert store.check_ledger() == []
        tools.check(store)
        change(store, "UPDATE realisations SET signature = NULL WHERE id = 9")
        assert any(fault.row == 9 for fault in store.check_ledger())


def test_killed_at_any_statement_the_old_database_is_whole(home: str, tools) -> None:  # type: ignore[no-untyped-def]
    from chx.store import database

    key = old_store(home)
    for count in range(1, 40):

        def work(count: int = count) -> None:
            real, calls = database.Database.execute, 0

            def deadly(self, *arguments):  # type: ignore[no-untyped-def]
                nonlocal calls
                calls += 1
                if calls == count:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(self, *arguments)

            database.Database.execute = deadly  # type: ignore[method-assign]
            Store.open(home)

        if tools.in_child(work) == 0:
            break
        connection = sqlite3.connect(f"{home}/db/store.sqlite")
        assert connection.execute("SELECT count(*) FROM realisations").fetchone() == (1,)
        assert connection.execute("PRAGMA user_version").fetchone()[0] in (1, SCHEMA_VERSION)
        connection.close()
    with Store.open(home) as store:
        assert len(store.realisations(key)) == 1
        tools.check(store)


def test_threads_and_processes_that_need_the_key_at_once_get_one(home: str, tools) -> None:  # type: ignore[no-untyped-def]
    from concurrent.futures import ThreadPoolExecutor

    def work() -> None:
        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(lambda _: Signer(home).public, range(8)))) == 1

    children = [tools.start_child(work) for _ in range(3)]
    assert [tools.finish(child) for child in children] == [0] * 3
    assert os.listdir(home + "/keys") == ["ed25519"]


SCHEMA_3 = """
ALTER TABLE realisations RENAME TO newer;
CREATE TABLE realisations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, resolved BLOB NOT NULL, output TEXT NOT NULL, path TEXT NOT NULL, derivation TEXT,
    started REAL NOT NULL, seconds REAL NOT NULL, builder TEXT NOT NULL DEFAULT '', variation TEXT NOT NULL DEFAULT '',
    origin TEXT NOT NULL DEFAULT '', previous BLOB, hash BLOB, signature TEXT,
    UNIQUE (resolved, output, path, builder, variation)
);
DROP INDEX realisations_path;
DROP INDEX realisations_resolved;
CREATE INDEX realisations_path ON realisations (path);
INSERT INTO realisations SELECT id, resolved, output, path, derivation, started, seconds, builder, variation, origin,
    previous, hash, signature FROM newer;
DROP TABLE newer;
PRAGMA user_version = 3;
"""


def test_a_database_of_version_2_is_brought_up_to_date(home, tools) -> None:
    with Store.open(home) as store:
        path = store.add_bytes(b"x" * 99, "x")
        rows(store, 2)
        format_1(store)
    connection = sqlite3.connect(f"{home}/db/store.sqlite")
    connection.executescript(SCHEMA_3)
    connection.executescript("ALTER TABLE objects DROP COLUMN used; DROP TABLE files; PRAGMA user_version = 2;")
    connection.close()
    with Store.open(home) as store:
        assert store.info(path).used == store.info(path).registered
        assert store.check_ledger() == [] and len(store.ledger()) == 2
        other = store.add_bytes(b"y" * 99, "y")
        assert store._database.value("SELECT count(*) FROM files") == 1
        tools.check(store)
        assert store.is_valid(other)


def test_a_database_of_version_3_is_brought_up_to_date_and_its_rows_stay_signed(home: str, tools) -> None:  # type: ignore[no-untyped-def]
    with Store.open(home) as store:
        rows(store, 3)
        format_1(store)
        before = [signed.text for _, signed in signed_rows(store._database)]
        head = store.ledger_head()
    connection = sqlite3.connect(f"{home}/db/store.sqlite")
    connection.executescript(SCHEMA_3)
    connection.close()
    with Store.open(home) as store:
        assert [signed.text for _, signed in signed_rows(store._database)] == before
        assert store.check_ledger(head) == []
        rows(store, 2)
        rows(store, 2)
        assert store.check_ledger(head) == [] and len(store.ledger()) == 7
        tools.check(store)


def test_the_ledger_can_be_checked_by_the_manual_alone(store: Store, home: str) -> None:
    """As docs/formats.md has it, with nothing of chx."""
    import base64

    from blake3 import blake3
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    rows(store, 3)
    path = store.add_bytes(b"late", "late")
    times = (0.0, 1e-05, 1e16, 1764489600.25)
    store.record([Realisation(Digest.of(b"late"), "dev", path, path, time, time, "cores=1 vary=é") for time in times])
    head = store.ledger_head()

    def verify(key: str, signature: str, text: str) -> None:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("ed25519:")))
        public.verify(base64.b64decode(signature), text.encode())

    def canonical(value: object) -> str:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    database = sqlite3.connect(f"{home}/db/store.sqlite")
    database.row_factory = sqlite3.Row
    count, last = 0, "0" * 64
    for row in database.execute("SELECT * FROM realisations WHERE origin = '' ORDER BY id"):
        texts = {name: row[name] for name in ("output", "path", "derivation", "variation", "builder")}
        numbers = {"started": float(row["started"]), "seconds": float(row["seconds"])}
        digests = {"resolved": row["resolved"].hex(), "previous": row["previous"].hex()}
        witness = json.loads(row["witness"])
        assert list(sorted(witness)) == ["chx", "home", "kernel", "machine", "sandbox"]
        assert row["witness"] == canonical(witness)
        text = canonical({"format": "chx trace row 2", **texts, **numbers, **digests, "witness": witness})
        assert digests["previous"] == last
        assert blake3(text.encode()).digest() == row["hash"]
        verify(row["builder"], row["signature"], text)
        count, last = count + 1, row["hash"].hex()
    (told,) = database.execute("SELECT value FROM meta WHERE key = 'ledger'").fetchone()
    stated = json.loads(told)
    assert (stated["count"], stated["hash"]) == (count, last) and count == 3 + len(times)
    verify(stated["key"], stated["signature"], f"chx ledger head 1\n{count}\n{last}")
    assert head == f"{count}:{last}"
