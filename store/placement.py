"""Placement of objects in the store directory.

All functions need a transaction, which holds the write lock of the database.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from .canonical_form import DIRECTORY_MODE, MTIME
from .checkpoint import Stopped
from .errors import ReadOnlyHome, StoreIO
from .manifest import Kind
from .removal import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .path import StorePath
    from .temporary import TemporaryFolders


class Placement:
    """Fills paths in `directory`, and records them until the transaction ends."""

    __slots__ = ("_directory", "_is_read_only", "_placed", "_temporary")

    def __init__(self, directory: str, temporary: TemporaryFolders, is_read_only: bool = False) -> None:
        self._is_read_only = is_read_only
        self._directory = directory
        self._temporary = temporary
        self._placed: list[bytes] = []

    def place(self, path: StorePath) -> bytes:
        """Return the path of an object in the store directory; it need not exist."""
        return os.fsencode(f"{self._directory}/{path.base}")

    def write(self, content: bytes, path: StorePath, mode: int) -> None:
        """Make an object of one file. Raises `StoreIO`, `ReadOnlyHome`."""
        if self._is_read_only:
            raise ReadOnlyHome(os.path.dirname(self._directory))
        target = f"{self._directory}/{path.hash}-{path.name}"
        draft = ""
        try:
            draft = self._temporary.name("file")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            try:
                written = os.write(descriptor, content)
                while written < len(content):
                    written += os.write(descriptor, memoryview(content)[written:])
                os.fchmod(descriptor, mode)
                os.utime(descriptor, ns=MTIME)
            finally:
                os.close(descriptor)
            self._rename(os.fsencode(draft), os.fsencode(target))
        except OSError as error:
            if draft:
                discard(os.fsencode(draft))
            raise StoreIO("write", target, error) from error

    def move(self, root: bytes, path: StorePath, kind: str) -> None:
        """Make an object of a normalised tree of which the root is of `kind`. Raises `StoreIO`."""
        target = os.fsencode(f"{self._directory}/{path.hash}-{path.name}")
        try:
            self._rename(root, target)
            if kind == Kind.DIRECTORY:
                # Only now: an ordinary user may not move a directory that he may not write to.
                os.chmod(target, DIRECTORY_MODE)
                os.utime(target, ns=MTIME)
        except OSError as error:
            raise StoreIO("move a tree to", os.fsdecode(target), error) from error

    def _rename(self, source: bytes, target: bytes) -> None:
        """Rename over an existing path: it has no row, so nothing depends on it."""
        try:
            os.rename(source, target)
        except OSError:
            if not os.path.lexists(source) or not os.path.lexists(target):
                raise
            aside = self.set_aside(target)
            os.rename(source, target)
            discard(aside)
        self._placed.append(target)

    def set_aside(self, target: bytes) -> bytes:
        """Move a path without a row to the temporary directory; return its new path."""
        aside = os.fsencode(self._temporary.name("aside"))
        if stat.S_ISDIR(os.lstat(target).st_mode):
            # An ordinary user may not move a directory that he may not write to. (A file's mode is not its own alone.)
            os.chmod(target, 0o700)
        os.rename(target, aside)
        return aside

    def mark(self) -> int:
        """Return the current position in the list of filled paths."""
        return len(self._placed)

    def keep(self) -> None:
        """Forget the filled paths after a commit."""
        self._placed.clear()

    def forget(self, mark: int) -> None:
        """Leave the paths filled since `mark`; without rows they are garbage."""
        del self._placed[mark:]

    def take_back(self, mark: int, is_free: Callable[[str], bool] = lambda base: True) -> list[bytes]:
        """Empty the paths filled since `mark`, if the base name `is_free`; return where their content is now."""
        aside = []
        for target in self._placed[mark:]:
            if is_free(os.fsdecode(target.rpartition(b"/")[2])):
                with suppress(OSError):
                    aside.append(self.set_aside(target))
        self.forget(mark)
        return aside

    def discard(self, paths: Iterable[bytes]) -> None:
        for path in paths:
            discard(path)


def discard(path: bytes) -> None:
    """Remove an unused tree; if that fails, or is cancelled, it stays among the temporary files."""
    with suppress(OSError, Stopped):
        remove_tree(path)
