"""Remove trees that resist removal, or that another process may be changing.

A process that kept a descriptor of a directory may replace a subdirectory by a link at any moment. So a directory is
opened relative to its open parent, never by its path and never through a link. Directories deeper than `_LEVELS` are
moved up beside the root, to be removed after it: a path never becomes too long, few descriptors are open, and the time
is proportional to the size of the tree.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from .checkpoint import checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEVELS: Final = 32
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_DIRECTORY: Final = (errno.ENOTDIR, errno.ELOOP)
_IN_USE: Final = (errno.EEXIST, errno.ENOTEMPTY)


def remove_tree(path: bytes) -> None:
    """Remove a tree of any modes and depth, if it exists. Raises `OSError`.

    A tree whose removal was cancelled can be removed like any other.
    """
    try:
        os.unlink(path)
        return
    except FileNotFoundError:
        return
    except OSError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise
    parent, name = os.path.split(path)
    place = os.open(parent or b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _Removal(place, os.fsdecode(name)).run()
    finally:
        os.close(place)


class _Removal:
    """The removal of the directory `name` in the open directory `place`."""

    def __init__(self, place: int, name: str) -> None:
        self._place, self._name = place, name
        self._moved: list[str] = []
        self._count = 0

    def run(self) -> None:
        doomed = self._name
        while True:
            self._remove(doomed)
            if not self._moved:
                return
            doomed = self._moved.pop()

    def _remove(self, name: str) -> None:
        opened: list[tuple[int, str, Iterator[str]]] = []
        try:
            self._enter(opened, self._place, name)
            while opened:
                checkpoint()
                directory, name, inner = opened[-1]
                below = next(inner, None)
                if below is None:
                    opened.pop()
                    os.close(directory)
                    _rmdir(opened[-1][0] if opened else self._place, name)
                elif len(opened) < _LEVELS:
                    self._enter(opened, directory, below)
                else:
                    self._move_up(directory, below)
        finally:
            for directory, _, _ in opened:
                os.close(directory)

    def _enter(self, opened: list[tuple[int, str, Iterator[str]]], above: int, name: str) -> None:
        """Open a directory and remove the files in it; what is no directory any more is removed itself."""
        directory = _opened(above, name)
        if directory is None:
            _unlink(above, name)
            return
        inner: list[str] = []
        opened.append((directory, name, iter(inner)))
        with os.scandir(directory) as listing:
            for child in listing:
                checkpoint()
                if child.is_dir(follow_symlinks=False):
                    inner.append(child.name)
                else:
                    _unlink(directory, child.name)

    def _move_up(self, directory: int, name: str) -> None:
        # Moving a directory changes its `..` entry.
        below = _opened(directory, name)
        if below is None:
            _unlink(directory, name)
            return
        os.close(below)
        while True:
            self._count += 1
            up = f"{self._name}.deep-{self._count}"
            try:
                os.rename(name, up, src_dir_fd=directory, dst_dir_fd=self._place)
            except OSError as error:
                if error.errno not in _IN_USE:  # left by a removal that was interrupted
                    raise
            else:
                self._moved.append(up)
                return


def _opened(above: int, name: str) -> int | None:
    """Return a directory in `above`, made writable; None if the name is something else."""
    try:
        try:
            directory = os.open(name, _DIRECTORY, dir_fd=above)
        except PermissionError:
            unreadable = os.open(name, os.O_PATH | _DIRECTORY, dir_fd=above)
            try:
                os.chmod(f"/proc/self/fd/{unreadable}", 0o700)
                directory = os.open(".", _DIRECTORY, dir_fd=unreadable)
            finally:
                os.close(unreadable)
    except OSError as error:
        if error.errno in _NO_DIRECTORY:
            return None
        raise
    try:
        os.fchmod(directory, 0o700)
    except BaseException:
        os.close(directory)
        raise
    return directory


def _rmdir(directory: int, name: str) -> None:
    try:
        os.rmdir(name, dir_fd=directory)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        _unlink(directory, name)


def _unlink(directory: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return


def weight(path: bytes) -> int:
    """Return the bytes freed on disk by removing a tree: files with other hard links do not count."""
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode):
        return status.st_blocks * 512 if status.st_nlink == 1 else 0
    total = status.st_blocks * 512
    links: dict[int, list[int]] = {}
    pending = [path]
    while pending:
        with os.scandir(pending.pop()) as listing:
            for child in listing:
                checkpoint()
                status = child.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    total += status.st_blocks * 512
                    if len(child.path) < 3500:
                        pending.append(child.path)
                elif status.st_nlink == 1:
                    total += status.st_blocks * 512
                else:
                    here = links.setdefault(status.st_ino, [status.st_nlink, 0, status.st_blocks * 512])
                    here[1] += 1
    return total + sum(size for count, found, size in links.values() if count == found)
