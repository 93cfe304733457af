"""Copy a tree into canonical form and hash it, in one walk."""

from __future__ import annotations

import os
import stat
from errno import ENAMETOOLONG
from typing import TYPE_CHECKING

from .canonical_form import DIRECTORY_MODE, MTIME, settle_directory, special_kind, strip_attributes
from .checkpoint import checkpoint
from .copying import copy_hashed
from .errors import MOST_LEVELS, StoreIO, TooDeep, UnsupportedFile
from .manifest import Entry, Kind, path_text

if TYPE_CHECKING:
    from typing import NoReturn

    from .linking import Linker


def tree_size(source: str) -> int:
    """Return the bytes in the files of a tree, according to its directories. Raises `StoreIO`."""
    total = 0
    try:
        status = os.lstat(source)
        if not stat.S_ISDIR(status.st_mode):
            return status.st_size if stat.S_ISREG(status.st_mode) else 0
        pending = [source]
        while pending:
            with os.scandir(pending.pop()) as listing:
                for child in listing:
                    checkpoint()
                    if child.is_dir(follow_symlinks=False):
                        pending.append(child.path)
                    elif child.is_file(follow_symlinks=False):
                        total += child.stat(follow_symlinks=False).st_size
    except OSError as error:
        raise StoreIO("read", os.fsdecode(error.filename or source), error) from error
    return total


class ImportWalk:
    """Copies the tree at `source` to `target`, which must not exist; `entries` are those of the copy. Files that
    `linker` knows become links.

    The copy is in canonical form, except for the write permission of a root directory, which must last until it has
    been renamed.
    """

    __slots__ = ("_inherits", "_source", "_target", "entries", "linker")

    def __init__(self, source: bytes, target: bytes, linker: Linker) -> None:
        self._source, self._target = source, target
        self.linker = linker
        self.entries: list[Entry] = []
        # New files have extended attributes only if their directory passes them on.
        self._inherits = _has_attributes(os.path.dirname(target))

    def run(self) -> None:
        """Raises `UnsupportedFile`, `StoreIO`."""
        try:
            mode = os.lstat(self._source).st_mode
            if stat.S_ISDIR(mode):
                self._directory(self._source, self._target, b"")
            elif stat.S_ISLNK(mode):
                self._symlink(self._source, self._target, b"")
            elif stat.S_ISREG(mode):
                self._file(self._source, self._target, b"")
            else:
                _refuse(self._source, mode)
        except RecursionError:
            raise TooDeep(os.fsdecode(self._source)) from None
        except OSError as error:
            if error.errno == ENAMETOOLONG:
                raise TooDeep(os.fsdecode(self._source)) from None
            place = error.filename if isinstance(error.filename, (str, bytes)) else self._source
            raise StoreIO("copy", os.fsdecode(place), error) from error

    def _directory(self, path: bytes, target: bytes, relative: bytes) -> None:
        if relative.count(b"/") >= MOST_LEVELS:
            raise TooDeep(os.fsdecode(self._source))
        os.mkdir(target, 0o755)
        self.entries.append(Entry(path_text(relative), Kind.DIRECTORY))
        with os.scandir(path) as listing:
            children = sorted([(child.name, child) for child in listing])
        prefix = relative + b"/" if relative else b""
        for name, child in children:
            checkpoint()
            place, below = target + b"/" + name, prefix + name
            if child.is_symlink():
                self._symlink(child.path, place, below)
            elif child.is_dir(follow_symlinks=False):
                self._directory(child.path, place, below)
            elif child.is_file(follow_symlinks=False):
                self._file(child.path, place, below)
            else:
                _refuse(child.path, child.stat(follow_symlinks=False).st_mode)
        if not relative:
            os.chmod(target, 0o755)
            strip_attributes(target)
        elif self._inherits:
            settle_directory(target)
        else:
            os.chmod(target, DIRECTORY_MODE)
            os.utime(target, ns=MTIME)

    def _symlink(self, path: bytes, target: bytes, relative: bytes) -> None:
        points_to = os.readlink(path)
        os.symlink(points_to, target)
        os.utime(target, ns=MTIME, follow_symlinks=False)
        self.entries.append(Entry(path_text(relative), Kind.SYMLINK, target=path_text(points_to)))

    def _file(self, path: bytes, target: bytes, relative: bytes) -> None:
        self.entries.append(copy_hashed(path, target, path_text(relative), self.linker))
        if self._inherits:
            strip_attributes(target)


def _has_attributes(folder: bytes) -> bool:
    try:
        return any(not name.startswith("security.") for name in os.listxattr(folder))
    except OSError:
        return True


def _refuse(path: bytes, mode: int) -> NoReturn:
    raise UnsupportedFile(os.fsdecode(path), special_kind(mode) or "a file that changed while it was read")
