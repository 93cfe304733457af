"""Check an object against its name.

The name is recomputed from the disk: the object's own hash is mapped back to `SELF`, every file hashed, references and
name added. The database is not trusted: if its references do not yield the name, those found in the object are tried.
So damage of an object is distinguished from damage of its rows, and the correct rows of every intact object are known.
The manifest serves to report damage file by file.
"""

from __future__ import annotations

import os
from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple

from .address import object_path
from .canonical_form import DIRECTORY_MODE, EXECUTABLE_MODE, FILE_MODE
from .derivation import Derivation
from .errors import StoreError
from .manifest import Kind, Manifest, path_bytes
from .outputs import Settled
from .refscan import Scanner
from .rewrite import Rewriter
from .scratch import SELF
from .tree import TreeWalk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .manifest import Entry
    from .path import StorePath

_ALL_SUBSETS: Final = 12
"""Up to so many hash parts in an object every subset is tried; beyond, those that omit one or two."""


class Problem(NamedTuple):
    """A problem of an object, described by `what`; in `file` (relative; empty for the root).

    `content` is the store path of what is there now, if the object as a whole is another one.
    """

    file: str
    what: str
    content: str | None = None


class Examined(NamedTuple):
    """Result for an object on disk: its problems, and its correct rows if it is intact."""

    problems: tuple[Problem, ...]
    whole: Settled | None


def examine(
    physical: str,
    path: StorePath,
    references: Iterable[StorePath] | None,
    manifest: Manifest | None,
    there: Callable[[], Mapping[str, StorePath]],
) -> Examined:
    """Check the object at `physical`.

    `references` (without itself) and `manifest` are those of the database, if readable. `there` returns the objects
    that it may refer to, by hash part; it is called if the name is not confirmed. Raises `StoreIO`.
    """
    if not os.path.lexists(physical):
        return Examined((Problem("", "missing"),), None)
    root = os.fsencode(physical)
    tracked = {path.hash, SELF}
    try:
        # Search for SELF by its text, not by its shape: pieces of it are no problem here.
        walk = _walked(root, tracked, tracked)
        actual = Manifest(tuple(walk.entries))
        whole = None if references is None else _named(path, walk, actual, [tuple(references)])
        if whole is None:
            whole = recognised(root, path, there())
    except StoreError as error:
        return Examined((Problem("", error.message),), None)
    problems: list[Problem] = []
    if whole is None:
        if manifest is not None:
            problems += _differences(manifest, actual)
        problems += (
            Problem(file, "holds the constant that stands for the object itself")
            for file, found in walk.where.items()
            if SELF in found
        )
        hashed = _hashed(path, walk, actual)
        is_self = any(path.hash in found for found in walk.where.values())
        content = object_path(hashed.tree_digest, path.name, references or (), self_reference=is_self)
        if content != path:
            problems.append(Problem("", f"has the content of '{content}'", str(content)))
    problems += wrong_modes(root, actual)
    return Examined(tuple(problems), whole)


def _walked(root: bytes, candidates: Iterable[str], tracked: set[str]) -> TreeWalk:
    walk = TreeWalk(root, Scanner(set(candidates)), tracked=tracked)
    walk.run()
    return walk


def recognised(root: bytes, path: StorePath, there: Mapping[str, StorePath]) -> Settled | None:
    """Return the object `path` at `root` if its bytes, with some of the objects `there` as references, yield its name.
    Raises `StoreError`.
    """
    tracked = {path.hash, SELF}
    walk = _walked(root, {*there, *tracked}, tracked)
    found = [there[digits] for digits in sorted(walk.found - tracked) if digits in there]
    return _named(path, walk, Manifest(tuple(walk.entries)), _candidates(path, root, found))


def _hashed(path: StorePath, walk: TreeWalk, manifest: Manifest) -> Manifest:
    """Return the manifest with `SELF` in place of the object's own hash."""
    own = {file for file, hashes in walk.where.items() if path.hash in hashes}
    return Manifest(tuple(Rewriter(path.hash, SELF).as_if(walk.root, walk.entries, own))) if own else manifest


def _named(
    path: StorePath, walk: TreeWalk, manifest: Manifest, candidates: Iterable[tuple[StorePath, ...]]
) -> Settled | None:
    """Return the object with the first set of references that yields its name."""
    hashed = _hashed(path, walk, manifest)
    is_own = hashed is not manifest
    forms = [(False, manifest.tree_digest)]
    if is_own and not any(SELF in found for found in walk.where.values()):
        forms.insert(0, (True, hashed.tree_digest))
    for references in candidates:
        for is_self, digest in forms:
            if object_path(digest, path.name, references, self_reference=is_self) == path:
                return Settled("out", b"", path, digest, tuple(sorted(references)), is_self, manifest)
    return None


def _candidates(path: StorePath, root: bytes, found: list[StorePath]) -> Iterator[tuple[StorePath, ...]]:
    """Yield candidates for the references of an object: those of a derivation, those found in it, and subsets.

    A hash part that occurs is no reference if its object was not an input.
    """
    if path.is_derivation:
        try:
            with open(root, "rb") as file:
                derivation = Derivation.from_json(file.read())
            yield (*derivation.input_srcs, *derivation.input_drvs)
        except (StoreError, OSError):
            pass
    fewest = 0 if len(found) <= _ALL_SUBSETS else len(found) - 2
    for size in range(len(found), fewest - 1, -1):
        yield from combinations(found, size)
    yield ()


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
    """Yield a problem for each path whose mode differs from the canonical form."""
    wanted = {Kind.DIRECTORY: DIRECTORY_MODE, Kind.FILE: FILE_MODE, Kind.EXECUTABLE: EXECUTABLE_MODE}
    for entry in manifest:
        mode = wanted.get(entry.kind)
        if mode is not None:
            path = root + b"/" + path_bytes(entry.path) if entry.path else root
            actual = os.lstat(path).st_mode & 0o7777
            if actual != mode:
                yield Problem(entry.path, f"has mode {actual:04o} and should have {mode:04o}")
