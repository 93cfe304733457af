"""Compare two trees by their manifests, without reading files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..manifest import Entry, Manifest


@dataclass(frozen=True, slots=True)
class FileChange:
    """One path that differs; the entry is None on the side that lacks it."""

    path: str
    before: Entry | None
    after: Entry | None

    @property
    def has_both_contents(self) -> bool:
        """Whether both sides are files, and their bytes differ."""
        before, after = self.before, self.after
        return (
            before is not None
            and after is not None
            and before.is_file
            and after.is_file
            and before.digest != after.digest
        )


def compare_manifests(before: Manifest, after: Manifest) -> tuple[FileChange, ...]:
    """Return the differences in the order of the manifests: first entries of `before`, each directory before its files."""
    changes = []
    for entry in before:
        other = after.lookup(entry.path)
        if other != entry:
            changes.append(FileChange(entry.path, entry, other))
    changes += [FileChange(entry.path, None, entry) for entry in after if before.lookup(entry.path) is None]
    changes.sort(key=lambda change: change.path.split("/"))
    return tuple(changes)


def without_parents(changes: Sequence[FileChange]) -> list[FileChange]:
    """Return the changes without the directories of which something else is in the list."""
    parents = {change.path.rpartition("/")[0] for change in changes}
    return [change for change in changes if not (change.path in parents and _is_directory(change))]


def _is_directory(change: FileChange) -> bool:
    return all(entry is None or entry.kind == "d" for entry in (change.before, change.after))
