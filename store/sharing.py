"""Deduplicate files of objects by hard links (`chx store optimise`).

The manifests tell which files are equal. No other record is kept, so that a garbage collection needs none: the file
system counts the links. For each content one file is read and compared with its digest before others become links to
it, so that damage does not spread.

A file is replaced by a rename from the temporary directory, so an object is whole at every moment. An unprivileged user
needs temporary write permission on the directory; `db/sharing` records the objects concerned, and the next process to
open the store after a crash restores them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from .canonical_form import DIRECTORY_MODE, MTIME
from .errors import StoreIO
from .linking import note_files
from .manifest import Kind, Manifest, path_bytes
from .path import InvalidStorePath, StorePath
from .tree import has_content

if TYPE_CHECKING:
    from .store import Store

_BATCH: Final = 200
_CANNOT: Final = frozenset({errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES})


class Place(NamedTuple):
    """A file of an object."""

    path: StorePath
    file: str


class Shared(NamedTuple):
    """Result of sharing: files that became links, and bytes freed on disk."""

    files: int
    freed: int


@dataclass(frozen=True, slots=True)
class SharingPlan:
    """Groups of equal files that are not shared yet: digest, size, number of duplicates, and paths."""

    groups: tuple[tuple[bytes, int, int, tuple[Place, ...]], ...]

    @property
    def files(self) -> int:
        """Number of files that would become links."""
        return sum(len(places) - 1 for _, _, _, places in self.groups)

    @property
    def bytes(self) -> int:
        """Number of duplicate bytes."""
        return sum(size * spare for _, size, spare, _ in self.groups)

    def execute(self, store: Store) -> Shared:
        """Make each group one file, as far as the file system allows. Raises `StoreIO`, `DatabaseFailure`."""
        return _Sharing(store).run(self)


def plan_sharing(store: Store) -> SharingPlan:
    """Find equal files. Empty ones cost nothing and are left alone."""
    found: dict[tuple[bytes, str], list[Place]] = {}
    sizes: dict[bytes, int] = {}
    for path, manifest in store.manifests():
        for entry in manifest:
            if entry.digest is not None and entry.size:
                found.setdefault((entry.digest, entry.kind), []).append(Place(path, entry.path))
                sizes[entry.digest] = entry.size
    groups = []
    for (digest, _), places in sorted(found.items()):
        if len(places) > 1:
            by_inode: dict[int, list[Place]] = {}
            for place in places:
                by_inode.setdefault(_inode(store, place), []).append(place)
            by_inode.pop(-1, None)
            if len(by_inode) > 1:
                first, *rest = sorted(by_inode.values(), key=lambda same: (-len(same), same[0]))
                others = (place for same in rest for place in same)
                groups.append((digest, sizes[digest], len(rest), (first[0], *others)))
    return SharingPlan(tuple(groups))


def _physical(store: Store, place: Place) -> bytes:
    root = os.fsencode(store.physical(place.path))
    return root + b"/" + path_bytes(place.file) if place.file else root


def _inode(store: Store, place: Place) -> int:
    try:
        return os.lstat(_physical(store, place)).st_ino
    except OSError:
        return -1


class _Sharing:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._files = self._freed = 0

    def run(self, plan: SharingPlan) -> Shared:
        self._store.check_writable()
        journal = self._store.home + "/db/sharing"
        try:
            # An object that is known to be on the disk must not get a file that is not there yet.
            self._store.sync()
            descriptor = _lock(journal)
            try:
                # An earlier holder of the lock may have been killed.
                _settle_listed(self._store, os.pread(descriptor, os.fstat(descriptor).st_size, 0))
                touched = sorted({place.path.base for *_, places in plan.groups for place in places})
                os.write(descriptor, "".join(f"{base}\n" for base in touched).encode())
                for start in range(0, len(plan.groups), _BATCH):
                    # Under the write lock no object comes or goes.
                    with self._store.transaction():
                        for digest, size, _, places in plan.groups[start : start + _BATCH]:
                            self._share(digest, size, places)
                os.unlink(journal)
            finally:
                os.close(descriptor)
            self._complete_index()
        except OSError as error:
            raise StoreIO("share files in", os.fsdecode(error.filename or self._store.directory), error) from error
        return Shared(self._files, self._freed)

    def _complete_index(self) -> None:
        """Add objects that are older than the index to it."""
        with self._store.transaction():
            database = self._store._database
            for number, base in database.rows("SELECT id, base FROM objects"):
                if not base.endswith(".drv"):
                    content = database.value("SELECT content FROM manifests WHERE object = ?", (number,))
                    note_files(database, [(number, Manifest.decode(content))] if content else ())

    def _share(self, digest: bytes, size: int, places: tuple[Place, ...]) -> None:
        leader: bytes | None = None
        for place in places:
            if not self._store.is_valid(place.path):
                continue
            file = _physical(self._store, place)
            try:
                status = os.lstat(file)
            except OSError:
                continue
            if leader is None:
                leader = file if has_content(file, digest, size) else None
            elif status.st_ino != os.lstat(leader).st_ino and status.st_size == size:
                try:
                    self._replace(leader, file, place)
                except OSError as error:
                    if error.errno == errno.EMLINK:
                        leader = file if has_content(file, digest, size) else None
                        continue
                    if error.errno in _CANNOT:
                        continue
                    raise
                self._files += 1
                self._freed += status.st_blocks * 512 if status.st_nlink == 1 else 0

    def _replace(self, leader: bytes, file: bytes, place: Place) -> None:
        draft = os.fsencode(self._store._temporary_path("link"))
        os.link(leader, draft, follow_symlinks=False)
        parent = os.path.dirname(file)
        try:
            if not place.file:
                os.rename(draft, file)
                return
            os.chmod(parent, 0o755)
            try:
                os.rename(draft, file)
            finally:
                _settle(parent)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(draft)


def _lock(journal: str) -> int:
    """Open and lock the journal; another process may just have finished with it."""
    while True:
        descriptor = os.open(journal, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _settle(directory: bytes) -> None:
    os.chmod(directory, DIRECTORY_MODE)
    os.utime(directory, ns=MTIME)


def settle_after_crash(store: Store) -> None:
    """Restore the directories of objects whose files a killed process was sharing."""
    journal = store.home + "/db/sharing"
    try:
        descriptor = os.open(journal, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return
    with open(descriptor, "rb") as lines:
        if os.fstat(descriptor).st_nlink:
            _settle_listed(store, lines.read())
            os.unlink(journal)


def _settle_listed(store: Store, journal: bytes) -> None:
    with store.transaction():
        for line in journal.split():
            try:
                path = StorePath.parse(line.decode("ascii", "replace"))
            except InvalidStorePath:
                continue  # the end of a list that was not written to its end
            if not store.is_valid(path):
                continue
            for entry in store.manifest(path):
                if entry.kind == Kind.DIRECTORY:
                    directory = _physical(store, Place(path, entry.path))
                    with suppress(OSError):
                        if stat.S_IMODE(os.lstat(directory).st_mode) != DIRECTORY_MODE:
                            _settle(directory)
