"""Ask whether a fixed output can still be had, and by which ways, without fetching it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from .builtin.fetch import ways
from .builtin.hashed import hashed_urls
from .builtin.pypi import is_in_index
from .builtin.web import find_size
from .errors import BuildError, FetchFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..store.derivation import FixedOutput
    from .builtin.task import Task
    from .builtin.way import Way, WayKind


class Asked(NamedTuple):
    """A place where a file may be; `reason` says why it is not there, or why nobody can tell, and is "" if it is."""

    kind: WayKind
    place: str
    reason: str

    @property
    def is_there(self) -> bool:
        """Whether the place has the file, as far as that can be known without its content."""
        return not self.reason


def ask_ways(task: Task, urls: Iterable[str], fixed: FixedOutput, size: int | None = None) -> Iterator[Asked]:
    """Ask the ways to a file, each with one small question: HEAD, the size of a local file, the versions of an index.

    Once a place has it, others of its kind are not asked. `size` is that of the file in bytes, if known: a place with another one does not have it. The hash is not checked.
    Raises `BadConfiguration`.
    """
    work = os.path.join(task.work, fixed.digest.hex())
    os.makedirs(work, exist_ok=True)
    found = set()
    for way in _every_way(task, urls, fixed):
        if isinstance(way, Asked):
            yield way
        elif way.kind not in found:
            asked = _ask(task, way, size, work)
            if asked.is_there:
                found.add(way.kind)
            yield asked


def _every_way(task: Task, urls: Iterable[str], fixed: FixedOutput) -> Iterator[Way | Asked]:
    """Yield all ways, and the answer of a URL that has none."""
    for url in urls:
        try:
            yield from ways(task, url)
        except FetchFailed as error:
            yield Asked("archive", url, error.attempts[0][1])
    for url in hashed_urls(fixed):
        for way in ways(task, url):
            yield way._replace(kind="mirror")


def _ask(task: Task, way: Way, size: int | None, work: str) -> Asked:
    for haste in (1, 0):
        try:
            return Asked(way.kind, way.place, _lacks(replace(task, haste=haste), way, size, work))
        except FetchFailed as error:
            reason = error.attempts[0][1]
            if error.next_haste is None:
                break
        except BuildError as error:
            reason = error.message
            break
    return Asked(way.kind, way.place, reason)


def _lacks(task: Task, way: Way, size: int | None, work: str) -> str:
    """Return why a place does not have a file; "" if it has. Raises `FetchFailed`."""
    scheme = way.place.partition(":")[0].lower()
    found: int | None
    if scheme in ("http", "https"):
        found = find_size(task, way.place)
    elif scheme == "file":
        try:
            found = os.stat(unquote(urlsplit(way.place).path)).st_size
        except OSError as error:
            return error.strerror or str(error)
    elif scheme == "pypi":
        return "" if is_in_index(task, way.place, work) else "the index does not list this version for these tags"
    else:
        return f"a place with {scheme}: cannot be asked without fetching the file"
    return "" if None in (found, size) or found == size else f"it has {found} bytes there, and not {size}"
