"""Copies of trees that differ in a single property that a build can see.

A build sees more of its inputs than their contents: inode numbers, hard links and their number, and the order in which
a directory lists its names. To find out on which of these an output depends, a copy must preserve the others:

* *links*: hard links within the trees are preserved, and further links beside the copy make their number the same;
* *order*: names are made in the order in which they were listed. Most file systems list by a hash of the names, which is
  the same for the same names, or by age; where the newest comes first they are made from the last to the first.

Inode numbers, and the change time of an inode, cannot be preserved: every copy has others.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from ..store.digest import Digest
from .disk import copy_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_Inode = tuple[int, int]


class Change(NamedTuple):
    """What to vary: directories list their entries in reverse; files have other hard links."""

    order: bool = False
    links: bool = False


class TreeSize(NamedTuple):
    """Bytes in a tree, each file counted once; more than `most` if counting stopped there."""

    bytes: int
    files: Mapping[str, os.stat_result]


def tree_size(tree: str, most: int) -> TreeSize:
    """Find the regular files of a tree, and add up their sizes until they are more than `most`."""
    total = 0
    files: dict[str, os.stat_result] = {}
    seen: set[_Inode] = set()
    todo = [tree]
    while todo and total <= most:
        path = todo.pop()
        about = os.lstat(path)
        if stat.S_ISDIR(about.st_mode):
            todo += [f"{path}/{name}" for name in os.listdir(path)]
        elif stat.S_ISREG(about.st_mode):
            files[path] = about
            if (about.st_dev, about.st_ino) not in seen:
                seen.add((about.st_dev, about.st_ino))
                total += about.st_size
    return TreeSize(total, files)


class Duplicator:
    """Copies trees to `folder`, which does not exist yet. Hard links across several trees are preserved."""

    def __init__(self, folder: str, change: Change) -> None:
        os.mkdir(folder, 0o700)
        self._folder, self._change = folder, change
        self._youngest_first = lists_youngest_first(folder)
        self._extra = f"{folder}/links"
        os.mkdir(self._extra, 0o700)
        self._extras = 0
        self._leaders: dict[object, str] = {}
        self._counts: dict[str, int] = {}

    def copy(self, trees: Mapping[str, TreeSize]) -> dict[str, str]:
        """Copy the trees; return the path of each copy. Raises OSError."""
        files = {path: about for size in trees.values() for path, about in size.files.items()}
        groups = _regrouped(files) if self._change.links else {path: _inode(about) for path, about in files.items()}
        places = {tree: f"{self._folder}/{number}" for number, tree in enumerate(trees)}
        for tree, place in places.items():
            self._copy_tree(tree, place, files, groups)
        for path, group in groups.items():
            leader = self._leaders[group]
            before, now = files[path].st_nlink, self._counts[leader]
            wanted = before if not self._change.links else now + (now == before)
            for _ in range(now, wanted):
                os.link(leader, f"{self._extra}/{self._extras}")
                self._extras += 1
            self._counts[leader] = max(now, wanted)
        return places

    def is_faithful(self, places: Mapping[str, str]) -> bool:
        """Whether the copies list their entries in the intended order."""
        todo = list(places.items())
        while todo:
            source, place = todo.pop()
            if not os.path.islink(source) and os.path.isdir(source):
                names = os.listdir(source)
                if os.listdir(place) != (names[::-1] if self._change.order else names):
                    return False
                todo += [(f"{source}/{name}", f"{place}/{name}") for name in names]
        return True

    def _copy_tree(
        self, tree: str, place: str, files: Mapping[str, os.stat_result], groups: Mapping[str, object]
    ) -> None:
        todo = [(tree, place)]
        directories: list[tuple[str, os.stat_result]] = []
        while todo:
            source, target = todo.pop()
            about = files.get(source) or os.lstat(source)
            if stat.S_ISDIR(about.st_mode):
                os.mkdir(target, 0o700)
                directories.append((target, about))
                names = os.listdir(source)
                if self._change.order == self._youngest_first:
                    # Entries are taken from the end of the list.
                    names.reverse()
                todo += [(f"{source}/{name}", f"{target}/{name}") for name in names]
                continue
            if stat.S_ISLNK(about.st_mode):
                os.symlink(os.readlink(source), target)
            else:
                self._copy_file(source, target, about, groups[source])
            _set_time(target, about)
        for target, about in reversed(directories):
            os.chmod(target, about.st_mode & 0o7777)
            _set_time(target, about)

    def _copy_file(self, source: str, target: str, about: os.stat_result, group: object) -> None:
        leader = self._leaders.setdefault(group, target)
        if leader == target:
            copy_file(source, target, about.st_mode & 0o7777)
            self._counts[target] = 1
        else:
            os.link(leader, target)
            self._counts[leader] += 1


def lists_youngest_first(folder: str) -> bool:
    """Whether a directory there lists what was made last before what was made first."""
    place = f"{folder}/probe"
    names = ["b", "d", "a", "e", "c"]
    os.mkdir(place)
    for name in names:
        os.mkdir(f"{place}/{name}")
    listed = os.listdir(place)
    for name in names:
        os.rmdir(f"{place}/{name}")
    os.rmdir(place)
    return listed == names[::-1]


def occupy_inodes(folder: str, place: str, count: int = 16) -> None:
    """Occupy the inode numbers that files in `folder` would get next, while the new directory `place` exists.

    Most file systems choose them by the directory in which a file is made, and a file keeps its number when it is
    moved.
    """
    about = os.stat(folder)
    os.mkdir(place, 0o700)
    for number in range(count):
        name = f"{folder}/.chx-{number}"
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        os.rename(name, f"{place}/{number}")
    _set_time(folder, about)


def _regrouped(files: Mapping[str, os.stat_result]) -> dict[str, object]:
    """Return a new hard link group per file: files that share an inode are separated, equal ones that do not are joined."""
    inodes: dict[_Inode, list[str]] = {}
    for path, about in files.items():
        inodes.setdefault(_inode(about), []).append(path)
    groups: dict[str, object] = {path: path for path in files}
    alone = [paths[0] for paths in inodes.values() if len(paths) == 1]
    for content, paths in _equal(alone, files).items():
        groups.update(dict.fromkeys(paths, content))
    return groups


def _equal(paths: Iterable[str], files: Mapping[str, os.stat_result]) -> dict[object, list[str]]:
    """Return the files that have the same content and mode as another."""
    like: dict[tuple[int, int], list[str]] = {}
    for path in paths:
        like.setdefault((files[path].st_size, files[path].st_mode), []).append(path)
    found: dict[object, list[str]] = {}
    for (_, mode), same in like.items():
        if len(same) > 1:
            for path in same:
                with open(path, "rb") as file:
                    found.setdefault((Digest.of(file.read()), mode), []).append(path)
    return {content: same for content, same in found.items() if len(same) > 1}


def _inode(about: os.stat_result) -> _Inode:
    return about.st_dev, about.st_ino


def _set_time(path: str, about: os.stat_result) -> None:
    os.utime(path, ns=(about.st_mtime_ns, about.st_mtime_ns), follow_symlinks=False)
