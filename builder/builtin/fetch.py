"""`builtin:fetch`: one file with a known hash.

Attributes: `url` and `urls` (white-space separated; tried in order, then mirrors by hash), and the fixed output.
`executable` sets the executable bit, `size` is the greatest number of bytes to download, `unpack` unpacks the archive
and drops a single top directory: then the hash is that of the tree (`recursive`), as it is for a `git+` URL, which
yields a tree. After content with another hash, the next URL is tried; only content with the right hash enters the store.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...store.checkpoint import Stopped, checkpoint
from ..disk import remove_tree
from ..errors import BuildError, FetchFailed, HashMismatch, OutputLimitExceeded, UnsupportedUrl
from ..fixed import check_fixed
from .hashed import hashed_urls

if TYPE_CHECKING:
    from collections.abc import Callable

    from .task import Task


_BY_CHX_ITSELF = ("https", "http", "file")


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
    failures: list[tuple[str, str]] = []
    advice: str | None = None
    mismatch: HashMismatch | None = None
    for number, url in enumerate(urls):
        work = os.path.join(task.work, str(number))
        os.mkdir(work)
        try:
            found = retrieve(task, url, work)
            result = _finish(task, found, url, work)
            task.check_output(result)
            check_fixed(result, fixed, url)
            os.rename(result, task.output)
            return
        except HashMismatch as error:
            mismatch = mismatch or error
            task.say(error.message)
        except (Stopped, OutputLimitExceeded):
            raise
        except FetchFailed as error:
            failures += error.attempts
            advice = advice or error.advice
            for place, reason in error.attempts:
                task.say(f"{place}: {reason}")
        except UnsupportedUrl:
            if len(urls) == 1:
                raise
            failures.append((url, "no such scheme"))
        except BuildError as error:
            # A captive portal's page is no archive, for example.
            if len(urls) == 1:
                raise
            failures.append((url, error.message))
        remove_tree(work)
    raise mismatch if mismatch is not None else FetchFailed(tuple(failures), advice)


def retrieve(task: Task, url: str, work: str) -> str:
    """Return the path of the file at `url`, or with `git+` of the tree; no other process can write to it."""
    scheme, colon, _ = url.partition(":")
    retriever = _retriever(scheme.lower()) if colon else None
    if retriever is None:
        raise UnsupportedUrl(url, "known schemes are https, http, file, debian, debian-source, pypi and git+...")
    if task.offline and scheme not in ("file", "git+file"):
        raise FetchFailed(((url, "fetching is switched off"),), "leave out --offline")
    task.say(f"fetching {url}")
    found = retriever(task, url, work)
    return found if scheme in _BY_CHX_ITSELF else _renewed(found, work)


def _renewed(found: str, work: str) -> str:
    """Copy the files of a client, because a process that it left behind may go on writing to them."""
    from ..fresh import copy_fresh

    folder, name = os.path.split(found)
    place = os.path.join(work, "fresh")
    os.mkdir(place)
    copy_fresh(folder, name, os.path.join(place, name), checkpoint)
    return os.path.join(place, name)


def _retriever(scheme: str) -> Callable[[Task, str, str], str] | None:
    if scheme in ("https", "http"):
        from .web import retrieve_web

        return retrieve_web
    if scheme in ("debian", "debian-source"):
        from .debian import retrieve_debian

        return retrieve_debian
    if scheme == "pypi":
        from .pypi import retrieve_pypi

        return retrieve_pypi
    if scheme.startswith("git+"):
        from .git import SCHEMES, retrieve_git

        return retrieve_git if scheme in SCHEMES else None
    return _retrieve_file if scheme == "file" else None


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
