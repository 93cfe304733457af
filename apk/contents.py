"""The files of a package, and which of them no package may have.

Paths are `str` as `os.fsdecode` gives them where names are UTF-8: a byte that is not UTF-8 is a lone surrogate. Paths have no `/` at either end; the root of
the file system is the empty path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .errors import BadValue, Damaged, HostileName, TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .description import Info, Scripts

MOST_ENTRIES: Final = 1 << 20
"""Files and directories of one package."""
LONGEST_PATH: Final = 4095
LONGEST_NAME: Final = 255
MOST_LEVELS: Final = 256
"""Components of the path of a directory."""
PERMISSIONS: Final = 0o7777

REGULAR: Final = 0o100000
SYMBOLIC_LINK: Final = 0o120000
DEVICE_TYPES: Final = {"block": 0o060000, "character": 0o020000, "fifo": 0o010000}
DEVICE_NAMES: Final = {number: name for name, number in DEVICE_TYPES.items()}


def to_bytes(path: str) -> bytes:
    """Return the bytes of a path, whatever the locale says."""
    return path.encode("utf-8", "surrogateescape")


def from_bytes(path: bytes) -> str:
    """Return the path that bytes are."""
    return path.decode("utf-8", "surrogateescape")


_NOT_PLAIN: Final = re.compile(r"[^!-.0-~\n]|^\.{0,2}$", re.MULTILINE)
"""Finds what `reason_against` has to look at among names that are joined by newlines."""


@dataclass(frozen=True, slots=True)
class Acl:
    """Permissions (the lower 12 bits of a mode), owners by name, and extended attributes as pairs of name and value."""

    mode: int
    user: str = "root"
    group: str = "root"
    xattrs: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """What a special file is: `kind` is block, character or fifo, `number` that of the device."""

    kind: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class File:
    """A file of a directory: regular unless it has a `link_target` or a `device`.

    A hard link has in `hard_link` the whole path of the file that it is a link to, and repeats its size, mtime and hash. `sha256` of a
    regular file may be None for a writer, which then reads the content once more. Symbolic links have the size of their target.
    """

    name: str
    acl: Acl
    size: int = 0
    mtime: int = 0
    sha256: bytes | None = None
    link_target: str | None = None
    hard_link: str | None = None
    device: Device | None = None

    @property
    def is_regular(self) -> bool:
        """Whether it is neither a symbolic link nor a device; hard links are regular."""
        return self.link_target is None and self.device is None

    @property
    def has_data(self) -> bool:
        """Whether the package has a block with the content."""
        return self.size > 0 and self.link_target is None and self.hard_link is None and self.device is None


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory, by its whole path, with its files. A package may have files in directories only that it lists."""

    path: str
    acl: Acl
    files: tuple[File, ...] = ()

    def path_of(self, file: File) -> str:
        """Return the whole path of a file of this directory."""
        return f"{self.path}/{file.name}" if self.path else file.name


@dataclass(frozen=True, slots=True)
class Package:
    """A package without the contents of its files."""

    info: Info
    directories: tuple[Directory, ...] = ()
    scripts: Scripts | None = None
    triggers: tuple[str, ...] = ()
    replaces_priority: int | None = None

    def entries(self) -> Iterator[tuple[Directory, File]]:
        """Yield all files, in the order of the package."""
        for directory in self.directories:
            for file in directory.files:
                yield directory, file


def reason_against(name: str) -> str | None:
    """Return why `name` can be no component of a path, as a part of a sentence; None if it can."""
    if name in ("", ".", ".."):
        return f"has the component '{name}'" if name else "has an empty component"
    if "/" in name:
        return "has a '/' in a name"
    if "\0" in name or "\n" in name:
        return "has a newline or a zero byte"
    if len(name) > LONGEST_NAME or (not name.isascii() and len(to_bytes(name)) > LONGEST_NAME):
        return f"has a component of more than {LONGEST_NAME} bytes"
    return None


def reason_against_path(path: str) -> str | None:
    """Return why `path` is not the path of a directory other than the root; None if it is one."""
    if path.startswith("/"):
        return "is absolute"
    if len(path) > LONGEST_PATH or (not path.isascii() and len(to_bytes(path)) > LONGEST_PATH):
        return f"has more than {LONGEST_PATH} bytes"
    if path.count("/") >= MOST_LEVELS:
        return f"has more than {MOST_LEVELS} levels"
    for name in path.split("/"):
        if reason := reason_against(name):
            return reason
    return None


