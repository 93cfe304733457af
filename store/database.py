"""The store's database: schema, connection, transactions.

SQLite in WAL mode. `synchronous = NORMAL`: a commit is not forced to disk, only
checkpoints are; a power cut can lose the last commits but never breaks the
database, and what it does to objects is found at the next start (`recovery.py`).

`sqlite3` is imported when a connection is made, not before.
"""

from __future__ import annotations

import os
from _thread import RLock
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

from .errors import REPAIR, DamagedDatabase, DatabaseFailure, ReadOnlyHome, StoreError
from .queries import SCHEMA_VERSION

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

BUSY_SECONDS: Final = 600.0
"""SQLite busy timeout; instantiating a large set holds one transaction."""
RESERVE: Final = 1 << 16
_OF_INDEXES: Final = ("missing from index", "wrong # of entries in index", "non-unique entry in index")
LOG_LEFT: Final = 1 << 19
"""The next process to open the database reads the remaining log: half a megabyte takes well under a millisecond."""

_REALISATIONS: Final = """
CREATE TABLE realisations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    resolved BLOB NOT NULL,
    output TEXT NOT NULL,
    path TEXT NOT NULL,
    derivation TEXT,
    started REAL NOT NULL,
    seconds REAL NOT NULL,
    builder TEXT NOT NULL DEFAULT '',
    variation TEXT NOT NULL DEFAULT '',
    witness TEXT,
    origin TEXT NOT NULL DEFAULT '',
    previous BLOB,
    hash BLOB UNIQUE,
    signature TEXT
);
"""
_REALISATIONS_INDEXES: Final = """
CREATE INDEX realisations_resolved ON realisations (resolved, output);
CREATE INDEX realisations_path ON realisations (path);
"""
FILES: Final = """
CREATE TABLE files (
    content INTEGER NOT NULL,
    object INTEGER NOT NULL,
    PRIMARY KEY (content, object)
) WITHOUT ROWID;
"""
"""Index of files in objects by content: `linking.content_key`. Rows of removed objects have no meaning."""
SCHEMA: Final = f"""
CREATE TABLE objects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    base TEXT NOT NULL UNIQUE,
    tree BLOB NOT NULL,
    size INTEGER NOT NULL,
    self INTEGER NOT NULL,
    deriver TEXT,
    registered INTEGER NOT NULL,
    synced INTEGER NOT NULL DEFAULT 0,
    used INTEGER
);
CREATE INDEX objects_unsynced ON objects (id) WHERE NOT synced;
CREATE TABLE manifests (
    object INTEGER PRIMARY KEY REFERENCES objects ON DELETE CASCADE,
    content BLOB NOT NULL
);
CREATE TABLE refs (
    referrer INTEGER NOT NULL REFERENCES objects ON DELETE CASCADE,
    reference INTEGER NOT NULL REFERENCES objects,
    PRIMARY KEY (referrer, reference)
) WITHOUT ROWID;
CREATE INDEX refs_reference ON refs (reference);
{_REALISATIONS}{_REALISATIONS_INDEXES}{FILES}CREATE TABLE fixed_outputs (
    name TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    digest BLOB NOT NULL,
    mode TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (name, algorithm, digest, mode)
) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
"""

UPGRADES: Final = {
    1: f"""
ALTER TABLE realisations RENAME TO old_realisations;
{_REALISATIONS}
INSERT INTO realisations (id, resolved, output, path, derivation, started, seconds)
    SELECT id, resolved, output, path, derivation, started, seconds FROM old_realisations ORDER BY id;
DROP TABLE old_realisations;
INSERT OR REPLACE INTO meta SELECT 'ledger began after', coalesce(max(id), 0) FROM realisations;
PRAGMA user_version = 2;
""",
    2: f"""
ALTER TABLE objects ADD COLUMN used INTEGER;
{FILES}
PRAGMA user_version = 3;
""",
    3: f"""
ALTER TABLE realisations RENAME TO old_realisations;
{_REALISATIONS}
INSERT INTO realisations
    (id, resolved, output, path, derivation, started, seconds, builder, variation, origin, previous, hash, signature)
    SELECT id, resolved, output, path, derivation, started, seconds, builder, variation, origin, previous, hash, signature
    FROM old_realisations ORDER BY id;
DROP TABLE old_realisations;
{_REALISATIONS_INDEXES}
PRAGMA user_version = 4;
""",
}
"""Migrations from each version to the next, in one transaction."""


