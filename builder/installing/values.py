"""Values of an installed root: its packages, its entries, its accounts, and what packages say of services and the like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...store import StorePath


class InstalledKind:
    """Kind of an entry of an installed root, as its letter."""

    DIRECTORY: Final = "d"
    FILE: Final = "f"
    SYMLINK: Final = "l"
    FIFO: Final = "p"


@dataclass(frozen=True, slots=True)
class Package:
    """A built package, or a store object without metadata.

    `title` is its name and version, `attribute` its attribute path ("" for an object). `objects` are the outputs that
    are installed. `installation` is what it says to the maker of a root (docs/packages.md), empty for an object. `needs`
    are paths that it needs where it runs, without a slash in front. `machine` is the name of its profile, None if
    unknown. `is_requested` is false for what came along. `is_whole`: all of its outputs are installed.
    """

    title: str
    attribute: str
    objects: tuple[StorePath, ...]
    installation: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    machine: str | None = None
    is_requested: bool = True
    is_whole: bool = True

    @property
    def has_metadata(self) -> bool:
        """Whether this is a package, and not a mere object."""
        return bool(self.installation)


@dataclass(frozen=True, slots=True)
class InstalledEntry:
    """One path of an installed root.

    `path` is relative, "" for the root itself; other bytes than UTF-8 are surrogate escapes, as in manifests. `mode` has
    the twelve bits of permissions. `source` is the file on disk that has the content, `content` the content itself where
    chx wrote it; `digest` is its BLAKE3 digest. `package` is the title of the package that the entry is of, and None for
    what follows from several: accounts, alternatives, tmpfiles, and directories that no package has.
    """

    path: str
    kind: str
    mode: int
    uid: int
    gid: int
    user: str
    group: str
    source: str | None = None
    content: bytes | None = None
    digest: bytes | None = None
    size: int = 0
    target: str | None = None
    package: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A line of /etc/passwd."""

    name: str
    uid: int
    gid: int
    description: str
    home: str
    shell: str


@dataclass(frozen=True, slots=True)
class Group:
    """A line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accounts:
    """All users and groups of a root, sorted by name: those of packages' own /etc/passwd and /etc/group, and declared ones."""

    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """A service, a trigger or a line of tmpfiles, its package's title, and its fields (docs/packages.md)."""

    name: str
    package: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class InstalledRoot:
    """The root of packages that are installed together; `entries` are sorted by the bytes of their paths.

    `parts` says which entries each store object has, by index into `entries`: equal files of two packages are in both.
    What is in no part is made from metadata. `tmpfiles` are all lines; those in `unapplied` need a running system.
    `unmet` are pairs of a package's title and a path that it needs and nothing in the root has. `machine` is the name of
    the profile of the packages, None if none says it.
    """

    packages: tuple[Package, ...]
    entries: tuple[InstalledEntry, ...]
    parts: Mapping[StorePath, tuple[int, ...]]
    accounts: Accounts
    services: tuple[Declared, ...]
    triggers: tuple[Declared, ...]
    tmpfiles: tuple[Declared, ...]
    unapplied: tuple[Declared, ...]
    unmet: tuple[tuple[str, str], ...]
    machine: str | None

    @cached_property
    def by_path(self) -> Mapping[str, InstalledEntry]:
        """The entries by their paths."""
        return {entry.path: entry for entry in self.entries}

    def find(self, path: str) -> InstalledEntry | None:
        """Return what a program finds at an absolute or relative path of the root, through links; None for nothing."""
        todo = path.split("/")[::-1]
        done: list[str] = []
        for _ in range(4096):
            if not todo:
                return self.by_path.get("/".join(done))
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                del done[-1:]
                continue
            done.append(part)
            entry = self.by_path.get("/".join(done))
            if entry is None:
                return None
            if entry.target is not None:
                done.pop()
                if entry.target.startswith("/"):
                    done.clear()
                todo.extend(reversed(entry.target.split("/")))
        return None
