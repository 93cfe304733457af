"""Look over the packages of a repository for what a client would stumble on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ...apk.errors import ApkError
from ...apk.formats import open_package
from ...apk.versions import is_valid
from .solving import Pool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...apk.contents import File, Package
    from ...apk.dependencies import Dependency
    from ...apk.description import Info

Rule = Literal["collision", "cycle", "dangling", "duplicate", "unreadable", "version"]


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


def check(files: Sequence[str]) -> Checked:
    """Look over the packages in `files`, paths on disk. An unreadable one is a fault. Raises nothing."""
    packages: list[Package] = []
    faults: list[Fault] = []
    for file in files:
        try:
            with open_package(file) as reader:
                packages.append(reader.package)
        except (ApkError, OSError) as error:
            faults.append(Fault("unreadable", file, str(error)))
    faults += check_packages(packages)
    return Checked(len(files), tuple(sorted(faults, key=lambda one: (one.package, one.rule, one.message))))


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
            yield Fault("version", info.full_name, f"'{info.version}' is no version of apk")


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
                if holder is package or (held is not None and _is_same(file, held)):
                    continue
                if held is None or not _gives_way(package.info, holder.info):
                    yield _collision(package, holder, path)


def _collision(one: Package, other: Package, path: str) -> Fault:
    return Fault("collision", one.info.full_name, f"it has '{path}', and so has {other.info.full_name}")


def _is_same(one: File, other: File) -> bool:
    """Whether the client takes two files for one."""
    if one.link_target is not None or other.link_target is not None:
        return one.link_target == other.link_target
    return one.sha256 is not None and one.sha256 == other.sha256 and one.acl == other.acl


def _gives_way(one: Info, other: Info) -> bool:
    """Whether the client lets one of two packages replace a file of the other, or they are never there together."""
    if one.name == other.name or (one.origin and one.origin == other.origin):
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
