"""Compare two collections of store objects by package names."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from ..package_names import split_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..path import StorePath
    from ..store import Store


class Package(NamedTuple):
    """A store object as one of a collection: `label` is its package and output; `size` is in bytes."""

    label: str
    version: str
    path: StorePath
    size: int


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package that is another object on each side; None where it is missing."""

    label: str
    before: Package | None
    after: Package | None

    @property
    def growth(self) -> int:
        """Increase in bytes."""
        return (self.after.size if self.after else 0) - (self.before.size if self.before else 0)


@dataclass(frozen=True, slots=True)
class ClosureDifference:
    """Changes by label, number of common objects, and the total sizes in bytes."""

    changes: tuple[PackageChange, ...]
    equal: int
    size_before: int
    size_after: int


class VersionChange(NamedTuple):
    """A package by label: its versions that only one closure has, each once and sorted, and the growth in bytes.

    "" stands for an object without a version.
    """

    label: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    growth: int


def packages_of(store: Store, paths: Iterable[StorePath]) -> list[Package]:
    """Return objects as packages; the deriver distinguishes the output from the version."""
    found = []
    for path in paths:
        info = store.info(path)
        name, output = path.name, ""
        if info.deriver is not None:
            base = info.deriver.name.removesuffix(".drv")
            if path.name.startswith(base + "-"):
                name, output = base, path.name[len(base) + 1 :]
        package, version = split_name(name)
        found.append(Package(f"{package}.{output}" if output else package, version, path, info.size))
    return found


def compare_packages(before: Iterable[Package], after: Iterable[Package]) -> ClosureDifference:
    """Match packages by label, equal objects first, then in the order of their versions."""
    old, new = list(before), list(after)
    common = {package.path for package in old} & {package.path for package in new}
    rest, other = _by_label(old, common), _by_label(new, common)
    changes = tuple(
        PackageChange(label, one, two)
        for label in sorted(rest.keys() | other.keys())
        for one, two in zip_longest(rest.get(label, ()), other.get(label, ()))
    )
    return ClosureDifference(
        changes, len(common), sum(package.size for package in old), sum(package.size for package in new)
    )


def compare_closures(store: Store, before: Iterable[StorePath], after: Iterable[StorePath]) -> ClosureDifference:
    """Compare the closures of objects package by package."""
    return compare_packages(packages_of(store, store.closure(before)), packages_of(store, store.closure(after)))


def version_changes(found: ClosureDifference) -> list[VersionChange]:
    """Join the changes of each label."""
    joined: dict[str, list[PackageChange]] = {}
    for change in found.changes:
        joined.setdefault(change.label, []).append(change)
    return [
        VersionChange(
            label,
            tuple(sorted({change.before.version for change in changes if change.before is not None})),
            tuple(sorted({change.after.version for change in changes if change.after is not None})),
            sum(change.growth for change in changes),
        )
        for label, changes in joined.items()
    ]


def _by_label(packages: Iterable[Package], without: set[StorePath]) -> dict[str, list[Package]]:
    found: dict[str, list[Package]] = {}
    for package in sorted(packages, key=lambda package: (package.version, package.path)):
        if package.path not in without:
            found.setdefault(package.label, []).append(package)
    return found
