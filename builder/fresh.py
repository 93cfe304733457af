"""Copy trees that another process may still be able to write to.

A build with a network may have sent descriptors of its files and directories to a process outside of its sandbox. No
mode and no lock revokes them. So nothing that it made is linked or renamed into the store: it is copied to fresh
inodes, of which no other process has a descriptor, and the copy is checked and registered. The same applies to files of
clients such as git or apt.

The tree may change while it is copied. So each directory is opened relative to its parent and none through a link, a
file is read up to its length when it was opened, and the hash of the result decides.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from ..store.canonical_form import special_kind
from ..store.errors import MOST_LEVELS, TooDeep, UnsupportedFile

if TYPE_CHECKING:
    from collections.abc import Callable

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE: Final = 64 << 20
_CHUNK: Final = 1 << 20
_FICLONE: Final = 0x40049409
"""From linux/fs.h."""


def copy_fresh(folder: str, name: str, target: str, check: Callable[[], None]) -> None:
    """Copy the file, link or tree `name` in `folder` to the new path `target`, sharing no inode with it.

    Nobody else may have access to `folder` itself. Hard links within the tree are preserved; of the modes, only whether
    a file is executable. `check` is called from time to time, and raises to stop. Raises `UnsupportedFile` (with the
    path below `folder`), OSError; `FileNotFoundError` if there is no `name`.
    """
    place = os.open(folder, _DIRECTORY)
    try:
        _Copy(place, folder, check).run(name, target)
    finally:
        os.close(place)


class _Copy:
    def __init__(self, place: int, folder: str, check: Callable[[], None]) -> None:
        self._place, self._folder, self._check = place, folder, check
        self._files: dict[tuple[int, int], str] = {}
        self._pending: list[tuple[tuple[str, ...], str]] = []

    def run(self, name: str, target: str) -> None:
        self._one(self._place, (name,), target)
        while self._pending:
            parts, made = self._pending.pop()
            directory = self._walk(parts)
            try:
                for child in os.listdir(directory):
                    self._one(directory, (*parts, child), f"{made}/{child}")
            finally:
                os.close(directory)

    def _walk(self, parts: tuple[str, ...]) -> int:
        """Open a directory from the top: descriptors are few, and a path may have become another."""
        directory = os.dup(self._place)
        for part in parts:
            try:
                below = _open(part, _DIRECTORY, directory)
            finally:
                os.close(directory)
            directory = below
        return directory

    def _one(self, above: int, parts: tuple[str, ...], target: str) -> None:
        self._check()
        name = parts[-1]
        mode = os.lstat(name, dir_fd=above).st_mode
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(name, dir_fd=above), target)
        elif stat.S_ISDIR(mode):
            if len(parts) > MOST_LEVELS:
                raise TooDeep(self._label(parts))
            os.mkdir(target, 0o700)
            self._pending.append((parts, target))
        elif stat.S_ISREG(mode):
            self._file(above, parts, target)
        else:
            raise UnsupportedFile(self._label(parts), special_kind(mode) or "a special file")

    def _file(self, above: int, parts: tuple[str, ...], target: str) -> None:
        origin = _open(parts[-1], _FILE, above)
        try:
            status = os.fstat(origin)
            if not stat.S_ISREG(status.st_mode):
                raise UnsupportedFile(self._label(parts), "a file that changed while it was read")
            if status.st_mode & (stat.S_ISUID | stat.S_ISGID):
                raise UnsupportedFile(self._label(parts), "a setuid or setgid file")
            key = (status.st_dev, status.st_ino)
            earlier = self._files.get(key)
            if earlier is not None:
                os.link(earlier, target)
                return
            made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                self._content(origin, made, status.st_size)
                os.fchmod(made, 0o755 if status.st_mode & stat.S_IXUSR else 0o644)
            finally:
                os.close(made)
            if status.st_nlink > 1:
                self._files[key] = target
        finally:
            os.close(origin)

    def _content(self, origin: int, made: int, size: int) -> None:
        import fcntl

        try:
            fcntl.ioctl(made, _FICLONE, origin)
            return
        except OSError:
            pass  # this file system shares no blocks
        # Holes are preserved: a file may be longer than the disk.
        os.ftruncate(made, size)
        end = 0
        while (start := _next_data(origin, end, size)) < size:
            end = min(os.lseek(origin, start, os.SEEK_HOLE), size)
            self._piece(origin, made, start, end)

    def _piece(self, origin: int, made: int, start: int, end: int) -> None:
        by_kernel = True
        while start < end:
            self._check()
            count = min(end - start, _PIECE)
            if by_kernel:
                try:
                    done = os.copy_file_range(origin, made, count, start, start)
                except OSError:
                    by_kernel = False
                    continue
            else:
                data = os.pread(origin, min(count, _CHUNK), start)
                done = os.pwrite(made, data, start) if data else 0
            if not done:
                return  # it was truncated meanwhile
            start += done

    def _label(self, parts: tuple[str, ...]) -> str:
        return "/".join((self._folder, *parts))


def _next_data(origin: int, position: int, size: int) -> int:
    if position >= size:
        return size
    try:
        return os.lseek(origin, position, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nothing but a hole is left
            return size
        raise


def _open(name: str, flags: int, above: int) -> int:
    """Open an entry of a directory, even if its modes forbid it: the current user owns it."""
    try:
        return os.open(name, flags, dir_fd=above)
    except PermissionError:
        closed = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
        try:
            mode = os.fstat(closed).st_mode
            if stat.S_ISLNK(mode):
                raise
            # A directory is searched, too. What is executable stays what it was.
            wanted = 0o500 if stat.S_ISDIR(mode) else 0o400
            os.chmod(f"/proc/self/fd/{closed}", stat.S_IMODE(mode) | wanted)
            return os.open(f"/proc/self/fd/{closed}", flags & ~os.O_NOFOLLOW)
        finally:
            os.close(closed)
