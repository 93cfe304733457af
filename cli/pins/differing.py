"""Which files are not the same, for reports of what is not as it is locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...store import Store, StorePath
    from ...store.difference import FileChange


def changed_files(store: Store, before: StorePath, after: StorePath) -> tuple[FileChange, ...]:
    """The files in which two objects differ; none if one of the objects is not there."""
    from ...store.difference import compare_objects
    from ..difference.files import listed

    if not (store.is_valid(before) and store.is_valid(after)):
        return ()
    return tuple(listed(compare_objects(store, before, after).files))


def in_words(changes: Sequence[FileChange]) -> list[str]:
    """The first files that differ, a line for each."""
    from ..difference.files import draw_files
    from ..difference.page import Page
    from ..report import Style

    page = Page(Style(None))
    draw_files(page, changes, 1)
    return page.lines
