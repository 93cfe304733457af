"""Ask whether everything that is pinned can still be had, and by which ways."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import quote

from ...arch import profile_names
from ...builder import BuildOptions
from ...builder.asking import Asked, ask_ways
from ...builder.builtin.registry import FETCHERS
from ...builder.prefetch import fetching_task
from ...store import FixedOutput
from ..packages.catalogue import Catalogue
from ..pinned_files import archive_time, pinned_size
from .lockfile import facts, is_for_architecture, lock_of, lock_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ...builder.builtin.task import Task
    from ...store import Derivation, StorePath
    from ..request import Request
    from ..session import Session
    from .lockfile import Place

_AT_ONCE = 8
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

Verdict = Literal["safe", "single", "last", "lost"]
"""`safe`: two kinds of ways or more have it. `single`: there is one kind of way to it, and that has it. `last`: of several
kinds of ways, one still has it. `lost`: none has it."""


class Wanted(NamedTuple):
    """A pinned file: its name, URLs, promised content, size in bytes if known, and who pins it."""

    name: str
    urls: tuple[str, ...]
    fixed: FixedOutput
    size: int | None
    time: str | None
    users: tuple[str, ...]


class Checked(NamedTuple):
    """A pinned file and the answer of every way to it."""

    wanted: Wanted
    ways: tuple[Asked, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether it can still be had. A way that gave no answer is none."""
        kinds = {way.kind for way in self.ways}
        left = {way.kind for way in self.ways if way.is_there}
        if not left:
            return "lost"
        if len(left) > 1:
            return "safe"
        return "last" if len(kinds) > 1 else "single"

    @property
    def is_alarming(self) -> bool:
        """Whether it is on its last way, or has none."""
        return self.verdict in ("last", "lost")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON types."""
        wanted = self.wanted
        return {
            "name": wanted.name,
            "hash": f"{wanted.fixed.algorithm}:{wanted.fixed.digest.hex()}",
            "size": wanted.size,
            "users": list(wanted.users),
            "verdict": self.verdict,
            "ways": [
                {"kind": way.kind, "place": way.place, "isThere": way.is_there, "reason": way.reason}
                for way in self.ways
            ],
        }


def pins_of_seeds(session: Session, places: Iterable[Place], architecture: str | None = None) -> list[Wanted]:
    """Return the files that the locks of seeds pin, for one architecture (the name of a profile) or for all.

    Seeds that are captured or made have none. Raises `RequestError`, `UnknownProfile`.
    """
    found = []
    for place, seed in _described(session, places, architecture):
        lock = lock_of(place, seed) or {}
        user = f"seed {place.name}" + (f" ({seed['architecture']})" if seed["shared"] else "")
        for file in lock.get("files", ()):
            url = file["url"]
            if not _SCHEME.match(url):
                url = "file:" + quote(os.path.join(os.path.abspath(place.folder), url))
            fixed = FixedOutput("sha256", bytes.fromhex(file["sha256"]), "flat")
            name = f"{file['package']} {file['version']}".rstrip()
            found.append(Wanted(name, (url,), fixed, file["size"], lock.get("date"), (user,)))
    return found


def _described(
    session: Session, places: Iterable[Place], architecture: str | None
) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield seeds, with a description for each of their locks."""
    names = profile_names(session.evaluator) if architecture is None else [architecture]
    for place in places:
        known = set()
        for name in names:
            seed = facts(session, place, name)
            if seed["impure"] or seed["made"] or lock_path(place, seed) in known:
                continue
            if is_for_architecture(seed):
                known.add(lock_path(place, seed))
                yield place, seed


def pins_of_packages(session: Session, request: Request) -> list[Wanted]:
    """Return the files that the packages of a set fetch, and all that they are built from. Raises as `pkgs list`."""
    catalogue = Catalogue(session, request)
    starts = {}
    for package in catalogue.packages:
        found = catalogue.evaluator.derivation_of(package.value)
        if found is not None:
            starts[package.name] = found[0]
    session.world.commit()
    store = session.store
    users: dict[StorePath, list[str]] = {}
    for name, start in sorted(starts.items()):
        seen, waiting = {start}, [start]
        while waiting:
            path = waiting.pop()
            derivation = store.derivation(path)
            if derivation.fixed is not None and derivation.builder in FETCHERS:
                users.setdefault(path, []).append(name)
            fresh = set(derivation.input_drvs) - seen
            seen |= fresh
            waiting += fresh
    return [_wanted(store.derivation(path), names) for path, names in users.items()]


def _wanted(fetch: Derivation, packages: Iterable[str]) -> Wanted:
    """Return the pin of a derivation that fetches a file for packages."""
    fixed = fetch.fixed
    assert fixed is not None
    urls = dict.fromkeys(f"{fetch.env.get('url', '')} {fetch.env.get('urls', '')}".split())
    size = fetch.env.get("size", "")
    known = int(size) if size.isascii() and size.isdecimal() else pinned_size(fixed)
    users = tuple(f"package {name}" for name in packages)
    return Wanted(fetch.name, tuple(urls), fixed, known, archive_time(fixed), users)


def merged(pins: Iterable[Wanted]) -> list[Wanted]:
    """Return pins by name, those of one content as one."""
    found: dict[tuple[str, bytes, str], Wanted] = {}
    for pin in pins:
        key = pin.fixed.algorithm, pin.fixed.digest, pin.fixed.mode
        known = found.get(key)
        if known is not None:
            pin = known._replace(
                urls=tuple(dict.fromkeys((*known.urls, *pin.urls))),
                size=known.size if known.size is not None else pin.size,
                time=known.time or pin.time,
                users=tuple(dict.fromkeys((*known.users, *pin.users))),
            )
        found[key] = pin
    return sorted(found.values(), key=lambda pin: (pin.name, pin.fixed.digest))


def check(session: Session, pins: list[Wanted]) -> Iterator[Checked]:
    """Ask for every pin, several at once; yield the answers in the order of `pins`. Raises `BadConfiguration`.

    What the store has does not count, since nobody else has it.
    """
    with fetching_task(session.store, lambda text: None, BuildOptions()) as task:
        task = replace(task, notice=session.reporter.notice)
        executor = ThreadPoolExecutor(_AT_ONCE)
        try:
            yield from executor.map(lambda pin: _checked(task, pin), pins)
        finally:
            executor.shutdown(cancel_futures=True)


def _checked(task: Task, pin: Wanted) -> Checked:
    asking = replace(task, archive_time=pin.time)
    return Checked(pin, tuple(ask_ways(asking, pin.urls, pin.fixed, pin.size)))


def count(checked: Iterable[Checked]) -> Mapping[Verdict, int]:
    """Return how many pins there are of each verdict."""
    counts: dict[Verdict, int] = {"safe": 0, "single": 0, "last": 0, "lost": 0}
    for one in checked:
        counts[one.verdict] += 1
    return counts
