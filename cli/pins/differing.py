"""Which files are not the same, for reports of what is not as it is locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...store import Store, StorePath


def files_that_differ(store: Store, before: StorePath, after: StorePath) -> list[str]:
    """The first files in which two objects differ, in words; nothing if one of them is not there."""
    from ...store.difference import compare_objects
    from ..difference.files import draw_files
    from ..difference.page import Page
    from ..report import Style

    if not (store.is_valid(before) and store.is_valid(after)):
        return []
    page = Page(Style(None))
    draw_files(page, compare_objects(store, before, after).files, 1)
    return page.lines
