"""Install packages into one root, as a calculation on manifests and metadata.

Trees are merged as the roots of builds are (builder/merge.py). Objects of the store have no modes but "executable":
files get 0644, programs and directories 0755, and all are root's, unless a package says otherwise.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol

from ...store import STORE_DIR
from ...store.digest import Digest
from ...store.manifest import Entry, Kind, Manifest, path_bytes
from ..errors import RootConflict
from ..merge import Source, merge
from ..services import temporary
from ..services.rendering import path_of, render
from .accounts import AccountFiles
from .errors import FilesConflict, WrongAttribute
from .values import Declared, InstalledEntry, InstalledKind, InstalledRoot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ...store import StorePath
    from ..merge import Merged
    from .values import Package

PASSWD: Final = "etc/passwd"
GROUP: Final = "etc/group"
_PARENT_MODE: Final = 0o755
_HOME_MODE: Final = 0o700
_MODES: Final = {Kind.DIRECTORY: 0o755, Kind.FILE: 0o644, Kind.EXECUTABLE: 0o755, Kind.SYMLINK: 0o777}
_KINDS: Final = {
    Kind.DIRECTORY: InstalledKind.DIRECTORY,
    Kind.FILE: InstalledKind.FILE,
    Kind.EXECUTABLE: InstalledKind.FILE,
    Kind.SYMLINK: InstalledKind.SYMLINK,
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A store object that is installed: its manifest with the paths it has in the root, and the folder those are below."""

    package: Package | None
    path: StorePath
    manifest: Manifest
    folder: str

    @property
    def title(self) -> str:
        return self.path.name if self.package is None else self.package.title


@dataclass(slots=True)
class _Made:
    """An entry in the making; owners are names."""

    path: str
    kind: str
    mode: int
    user: str = "root"
    group: str = "root"
    source: str | None = None
    content: bytes | None = None
    digest: bytes | None = None
    size: int = 0
    target: str | None = None
    package: str | None = None


class Referring(Protocol):
    """What an object refers to."""

    @property
    def references(self) -> tuple[StorePath, ...]:
        """The references, itself included if it has its own name."""


class Objects(Protocol):
    """Where the objects of packages are: a store, or the inputs of a build."""

    def manifest(self, path: StorePath) -> Manifest:
        """Return the manifest of an object."""

    def physical(self, path: StorePath) -> str:
        """Return the place of an object on disk."""

    def closure(self, paths: Iterable[StorePath]) -> list[StorePath]:
        """Return objects with all that they refer to."""

    def info(self, path: StorePath) -> Referring:
        """Return what an object refers to directly."""


def assemble(store: Objects, packages: Sequence[Package]) -> InstalledRoot:
    """Return the root of built packages, whose order does not matter.

    Objects that outputs refer to come along, at their store paths. Raises `FilesConflict`, `AccountConflict`,
    `WrongAttribute`, `MachinesDiffer`.
    """
    packages = sorted(packages, key=lambda package: (package.title, package.objects))
    return _Assembly(store, packages).result()


