"""The ledger: rows are signed and chained; an old database is brought up to date in one step."""

from __future__ import annotations

import json
import os
import signal
import sqlite3

import pytest

from chx.store import Digest, Realisation, SignedRow, Signer, Store
from chx.store.ledger import signed_rows
from chx.store.questions import SCHEMA_VERSION


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
    assert store.ledger_head().startswith("4:"), "what is known is not recorded again"


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
        "UPDATE realisations SET builder = ?, signature = ? WHERE id = ?", (other.public, forged.signature, number)
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


def test_a_database_of_version_2_is_brought_up_to_date(home, tools) -> None:
    with Store.open(home) as store:
        path = store.add_bytes(b"x" * 99, "x")
        rows(store, 2)
    connection = sqlite3.connect(f"{home}/db/store.sqlite")
    connection.executescript("ALTER TABLE objects DROP COLUMN used; DROP TABLE files; PRAGMA user_version = 2;")
    connection.close()
    with Store.open(home) as store:
        assert store.info(path).used == store.info(path).registered
        assert store.check_ledger() == [] and len(store.ledger()) == 2
        other = store.add_bytes(b"y" * 99, "y")
        assert store._database.value("SELECT count(*) FROM files") == 1
        tools.check(store)
        assert store.is_valid(other)
