"""Deduplication of files while objects are added.

The table `files` records which objects hold files of which content. Before a tree is registered, its files are looked
up there. Those that an object has already become hard links to the object's files; equal files within the tree become
links to the first. A file of another object is not trusted: it is read, and must have the digest and be in canonical
form, so that damage does not spread. If that check or linking fails, the tree keeps its own file.

The table is only a hint. It may name objects that were removed; `chx store optimise` adds older objects to it.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from .canonical_form import EXECUTABLE_MODE, FILE_MODE, MTIME, READ, settle_directory
from .errors import StoreIO
from .manifest import Kind, Manifest, path_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .database import Database
    from .manifest import Entry
    from .path import StorePath
    from .store import Store


class Linked(NamedTuple):
    """Number of files that became links to equal ones, and their bytes."""

    files: int
    bytes: int

    def __add__(self, other: tuple[int, int]) -> Linked:  # type: ignore[override]
        return Linked(self.files + other[0], self.bytes + other[1])


def content_key(entry: Entry) -> int | None:
    """Return the key of files with equal content and mode: 63 bits of the digest, and whether it is executable.

    None for entries that are not files, and for empty files, which occupy no space.
    """
    if entry.digest is None or not entry.size:
        return None
    return int.from_bytes(entry.digest[:8], "little", signed=True) & ~1 | (entry.kind == Kind.EXECUTABLE)


def note_files(database: Database, objects: Iterable[tuple[int, Manifest]]) -> None:
    """Index the files of objects. Call it in a transaction."""
    rows = sorted(
        {(key, number) for number, manifest in objects for key in map(content_key, manifest) if key is not None}
    )
    if rows:
        database.execute_many("INSERT OR IGNORE INTO files VALUES (?, ?)", rows)


def forget_files(database: Database) -> None:
    """Drop the entries of removed objects; call it in a transaction."""
    database.execute("DELETE FROM files WHERE object NOT IN (SELECT id FROM objects)")


class Linker:
    """Finds link targets for the files of one tree being added; `linked` counts the links made."""

    __slots__ = ("_known", "_manifests", "_store", "linked")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[bytes, str], bytes] = {}
        self._manifests: dict[int, dict[tuple[bytes, str], bytes]] = {}
        self.linked = Linked(0, 0)

    def link(self, entry: Entry, target: bytes) -> bool:
        """Make `target`, where nothing is, a link to a file with the content of `entry`; false if there is none to link to."""
        assert entry.digest is not None
        content = (entry.digest, entry.kind)
        leader = self._known.get(content) or self._elsewhere(entry)
        if leader is None:
            return False
        try:
            os.link(leader, target, follow_symlinks=False)
        except OSError:
            # Too many links, no links on this file system, or no space: the tree keeps its own file, and later ones may link to that.
            self._known.pop(content, None)
            return False
        self._known[content] = leader
        return True

    def remember(self, entry: Entry, file: bytes) -> None:
        """Add a file of the tree itself, just written and hashed, as a link target."""
        assert entry.digest is not None
        self._known.setdefault((entry.digest, entry.kind), file)

    def _elsewhere(self, entry: Entry) -> bytes | None:
        """Return an intact file of another object with the content of `entry`."""
        assert entry.digest is not None
        # Of many objects, the newest and the oldest.
        rows = self._store._database.rows(
            "SELECT max(object), min(object) FROM files JOIN objects ON id = object WHERE content = ?",
            (content_key(entry),),
        )
        for number in dict.fromkeys(rows[0]) if rows[0][0] is not None else ():
            file = self._files_of(number).get((entry.digest, entry.kind))
            if file is not None and is_whole(file, entry):
                return file
        return None

    def _files_of(self, number: int) -> dict[tuple[bytes, str], bytes]:
        found = self._manifests.get(number)
        if found is None:
            row = self._store._database.row(
                "SELECT base, content FROM manifests JOIN objects ON id = object WHERE id = ?", (number,)
            )
            base, content = row or ("", b"")
            place = os.fsencode(f"{self._store.directory}/{base}")
            found = self._manifests[number] = {
                (entry.digest, entry.kind): place + b"/" + path_bytes(entry.path) if entry.path else place
                for entry in (Manifest.decode(content) if content else ())
                if entry.digest is not None
            }
        return found


def link_equal(store: Store, root: bytes, manifest: Manifest) -> Linked:
    """Replace files of a private, normalised tree by links to equal files of objects or of itself. Raises `StoreIO`."""
    linker = Linker(store)
    try:
        folder = b""
        for entry in manifest:
            if content_key(entry) is None:
                continue
            file = root + b"/" + path_bytes(entry.path) if entry.path else root
            draft = os.fsencode(store._temporary_path("link"))
            if not linker.link(entry, draft):
                linker.remember(entry, file)
                continue
            if os.lstat(file).st_ino == os.lstat(draft).st_ino:
                # A built tree may contain hard links; a rename between them does nothing.
                os.unlink(draft)
                continue
            parent = os.path.dirname(file) if entry.path else b""
            if parent != folder:
                _settle(folder, root)
                folder = parent
                if folder:
                    os.chmod(folder, 0o755)
            os.rename(draft, file)
            linker.linked += (1, entry.size)
        _settle(folder, root)
    except OSError as error:
        raise StoreIO("link equal files in", os.fsdecode(error.filename or root), error) from error
    return linker.linked


def _settle(folder: bytes, root: bytes) -> None:
    if folder and folder != root:
        settle_directory(folder)


def is_whole(file: bytes, entry: Entry) -> bool:
    """Whether a file of an object can be linked to: its form is the store's, and its content that of `entry`."""
    from .refscan import Scanner
    from .tree import hash_and_scan

    try:
        descriptor = os.open(file, READ)
    except OSError:
        return False
    try:
        status = os.fstat(descriptor)
        wanted = EXECUTABLE_MODE if entry.kind == Kind.EXECUTABLE else FILE_MODE
        return (
            stat.S_ISREG(status.st_mode)
            and stat.S_IMODE(status.st_mode) == wanted
            and status.st_mtime_ns == MTIME[1]
            and status.st_size == entry.size
            and status.st_uid == os.geteuid()
            and hash_and_scan(descriptor, entry.size, Scanner(), set())[0] == entry.digest
        )
    except OSError:
        return False
    finally:
        os.close(descriptor)


def disk_usage(store: Store, paths: Iterable[StorePath]) -> tuple[int, int]:
    """Return the bytes that the files of objects occupy, each counted once however many links it has, and the bytes saved by links.

    Counts file system blocks. Removed objects count as zero.
    """
    seen: set[tuple[int, int]] = set()
    taken = saved = 0
    for path in paths:
        pending = [os.fsencode(store.physical(path))]
        while pending:
            place = pending.pop()
            try:
                status = os.lstat(place)
                if stat.S_ISDIR(status.st_mode):
                    with os.scandir(place) as listing:
                        pending += [child.path for child in listing]
            except OSError:
                continue
            amount = status.st_blocks * 512
            if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
                if (status.st_dev, status.st_ino) in seen:
                    saved += amount
                    continue
                seen.add((status.st_dev, status.st_ino))
            taken += amount
    return taken, saved
