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
from typing import TYPE_CHECKING

from ...store.checkpoint import Stopped, checkpoint
from ..disk import remove_tree
from ..errors import BadConfiguration, BuildError, FetchFailed, HashMismatch, OutputLimitExceeded, UnsupportedUrl
from ..fixed import check_fixed
from .hashed import hashed_urls
from .way import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .task import Task


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
    for number, way in enumerate(_every_way(task, urls, failures)):
        work = os.path.join(task.work, str(number))
        os.mkdir(work)
        try:
            found = _take(task, way, work)
            result = _finish(task, found, way.place, work)
            task.check_output(result)
            check_fixed(result, fixed, way.place)
            os.rename(result, task.output)
            return
        except (Stopped, OutputLimitExceeded, BadConfiguration):
            raise
        except BuildError as error:
            # Beside its own errors those of an archive: a captive portal's page is none, for example.
            failures.add(way.place, error, task.say)
        remove_tree(work)
    raise failures.verdict()


class _Failures:
    """How each way failed, in the order in which they were tried."""

    def __init__(self) -> None:
        self._attempts: list[tuple[str, str]] = []
        self._advice: list[str] = []
        self._mismatch: HashMismatch | None = None
        self._errors: list[BuildError] = []

    def add(self, place: str, error: BuildError, say: Callable[[str], None]) -> None:
        """Record that the way to `place` failed, and tell it."""
        self._errors.append(error)
        match error:
            case FetchFailed():
                attempts = list(error.attempts)
                if error.advice is not None and error.advice not in self._advice:
                    self._advice.append(error.advice)
            case HashMismatch():
                attempts = [(place, f"its content has the hash {error.got}")]
                self._mismatch = self._mismatch or error
            case UnsupportedUrl():
                attempts = [(place, error.reason)]
            case _:
                attempts = [(place, error.message)]
        for where, reason in attempts:
            say(f"{where}: {reason}")
        self._attempts += attempts

    def verdict(self) -> BuildError:
        """Return the error of all ways together."""
        if len(self._errors) == 1:
            return self._errors[0]
        attempts, advice = tuple(self._attempts), "; ".join(self._advice) or None
        if self._mismatch is not None:
            return HashMismatch(self._mismatch.expected, self._mismatch.got, self._mismatch.url, attempts, advice)
        return FetchFailed(attempts, advice)


def _every_way(task: Task, urls: list[str], failures: _Failures) -> Iterator[Way]:
    for url in urls:
        try:
            yield from _ways(task, url)
        except (UnsupportedUrl, FetchFailed) as error:
            failures.add(url, error, task.say)


def retrieve(task: Task, url: str, work: str) -> str:
    """Return the path of the file at `url`, or with `git+` of the tree; no other process can write to it.

    It comes from the first place that has one. Raises `FetchFailed`, `UnsupportedUrl`.
    """
    failures = _Failures()
    for number, way in enumerate(_ways(task, url)):
        inner = os.path.join(work, str(number))
        os.mkdir(inner)
        try:
            return _take(task, way, inner)
        except FetchFailed as error:
            failures.add(way.place, error, task.say)
        remove_tree(inner)
    raise failures.verdict()


def _take(task: Task, way: Way, work: str) -> str:
    task.say(f"fetching {way.place}")
    found = way.retrieve(task, way.place, work)
    return _renewed(found, work) if way.is_by_client else found


def _ways(task: Task, url: str) -> Iterator[Way]:
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

        return lambda task, url: [Way(url, retrieve_pypi, is_by_client=True)]
    if scheme.startswith("git+"):
        from .git import SCHEMES, retrieve_git

        return (lambda task, url: [Way(url, retrieve_git, is_by_client=True)]) if scheme in SCHEMES else None
    return (lambda task, url: [Way(url, _retrieve_file)]) if scheme == "file" else None


def _retrieve_file(task: Task, url: str, work: str) -> str:
    """Copy a local file; `file:/path` and `file:///path`, with %-escapes."""
    from urllib.parse import unquote, urlsplit

    from ..disk import copy_file, is_full

    allowance = task.allowance
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise UnsupportedUrl(url, "a file: URL names an absolute path on this machine")
    source, target = unquote(parts.path), os.path.join(work, "file")
    try:
        allowance.check(url, os.stat(source).st_size)
        copy_file(source, target, 0o644)
    except OSError as error:
        if is_full(error):
            raise
        raise FetchFailed(((url, error.strerror or str(error)),)) from error
    return target


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
