"""Merge trees into one root, as a calculation on manifests.

Laws: the order of the trees matters only for error messages; merging a tree with
itself changes nothing; every file of every tree is in the result, at its own path or at the target
of a link in another tree.

*Links in place of directories.* Packages of a distribution disagree about `/bin`: one has the link
`bin -> usr/bin`, another the directory `bin` with files. Such a pair is no conflict: the link stays,
and the content of the directory moves to the link's target (`bin/x` becomes `usr/bin/x`). The link
may be absolute (relative to the root), contain `..` (never leaving the root, as in the kernel), lead
through other links, and lead to a directory of no tree (which is created then). It must not lead into
a cycle nor to a file.

*Preferred trees.* A file or link of a preferred tree takes the place of that of another tree. Two preferred trees must
agree like any others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..store.manifest import Kind
from .errors import RootConflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..store.manifest import Entry, Manifest

_MOST_LINKS = 40  # what the kernel follows in one path


class Source(NamedTuple):
    """A tree, its name in error messages, and whether its files take the place of others'."""

    label: str
    manifest: Manifest
    is_preferred: bool = False


class Placed(NamedTuple):
    """One entry of the merged root: its path, its kind, and the file and source that it comes from."""

    path: str
    kind: str
    entry: Entry | None  # None: a directory that no source has
    source: int


class _Links:
    """All links of all sources at their resolved paths; resolves directories through them."""

    def __init__(self, targets: dict[str, str]) -> None:
        self._targets = targets
        self._resolved: dict[str, str] = {"": ""}

    def resolve(self, path: str, label: str) -> str:
        """Return the real path of the directory `path`. Raises `RootConflict` for a cycle of links."""
        known = self._resolved.get(path)
        if known is None:
            parent, _, name = path.rpartition("/")
            outer = self.resolve(parent, label)
            known = f"{outer}/{name}" if outer else name
            if known in self._targets:
                known = self._walk(known, label)
            self._resolved[path] = known
        return known

    def _walk(self, path: str, label: str) -> str:
        todo = path.split("/")[::-1]
        done: list[str] = []
        followed = 0
        while todo:
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if done:
                    done.pop()
                continue
            done.append(part)
            target = self._targets.get("/".join(done))
            if target is None:
                continue
            followed += 1
            if followed > _MOST_LINKS:
                raise RootConflict(path, label, label, "its links lead round in a circle")
            done.pop()
            if target.startswith("/"):
                done.clear()
            todo.extend(reversed(target.split("/")))
        return "/".join(done)


@dataclass(frozen=True, slots=True)
class Merged:
    """A root; in `entries`, every directory precedes its content."""

    entries: tuple[Placed, ...]
    _links: _Links

    def place(self, path: str) -> str:
        """Return where something at `path` of a source is in the root: links lead to its directory, and it may be one itself."""
        return _place(self._links, path, "")

    def directory(self, path: str) -> str:
        """Return where the content of a directory at `path` of a source is in the root."""
        return self._links.resolve(path, "")


def merge(sources: Sequence[Source]) -> Merged:
    """Merge `sources` into one root. Raises `RootConflict`."""
    links = _links(sources)
    placed: dict[str, Placed] = {"": Placed("", Kind.DIRECTORY, None, 0)}
    for index, (label, manifest, _) in enumerate(sources):
        for entry in manifest.entries:
            if entry.path == "":
                if entry.kind != Kind.DIRECTORY:
                    raise RootConflict("", label, label, "it is not a directory")
                continue
            if entry.kind == Kind.DIRECTORY:
                _add_directory(placed, links.resolve(entry.path, label), entry, index, sources)
            else:
                place = _place(links, entry.path, label)
                directory = place.rpartition("/")[0]
                there = placed.get(directory)
                if there is None or there.kind != Kind.DIRECTORY:
                    _add_directory(placed, directory, None, index, sources)
                _add_leaf(placed, place, entry, index, sources)
    return Merged(tuple(sorted(placed.values(), key=lambda item: item.path.split("/"))), links)


def _links(sources: Sequence[Source]) -> _Links:
    """Return the links at their resolved paths. A link may be behind another, so this repeats until none moves."""
    symlinks = [
        (entry.path, entry.target or "", label)
        for label, manifest, _ in sorted(sources, key=lambda source: not source.is_preferred)
        for entry in manifest.entries
        if entry.kind == Kind.SYMLINK
    ]
    places = [path for path, _, _ in symlinks]
    for _ in range(_MOST_LINKS):
        targets: dict[str, str] = {}
        for place, (_, target, _) in zip(places, symlinks):
            targets.setdefault(place, target)
        links = _Links(targets)
        moved = [_place(links, path, label) for path, _, label in symlinks]
        if moved == places:
            return links
        places = moved
    path, _, label = symlinks[0]
    raise RootConflict(path, label, label, "links keep moving each other")


def _place(links: _Links, path: str, label: str) -> str:
    parent, _, name = path.rpartition("/")
    directory = links.resolve(parent, label)
    return f"{directory}/{name}" if directory else name


def _add_directory(
    placed: dict[str, Placed], path: str, entry: Entry | None, index: int, sources: Sequence[Source]
) -> None:
    there = placed.get(path)
    if there is not None:
        if there.kind != Kind.DIRECTORY:
            raise _conflict(path, there, Kind.DIRECTORY, index, sources)
        if there.entry is None and entry is not None:
            placed[path] = Placed(path, Kind.DIRECTORY, entry, index)
        return
    parent = path.rpartition("/")[0]
    if parent not in placed or placed[parent].kind != Kind.DIRECTORY:
        _add_directory(placed, parent, None, index, sources)
    placed[path] = Placed(path, Kind.DIRECTORY, entry, index)


def _add_leaf(placed: dict[str, Placed], path: str, entry: Entry, index: int, sources: Sequence[Source]) -> None:
    there = placed.get(path)
    if there is None:
        placed[path] = Placed(path, entry.kind, entry, index)
    elif there.entry is None or not _same(there.entry, entry):
        before, now = sources[there.source].is_preferred, sources[index].is_preferred
        if Kind.DIRECTORY in (there.kind, entry.kind) or before == now:
            raise _conflict(path, there, entry.kind, index, sources)
        if now:
            placed[path] = Placed(path, entry.kind, entry, index)


def _same(one: Entry, other: Entry) -> bool:
    return one.kind == other.kind and one.digest == other.digest and one.target == other.target


_WORDS = {
    Kind.DIRECTORY: "a directory",
    Kind.FILE: "a file",
    Kind.EXECUTABLE: "an executable file",
    Kind.SYMLINK: "a link",
}


def _conflict(path: str, there: Placed, kind: str, index: int, sources: Sequence[Source]) -> RootConflict:
    if there.kind == kind:
        reason = "the links have different targets" if kind == Kind.SYMLINK else "the files have different content"
    else:
        reason = f"{_WORDS[there.kind]} in one, {_WORDS[kind]} in the other"
    return RootConflict(path, sources[there.source].label, sources[index].label, reason)
