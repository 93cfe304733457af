"""Compare packages of apk, and repositories of them, of either version.

Signatures, packing and the order of files are no difference. Two packages of version 3 with one identity are equal,
and are not read further; the identity of version 2 depends on the packing, so that its packages are read.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ...apk.formats import entry_of, open_package
from ...store.checkpoint import checkpoint
from ...store.difference import ContentChange, classes, compare_bytes, line_diff
from ..errors import RequestError
from .inspecting import info_data
from .repository import architectures_of, package_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ...apk.contents import Acl, File, Package
    from ...apk.description import Info
    from ...apk.formats import PackageReader
    from ...store.difference import Content

CONTENTS_SHOWN: Final = 6
"""Files of a comparison that are compared byte by byte unless all are asked for."""
MOST_READ: Final = 256 << 20
"""Bytes of a file whose content is compared; of a larger one size and digest have to do."""

Kind = Literal["directory", "file", "link", "hard link", "block", "character", "fifo"]
Aspect = Literal["kind", "content", "mode", "owner", "target", "device", "attributes", "time"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a package has at a path. `size` is in bytes, `time` in seconds since 1970, `sha256` in hexadecimal."""

    type: Kind
    mode: int
    owner: str
    size: int = 0
    sha256: str | None = None
    target: str | None = None
    device: int = 0
    attributes: tuple[tuple[bytes, bytes], ...] = ()
    time: int = 0