def check_tree(place: str, directories: Sequence[Directory]) -> None:
    """Raise `HostileName`, `Damaged` or `TooLarge` unless directories and files are in order and have names that stay in the root.

    In order: each once, the root first, sorted as bytes. A file is in no directory that the same package has as something else, such as a
    symbolic link.
    """
    count = len(directories) + sum([len(directory.files) for directory in directories])
    if count > MOST_ENTRIES:
        raise TooLarge(place, "files and directories", count, MOST_ENTRIES)
    others: set[str] = set()
    is_first, before = True, b""
    for directory in directories:
        path = directory.path
        if path and (reason := reason_against_path(path)):
            raise HostileName(place, path, reason)
        key = to_bytes(path)
        if not is_first and key <= before:
            raise Damaged(place, f"directory {path!r}", "stands in the wrong place, or twice")
        is_first, before = False, key
        prefix = f"{path}/" if path else ""
        if directory.files:
            others.update([prefix + file.name for file in _checked(place, prefix, directory.files)])
    known = {directory.path for directory in directories}
    for path in known:
        while path:
            if path in others:
                raise HostileName(place, path, "is a directory and something else at once")
            path = path.rpartition("/")[0]
            if path in known:
                break
    _check_links(place, directories)


def _check_links(place: str, directories: Sequence[Directory]) -> None:
    """Raise `HostileName` unless each hard link is one to a regular file that comes before it in the same package."""
    targets = {file.hard_link for directory in directories for file in directory.files} - {None}
    if not targets:
        return
    before: set[str] = set()
    for directory in directories:
        for file in directory.files:
            path = directory.path_of(file)
            if file.hard_link is None:
                if file.is_regular and path in targets:
                    before.add(path)
            elif file.hard_link not in before:
                reason = f"is a hard link to {file.hard_link[:80]!r}, and the package has no such file before it"
                raise HostileName(place, path, reason)


def _checked(place: str, prefix: str, files: tuple[File, ...]) -> tuple[File, ...]:
    """Return `files` if their names are right and sorted."""
    names = [file.name for file in files]
    lines = "\n".join(names)
    if lines.count("\n") >= len(names) or _NOT_PLAIN.search(lines) or len(max(names, key=len)) > LONGEST_NAME:
        for name in names:
            if reason := reason_against(name):
                raise HostileName(place, prefix + name, reason)
    keys = names if all(map(str.isascii, names)) else list(map(to_bytes, names))
    if any(map(_is_not_before, keys, keys[1:])):
        raise Damaged(place, f"directory {prefix!r}", "its files are not sorted, or one is there twice")
    if len(to_bytes(prefix)) + max(map(len, keys)) > LONGEST_PATH:
        raise HostileName(place, prefix + max(names, key=len), f"has more than {LONGEST_PATH} bytes")
    return files


def _is_not_before(left: str | bytes, right: str | bytes) -> bool:
    return left >= right  # type: ignore[operator]


def sort_tree(directories: Sequence[Directory]) -> tuple[Directory, ...]:
    """Return directories and their files in the order of a package."""
    from dataclasses import replace

    sorted_ones = []
    for directory in sorted(directories, key=lambda one: to_bytes(one.path)):
        files = sorted(directory.files, key=lambda file: to_bytes(file.name))
        sorted_ones.append(directory if list(directory.files) == files else replace(directory, files=tuple(files)))
    return tuple(sorted_ones)


def check_file(path: str, file: File) -> None:
    """Raise `BadValue` for a file that cannot be written."""
    kinds = [kind for kind in (file.link_target, file.hard_link, file.device) if kind is not None]
    what = f"the file '{path}'"
    if len(kinds) > 1:
        raise BadValue(what, "is of two kinds at once")
    if file.size < 0 or file.mtime < 0:
        raise BadValue(what, "has a negative size or time")
    if file.link_target == "":
        raise BadValue(what, "is a symbolic link to nothing")
    if file.sha256 is not None and len(file.sha256) != 32:
        raise BadValue(what, "has a SHA-256 that has not 32 bytes")
