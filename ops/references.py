"""Chains of references between store objects."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..store.tree import find_hash

if TYPE_CHECKING:
    from ..store import Store, StorePath


def reference_chains(
    store: Store, start: StorePath, end: StorePath, every: bool = False
) -> list[tuple[StorePath, StorePath]]:
    """Return the references on a shortest chain from `start` to `end`, with `every` on all chains; none without one."""
    references = {path: store.info(path).references for path in store.closure([start])}
    if end not in references:
        return []
    # Distances from the end along referrers; objects without a distance do not reach the end.
    referrers: dict[StorePath, list[StorePath]] = {}
    for path, others in references.items():
        for other in others:
            if other != path:
                referrers.setdefault(other, []).append(path)
    distance = {end: 0}
    todo = [end]
    for path in todo:
        for referrer in sorted(referrers.get(path, ())):
            if referrer not in distance:
                distance[referrer] = distance[path] + 1
                todo.append(referrer)
    if every:
        return [
            (path, other)
            for path in sorted(distance, key=lambda path: (-distance[path], path))
            for other in references[path]
            if other in distance and other != path
        ]
    chain: list[tuple[StorePath, StorePath]] = []
    while start != end:
        after = next(other for other in references[start] if distance.get(other, -1) == distance[start] - 1)
        chain.append((start, after))
        start = after
    return chain


def files_with_reference(store: Store, path: StorePath, other: StorePath) -> list[str]:
    """Return the files of an object that contain the hash of another; "." if the object is a file."""
    found = find_hash(os.fsencode(store.physical(path)), other.hash)
    return [file or "." for file in found]