@dataclass(frozen=True, slots=True)
class PathChange:
    """A path that differs, and in what; None on the side that lacks it."""

    path: str
    aspects: tuple[Aspect, ...]
    before: Found | None
    after: Found | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of the metadata that differs, as texts: none, one, or those of a list. Of a script, `lines` are a unified diff."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    lines: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PackageDifference:
    """Two packages of one name that differ. `label` is ARCHITECTURE/NAME; identities are in hexadecimal.

    `contents` is how the bytes of changed files differ; `skipped` is the number of changed files that were not read.
    Without fields and paths, only the encoding of the metadata differs.
    """

    label: str
    version_before: str
    version_after: str
    identity_before: str
    identity_after: str
    fields: tuple[FieldChange, ...]
    paths: tuple[PathChange, ...]
    contents: tuple[ContentChange, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class ApkComparison:
    """`before` and `after` are the names of the two files or repositories; `equal` counts packages."""

    before: str
    after: str
    equal: int
    removed: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[PackageDifference, ...]

    @property
    def is_equal(self) -> bool:
        return not (self.removed or self.added or self.changed)


def is_comparable(path: str) -> bool:
    """Whether a path on disk is a package (a file `*.apk`) or a repository (a folder with ARCHITECTURE/*.apk)."""
    try:
        return (path.endswith(".apk") and os.path.isfile(path)) or (os.path.isdir(path) and bool(_folders(path)))
    except (OSError, ValueError):
        return False


def compare_apk(before: str, after: str, everything: bool = False) -> ApkComparison:
    """Compare two packages, or two repositories. `everything`: read all changed files and not only the first few.

    Raises `RequestError` for a package and a repository, `ApkError`, OSError.
    """
    comparing = _Comparing(everything)
    if os.path.isdir(before) != os.path.isdir(after):
        raise RequestError(
            f"one of '{before}' and '{after}' is a package, and the other one a repository",
            hint="name two packages, or two repositories",
        )
    if not os.path.isdir(before):
        found = comparing.packages(before, after)
        return ApkComparison(before, after, int(found is None), (), (), () if found is None else (found,))
    old, new = _entries(before), _entries(after)
    pairs, removed, added = _matched(old, new)
    changed = []
    for key, other in pairs:
        checkpoint()
        one = old[key]
        if _is_surely_equal(one[1], new[other][1]):
            continue
        difference = comparing.packages(one[0], new[other][0], f"{key[0]}/{key[1]}")
        if difference is not None:
            changed.append(difference)
    return ApkComparison(
        before, after, len(pairs) - len(changed), tuple(map(_label, removed)), tuple(map(_label, added)), tuple(changed)
    )


_Key = tuple[str, str, str]
"""Architecture, name, version."""
_Entries = dict[_Key, tuple[str, "Info"]]


def _folders(directory: str) -> list[str]:
    return [name for name in architectures_of(directory) if package_files(f"{directory}/{name}")]


def _entries(directory: str) -> _Entries:
    """Return path and entry of each package of a repository; the folder it is in decides on the architecture."""
    found: _Entries = {}
    for architecture in _folders(directory):
        for path in package_files(f"{directory}/{architecture}"):
            checkpoint()
            info = entry_of(path)
            other = found.setdefault((architecture, info.name, info.version), (path, info))
            if other[0] != path:
                raise RequestError(f"'{other[0]}' and '{path}' are both {info.full_name}")
    return found


def _is_surely_equal(one: Info, other: Info) -> bool:
    """Whether two identities are one. They are of metadata that name the digest of each content."""
    return one.hashes == other.hashes


def _matched(old: _Entries, new: _Entries) -> tuple[list[tuple[_Key, _Key]], list[_Key], list[_Key]]:
    """Pair packages by name and version, and by name alone what is then left of it once on each side."""
    pairs = [(key, key) for key in old if key in new]
    left, right = _by_name(old.keys() - new.keys()), _by_name(new.keys() - old.keys())
    single = [name for name in left.keys() & right.keys() if len(left[name]) == len(right[name]) == 1]
    pairs += [(left.pop(name)[0], right.pop(name)[0]) for name in single]
    return sorted(pairs), _sorted(left), _sorted(right)


def _sorted(side: dict[tuple[str, str], list[_Key]]) -> list[_Key]:
    return sorted(key for keys in side.values() for key in keys)


def _by_name(keys: Iterable[_Key]) -> dict[tuple[str, str], list[_Key]]:
    found: dict[tuple[str, str], list[_Key]] = {}
    for key in keys:
        found.setdefault(key[:2], []).append(key)
    return found


def _label(key: _Key) -> str:
    return f"{key[0]}/{key[1]}-{key[2]}"


class _Comparing:
    """One comparison, with its limit of files to read."""

    def __init__(self, everything: bool) -> None:
        self._everything = everything
        self._left = CONTENTS_SHOWN

    def packages(self, before: str, after: str, label: str | None = None) -> PackageDifference | None:
        """Compare two packages; None if they are equal."""
        with open_package(before) as old, open_package(after) as new:
            if old.identity == new.identity:
                return None
            one, other = old.package, new.package
            is_named_by_values = len(old.identity) == len(new.identity) == 32
            fields = tuple(_field_changes(_fields(one), _fields(other)))
            paths = tuple(_path_changes(_tree(one), _tree(other)))
            if not fields and not paths and not is_named_by_values:
                return None
            wanted = [change.path for change in paths if _is_readable(change)]
            count = sum("content" in change.aspects for change in paths)
            if not self._everything:
                wanted = wanted[: self._left]
                self._left -= len(wanted)
            return PackageDifference(
                label or f"{other.info.arch}/{other.info.name}",
                one.info.version,
                other.info.version,
                old.identity.hex(),
                new.identity.hex(),
                fields,
                paths,
                tuple(_contents(old, new, wanted)) if wanted else (),
                count - len(wanted),
            )


def _fields(package: Package) -> dict[str, tuple[str, ...]]:
    """Return what a package says of itself, but for its files and its unique id. The order of a list means nothing."""
    info = package.info
    data = info_data(info)
    data.pop("fileSize", None)
    if info.layer is not None:
        data["layer"] = info.layer
    data["triggers"] = list(package.triggers)
    if package.replaces_priority is not None:
        data["replacesPriority"] = package.replaces_priority
    found = {name: tuple(sorted(value)) if isinstance(value, list) else (str(value),) for name, value in data.items()}
    scripts = package.scripts.present() if package.scripts else {}
    for name, text in scripts.items():
        found[f"{_SCRIPT}{name}"] = (text.decode("utf-8", "backslashreplace"),)
    return found


_SCRIPT: Final = "script "


def _field_changes(before: dict[str, tuple[str, ...]], after: dict[str, tuple[str, ...]]) -> Iterator[FieldChange]:
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name, ()), after.get(name, ())
        if one == other:
            continue
        lines = None
        if name.startswith(_SCRIPT):
            lines = line_diff("".join(one), "".join(other))
        yield FieldChange(name, one, other, lines)


