"""`builtin:merge`: several trees merged into one, by the rules of a `rootfs`.

Attributes: `trees`, store paths of trees, separated by white space; `under`, the directory of the result that contains
them, for example `usr/aarch64-linux-musl` (default: the top).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...store.checkpoint import checkpoint
from ...store.manifest import Kind, Manifest
from ...store.tree import scan_tree
from ..disk import copy_file
from ..errors import OutputLimitExceeded
from ..merge import Source, merge

if TYPE_CHECKING:
    from .task import Task


def merge_trees(task: Task) -> None:
    """Run the builder; raises `BadAttribute`, `InvalidInput`, `RootConflict`."""
    paths = list(dict.fromkeys(task.words("trees")))
    if not paths:
        raise task.refuse("trees", "it is empty")
    under = task.derivation.env.get("under", "")
    if any(part in ("", ".", "..") for part in under.split("/")) and under:
        raise task.refuse("under", f"'{under}' is not a plain relative path")
    places = [task.input(path) for path in paths]
    merged = merge([Source(path, _manifest(place)) for path, place in zip(paths, places)])
    size = sum(item.entry.size for item in merged.entries if item.entry is not None)
    if task.max_output and size > task.max_output:
        raise OutputLimitExceeded(task.max_output)
    top = f"{task.output}/{under}" if under else task.output
    os.makedirs(top, 0o755)
    for item in merged.entries:
        checkpoint()
        if item.path == "":
            continue
        place = f"{top}/{item.path}"
        if item.kind == Kind.DIRECTORY:
            os.mkdir(place, 0o755)
            continue
        assert item.entry is not None
        if item.kind == Kind.SYMLINK:
            assert item.entry.target is not None
            os.symlink(item.entry.target, place)
        else:
            origin = f"{places[item.source]}/{item.entry.path}"
            copy_file(origin, place, 0o755 if item.kind == Kind.EXECUTABLE else 0o644)


def _manifest(place: str) -> Manifest:
    # Not the store's, in which an object's own path is written in another form.
    return scan_tree(os.fsencode(place))[0]
