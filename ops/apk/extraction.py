"""Write the files of packages into a new root.

The root is private and empty at first, so that it holds what this module and scripts of packages wrote. A table knows
what is at each path; links are followed in the table. On disk each directory of a path is opened by itself, and a link is
an error, so that nothing is written outside of the root, whatever a package or its script has put there.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from ..errors import RequestError
from .sharing import is_of_one_origin, is_same_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...apk.contents import Acl, Directory, File, Package
    from ...apk.description import Info

_MOST_LINKS = 40
_NOBODY = 65534
_SET_ID = 0o6000
_MOST_READ = 1 << 24
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Owned(NamedTuple):
    """What is at a path: the package that has it, and the file; None for a directory."""

    info: Info
    file: File | None
    acl: Acl


class Tree:
    """A root as it grows. `changes_owners`: whether files get their owners, which only root can do."""

    def __init__(self, top: str, changes_owners: bool) -> None:
        self.top = top
        self._changes_owners = changes_owners
        self.entries: dict[str, Owned] = {}
        os.mkdir(top, 0o755)

    @contextmanager
    def parent(self, path: str) -> Iterator[tuple[int, bytes]]:
        """Yield a descriptor of the directory that a path is in, and its last component. Raises OSError for links."""
        *folders, name = os.fsencode(path).split(b"/")
        descriptor = os.open(self.top, _DIRECTORY)
        try:
            for folder in folders:
                inner = os.open(folder, _DIRECTORY, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor, name
        finally:
            os.close(descriptor)

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Write a file that no package has. Raises OSError."""
        with self.parent(path) as (folder, name), os.fdopen(os.open(name, _NEW, mode, dir_fd=folder), "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)

    def read(self, path: str) -> bytes:
        """Return the content of a file; nothing if there is none, or a link. Raises OSError."""
        try:
            with self.parent(path) as (folder, name):
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                with os.fdopen(os.open(name, flags, dir_fd=folder), "rb") as file:
                    return file.read(_MOST_READ)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
                return b""
            raise

    def make_directories(self, path: str) -> None:
        """Make a directory and those that it is in. Raises OSError."""
        parts = path.split("/")
        for number in range(1, len(parts) + 1):
            with self.parent("/".join(parts[:number])) as (folder, name), suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=folder)

    def resolve(self, path: str, links: int = 0) -> str:
        """Return where a path of a directory leads: links in it are followed, from the root of this tree.

        Raises `RequestError` for a circle of links, and for a file or a loose link in place of a directory.
        """
        place = ""
        parts = path.split("/") if path else []
        for number, part in enumerate(parts):
            if part in ("", "."):
                continue
            if part == "..":
                place = posixpath.dirname(place)
                continue
            place = f"{place}/{part}" if place else part
            found = self.entries.get(place)
            if found is None or found.file is None:
                continue
            target = found.file.link_target
            if target is None or links == _MOST_LINKS:
                raise RequestError(f"'{path}' leads through '{place}' of {found.info.full_name}, which is no directory")
            before = "" if target.startswith("/") else posixpath.dirname(place)
            rest = "/".join(parts[number + 1 :])
            return self.resolve(posixpath.join(before, target.lstrip("/"), rest), links + 1)
        return place

    def directory(self, info: Info, directory: Directory) -> str:
        """Make a directory, unless it is there, and return its path; the first package decides on its mode."""
        path = self.resolve(directory.path)
        if path not in self.entries:
            parent = posixpath.dirname(path)
            if path and parent not in self.entries:
                raise RequestError(
                    f"{info.full_name} has '{directory.path}', which leads to '{path}', and nothing has '{parent}'"
                )
            if path:
                with self.parent(path) as (folder, name):
                    os.mkdir(name, 0o755, dir_fd=folder)
            self.entries[path] = Owned(info, None, directory.acl)
        return path

    def file(self, package: Package, directory: str, file: File, chunks: Iterable[bytes]) -> None:
        """Write a file, unless the same one is there. Raises `RequestError` for one that another package has."""
        path = f"{directory}/{file.name}" if directory else file.name
        other = self.entries.get(path)
        if other is not None:
            if other.file is None or not (
                is_same_file(file, other.file)
                or _replaces(package.info, other.info)
                or _replaces(other.info, package.info)
            ):
                raise RequestError(f"{package.info.full_name} has '{path}', and so has {other.info.full_name}")
            if is_same_file(file, other.file) or not _replaces(package.info, other.info):
                for _ in chunks:
                    pass
                return
            with self.parent(path) as (folder, name):
                os.unlink(name, dir_fd=folder)
        self._write(path, file, chunks)
        self.entries[path] = Owned(package.info, file, file.acl)

    def _write(self, path: str, file: File, chunks: Iterable[bytes]) -> None:
        with self.parent(path) as (folder, name):
            if file.link_target is not None:
                os.symlink(os.fsencode(file.link_target), name, dir_fd=folder)
            elif file.hard_link is not None:
                target = self.resolve(posixpath.dirname(file.hard_link))
                last = posixpath.basename(file.hard_link)
                with self.parent(f"{target}/{last}" if target else last) as (other, source):
                    os.link(source, name, src_dir_fd=other, dst_dir_fd=folder, follow_symlinks=False)
            elif file.device is not None:
                raise RequestError(f"'{path}' is a device, and none is made here")
            else:
                with os.fdopen(os.open(name, _NEW, 0o600, dir_fd=folder), "wb") as out:
                    for chunk in chunks:
                        out.write(chunk)
                    # Scripts of later packages run it.
                    os.fchmod(out.fileno(), file.acl.mode & 0o777)

    def finish(self, users: dict[str, int], groups: dict[str, int]) -> None:
        """Give all that was written its owner, mode and time: last, since a directory may not be writable after it.

        Set-id bits are left out of what does not get the owner that it is meant to have.
        """
        for path, owned in sorted(self.entries.items(), key=lambda item: item[0].count("/"), reverse=True):
            with self.parent(path or ".") as (folder, name):
                self._finish(folder, name, owned, users, groups)

    def _finish(self, folder: int, name: bytes, owned: Owned, users: dict[str, int], groups: dict[str, int]) -> None:
        acl, file = owned.acl, owned.file
        if self._changes_owners:
            uid, gid = users.get(acl.user, _NOBODY), groups.get(acl.group, _NOBODY)
            os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)
        if file is None or file.link_target is None:
            # A set-id program of somebody else than it is meant for would give away that one's rights.
            is_owned = self._changes_owners and acl.user in users and acl.group in groups
            descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                # Linux changes no mode of what may be a link but by a descriptor of what is none.
                if not stat.S_ISLNK(os.fstat(descriptor).st_mode):
                    os.chmod(f"/proc/self/fd/{descriptor}", acl.mode if is_owned else acl.mode & ~_SET_ID)
            finally:
                os.close(descriptor)
        if file is not None:
            os.utime(name, (file.mtime, file.mtime), dir_fd=folder, follow_symlinks=False)

    def of(self, info: Info) -> Iterator[tuple[str, Owned]]:
        """Yield what a package has in the root, by path."""
        for path, owned in self.entries.items():
            if owned.info is info:
                yield path, owned


def _replaces(one: Info, other: Info) -> bool:
    """Whether a package may take the place of a file of another: it says so, or both are of one origin."""
    if is_of_one_origin(one, other):
        return True
    return any(wanted.name == other.name and wanted.is_satisfied_by(other.version) for wanted in one.replaces)
