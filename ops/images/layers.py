"""Divide an installed root into layers: one for each package, so that images with equal packages share them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from ...store import StorePath
    from ..installed import InstalledEntry, InstalledRoot

MOST: Final = 100
"""Layers of packages that an image has at most. Overlay file systems of container engines stop at 127 in all."""

LayerPlan = Literal["package", "one"]


@dataclass(frozen=True, slots=True)
class PlannedLayer:
    """A layer: what it is of, the store objects in it, and its entries in order."""

    title: str
    objects: tuple[StorePath, ...]
    entries: tuple[InstalledEntry, ...]


def plan_layers(root: InstalledRoot, plan: LayerPlan) -> list[PlannedLayer]:
    """Return the layers of a root, from the lowest on.

    By "package", each store object has a layer, in the order of their names, with the directories that lead to its
    files; the smallest share one if there are more than `MOST`. What is made from metadata is in a last one.
    """
    objects = sorted(root.parts, key=lambda path: (path.name, path))
    if plan == "one":
        return [PlannedLayer("all", tuple(objects), root.entries)]
    groups = [(path,) for path in objects]
    if len(groups) > MOST:
        largest = sorted(objects, key=lambda path: (-_size(root, path), path))[: MOST - 1]
        groups = [(path,) for path in objects if path in set(largest)]
        groups.append(tuple(path for path in objects if path not in set(largest)))  # type: ignore[arg-type]
    layers = []
    for group in groups:
        indices = sorted({index for path in group for index in root.parts[path]})
        title = group[0].name if len(group) == 1 else f"{len(group)} packages"
        layers.append(PlannedLayer(title, group, tuple(root.entries[index] for index in indices)))
    made = _made(root)
    if made:
        layers.append(PlannedLayer("accounts, alternatives and tmpfiles", (), made))
    return layers


def _size(root: InstalledRoot, path: StorePath) -> int:
    return sum(root.entries[index].size for index in root.parts[path])


def _made(root: InstalledRoot) -> tuple[InstalledEntry, ...]:
    """Return what no package has, with the directories that lead there."""
    covered = {index for indices in root.parts.values() for index in indices}
    wanted: set[str] = set()
    for index, entry in enumerate(root.entries):
        if index in covered:
            continue
        path = entry.path
        while path and path not in wanted:
            wanted.add(path)
            path = path.rpartition("/")[0]
    return tuple(entry for entry in root.entries if entry.path in wanted or (wanted and not entry.path))
