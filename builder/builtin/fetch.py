"""`builtin:fetch`: one file with a known hash.

Attributes: `url` and `urls` (white-space separated; tried in order, then mirrors by hash), and the fixed output.
`executable` sets the executable bit, `size` is the greatest number of bytes to download, `unpack` unpacks the archive
and drops a single top directory: then the hash is that of the tree (`recursive`), as it is for a `git+` URL, which
yields a tree. A URL may stand for several places, as `debian:` does. Each of these ways is tried in order, whatever was
wrong with the one before: nothing there, no answer, or content with another hash. Only content with the right hash enters
the store. An error names every way and how it failed.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ...store.checkpoint import Stopped, checkpoint
from ..disk import remove_tree
from ..errors import BadConfiguration, BuildError, FetchFailed, HashMismatch, OutputLimitExceeded, UnsupportedUrl
from ..fixed import check_fixed
from .hashed import hashed_urls
from .way import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..errors import Haste
    from .task import Task

T = TypeVar("T")


def fetch(task: Task) -> None:
    """Run the builder; raises `HashMismatch`, `FetchFailed`, `UnsupportedUrl`, `BadAttribute`."""
    fixed = task.derivation.fixed
    if fixed is None:
        raise task.refuse("outputHash", "it is required: only what is known by its hash can be fetched")
    urls = list(dict.fromkeys(task.words("url", "urls")))
    if not urls:
        raise task.refuse("url", "it is required")
    if fixed.mode == "flat" and (task.flag("executable") or task.flag("unpack")):
        raise task.refuse("outputHashMode", 'with `executable` or `unpack` it must be "recursive"')
    urls += [url for url in hashed_urls(fixed) if url not in urls]
    _ = task.allowance  # an invalid `size` is no fault of the server
    failures = _Failures()

    def take(task: Task, way: Way, work: str) -> None:
        result = _finish(task, _take(task, way, work), way.place, work)
        task.check_output(result)
        check_fixed(result, fixed, way.place)
        os.rename(result, task.output)

    _try_all(task, task.work, _every_way(task, urls, failures), failures, take)


def _try_all(task: Task, work: str, ways: Iterable[Way], failures: _Failures, take: Callable[[Task, Way, str], T]) -> T:
    """Return what `take` gives for the first way that works, in a directory of its own in `work`.

    A host that does not answer at once is asked again, with more patience, when all other ways have failed.
    """
    later: dict[Haste, list[tuple[Way, int | None]]] = {1: [], 0: []}
    first = ((way, None) for way in ways)
    attempts = ((haste, item) for haste, queue in ((2, first), *later.items()) for item in queue)
    for number, (haste, (way, slot)) in enumerate(attempts):
        inner = os.path.join(work, str(number))
        os.mkdir(inner)
        try:
            return take(replace(task, haste=haste), way, inner)
        except (Stopped, OutputLimitExceeded, BadConfiguration):
            raise
        except BuildError as error:
            # Beside its own errors those of an archive: a captive portal's page is none, for example.
            place = failures.add(way.place, error, task.say, slot)
            if isinstance(error, FetchFailed) and error.next_haste is not None:
                later[error.next_haste].append((way, place))
        remove_tree(inner)
    raise failures.verdict()


class _Failures:
    """How each way failed, in their order."""

    def __init__(self) -> None:
        self._errors: list[tuple[str, BuildError]] = []

    def add(self, place: str, error: BuildError, say: Callable[[str], None], slot: int | None = None) -> int:
        """Record that the way to `place` failed, and tell it; return the number of the record.

        `slot` is the number of a record that it replaces.
        """
        if slot is None:
            slot = len(self._errors)
            self._errors.append((place, error))
        else:
            self._errors[slot] = place, error
        for where, reason in _attempts(place, error):
            say(f"{where}: {reason}")
        return slot

    def verdict(self) -> BuildError:
        """Return the error of all ways together."""
        errors = [error for _, error in self._errors]
        if len(errors) == 1:
            return errors[0]
        attempts = tuple(attempt for place, error in self._errors for attempt in _attempts(place, error))
        advices = dict.fromkeys(error.advice for error in errors if isinstance(error, FetchFailed) and error.advice)
        advice = "; ".join(advices) or None
        for error in errors:
            if isinstance(error, HashMismatch):
                return HashMismatch(error.expected, error.got, error.url, attempts, advice)
        return FetchFailed(attempts, advice)


def _attempts(place: str, error: BuildError) -> Iterable[tuple[str, str]]:
    """Return the places that an error is about, each with its reason."""
    match error:
        case FetchFailed():
            return error.attempts
        case HashMismatch():
            return [(place, f"its content has the hash {error.got}")]
        case UnsupportedUrl():
            return [(place, error.reason)]
    return [(place, error.message)]


def _every_way(task: Task, urls: list[str], failures: _Failures) -> Iterator[Way]:
    for url in urls:
        try:
            yield from ways(task, url)
        except (UnsupportedUrl, FetchFailed) as error:
            failures.add(url, error, task.say)


def retrieve(task: Task, url: str, work: str) -> str:
    """Return the path of the file at `url`, or with `git+` of the tree; no other process can write to it.

    It comes from the first place that has one. Raises `FetchFailed`, `UnsupportedUrl`.
    """
    return _try_all(task, work, ways(task, url), _Failures(), _take)


def _take(task: Task, way: Way, work: str) -> str:
    task.say(f"fetching {way.place}")
    found = way.retrieve(task, way.place, work)
    return _renewed(found, work) if way.is_by_client else found


def ways(task: Task, url: str) -> Iterator[Way]:
    """Yield the ways to `url`, at least one. Raises `UnsupportedUrl`, `FetchFailed`."""
    scheme, colon, _ = url.partition(":")
    find = _finder(scheme.lower()) if colon else None
    if find is None:
        raise UnsupportedUrl(url, "known schemes are https, http, file, debian, debian-source, pypi and git+...")
    if task.offline and scheme not in ("file", "git+file"):
        raise FetchFailed(((url, "fetching is switched off"),), "leave out --offline")
    yield from find(task, url)


def _renewed(found: str, work: str) -> str:
    """Copy the files of a client, because a process that it left behind may go on writing to them."""
    from ..fresh import copy_fresh

    folder, name = os.path.split(found)
    place = os.path.join(work, "fresh")
    os.mkdir(place)
    copy_fresh(folder, name, os.path.join(place, name), checkpoint)
    return os.path.join(place, name)


def _finder(scheme: str) -> Callable[[Task, str], Iterable[Way]] | None:
    """Return the function that finds the ways to a URL of `scheme`."""
    if scheme in ("https", "http"):
        from .web import retrieve_web

        return lambda task, url: [Way(url, retrieve_web)]
    if scheme in ("debian", "debian-source"):
        from .debian import debian_ways

        return debian_ways
    if scheme == "pypi":
        from .pypi import retrieve_pypi

        return lambda task, url: [Way(url, retrieve_pypi, True, "index")]
    if scheme.startswith("git+"):
        from .git import SCHEMES, retrieve_git

        return (lambda task, url: [Way(url, retrieve_git, True, "repository")]) if scheme in SCHEMES else None
    if scheme == "file":
        from .local import retrieve_file

        return lambda task, url: [Way(url, retrieve_file, kind="file")]
    return None


def _finish(task: Task, found: str, url: str, work: str) -> str:
    """Return the file or tree to keep, made from the download."""
    if os.path.isdir(found):
        return found
    os.chmod(found, 0o755 if task.flag("executable") else 0o644)
    if not task.flag("unpack"):
        return found
    return unpacked(task, found, url, work)


def unpacked(task: Task, found: str, url: str, work: str) -> str:
    """Return the tree in the archive `found`, without a single top directory; a tree is returned unchanged."""
    if os.path.isdir(found):
        return found
    from .globs import selection
    from .unpack import unpack_archive
    from .writer import TreeWriter, only_directory

    tree = os.path.join(work, "tree")
    unpack_archive(TreeWriter(tree, url, task.max_output), found, 0, selection((), ()), task.say)
    return only_directory(tree) or tree
