"""Write FAT32 file systems with a few files of short names, as an EFI system partition has them.

Source: Microsoft, "FAT: General Overview of On-Disk Format" 1.03. Directories take a cluster each; files follow in the
order of their paths, each in one piece. All times are the beginning of 1980, before which the format knows none.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .errors import InvalidParameter, NoRoom

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECTOR: Final = 512
_CLUSTER: Final = 512
_RESERVED: Final = 32
_FATS: Final = 2
_LEAST_CLUSTERS: Final = 65525
"""A file system with fewer clusters is FAT16, whatever it calls itself."""
_LINKS: Final = SECTOR // 4
_END: Final = 0x0FFFFFFF
_ROOT: Final = 2
_FILE: Final = 0x20
_DIRECTORY: Final = 0x10
_VOLUME: Final = 0x08
_DATE: Final = 1 << 5 | 1
_ENTRY: Final = struct.Struct("<11sBBBHHHHHHHI")
_LARGEST: Final = (1 << 32) - 1
_LARGEST_DIRECTORY: Final = 1 << 16
"""Entries of a directory."""
_LABEL: Final = re.compile(r"[A-Z0-9_~-](?:[A-Z0-9_~ -]{0,9}[A-Z0-9_~-])?")
_NAME: Final = re.compile(r"([A-Z0-9_~-]{1,8})(?:\.([A-Z0-9_~-]{1,3}))?")


def needed_size(files: Mapping[str, bytes]) -> int:
    """Return the least size in bytes of a file system with these files."""
    clusters = max(_LEAST_CLUSTERS, _clusters_of(files))
    return (_RESERVED + _FATS * _fat_sectors(clusters) + clusters) * SECTOR


def file_system(files: Mapping[str, bytes], size: int, volume: int, label: str) -> Iterator[bytes]:
    """Yield a file system of `size` bytes, from its first byte to the end of its last file; the rest is zeros.

    `files` are contents by path, as `EFI/BOOT/BOOTX64.EFI`: short names in capitals. `volume` is the number of the
    volume, `label` its name of at most 11 characters. Raises `InvalidParameter`, `NoRoom`.
    """
    tree = _tree(files)
    least = needed_size(files)
    if size < least:
        raise NoRoom("the files of the EFI system partition", least, size)
    sectors = size // SECTOR
    _check(sectors, volume, label)
    # A sector of each table is for as many clusters as it has links.
    fat_sectors = -(-(sectors - _RESERVED + _ROOT) // (_LINKS + _FATS))
    clusters = sectors - _RESERVED - _FATS * fat_sectors
    places, used = _places(tree)
    yield _reserved(sectors, fat_sectors, clusters - used, used + _ROOT, volume, label)
    fat = _fat(places).ljust(fat_sectors * SECTOR, b"\0")
    for _ in range(_FATS):
        yield fat
    for node in tree:
        yield _padded(_directory(node, places, label) if node.children is not None else node.content)


def _check(sectors: int, volume: int, label: str) -> None:
    if sectors > _LARGEST:
        raise InvalidParameter("size", "a file system has less than 2 TiB")
    if not 0 <= volume <= _LARGEST:
        raise InvalidParameter(f"volume {volume}", "its number has 32 bits")
    if not _LABEL.fullmatch(label):
        raise InvalidParameter(f"label '{label}'", "it has up to 11 capitals, digits, `_`, `~`, `-`, and blanks within")


@dataclass(eq=False, slots=True)
class _Node:
    name: bytes
    parent: _Node | None
    content: bytes = b""
    children: dict[str, _Node] | None = None

    @property
    def clusters(self) -> int:
        if self.children is None:
            return -(-len(self.content) // _CLUSTER)
        return -(-(len(self.children) + 2) * _ENTRY.size // _CLUSTER)


def _tree(files: Mapping[str, bytes]) -> list[_Node]:
    """Return the root and all that is in it, directories before what they hold. Raises `InvalidParameter`."""
    root = _Node(b"", None, children={})
    found = [root]
    for path, content in sorted(files.items()):
        at = root
        *folders, name = path.split("/")
        for folder in folders:
            assert at.children is not None
            if folder not in at.children:
                at.children[folder] = _Node(_short(folder, path), at, children={})
                found.append(at.children[folder])
            at = at.children[folder]
            if at.children is None:
                raise InvalidParameter(path, f"'{folder}' is a file")
        assert at.children is not None
        if name in at.children:
            raise InvalidParameter(path, "it is a file and a folder")
        if len(content) > _LARGEST:
            raise InvalidParameter(path, "a file has less than 4 GiB")
        at.children[name] = _Node(_short(name, path), at, content)
        found.append(at.children[name])
    for node in found:
        if node.children is not None and len(node.children) + 2 > _LARGEST_DIRECTORY:
            raise InvalidParameter("files", f"a directory has up to {_LARGEST_DIRECTORY} entries")
    return found


def _short(name: str, path: str) -> bytes:
    match = _NAME.fullmatch(name)
    if match is None:
        raise InvalidParameter(path, f"'{name}' is no short name: eight capitals and digits, a dot and three more")
    return (match[1].ljust(8) + (match[2] or "").ljust(3)).encode()


def _clusters_of(files: Mapping[str, bytes]) -> int:
    return sum(max(1, node.clusters) for node in _tree(files))


def _fat_sectors(clusters: int) -> int:
    return -(-(clusters + _ROOT) // _LINKS)


def _places(tree: list[_Node]) -> tuple[dict[_Node, int], int]:
    """Return the first cluster of each node (0 for an empty file), and how many clusters all take."""
    places, at = {}, _ROOT
    for node in tree:
        places[node] = at if node.clusters else 0
        at += node.clusters
    return places, at - _ROOT


def _fat(places: Mapping[_Node, int]) -> bytes:
    links = [0x0FFFFFF8, _END]
    for node, first in places.items():
        if node.clusters:
            links += [*range(first + 1, first + node.clusters), _END]
    return struct.pack(f"<{len(links)}I", *links)


def _reserved(sectors: int, fat_sectors: int, free: int, following: int, volume: int, label: str) -> bytes:
    """Return the boot sector, the sector of what is free, and their copies."""
    name = label.encode().ljust(11)
    boot = struct.pack(
        "<3s8sHBHBHHBHHHIIIHHIHH12xBBBI11s8s",
        *(b"\xeb\x58\x90", b"CHX     ", SECTOR, _CLUSTER // SECTOR, _RESERVED, _FATS, 0, 0, 0xF8, 0, 32, 64, 0),
        *(sectors, fat_sectors, 0, 0, _ROOT, 1, 6, 0x80, 0, 0x29, volume, name, b"FAT32   "),
    )
    boot = boot.ljust(510, b"\0") + b"\x55\xaa"
    info = struct.pack("<I480xIII12xI", 0x41615252, 0x61417272, free, following, 0xAA550000)
    both = boot + info
    return both.ljust(6 * SECTOR, b"\0") + both.ljust((_RESERVED - 6) * SECTOR, b"\0")


def _directory(node: _Node, places: Mapping[_Node, int], label: str) -> bytes:
    assert node.children is not None
    if node.parent is None:
        entries = [_entry(label.encode().ljust(11), _VOLUME, 0, 0)]
    else:
        above = 0 if node.parent.parent is None else places[node.parent]
        entries = [_entry(b".".ljust(11), _DIRECTORY, places[node], 0), _entry(b"..".ljust(11), _DIRECTORY, above, 0)]
    for child in node.children.values():
        kind = _FILE if child.children is None else _DIRECTORY
        entries.append(_entry(child.name, kind, places[child], len(child.content)))
    return b"".join(entries)


def _entry(name: bytes, kind: int, cluster: int, size: int) -> bytes:
    return _ENTRY.pack(name, kind, 0, 0, 0, _DATE, _DATE, cluster >> 16, 0, _DATE, cluster & 0xFFFF, size)


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % _CLUSTER)
