"""Mount points that a read-only root lacks.

A composed root is shared by all its users, so no directory can be added to it. A root without some mount point is
replaced by an empty one into which its entries are mounted one by one, down to the directory that needs a new entry.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .errors import MountBehindLink, MountPointRefused
from .sandbox import Bind, Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .sandbox import Mount

_OWN = frozenset({"/dev", "/proc"})
"""Mount points of every sandbox."""


def opened(root: str, points: Iterable[str]) -> tuple[str | None, tuple[Mount, ...]]:
    """The root of a sandbox, and its first mounts, so that all `points` (normal absolute paths) can be mounted at.

    The root itself and no mounts if it has them all. Raises `MountBehindLink`, `MountPointRefused`.
    """
    missing = [point for point in points if not _is_there(root, point)]
    if not missing:
        return root, ()
    return None, tuple(_parts(root, "", missing))


def _is_there(root: str, point: str) -> bool:
    parts = point.strip("/").split("/")
    for count in range(1, len(parts) + 1):
        place = "/".join(parts[:count])
        if os.path.islink(f"{root}/{place}"):
            raise MountBehindLink(point, f"/{place}", os.readlink(f"{root}/{place}"))
        if count < len(parts) and os.path.isfile(f"{root}/{place}"):
            raise MountPointRefused(point, f"'/{place}' is a file")
    return os.path.lexists(root + point)


def _parts(root: str, folder: str, missing: list[str]) -> Iterator[Mount]:
    for name in sorted(os.listdir(root + folder or "/")):
        path = f"{folder}/{name}"
        place = root + path
        if path in _OWN:
            continue
        if os.path.islink(place):
            yield Link(os.readlink(place), path)
        elif os.path.isdir(place) and any(point.startswith(path + "/") for point in missing):
            yield from _parts(root, path, missing)
        else:
            yield Bind(place, path)