def _tree(package: Package) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for directory in package.directories:
        found[directory.path] = _found(directory.acl, None)
        for file in directory.files:
            found[directory.path_of(file)] = _found(file.acl, file)
    # Version 2 has no root of its own: its reader gives each package this one.
    if found.get("") == _PLAIN_ROOT:
        del found[""]
    return found


_PLAIN_ROOT: Final = Found("directory", 0o755, "root:root")


def _found(acl: Acl, file: File | None) -> Found:
    owner = f"{acl.user}:{acl.group}"
    if file is None:
        return Found("directory", acl.mode, owner, attributes=acl.xattrs)
    if file.device is not None:
        kind: Kind = file.device.kind  # type: ignore[assignment]
        return Found(kind, acl.mode, owner, device=file.device.number, attributes=acl.xattrs, time=file.mtime)
    if file.link_target is not None:
        return Found("link", acl.mode, owner, target=file.link_target, attributes=acl.xattrs, time=file.mtime)
    digest = None if file.sha256 is None else file.sha256.hex()
    kind = "file" if file.hard_link is None else "hard link"
    return Found(kind, acl.mode, owner, file.size, digest, file.hard_link, 0, acl.xattrs, file.mtime)


def _path_changes(before: dict[str, Found], after: dict[str, Found]) -> Iterator[PathChange]:
    for path in sorted(before.keys() | after.keys(), key=lambda path: path.split("/")):
        one, other = before.get(path), after.get(path)
        if one is None or other is None:
            yield PathChange(path, (), one, other)
        elif one != other:
            yield PathChange(path, tuple(_aspects(one, other)), one, other)


def _aspects(one: Found, other: Found) -> Iterator[Aspect]:
    if one.type != other.type:
        yield "kind"
    if one.sha256 != other.sha256 and None not in (one.sha256, other.sha256):
        yield "content"
    if one.mode != other.mode:
        yield "mode"
    if one.owner != other.owner:
        yield "owner"
    if one.target != other.target and one.type == other.type:
        yield "target"
    if one.device != other.device:
        yield "device"
    if one.attributes != other.attributes:
        yield "attributes"
    if one.time != other.time:
        yield "time"


def _is_readable(change: PathChange) -> bool:
    before, after = change.before, change.after
    return (
        "content" in change.aspects
        and before is not None
        and after is not None
        and before.type == after.type == "file"
        and max(before.size, after.size) <= MOST_READ
    )


def _contents(old: PackageReader, new: PackageReader, wanted: Collection[str]) -> Iterator[ContentChange]:
    """Compare the bytes of files, which are written to disk for this: there may be many, and large ones."""
    with tempfile.TemporaryDirectory(prefix="chx-apk-") as folder:
        for reader, side in ((old, "old"), (new, "new")):
            os.mkdir(f"{folder}/{side}")
            _extract(reader, f"{folder}/{side}", {path: number for number, path in enumerate(wanted)})
        for number, path in enumerate(wanted):
            checkpoint()
            found = _difference(f"{folder}/old/{number}", f"{folder}/new/{number}")
            if found is not None:
                yield ContentChange(path, found, classes(found))


def _extract(reader: PackageReader, folder: str, numbers: dict[str, int]) -> None:
    left = len(numbers)
    for directory, file, pieces in reader.contents():
        checkpoint()
        number = numbers.get(directory.path_of(file))
        if number is None:
            continue
        with open(f"{folder}/{number}", "xb") as out:
            for piece in pieces:
                out.write(piece)
        left -= 1
        if not left:
            return


def _difference(before: str, after: str) -> Content | None:
    with ExitStack() as stack:
        sides: list[bytes | mmap.mmap] = []
        for path in (before, after):
            file = stack.enter_context(open(path, "rb"))
            if os.fstat(file.fileno()).st_size:
                sides.append(stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
            else:
                sides.append(b"")
        return compare_bytes(*sides)
