"""A way to get a file: one place, asked with one client."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from .task import Task


class Way(NamedTuple):
    """A place, as reports name it, and the function that fetches the file from there.

    `retrieve(task, place, work)` returns the path of a file, or with `git+` of a tree, in the empty directory `work`.
    It raises `FetchFailed`. `is_by_client`: another program does it, which may leave processes behind.
    """

    place: str
    retrieve: Callable[[Task, str, str], str]
    is_by_client: bool = False
