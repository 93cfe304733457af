"""Look over the packages of a repository for what a client would stumble on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from ...apk.errors import ApkError
from ...apk.formats import open_index, open_package
from ...apk.versions import is_valid
from ..errors import RequestError
from .repository import architectures_of, index_of, package_files
from .sharing import is_of_one_origin, is_same_file
from .solving import Pool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ...apk.contents import File, Package
    from ...apk.dependencies import Dependency
    from ...apk.description import Info

Rule = Literal["collision", "cycle", "dangling", "duplicate", "index", "owner", "unreadable", "version"]

_ACCOUNTS: Final = {"etc/passwd": "user", "etc/group": "group"}
_SYSUSERS: Final = "usr/lib/sysusers.d"
_MOST_IN_ACCOUNTS: Final = 1 << 20


class Fault(NamedTuple):
    """What is wrong with a package: the rule that it breaks, its full name, and a sentence."""

    rule: Rule
    package: str
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The number of packages that were looked at, and what is wrong with them, by package."""

    packages: int
    faults: tuple[Fault, ...]


def check(directory: str) -> Checked:
    """Look over the packages and indexes of a repository; contents are held against what packages say of them.

    What cannot be read is a fault. Raises `RequestError` if there is no repository, OSError if it cannot be listed.
    """
    packages: list[Package] = []
    faults: list[Fault] = []
    accounts = _Accounts()
    number = 0
    for architecture in architectures_of(directory):
        place = f"{directory}/{architecture}"
        identities: dict[str, bytes] = {}
        for file in package_files(place):
            number += 1
            try:
                with open_package(file) as reader:
                    for folder, entry, chunks in reader.contents():
                        accounts.add(folder.path, entry, chunks)
                    packages.append(reader.package)
                    identities[os.path.basename(file)] = reader.identity
            except (ApkError, OSError) as error:
                faults.append(Fault("unreadable", file, str(error)))
        faults += _index(place, identities)
    faults += check_packages(packages)
    faults += accounts.faults(packages)
    return Checked(number, tuple(sorted(faults, key=lambda one: (one.package, one.rule, one.message))))


def _index(place: str, identities: Mapping[str, bytes]) -> Iterator[Fault]:
    """Yield how an index differs from the packages beside it."""
    try:
        path = index_of(place)
        index = open_index(path).index
    except (ApkError, OSError, RequestError) as error:
        yield Fault("index", place, str(error))
        return
    named = {f"{info.full_name}.apk": info.hashes for info in index.packages}
    for name in sorted(named.keys() - identities.keys()):
        yield Fault("index", path, f"it names {name}, which is not there, or cannot be read")
    for name in sorted(identities.keys() - named.keys()):
        yield Fault("index", path, f"it does not name {name}")
    for name in sorted(identities.keys() & named.keys()):
        if identities[name][: len(named[name])] != named[name]:
            yield Fault("index", path, f"it names another {name} than is there")


class _Accounts:
    """The users and groups that packages bring along, in their first accounts or by sysusers.d(5)."""

    def __init__(self) -> None:
        self._names = {"user": {"root"}, "group": {"root"}}

    def add(self, folder: str, entry: File, chunks: Iterable[bytes]) -> None:
        """Read a file if it has accounts."""
        path = f"{folder}/{entry.name}"
        kind = _ACCOUNTS.get(path)
        if (kind is None and folder != _SYSUSERS) or entry.size > _MOST_IN_ACCOUNTS:
            return
        for line in b"".join(chunks).decode("utf-8", "replace").splitlines():
            words = line.split()
            if kind is not None:
                self._names[kind].add(line.partition(":")[0])
            elif len(words) > 1 and words[0] in ("u", "g"):
                self._names["group"].add(words[1])
                if words[0] == "u":
                    self._names["user"].add(words[1])

    def faults(self, packages: Iterable[Package]) -> Iterator[Fault]:
        """Yield the owners that no package brings along."""
        for package in packages:
            acls = {directory.acl for directory in package.directories} | {file.acl for _, file in package.entries()}
            for kind, names in (("user", {acl.user for acl in acls}), ("group", {acl.group for acl in acls})):
                for name in sorted(names - self._names[kind]):
                    message = f"the {kind} '{name}' owns a file in it, and no package has that {kind}"
                    yield Fault("owner", package.info.full_name, message)


