"""Recovery after a power cut or a crash of the system.

Registering an object does not flush it to disk: that would cost more than a small build. So a row may survive a power
cut that the files did not. Rows record whether their object is known to be on disk (`synced`), and the database records
the boot in which it was last used. The first process to open the store after another boot reads every object that is
not `synced`, and removes damaged ones with their referrers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import gc_epoch
from .boot_id import current_boot
from .errors import StoreError
from .manifest import Manifest
from .path import StorePath, parsed
from .tree import scan_tree
from .verify import recognised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .database import Database
    from .placement import Placement


def recover(home: str, database: Database, placement: Placement) -> list[StorePath]:
    """After a new boot, check the objects that a power cut may have damaged; return those removed."""
    boot = current_boot()
    asked = "SELECT CAST(value AS BLOB) FROM meta WHERE key = 'boot'"
    if database.value(asked) == boot.encode():
        return []
    # Other processes wait here for the lock, and then find the new boot.
    database.begin()
    try:
        lost: list[StorePath] = []
        aside: list[bytes] = []
        if database.value(asked) != boot.encode():
            lost = _remove_damaged(home, database, placement)
            # Remove the files with their rows: a root to a path without a row would mean that the database was lost.
            aside = [placement.set_aside(place) for path in lost if os.path.lexists(place := placement.place(path))]
            database.execute("INSERT OR REPLACE INTO meta VALUES ('boot', ?)", (boot,))
        database.commit()
    except BaseException:
        database.roll_back()
        raise
    placement.discard(aside)
    return lost


def _remove_damaged(home: str, database: Database, placement: Placement) -> list[StorePath]:
    with database.lenient():
        unsynced = database.rows(
            "SELECT id, base, content FROM objects JOIN manifests ON object = id WHERE NOT synced ORDER BY id"
        )
        known = [parsed(base) for (base,) in database.rows("SELECT base FROM objects")]
    there = {path.hash: path for path in known if path is not None}
    damaged = []
    for number, base, content in unsynced:
        path = parsed(base)
        # `chx store verify` finds the objects of damaged rows.
        if path is not None and not _is_whole(placement.place(path), path, content, there):
            damaged.append(number)
    lost: dict[int, StorePath] = {}
    for number in damaged:
        rows = database.rows(
            "WITH RECURSIVE gone (id) AS (VALUES (?) UNION SELECT referrer FROM refs JOIN gone ON reference = gone.id)"
            " SELECT objects.id, base FROM objects JOIN gone USING (id)",
            (number,),
        )
        lost.update((row, path) for row, base in rows if (path := parsed(base)) is not None)
    if lost:
        gc_epoch.advance(home)
        numbers = [(number,) for number in lost]
        database.execute_many("DELETE FROM refs WHERE referrer = ?", numbers)
        database.execute_many("DELETE FROM objects WHERE id = ?", numbers)
        from .loss import note_emptied

        note_emptied(database)
    # The rest was read from the disk just now, so there it is.
    database.execute("UPDATE objects SET synced = 1 WHERE NOT synced")
    return sorted(lost.values())


def _is_whole(place: bytes, path: StorePath, content: object, there: Mapping[str, StorePath]) -> bool:
    """Whether an object matches its manifest, or, if the manifest is damaged, its name."""
    try:
        if isinstance(content, bytes) and scan_tree(place)[0] == Manifest.decode(content):
            return True
    except (StoreError, ValueError):
        pass
    try:
        return recognised(place, path, there) is not None
    except StoreError:
        return False


def mark_synced(database: Database, directory: str) -> None:
    """Flush the file system, then record that earlier objects are on disk."""
    last = database.value("SELECT max(id) FROM objects WHERE NOT synced")
    if last is None:
        return
    _sync_file_system(directory)
    database.execute("UPDATE objects SET synced = 1 WHERE NOT synced AND id <= ?", (last,))
    database.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _sync_file_system(directory: str) -> None:
    try:
        import ctypes
    except ImportError:
        # A Python that is one static program. All file systems are more than is asked for.
        os.sync()
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        function = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if function is None:
            os.sync()
        elif function(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), directory)
    finally:
        os.close(descriptor)


def flush_soon(directory: str) -> None:
    """Flush the file system in a background process; failing to is no error.

    The process opens only the directory, and blocks nobody.
    """
    try:
        quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
        os.posix_spawnp("sync", ["sync", "-f", directory], os.environ, file_actions=quiet, setsid=True)
    except (OSError, NotImplementedError):
        return
