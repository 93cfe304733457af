"""What an update of a seed's lock changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..seed_parts import PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping


class Change(NamedTuple):
    """A package whose file changes.

    `kind` is `added`, `removed`, `updated` (another version), `replaced` (another file of the same version) or `moved`
    (to other parts of the seed). The versions, files and parts are those before and after; a missing one is "".
    """

    kind: Literal["added", "removed", "updated", "replaced", "moved"]
    package: str
    before: str
    after: str
    file_before: str
    file_after: str
    parts_before: tuple[str, ...]
    parts_after: tuple[str, ...]


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Change]:
    """Return the changes from one lock to another, by package; None is the lock of a seed that was never pinned."""
    old, new = _files(before or {}), _files(after)
    found = []
    for package in sorted(old.keys() | new.keys()):
        first, second = old.get(package), new.get(package)
        parts = _parts(before or {}, package), _parts(after, package)
        kind = _kind(first, second, parts[0] != parts[1])
        if kind is not None:
            versions = (first or {}).get("version", ""), (second or {}).get("version", "")
            urls = (first or {}).get("url", ""), (second or {}).get("url", "")
            found.append(Change(kind, package, *versions, *urls, *parts))
    return found


def _kind(
    first: Mapping[str, Any] | None, second: Mapping[str, Any] | None, is_moved: bool
) -> Literal["added", "removed", "updated", "replaced", "moved"] | None:
    if first is None:
        return "added"
    if second is None:
        return "removed"
    if first["version"] != second["version"]:
        return "updated"
    if (first["sha256"], first["url"]) != (second["sha256"], second["url"]):
        return "replaced"
    return "moved" if is_moved else None


def _files(lock: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {file["package"]: file for file in lock.get("files", ())}


def _parts(lock: Mapping[str, Any], package: str) -> tuple[str, ...]:
    return tuple(part for part in PARTS if package in lock.get(part, ()))
