"""Which packages a root gets: what was asked for, what that needs, and what is installed because others are.

A small solver: of packages that provide a name it takes one that is asked for or chosen already, else the one with the
highest provider priority, else the only one or the one of that name, each in its newest version. It never goes back on a
choice: where that leads to a conflict, it says so. The client of apk searches further.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...apk.dependencies import Dependency
from ...apk.versions import parse
from ..errors import RequestError
from .sharing import is_of_one_origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...apk.description import Info


class Provider(NamedTuple):
    """A package, and the version in which it provides a name; None if without one."""

    info: Info
    version: str | None


class Pool:
    """The packages to choose from, by the names that they provide."""

    def __init__(self, packages: Iterable[Info]) -> None:
        self.packages = tuple(packages)
        self._providers: dict[str, list[Provider]] = {}
        for info in self.packages:
            self._providers.setdefault(info.name, []).append(Provider(info, info.version))
            for provided in info.provides:
                self._providers.setdefault(provided.name, []).append(Provider(info, provided.version))
        for providers in self._providers.values():
            providers.sort(key=lambda one: one.info.name)
            providers.sort(key=lambda one: parse(one.info.version), reverse=True)

    @property
    def names(self) -> list[str]:
        """All names that some package has or provides."""
        return sorted(self._providers)

    def providers(self, dependency: Dependency) -> list[Provider]:
        """Return the packages that satisfy a dependency which is no conflict, newest first."""
        return [one for one in self._providers.get(dependency.name, ()) if dependency.is_satisfied_by(one.version)]


def solve(pool: Pool, world: Sequence[Dependency]) -> list[Info]:
    """Return the packages to install, each after what it needs, but for cycles. Raises `RequestError`."""
    return _Solver(pool, world).solve()


class _Solver:
    def __init__(self, pool: Pool, world: Sequence[Dependency]) -> None:
        self._pool = pool
        self._world = world
        self._chosen: dict[str, Info] = {}
        self._wanted_by: dict[str, str] = {}
        self._order: list[Info] = []

    def solve(self) -> list[Info]:
        asked = {dependency.name for dependency in self._world}
        for dependency in self._world:
            if not dependency.is_conflict:
                self._need(dependency, "", asked)
        while self._install_if(asked):
            pass
        self._check()
        return self._order

    def _need(self, dependency: Dependency, by: str, asked: set[str]) -> None:
        # With an own stack: chains of dependencies may be longer than Python's.
        stack: list[tuple[Dependency, str] | Info] = [(dependency, by)]
        while stack:
            item = stack.pop()
            if not isinstance(item, tuple):
                self._order.append(item)
                continue
            wanted, wanted_by = item
            info = self._choose(wanted, wanted_by, asked)
            if info.name in self._chosen:
                continue
            self._chosen[info.name] = info
            self._wanted_by[info.name] = wanted_by
            stack.append(info)
            stack += [(one, info.full_name) for one in reversed(info.depends) if not one.is_conflict]

    def _choose(self, wanted: Dependency, by: str, asked: set[str]) -> Info:
        providers = self._pool.providers(wanted)
        if not providers:
            raise self._nobody(wanted, by)
        for one in providers:
            if self._chosen.get(one.info.name) is one.info:
                return one.info
        usable = [one for one in providers if one.info.name not in self._chosen]
        if not usable:
            other = self._chosen[providers[0].info.name]
            raise RequestError(
                f"{_subject(by)} {wanted}, and {other.full_name} is installed already",
                hint=f"{_subject(self._wanted_by[other.name])} {other.name}",
            )
        for rule in (
            lambda one: one.info.name == wanted.name,
            lambda one: one.info.name in asked,
            lambda one: one.info.provider_priority is not None,
        ):
            preferred = [one for one in usable if rule(one)]
            if preferred:
                # The sort is stable: of equal priorities the newest stays first.
                return max(preferred, key=lambda one: one.info.provider_priority or 0).info
        names = list(dict.fromkeys(one.info.name for one in usable))
        if len(names) > 1 and usable[0].version is None:
            raise RequestError(
                f"{_subject(by)} {wanted}, which {', '.join(names)} provide without a priority",
                hint="ask for one of them by its name",
            )
        return usable[0].info

    def _install_if(self, asked: set[str]) -> bool:
        """Install the packages whose conditions all hold; whether there was one."""
        found = False
        for info in self._pool.packages:
            if info.install_if and info.name not in self._chosen and all(map(self._holds, info.install_if)):
                exact = Dependency.parse(f"{info.name}={info.version}")
                self._need(exact, f"the packages that {info.full_name} goes with", asked)
                found = True
        return found

    def _holds(self, dependency: Dependency) -> bool:
        if dependency.is_conflict:
            return dependency.name not in self._chosen
        return any(self._chosen.get(one.info.name) is one.info for one in self._pool.providers(dependency))

    def _check(self) -> None:
        """Raise `RequestError` for two packages that exclude each other."""
        versions: dict[str, Info] = {}
        for info in self._chosen.values():
            for provided in info.provides:
                other = versions.setdefault(provided.name, info) if provided.version is not None else info
                if (
                    other is not info
                    and provided.name not in (info.name, other.name)
                    and not is_of_one_origin(info, other)
                ):
                    raise RequestError(
                        f"{info.full_name} and {other.full_name} both provide {provided.name} in a version"
                    )
        demands = [(one, "") for one in self._world]
        demands += [(one, info.full_name) for info in self._chosen.values() for one in info.depends]
        for dependency, by in demands:
            if not dependency.is_conflict:
                continue
            for info in self._chosen.values():
                offered = [Provider(info, info.version)] if info.name == dependency.name else []
                offered += [Provider(info, one.version) for one in info.provides if one.name == dependency.name]
                for one in offered:
                    if not dependency.is_satisfied_by(one.version) and info.full_name != by:
                        raise RequestError(f"{_subject(by)} {dependency}, and {info.full_name} is installed")

    def _nobody(self, wanted: Dependency, by: str) -> RequestError:
        import difflib

        there = [one for one in self._pool.packages if one.name == wanted.name]
        if there:
            found = ", ".join(sorted({one.version for one in there}))
            return RequestError(f"{_subject(by)} {wanted}, and the repository has {found}")
        near = difflib.get_close_matches(wanted.name, self._pool.names, 1)
        hint = f"did you mean '{near[0]}'?" if near else None
        return RequestError(f"{_subject(by)} {wanted}, which no package of the repository provides", hint=hint)


def _subject(by: str) -> str:
    return f"{by} needs" if by else "you asked for"