class Database:
    """One connection, shared by the threads of a process; a transaction belongs to one thread."""

    __slots__ = ("_connection", "depth", "is_read_only", "lock", "path")

    def __init__(self, path: str, connection: sqlite3.Connection, is_read_only: bool = False) -> None:
        self.path = path
        self.is_read_only = is_read_only
        self._connection = connection
        self.lock = RLock()
        self.depth = 0

    @classmethod
    def open(cls, path: str) -> Database:
        """Open the database; create or upgrade it if necessary. Raises `DatabaseFailure`."""
        try:
            return cls._open(path)
        except DatabaseFailure:
            # Even reading takes some blocks for SQLite's index of the log; a full disk must not keep what would empty
            # it from starting.
            try:
                os.unlink(_reserve(path))
            except OSError:
                pass
            else:
                return cls._open(path)
            raise

    @classmethod
    def open_to_read(cls, path: str) -> Database:
        """Open a database that cannot be written. Raises `DatabaseFailure`."""
        import sqlite3

        try:
            database = cls(path, _reading(path), is_read_only=True)
            version = database.value("PRAGMA user_version")
        except sqlite3.Error as error:
            raise failure(path, error) from error
        if version != SCHEMA_VERSION:
            database.close()
            raise DatabaseFailure(
                path,
                f"it has schema version {version}, this chx reads version {SCHEMA_VERSION}",
                "an older one is brought up to date when CHX_HOME is writable",
            )
        return database

    @classmethod
    def _open(cls, path: str) -> Database:
        import sqlite3

        try:
            connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            database = cls(path, connection)
            version = database.value("PRAGMA user_version")
            if version == 0:
                database._create()
                _keep_reserve(path)
            elif version in UPGRADES:
                database._upgrade()
            elif version != SCHEMA_VERSION:
                connection.close()
                raise DatabaseFailure(
                    path,
                    f"it has schema version {version}, this chx knows version {SCHEMA_VERSION}",
                    "use the chx that made it, or set CHX_HOME to a new folder",
                )
            return database
        except sqlite3.Error as error:
            raise failure(path, error) from error

    def _create(self) -> None:
        self._keep_log()
        self.begin()
        try:
            if self.value("PRAGMA user_version") == 0:
                for statement in SCHEMA.split(";"):
                    self.execute(statement)
                if _has_objects(self.path):
                    # The objects here were registered in a lost database (`loss`).
                    self.execute("INSERT INTO meta VALUES ('lost', '1')")
            self.commit()
        except BaseException:
            self.roll_back()
            raise

    def _keep_log(self) -> None:
        """Set write-ahead logging, a persistent mode of the file; several processes may set it at once.

        Retries by itself: SQLite ignores the busy timeout here while another connection reads
        (https://sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY").
        """
        import sqlite3

        until = monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in (_BUSY, _LOCKED) or monotonic() > until:
                    raise
                sleep(0.002)
            else:
                return

    def _upgrade(self) -> None:
        self.begin()
        try:
            # Asked again under the lock: another process may have done it.
            while (version := self.value("PRAGMA user_version")) in UPGRADES:
                for statement in UPGRADES[version].split(";"):
                    self.execute(statement)
            self.commit()
        except BaseException:
            self.roll_back()
            raise

    def close(self) -> None:
        """Close without folding the log into the database, unless it has grown.

        SQLite does that when the last connection closes, and waits for the disk. A
        read-only connection that closes last cannot do it; the next one finds the log.
        """
        import sqlite3

        with self.lock:
            if self.is_read_only:
                self._connection.close()
                return
            _keep_reserve(self.path)
            try:
                if os.stat(self.path + "-wal").st_size < LOG_LEFT:
                    from urllib.parse import quote

                    keeper = sqlite3.connect(f"file:{quote(self.path)}?mode=ro", uri=True, isolation_level=None)
                    keeper.execute("PRAGMA user_version").fetchone()
                    self._connection.close()
                    keeper.close()
                    return
            except (OSError, sqlite3.Error):
                pass
            self._connection.close()

    def value(self, statement: str, arguments: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, or None."""
        row = self.row(statement, arguments)
        return None if row is None else row[0]

    def row(self, statement: str, arguments: Sequence[Any] = ()) -> Any:
        """Return the first row, or None."""
        with self.lock:
            try:
                return self._connection.execute(statement, arguments).fetchone()
            except self._errors as error:
                raise failure(self.path, error) from error

    def rows(self, statement: str, arguments: Sequence[Any] = ()) -> list[Any]:
        """Return all rows."""
        with self.lock:
            try:
                return self._connection.execute(statement, arguments).fetchall()
            except self._errors as error:
                raise failure(self.path, error) from error

    def execute(self, statement: str, arguments: Sequence[Any] = ()) -> sqlite3.Cursor:
        with self.lock:
            try:
                return self._connection.execute(statement, arguments)
            except self._errors as error:
                raise failure(self.path, error) from error

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> sqlite3.Cursor:
        with self.lock:
            try:
                return self._connection.executemany(statement, rows)
            except self._errors as error:
                raise failure(self.path, error) from error

    @property
    def _errors(self) -> type[Exception]:
        import sqlite3

        return sqlite3.Error

    def begin(self) -> None:
        """Begin a transaction, or a part of one that can be undone by itself; keeps other threads out.

        Where nothing can be written it may be begun, so that what turns out to be there already need not be; the first change raises `ReadOnlyHome`.
        """
        self.lock.acquire()
        try:
            self._check_alive()
            # IMMEDIATE: what is read inside is still true when it is written upon.
            self.execute(
                ("BEGIN" if self.is_read_only else "BEGIN IMMEDIATE")
                if not self.depth
                else f"SAVEPOINT level{self.depth}"
            )
        except BaseException:
            self.lock.release()
            raise
        self.depth += 1

    def commit(self) -> None:
        """Commit the innermost transaction or savepoint. After an error it still has to be rolled back."""
        depth = self.depth - 1
        self._check_alive()
        self.execute(f"RELEASE level{depth}" if depth else "COMMIT")
        self.depth = depth
        self.lock.release()

    def roll_back(self) -> None:
        """Roll back the innermost transaction or savepoint."""
        self.depth -= 1
        try:
            # On some errors SQLite has rolled back everything already.
            if self._connection.in_transaction:
                if self.depth:
                    self.execute(f"ROLLBACK TO level{self.depth}")
                    self.execute(f"RELEASE level{self.depth}")
                else:
                    self.execute("ROLLBACK")
        finally:
            self.lock.release()

    def _check_alive(self) -> None:
        if self.depth and not self._connection.in_transaction:
            raise DatabaseFailure(self.path, "the transaction was given up after an error")

    @contextmanager
    def durable(self) -> Iterator[None]:
        """Context of a transaction whose commit is flushed, so that it reaches the disk before anything done afterwards."""
        self.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            self.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Context without waiting: a write that another process blocks fails at once."""
        self.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            self.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")

    @contextmanager
    def lenient(self) -> Iterator[None]:
        """Context in which text that is not UTF-8 is read with surrogate escapes, instead of failing the whole query."""
        with self.lock:
            before = self._connection.text_factory
            self._connection.text_factory = _decoded
            try:
                yield
            finally:
                self._connection.text_factory = before

    def complaints(self) -> list[str]:
        """Return the faults that SQLite finds in the file's structure, not in the content of cells; empty if there are none."""
        try:
            rows = self.rows("PRAGMA integrity_check(20)")
        except DatabaseFailure as error:
            return [error.reason]
        lines = [line for (text,) in rows for line in str(text).splitlines()]
        return [line for line in lines if line != "ok" and " value in " not in line]

    def mend_indexes(self) -> bool:
        """Rebuild the indexes if nothing else is wrong with the file; return whether it is in order now."""
        found = self.complaints()
        if found and all(any(words in text for words in _OF_INDEXES) for text in found):
            try:
                self.execute("REINDEX")
            except DatabaseFailure:
                return False
            return not self.complaints()
        return not found

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction


def _reading(path: str) -> sqlite3.Connection:
    """Open a database in a read-only directory.

    SQLite needs an index of the log (`-shm`) that exists or can be created (https://sqlite.org/wal.html, "Read-Only
    Databases"). Without a log it needs none; otherwise a copy of both files is read.
    """
    import sqlite3
    from urllib.parse import quote

    def connect(place: str, options: str) -> sqlite3.Connection:
        uri = f"file:{quote(os.fsencode(place))}?{options}"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchall()
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    try:
        return connect(path, "mode=ro")
    except sqlite3.OperationalError:
        try:
            has_log = os.stat(path + "-wal").st_size > 0
        except OSError:
            has_log = False
        if not has_log:
            return connect(path, "immutable=1")
        from shutil import copyfile
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="chx-") as folder:
            for ending in ("", "-wal"):
                copyfile(path + ending, f"{folder}/store.sqlite{ending}")
            connection = connect(f"{folder}/store.sqlite", "mode=rw")
            connection.execute("PRAGMA query_only = ON")
            # The files stay as long as they are open.
            return connection


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _has_objects(path: str) -> bool:
    try:
        return bool(os.listdir(f"{os.path.dirname(os.path.dirname(path))}/store"))
    except OSError:
        return False


