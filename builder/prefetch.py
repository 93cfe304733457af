"""Fetch sources without a hash, to learn and lock it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ..store.checkpoint import extra_check
from ..store.derivation import Derivation, FixedOutput
from .builtin.fetch import retrieve, unpacked
from .builtin.git import find_revision, locked_url, retrieve_history
from .builtin.task import Task
from .cancellation import Cancellation, Deadline
from .disk import remove_tree
from .errors import FetchFailed
from .fixed import hash_content
from .options import BuildOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..store.path import StorePath
    from ..store.store import Store

SOURCE = "source"
"""The name of all trees fetched like this: equal trees are one object."""


class Fetched(NamedTuple):
    """A tree in the store, its URL, and its hash. `modified`: when the newest member of its archive changed, if that was asked for."""

    url: str
    revision: str | None
    digest: bytes
    path: StorePath
    modified: int | None = None


class FetchedFile(NamedTuple):
    """A file in the store, its SHA-256 and its size in bytes."""

    digest: bytes
    size: int
    path: StorePath


def tree_source(url: str, digest: bytes) -> Derivation:
    """Return the derivation that fetches the tree at `url` by the SHA-256 of its NAR."""
    fixed = FixedOutput("sha256", digest, "recursive")
    return Derivation(SOURCE, "builtin", "builtin:fetch", env={"name": SOURCE, "url": url, "unpack": "1"}, fixed=fixed)


def prefetch_tree(
    store: Store, url: str, say: Callable[[str], None], options: BuildOptions | None = None, timed: bool = False
) -> Fetched:
    """Fetch an archive, or with `git+` a commit's tree, into the store as a fixed output.

    `timed`: read the times of an archive's members as well, in seconds since 1970. Uses those `options` that limit fetching, output size and time. Raises `FetchFailed`, `UnsupportedUrl`,
    `LimitExceeded`, `OutputLimitExceeded`.
    """
    with fetching_task(store, say, options) as task:
        revision = None
        if url.startswith("git+"):
            if task.offline and not url.startswith("git+file:"):
                raise FetchFailed(((url, "fetching is switched off"),), "leave out --offline")
            revision = find_revision(task, url, task.work)
            url = locked_url(url, revision)
        found = retrieve(task, url, task.work)
        modified = _newest(found, url) if timed and os.path.isfile(found) else None
        tree = unpacked(task, found, url, task.work)
        task.check_output(tree)
        digest = hash_content(tree, "sha256", "recursive")
        path = store.add_tree(tree, SOURCE, consume=True)
        store.record_fixed_output(SOURCE, FixedOutput("sha256", digest, "recursive"), path)
        return Fetched(url, revision, digest, path, modified)


def _newest(archive: str, url: str) -> int:
    from .builtin.archive import members

    return max((member.time for member in members(archive, url)), default=0)


def prefetch_file(
    store: Store, url: str, name: str, say: Callable[[str], None], options: BuildOptions | None = None
) -> FetchedFile:
    """Fetch a file into the store as the fixed output `name`, with the same `options` as `prefetch_tree`.

    Raises `FetchFailed` (for a tree, too), `UnsupportedUrl`, `LimitExceeded`, `OutputLimitExceeded`.
    """
    with fetching_task(store, say, options) as task:
        found = retrieve(task, url, task.work)
        if os.path.isdir(found):
            raise FetchFailed(((url, "it is a tree and no file"),))
        task.check_output(found)
        os.chmod(found, 0o644)
        digest, size = hash_content(found, "sha256", "flat"), os.path.getsize(found)
        path = store.add_tree(found, name, consume=True)
        store.record_fixed_output(name, FixedOutput("sha256", digest, "flat"), path)
        return FetchedFile(digest, size, path)


@contextmanager
def prefetched_history(
    store: Store,
    remote: str,
    revision: str | None,
    ref: str | None,
    shallow: bool,
    say: Callable[[str], None],
    options: BuildOptions | None = None,
) -> Iterator[tuple[str, str]]:
    """Context of a bare repository with a commit of another host, and the commit's name.

    `remote` is in git's notation; with neither a whole name `revision` nor a branch or tag `ref` it is the newest commit of
    the first branch. `shallow` leaves out what led to it. Raises `FetchFailed`, `UnsupportedUrl`, `LimitExceeded`.
    """
    with fetching_task(store, say, options) as task:
        if task.offline:
            raise FetchFailed(((remote, "fetching is switched off"),), "leave out --offline")
        yield retrieve_history(task, remote, revision, ref, shallow)


@contextmanager
def fetching_task(store: Store, say: Callable[[str], None], options: BuildOptions | None) -> Iterator[Task]:
    """Context of a task with a directory of its own and the deadline of `options`."""
    options = options or BuildOptions()
    deadline = Deadline(options.timeout_seconds)
    folder = store.temporary("prefetch")
    cancellation = Cancellation()
    try:
        with extra_check(deadline.check):
            yield Task(
                derivation=Derivation(SOURCE, "builtin", "builtin:fetch"),
                output=os.path.join(folder, "output"),
                work=folder,
                say=say,
                progress=lambda place, done, total: None,
                physical=lambda path: None,
                cancellation=cancellation,
                offline=options.offline,
                max_download=options.max_download_bytes,
                max_output=options.max_output_bytes,
                deadline=deadline,
                notice=say,
            )
    finally:
        cancellation.close()
        remove_tree(folder)
