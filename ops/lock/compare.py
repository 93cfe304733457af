"""Compare a locked object with another one, file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...store.difference import compare_objects, without_parents

if TYPE_CHECKING:
    from ...store import Store, StorePath
    from ...store.difference import FileChange


def changed_files(store: Store, before: StorePath, after: StorePath) -> tuple[FileChange, ...]:
    """Return the files in which two objects differ; none if one of the objects is not in the store."""
    if not (store.is_valid(before) and store.is_valid(after)):
        return ()
    return tuple(without_parents(compare_objects(store, before, after).files))