class _Assembly:
    def __init__(self, store: Objects, packages: Sequence[Package]) -> None:
        self._store = store
        self._packages = packages
        self._parts = self._collect()
        sources = [Source(str(part.path), part.manifest) for part in self._parts]
        try:
            self._merged: Merged = merge(sources)
        except RootConflict as error:
            titles = {str(part.path): f"{part.title} ({part.path})" for part in self._parts}
            first, second = titles.get(error.first, error.first), titles.get(error.second, error.second)
            raise FilesConflict(error.path, first, second, error.reason) from error
        self._entries = {made.path: made for made in self._from_parts()}
        self._modes: dict[str, tuple[Any, str]] = {}
        self._unapplied: list[Declared] = []

    def result(self) -> InstalledRoot:
        self._apply_modes()
        self._add_alternatives()
        accounts = self._add_accounts()
        self._add_tmpfiles()
        self._add_lines()
        services = self._services()
        self._add_services(services)
        entries = self._finished(accounts)
        index = {entry.path: number for number, entry in enumerate(entries)}
        root = InstalledRoot(
            packages=tuple(self._packages),
            entries=entries,
            parts=self._indices_by_object(index),
            accounts=accounts.accounts,
            services=services,
            triggers=self._declared("triggers", lambda value: {"script": value}),
            tmpfiles=tuple(self._tmpfiles()),
            unapplied=tuple(self._unapplied),
            unmet=(),
            machine=next((package.machine for package in self._packages if package.machine is not None), None),
        )
        unmet = [(one.title, path) for one in self._packages for path in one.needs if root.find(path) is None]
        return replace(root, unmet=tuple(unmet))

    # --- what the store has

    def _collect(self) -> list[_Part]:
        """Return the parts of the packages, and what they refer to."""
        found: dict[StorePath, _Part] = {}
        for package in self._packages:
            for path in package.objects:
                found.setdefault(path, _Part(package, path, self._store.manifest(path), ""))
        chosen = set(found)
        referred = {
            reference for path in self._store.closure(chosen) for reference in self._store.info(path).references
        }
        parts = list(found.values())
        for path in sorted(referred):
            folder = f"{STORE_DIR[1:]}/{path.base}"
            parts.append(_Part(None, path, _below(folder, self._store.manifest(path)), folder))
        return parts

    def _from_parts(self) -> Iterator[_Made]:
        for placed in self._merged.entries:
            part = self._parts[placed.source] if self._parts else None
            made = _Made(placed.path, _KINDS[placed.kind], _MODES[placed.kind])
            if placed.entry is not None and part is not None:
                made.package = part.title
                made.digest, made.size, made.target = placed.entry.digest, placed.entry.size, placed.entry.target
                if made.kind == InstalledKind.FILE:
                    inner = placed.entry.path[len(part.folder) :].lstrip("/")
                    made.source = f"{self._store.physical(part.path)}/{inner}".rstrip("/")
            yield made

    def _indices_by_object(self, index: Mapping[str, int]) -> dict[StorePath, tuple[int, ...]]:
        found: dict[StorePath, set[int]] = {}
        for part in self._parts:
            # What refers to itself is there twice.
            found.setdefault(part.path, set()).update(self._indices(part, index))
        return {path: tuple(sorted(indices)) for path, indices in found.items()}

    def _indices(self, part: _Part, index: Mapping[str, int]) -> set[int]:
        """Return which entries a part has, with the directories that lead to them."""
        found: set[int] = set()
        for entry in part.manifest.entries:
            place = self._place(entry)
            if entry.kind == Kind.DIRECTORY or self._entries[place].package is not None:
                while True:
                    found.add(index[place])
                    if not place:
                        break
                    place = place.rpartition("/")[0]
        return found

    def _place(self, entry: Entry) -> str:
        return self._merged.directory(entry.path) if entry.kind == Kind.DIRECTORY else self._merged.place(entry.path)

    # --- what packages say

    def _apply_modes(self) -> None:
        for package in self._packages:
            for path, wanted in sorted(package.installation.get("modes", {}).items()):
                entry = self._entry_of(package, path)
                if entry is None:
                    if package.is_whole:
                        raise WrongAttribute(package.title, f'modes."{path}"', f"no output of it has /{path}")
                    continue
                self._set_mode(self._entries[self._place(entry)], wanted, package, f'modes."{path}"')

    def _entry_of(self, package: Package, path: str) -> Entry | None:
        for part in self._parts:
            if part.package is package:
                found = part.manifest.lookup(path)
                if found is not None:
                    return found
        return None

    def _set_mode(self, made: _Made, wanted: Mapping[str, Any], package: Package, attribute: str) -> None:
        asked = wanted["mode"], wanted["owner"]
        other, title = self._modes.setdefault(made.path, (asked, package.title))
        if other != asked:
            raise WrongAttribute(package.title, attribute, f"{title} wants another mode or owner of /{made.path}")
        if wanted["mode"] is not None:
            if made.kind == InstalledKind.SYMLINK:
                raise WrongAttribute(package.title, attribute, "a link has no mode")
            made.mode = int(wanted["mode"], 8)
        made.user, made.group = wanted["owner"].split(":")

    def _add_alternatives(self) -> None:
        best: dict[str, tuple[int, str, Package]] = {}
        for package in self._packages:
            for path, wanted in sorted(package.installation.get("alternatives", {}).items()):
                attribute = f'alternatives."{path}"'
                if self._entry_of(package, wanted["target"]) is None:
                    raise WrongAttribute(package.title, attribute, f"the package has no /{wanted['target']}")
                priority, _, other = best.get(path, (-1, "", package))
                if wanted["priority"] == priority:
                    reason = f"{other.title} offers it with the priority {priority} as well"
                    raise WrongAttribute(package.title, attribute, reason)
                if wanted["priority"] > priority:
                    best[path] = wanted["priority"], wanted["target"], package
        for path, (_, target, package) in sorted(best.items()):
            place = self._merged.place(path)
            there = self._entries.get(place)
            if there is not None:
                reason = f"{there.package or 'the root'} has something at /{place}"
                raise WrongAttribute(package.title, f'alternatives."{path}"', reason)
            aim = self._merged.place(target)
            self._add(_Made(place, InstalledKind.SYMLINK, 0o777, target=_relative(aim, place)), package, "alternatives")

    def _add_accounts(self) -> AccountFiles:
        """Write the files of accounts. In a root of objects without metadata they stay as they are."""
        accounts = AccountFiles(self._read(PASSWD), self._read(GROUP), self._packages)
        if not any(package.has_metadata for package in self._packages):
            return accounts
        for path, content in ((PASSWD, accounts.passwd), (GROUP, accounts.group)):
            place = self._merged.place(path)
            there = self._entries.get(place)
            if there is not None and there.kind == InstalledKind.FILE:
                if self._read(path) != content:
                    there.source, there.content, there.package = None, content, None
                    there.digest, there.size = Digest.of(content).raw, len(content)
            elif there is None:
                self._add(_file(place, content, 0o644), None, "users")
            else:
                package = next(package for package in self._packages if package.has_metadata)
                raise WrongAttribute(package.title, "users", f"/{place} is no file in this root")
        home = self._merged.directory(accounts.own_home or "")
        if home and home not in self._entries:
            self._add(_Made(home, InstalledKind.DIRECTORY, _HOME_MODE), None, "users")
        return accounts

    def _read(self, path: str) -> bytes:
        made = self._entries.get(self._merged.place(path))
        if made is None or made.source is None:
            return b""
        with open(os.fsencode(made.source), "rb") as file:
            return file.read()

    def _tmpfiles(self) -> Iterator[Declared]:
        for package in self._packages:
            for line in package.installation.get("tmpfiles", ()):
                yield Declared(line["path"], package.title, line)

    def _add_tmpfiles(self) -> None:
        for package in self._packages:
            lines = package.installation.get("tmpfiles", ())
            for number, line in enumerate(lines, 1):
                declared = Declared(line["path"], package.title, line)
                if not self._apply_line(package, f"tmpfiles.{number}", line):
                    self._unapplied.append(declared)

    def _add_lines(self) -> None:
        """Add the lines for the system that starts: what it mounts over /run, it makes anew."""
        texts = sorted(
            (package.title, "".join(f"{temporary.line(one)}\n" for one in package.installation.get("tmpfiles", ())))
            for package in self._packages
        )
        content = path_bytes("".join(text for _, text in texts))
        if content:
            place = self._merged.place(f"{temporary.FOLDER}/packages.conf")
            self._add(_file(place, content, 0o644), None, "tmpfiles")

    def _apply_line(self, package: Package, attribute: str, line: Mapping[str, Any]) -> bool:
        """Apply a line of tmpfiles as far as an image can have it; return whether that could be done."""
        letter, path = line["type"].rstrip("+"), line["path"].strip("/")
        if letter not in ("d", "D", "f", "L", "p") or line["boot"] or "%" in path or "%" in (line["argument"] or ""):
            return False
        if not path or not {"", ".", ".."}.isdisjoint(path.split("/")):
            raise WrongAttribute(package.title, attribute, f"{line['path']} is no plain path below the root")
        place = self._merged.directory(path) if letter in ("d", "D") else self._merged.place(path)
        argument = line["argument"]
        if letter in ("d", "D"):
            made = _Made(place, InstalledKind.DIRECTORY, 0o755)
        elif letter == "p":
            made = _Made(place, InstalledKind.FIFO, 0o644)
        elif letter == "L":
            if argument is None:
                return False
            made = _Made(place, InstalledKind.SYMLINK, 0o777, target=argument)
        else:
            content = b"" if argument is None else path_bytes(argument)
            made = _file(place, content, 0o644)
        there = self._entries.get(place)
        if there is None:
            self._add(made, package, attribute)
            there = made
        elif there.kind != made.kind:
            raise WrongAttribute(
                package.title, attribute, f"{there.package or 'another line'} has something else there"
            )
        elif line["type"] in ("f+", "L+"):
            there.source, there.content, there.package = None, made.content, None
            there.digest, there.size, there.target = made.digest, made.size, made.target
        mode = line["mode"] if letter != "L" else None
        self._set_mode(there, {"mode": mode, "owner": line["owner"]}, package, attribute)
        return True

    def _add(self, made: _Made, package: Package | None, attribute: str) -> None:
        """Add an entry that no package has, and the directories that lead to it."""
        parent = made.path.rpartition("/")[0]
        missing = []
        while parent not in self._entries:
            missing.append(parent)
            parent = parent.rpartition("/")[0]
        if self._entries[parent].kind != InstalledKind.DIRECTORY:
            title = "chx" if package is None else package.title
            raise WrongAttribute(title, attribute, f"/{parent} is no directory, and /{made.path} would be in it")
        for path in reversed(missing):
            self._entries[path] = _Made(path, InstalledKind.DIRECTORY, _PARENT_MODE)
        self._entries[made.path] = made

    def _services(self) -> tuple[Declared, ...]:
        found = self._declared("services", lambda value: value)
        for one, other in pairwise(found):
            if one.name == other.name:
                raise WrongAttribute(other.package, f"services.{one.name}", f"{one.package} has such a service, too")
        return found

    def _add_services(self, services: Sequence[Declared]) -> None:
        packages = {package.title: package for package in self._packages}
        for service in services:
            content = render(service.fields).encode()
            place, package = self._merged.place(path_of(service.name)), packages[service.package]
            if place in self._entries:
                raise WrongAttribute(package.title, f"services.{service.name}", f"there is a file at /{place}")
            self._add(_file(place, content, 0o644), package, f"services.{service.name}")

    def _declared(self, attribute: str, fields: Any) -> tuple[Declared, ...]:
        found = [
            Declared(name, package.title, fields(value))
            for package in self._packages
            for name, value in package.installation.get(attribute, {}).items()
        ]
        return tuple(sorted(found, key=lambda one: (one.name, one.package)))

    def _finished(self, accounts: AccountFiles) -> tuple[InstalledEntry, ...]:
        found = []
        for path in sorted(self._entries, key=path_bytes):
            made = self._entries[path]
            uid = gid = 0
            if (made.user, made.group) != ("root", "root"):
                uid, gid = self._numbers(made, accounts)
            found.append(
                InstalledEntry(
                    made.path, made.kind, made.mode, uid, gid, made.user, made.group, made.source, made.content,
                    made.digest, made.size, made.target, made.package,
                )
            )  # fmt: skip
        return tuple(found)

    def _numbers(self, made: _Made, accounts: AccountFiles) -> tuple[int, int]:
        uid, gid = accounts.uid(made.user), accounts.gid(made.group)
        if uid is None or gid is None:
            what = f"user '{made.user}'" if uid is None else f"group '{made.group}'"
            title = self._modes[made.path][1]
            raise WrongAttribute(title, "modes or tmpfiles", f"/{made.path} is of the {what}, which nothing declares")
        return uid, gid


def _file(path: str, content: bytes, mode: int) -> _Made:
    return _Made(
        path, InstalledKind.FILE, mode, content=content, digest=Digest.of(content).raw, size=len(content)
    )  # fmt: skip


def _below(folder: str, manifest: Manifest) -> Manifest:
    """Return a manifest with all paths below a folder, and the directories that lead there."""
    parents = [""]
    for part in folder.split("/")[:-1]:
        parents.append(f"{parents[-1]}/{part}".lstrip("/"))
    entries = [Entry(parent, Kind.DIRECTORY) for parent in parents]
    entries += [
        entry._replace(path=f"{folder}/{entry.path}" if entry.path else folder) for entry in manifest.entries
    ]  # fmt: skip
    return Manifest(tuple(entries))


def _relative(target: str, link: str) -> str:
    """Return the text of a link at `link` that leads to `target`; both are below the same root."""
    return os.path.relpath(f"/{target}", os.path.dirname(f"/{link}"))
