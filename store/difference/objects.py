"""Compare two store objects: file by file from their manifests, and byte by byte on request.

An object that contains its own path, or that of a changed input, differs from its counterpart in those hashes alone.
They are masked: hash parts of corresponding objects count as equal in byte comparisons.
"""

from __future__ import annotations

import mmap
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import StoreIO
from ..package_names import split_name
from .classes import classes
from .content import Content, HashChange, compare_bytes
from .files import FileChange, compare_manifests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..path import StorePath
    from ..store import Store


@dataclass(frozen=True, slots=True)
class ObjectDifference:
    """Difference of two store objects; sizes are bytes in files."""

    before: StorePath
    after: StorePath
    size_before: int
    size_after: int
    files: tuple[FileChange, ...]

    @property
    def contents(self) -> tuple[FileChange, ...]:
        """The changes of which both sides are files with differing bytes."""
        return tuple(change for change in self.files if change.has_both_contents)


@dataclass(frozen=True, slots=True)
class ContentChange:
    """Difference of the bytes of the file `path`, and its class (see `classes.py`)."""

    path: str
    content: Content
    classes: tuple[str, ...] = ()


def compare_objects(store: Store, before: StorePath, after: StorePath) -> ObjectDifference:
    """Compare objects by their manifests alone. Raises `NotValid`."""
    old, new = store.manifest(before), store.manifest(after)
    files = () if before == after else compare_manifests(old, new)
    return ObjectDifference(before, after, old.total_size, new.total_size, files)


def compare_all_contents(
    store: Store, difference: ObjectDifference, most: int | None = None
) -> tuple[ContentChange, ...]:
    """Compare the bytes of all changed files, or of the first `most`. Raises `NotValid`, `StoreIO`."""
    changes = difference.contents if most is None else difference.contents[: max(most, 0)]
    found = [
        (change.path, compare_contents(store, difference.before, difference.after, change.path)) for change in changes
    ]
    return tuple(ContentChange(path, content, classes(content)) for path, content in found if content is not None)


def compare_contents(store: Store, before: StorePath, after: StorePath, path: str) -> Content | None:
    """Compare the bytes of the file `path` in two objects (`""`: the objects are files).

    None if they are equal. Raises `NotValid`, `StoreIO`.
    """
    hashes = corresponding_hashes(store, before, after)
    with _bytes_of(store, before, path) as old, _bytes_of(store, after, path) as new:
        aside: bytes | mmap.mmap = old
        for one, other in hashes.items():
            if old.find(one) >= 0:
                aside = bytes(aside).replace(one, other)
        found = compare_bytes(aside, new)
        return HashChange() if found is None and aside is not old else found


def corresponding_hashes(store: Store, before: StorePath, after: StorePath) -> dict[bytes, bytes]:
    """Map hash parts that may occur in `before` to their counterparts in `after`.

    These are the hash parts of the objects, and of references whose package name occurs once on each side.
    """
    pairs = {before.hash: after.hash}
    old, new = _references(store, before), _references(store, after)
    for name, path in old.items():
        other = new.get(name)
        if path is not None and other is not None:
            pairs.setdefault(path.hash, other.hash)
    return {one.encode(): other.encode() for one, other in pairs.items() if one != other}


def _references(store: Store, path: StorePath) -> dict[str, StorePath | None]:
    """References by package name; None for a name that several have."""
    found: dict[str, StorePath | None] = {}
    for reference in store.info(path).references:
        name = split_name(reference.name).package
        found[name] = None if name in found else reference
    return found


@contextmanager
def _bytes_of(store: Store, path: StorePath, inner: str) -> Iterator[bytes | mmap.mmap]:
    physical = store.physical(path) + (f"/{inner}" if inner else "")
    try:
        with open(physical, "rb") as file:
            if not os.fstat(file.fileno()).st_size:
                yield b""
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                yield mapped
    except OSError as error:
        raise StoreIO("read", physical, error) from error
