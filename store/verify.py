"""Whether an object is what its name says.

The name is recomputed from the disk: own hash mapped back to `SELF`, every file
hashed, references and name added. What differs is then told file by file with
the help of the manifest, which is not trusted for more.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from .address import object_path
from .errors import StoreError
from .manifest import Kind, Manifest, path_bytes
from .normal import DIRECTORY_MODE, EXECUTABLE_MODE, FILE_MODE
from .refscan import Scanner
from .rewrite import Rewriter
from .scratch import SELF
from .tree import TreeWalk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .manifest import Entry
    from .records import ObjectInfo


class Problem(NamedTuple):
    """Something wrong with an object: in `file` (relative; empty for the root), `what` in words."""

    file: str
    what: str


def verify(physical: str, info: ObjectInfo, manifest: Manifest) -> list[Problem]:
    """All problems of the object at `physical`, in the order of paths. Raises `StoreIO`."""
    if not os.path.lexists(physical):
        return [Problem("", "missing")]
    root = os.fsencode(physical)
    own_reference = info.path in info.references
    tracked = {info.path.hash, SELF}
    # SELF by its text, not by its shape: pieces of it are no problem here.
    walk = TreeWalk(root, Scanner(tracked), tracked=tracked)
    try:
        walk.run()
    except StoreError as error:
        return [Problem("", error.message)]
    actual = Manifest(tuple(walk.entries))
    problems = [*_differences(manifest, actual), *wrong_modes(root, actual)]
    own = {path for path, found in walk.where.items() if info.path.hash in found}
    if own_reference:
        problems += (
            Problem(path, "holds the constant that stands for the object itself")
            for path, found in walk.where.items()
            if SELF in found
        )
    elif own:
        problems += (Problem(path, "holds the object's own path, which is not among its references") for path in own)
    hashed = actual
    if own_reference:
        hashed = Manifest(tuple(Rewriter(info.path.hash, SELF).as_if(root, walk.entries, own)))
    others = [reference for reference in info.references if reference != info.path]
    path = object_path(hashed.tree_digest, info.path.name, others, self_reference=own_reference)
    if path != info.path:
        problems.append(Problem("", f"has the content of '{path}'"))
    elif hashed.tree_digest != info.tree_digest or actual.total_size != info.size:
        problems.append(Problem("", "is registered with another tree digest or size"))
    return problems


def _differences(expected: Manifest, actual: Manifest) -> Iterator[Problem]:
    for entry in expected:
        there = actual.lookup(entry.path)
        if there is None:
            yield Problem(entry.path, "missing")
        elif there != entry:
            yield Problem(entry.path, _difference(entry, there))
    for entry in actual:
        if expected.lookup(entry.path) is None:
            yield Problem(entry.path, "not in the manifest")


_WORDS = {
    Kind.DIRECTORY: "a directory",
    Kind.FILE: "an ordinary file",
    Kind.EXECUTABLE: "an executable file",
    Kind.SYMLINK: "a symbolic link",
}


def _difference(expected: Entry, actual: Entry) -> str:
    if expected.kind != actual.kind:
        return f"is {_WORDS[actual.kind]} and should be {_WORDS[expected.kind]}"
    if expected.target != actual.target:
        return f"points to '{actual.target}' and should point to '{expected.target}'"
    if expected.size != actual.size:
        return f"has {actual.size} bytes and should have {expected.size}"
    return "has other content"


def wrong_modes(root: bytes, manifest: Manifest) -> Iterator[Problem]:
    """What has another mode than things in the store have."""
    wanted = {Kind.DIRECTORY: DIRECTORY_MODE, Kind.FILE: FILE_MODE, Kind.EXECUTABLE: EXECUTABLE_MODE}
    for entry in manifest:
        mode = wanted.get(entry.kind)
        if mode is not None:
            path = root + b"/" + path_bytes(entry.path) if entry.path else root
            actual = os.lstat(path).st_mode & 0o7777
            if actual != mode:
                yield Problem(entry.path, f"has mode {actual:04o} and should have {mode:04o}")
