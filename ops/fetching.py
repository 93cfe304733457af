"""Fetch a file or a tree to learn its hash, and say how an expression names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..builder import prefetch_file, prefetch_tree, sri
from .seeds.resolve import object_name
from .settings import configured

if TYPE_CHECKING:
    from ..builder import BuildOptions
    from ..store import StorePath
    from .session import Session


class Learned(NamedTuple):
    """What was fetched: its `url`, for git with the commit; its hash (SRI); its object; its size in bytes if it is a file.

    `unpacked`: it is a tree, and the hash that of its NAR.
    """

    url: str
    hash: str
    path: StorePath
    unpacked: bool
    size: int | None = None
    revision: str | None = None


def learn(session: Session, url: str, unpack: bool = False, options: BuildOptions | None = None) -> Learned:
    """Fetch `url`, with any scheme that sources may have, into the store.

    A tree, as git gives, is always unpacked. `options` default to those of chx.toml. Raises `FetchFailed`,
    `UnsupportedUrl`, `LimitExceeded`, `OutputLimitExceeded`, `ArchiveUnreadable`, `ArchiveRefused`.
    """
    options = options or configured()
    if unpack or url.startswith("git+"):
        tree = prefetch_tree(session.store, url, session.reporter.notice, options)
        return Learned(tree.url, sri("sha256", tree.digest), tree.path, True, revision=tree.revision)
    file = prefetch_file(session.store, url, object_name(url), session.reporter.notice, options)
    return Learned(url, sri("sha256", file.digest), file.path, False, file.size)
