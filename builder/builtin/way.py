"""A way to get a file: one place, asked with one client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from .task import Task

WayKind = Literal["upstream", "archive", "snapshot", "index", "repository", "file", "mirror"]
"""What a place is: a URL; an archive of a distribution or a copy of it, which drop files together; the snapshots of one;
a package index; a git repository; a file of this machine; a mirror by hash."""


class Way(NamedTuple):
    """A place, as reports name it, and the function that fetches the file from there.

    `retrieve(task, place, work)` returns the path of a file, or with `git+` of a tree, in the empty directory `work`.
    It raises `FetchFailed`. `is_by_client`: another program does it, which may leave processes behind.
    """

    place: str
    retrieve: Callable[[Task, str, str], str]
    is_by_client: bool = False
    kind: WayKind = "upstream"
