"""Write a tree from untrusted members.

The directory is fresh and private, so it contains exactly what this module wrote: a dictionary knows every link, and no
path is followed through one. This is the whole safety argument; the name of a member is not trusted.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ...store.checkpoint import checkpoint
from ..disk import copy_file, remove_tree, write_all
from ..errors import ArchiveRefused, OutputLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class Readable(Protocol):
        def read(self, size: int, /) -> bytes: ...


_CHUNK = 1 << 20
_DIRECTORY, _FILE, _LINK = "directory", "file", "link"


class TreeWriter:
    """Writes members below `root`, which it creates.

    `label` names the archive in errors. A member may replace an earlier one of the same path, except a directory.
    Raises `ArchiveRefused` for a path that is absolute, contains `..`, or leads through a link or a file,
    `OutputLimitExceeded` for more than `limit` bytes in files (0: no limit).
    """

    def __init__(self, root: str, label: str, limit: int = 0) -> None:
        self.root = root
        self.label = label
        self._limit = limit
        self._written = 0
        self._kinds: dict[str, str] = {"": _DIRECTORY}
        os.mkdir(root, 0o755)

    def relabel(self, label: str) -> None:
        """Go on with the members of another archive."""
        self.label = label

    def place(self, member: str) -> str:
        """Return the normal form of a member's name, relative to the root; `""` is the root itself."""
        if member.startswith("/"):
            raise ArchiveRefused(self.label, member, "its path is absolute")
        if "\0" in member:
            raise ArchiveRefused(self.label, member, "its path holds a NUL")
        parts = [part for part in member.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise ArchiveRefused(self.label, member, "its path climbs with '..'")
        return "/".join(parts)

    def directory(self, path: str) -> None:
        """Make a directory; one that exists stays."""
        kind = self._kinds.get(path)
        if kind == _DIRECTORY:
            return
        if kind is not None:
            raise ArchiveRefused(self.label, path, f"it is a {kind} already")
        self._parent(path)
        with self._possible(path):
            os.mkdir(f"{self.root}/{path}", 0o755)
        self._kinds[path] = _DIRECTORY

    def file(self, path: str, content: Readable, executable: bool) -> None:
        """Write a file from what `content` reads."""
        self._clear(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._possible(path):
            descriptor = os.open(f"{self.root}/{path}", flags, 0o755 if executable else 0o644)
        try:
            while chunk := content.read(_CHUNK):
                checkpoint()
                self._count(len(chunk))
                write_all(descriptor, chunk)
        finally:
            os.close(descriptor)
        self._kinds[path] = _FILE

    def symlink(self, path: str, target: str) -> None:
        """Make a link; its target is neither changed nor followed."""
        if not target or "\0" in target:
            raise ArchiveRefused(self.label, path, "it is a link without a proper target")
        self._clear(path)
        with self._possible(path):
            os.symlink(target, f"{self.root}/{path}")
        self._kinds[path] = _LINK

    def copy(self, path: str, source: str) -> None:
        """Write a copy of the member `source`, a file or link that was written before: what a hard link becomes."""
        kind = self._kinds.get(source)
        origin = f"{self.root}/{source}"
        if kind == _LINK:
            self.symlink(path, os.readlink(origin))
        elif kind == _FILE:
            if path == source:
                return
            self._clear(path)
            status = os.stat(origin)
            self._count(status.st_size)
            with self._possible(path):
                copy_file(origin, f"{self.root}/{path}", status.st_mode & 0o777)
            self._kinds[path] = _FILE
        else:
            raise ArchiveRefused(self.label, path, f"it is a hard link to '{source}', which was not unpacked before it")

    def adopt(self, path: str, source: str) -> None:
        """Write a copy of a file, link or tree from anywhere on disk."""
        todo = [(path, source)]
        while todo:
            checkpoint()
            here, there = todo.pop()
            if os.path.islink(there):
                self.symlink(here, os.readlink(there))
            elif os.path.isdir(there):
                self.directory(here)
                todo += [(f"{here}/{name}" if here else name, os.path.join(there, name)) for name in os.listdir(there)]
            else:
                self._clear(here)
                status = os.stat(there)
                self._count(status.st_size)
                copy_file(there, f"{self.root}/{here}", 0o755 if status.st_mode & 0o100 else 0o644)
                self._kinds[here] = _FILE

    def make_way(self, path: str, for_directory: bool) -> None:
        """Remove `path`, unless it is a directory to be replaced by a directory: an upper layer replaces a lower one so."""
        kind = self._kinds.get(path)
        if kind is not None and not (kind == _DIRECTORY and for_directory):
            self.remove(path)

    def remove(self, path: str) -> None:
        """Remove a file, a link, or a directory with its content, if it exists."""
        kind = self._kinds.get(path)
        if kind == _DIRECTORY:
            self.empty(path)
            os.rmdir(f"{self.root}/{path}")
        elif kind is not None:
            self._unlink(path)
        self._kinds.pop(path, None)

    def empty(self, path: str) -> None:
        """Remove the content of a directory, if it exists."""
        if self._kinds.get(path) != _DIRECTORY:
            return
        # Directories in the order of discovery: inner ones after outer ones.
        directories: list[str] = [path]
        for directory in directories:
            with os.scandir(f"{self.root}/{directory}") as entries:
                names = [entry.name for entry in entries]
            for name in names:
                inner = f"{directory}/{name}" if directory else name
                if self._kinds.get(inner) == _DIRECTORY:
                    directories.append(inner)
                else:
                    self._unlink(inner)
                    self._kinds.pop(inner, None)
        for directory in reversed(directories[1:]):
            os.rmdir(f"{self.root}/{directory}")
            del self._kinds[directory]

    def _clear(self, path: str) -> None:
        """Remove an existing file at `path`, for a file or link."""
        kind = self._kinds.get(path)
        if kind == _DIRECTORY:
            raise ArchiveRefused(self.label, path or ".", "it is a directory already")
        if kind is not None:
            self._unlink(path)
            del self._kinds[path]
        else:
            self._parent(path)

    def _unlink(self, path: str) -> None:
        place = f"{self.root}/{path}"
        if self._kinds.get(path) == _FILE:
            self._written -= os.lstat(place).st_size
        os.unlink(place)

    @contextmanager
    def _possible(self, path: str) -> Iterator[None]:
        """Refuse an invalid file name."""
        try:
            yield
        except UnicodeEncodeError as error:
            raise ArchiveRefused(self.label, path, "its path or target is no text") from error
        except OSError as error:
            if error.errno not in (errno.ENAMETOOLONG, errno.EILSEQ):
                raise
            raise ArchiveRefused(self.label, path, "its path or target is too long") from error

    def _count(self, size: int) -> None:
        """Account for bytes about to be written."""
        self._written += size
        if self._limit and self._written > self._limit:
            raise OutputLimitExceeded(self._limit)

    def _parent(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        if self._kinds.get(parent) == _DIRECTORY:
            return
        missing: list[str] = []
        while (kind := self._kinds.get(parent)) is None:
            missing.append(parent)
            parent = parent.rpartition("/")[0]
        if kind != _DIRECTORY:
            raise ArchiveRefused(self.label, path, f"its path leads through the {kind} '{parent}'")
        for directory in reversed(missing):
            with self._possible(path):
                os.mkdir(f"{self.root}/{directory}", 0o755)
            self._kinds[directory] = _DIRECTORY


def only_directory(root: str) -> str | None:
    """The single entry of `root` if that is a directory and no link."""
    with os.scandir(root) as entries:
        found = [entry for entry in entries][:2]
    return found[0].path if len(found) == 1 and found[0].is_dir(follow_symlinks=False) else None


def replace_by(root: str, inner: str) -> None:
    """Replace `root` by the tree `inner`, which is in `root`."""
    aside = root + ".inner"
    os.rename(inner, aside)
    remove_tree(root)
    os.rename(aside, root)