def check_packages(packages: Sequence[Package]) -> Iterator[Fault]:
    """Yield the faults of packages that are to be one repository."""
    infos = [package.info for package in packages]
    yield from _versions(infos)
    yield from _duplicates(infos)
    yield from _dangling(infos)
    yield from _cycles(infos)
    yield from _collisions(packages)


def _versions(infos: Iterable[Info]) -> Iterator[Fault]:
    for info in infos:
        if not is_valid(info.version):
            yield Fault("version", info.full_name, f"'{info.version}' is not a version of apk")


def _duplicates(infos: Iterable[Info]) -> Iterator[Fault]:
    seen: set[tuple[str, str, str]] = set()
    for info in infos:
        key = (info.arch, info.name, info.version)
        if key in seen:
            yield Fault("duplicate", info.full_name, f"there are two packages of this name and version for {info.arch}")
        seen.add(key)


def _dangling(infos: Sequence[Info]) -> Iterator[Fault]:
    pool = Pool(infos)
    for info in infos:
        for dependency in info.depends:
            if not dependency.is_conflict and not pool.providers(dependency):
                yield Fault("dangling", info.full_name, f"it needs {dependency}, which no package provides")


def _cycles(infos: Sequence[Info]) -> Iterator[Fault]:
    """Find packages that are installed only if they themselves are."""
    conditions = {info.name: info for info in infos if info.install_if}

    def waits_for(info: Info) -> list[str]:
        return [one.name for one in info.install_if if one.name in conditions]

    for info in conditions.values():
        seen: set[str] = set()
        waiting = waits_for(info)
        while waiting:
            name = waiting.pop()
            if name == info.name:
                spelt = " ".join(map(str, info.install_if))
                yield Fault("cycle", info.full_name, f"it is installed if it itself is: its conditions are {spelt}")
                break
            if name not in seen:
                seen.add(name)
                waiting += waits_for(conditions[name])


def _collisions(packages: Sequence[Package]) -> Iterator[Fault]:
    """Find paths that two packages have, each with something else."""
    owners: dict[tuple[str, str], tuple[Package, File | None]] = {}
    for package in packages:
        arch = package.info.arch
        for directory in package.directories:
            other = owners.setdefault((arch, directory.path), (package, None))
            if other[1] is not None:
                yield _collision(package, other[0], directory.path)
            for file in directory.files:
                path = directory.path_of(file)
                holder, held = owners.setdefault((arch, path), (package, file))
                if holder is package or (held is not None and is_same_file(file, held)):
                    continue
                if held is None or not _gives_way(package.info, holder.info):
                    yield _collision(package, holder, path)


def _collision(one: Package, other: Package, path: str) -> Fault:
    return Fault("collision", one.info.full_name, f"it has '{path}', and so has {other.info.full_name}")


def _gives_way(one: Info, other: Info) -> bool:
    """Whether the client lets one of two packages replace a file of the other, or they are never there together."""
    if one.name == other.name or is_of_one_origin(one, other):
        return True
    return any(
        _concerns(wanted, second)
        for first, second in ((one, other), (other, one))
        for wanted in (*first.replaces, *(need for need in first.depends if need.is_conflict))
    )


def _concerns(wanted: Dependency, info: Info) -> bool:
    """Whether a package is one of those that a dependency or conflict means."""
    offered = [(info.name, info.version), *((one.name, one.version) for one in info.provides)]
    return any(
        name == wanted.name and wanted.is_satisfied_by(version) != wanted.is_conflict for name, version in offered
    )
