"""Write the files of packages into a new root.

The root is private and empty at first, so that it holds exactly what this module wrote. A table knows what is at each
path; links are followed in the table and never on disk, so that no package writes outside of the root, whatever another
one has put there.
"""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, NamedTuple

from ..errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...apk.contents import Acl, Directory, File, Package
    from ...apk.description import Info

_MOST_LINKS = 40
_NOBODY = 65534
_SET_ID = 0o6000


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
                os.mkdir(self._place(path), 0o755)
            self.entries[path] = Owned(info, None, directory.acl)
        return path

    def file(self, package: Package, directory: str, file: File, chunks: Iterable[bytes]) -> None:
        """Write a file, unless the same one is there. Raises `RequestError` for one that another package has."""
        path = f"{directory}/{file.name}" if directory else file.name
        other = self.entries.get(path)
        if other is not None:
            if other.file is None or not (
                _is_same(file, other.file) or _replaces(package.info, other.info) or _replaces(other.info, package.info)
            ):
                raise RequestError(f"{package.info.full_name} has '{path}', and so has {other.info.full_name}")
            if _is_same(file, other.file) or not _replaces(package.info, other.info):
                for _ in chunks:
                    pass
                return
            os.unlink(self._place(path))
        self._write(path, file, chunks)
        self.entries[path] = Owned(package.info, file, file.acl)

    def _write(self, path: str, file: File, chunks: Iterable[bytes]) -> None:
        place = self._place(path)
        if file.link_target is not None:
            os.symlink(file.link_target, place)
        elif file.hard_link is not None:
            target = self.resolve(posixpath.dirname(file.hard_link))
            name = posixpath.basename(file.hard_link)
            os.link(self._place(f"{target}/{name}" if target else name), place, follow_symlinks=False)
        elif file.device is not None:
            raise RequestError(f"'{path}' is a device, and none is made here")
        else:
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                for chunk in chunks:
                    out.write(chunk)
                # Scripts of later packages run it.
                os.fchmod(descriptor, file.acl.mode & 0o777)

    def finish(self, users: dict[str, int], groups: dict[str, int]) -> None:
        """Give all that was written its owner, mode and time: last, since a directory may not be writable after it.

        Set-id bits are left out of what does not get the owner that it is meant to have.
        """
        for path, owned in sorted(self.entries.items(), key=lambda item: item[0].count("/"), reverse=True):
            place = self._place(path)
            acl, file = owned.acl, owned.file
            if self._changes_owners:
                os.chown(place, users.get(acl.user, _NOBODY), groups.get(acl.group, _NOBODY), follow_symlinks=False)
            if file is None or file.link_target is None:
                # A set-id program of somebody else than it is meant for would give away that one's rights.
                is_owned = self._changes_owners and acl.user in users and acl.group in groups
                os.chmod(place, acl.mode if is_owned else acl.mode & ~_SET_ID)
            if file is not None:
                os.utime(place, (file.mtime, file.mtime), follow_symlinks=False)

    def of(self, info: Info) -> Iterator[tuple[str, Owned]]:
        """Yield what a package has in the root, by path."""
        for path, owned in self.entries.items():
            if owned.info is info:
                yield path, owned

    def _place(self, path: str) -> bytes:
        return os.fsencode(f"{self.top}/{path}" if path else self.top)


def _is_same(one: File, other: File) -> bool:
    """Whether the client takes two files for one."""
    if one.link_target is not None or other.link_target is not None:
        return one.link_target == other.link_target
    return one.sha256 is not None and one.sha256 == other.sha256 and one.acl == other.acl


def _replaces(one: Info, other: Info) -> bool:
    """Whether a package may take the place of a file of another: it says so, or both are of one origin."""
    if one.origin and one.origin == other.origin:
        return True
    return any(wanted.name == other.name and wanted.is_satisfied_by(other.version) for wanted in one.replaces)