def _reserve(path: str) -> str:
    return path + "-reserve"


def _keep_reserve(path: str) -> None:
    """Reserve blocks that can be freed when the disk is full."""
    place = _reserve(path)
    if os.path.exists(place):
        return
    try:
        with open(place, "wb") as file:
            file.write(bytes(RESERVE))
    except OSError:
        # Full already; the next to close tries again.
        try:
            os.unlink(place)
        except OSError:
            return


# Result codes of SQLite ("Result and Error Codes" in its manual); the module that has their names takes long to load.
_ERROR, _BUSY, _LOCKED, _READONLY, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 1, 5, 6, 8, 11, 13, 14, 26


def failure(path: str, error: Exception) -> StoreError:
    """Return a message for an error of SQLite."""
    text = str(error)
    # The low byte is the primary code. Python's own errors have none.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == _READONLY:
        return ReadOnlyHome(os.path.dirname(os.path.dirname(path)))
    if code in (_CORRUPT, _NOTADB):
        return DamagedDatabase(path, text)
    # A schema that is not what it should be has no code of its own.
    if code == _ERROR and ("already exists" in text or "no such" in text):
        return DamagedDatabase(path, text)
    if not code and "decode to UTF-8" in text:
        return DatabaseFailure(path, "a row of it is damaged", REPAIR)
    hint = {
        _FULL: "make room on the file system of CHX_HOME",
        _BUSY: "another chx has been writing for long; wait for it to end",
        _LOCKED: "another chx has been writing for long; wait for it to end",
        _CANTOPEN: "CHX_HOME has to be writable; set it to a folder of your own",
    }.get(code)
    return DatabaseFailure(path, text, hint, is_full=code == _FULL)
