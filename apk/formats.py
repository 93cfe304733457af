"""Packages and indexes of either version, told apart by their first bytes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from . import gzip
from .errors import NotApk
from .index import SignedIndex, index_entry, read_index
from .package import read_package
from .v2 import IndexV2, index_entry_v2, read_index_v2, read_package_v2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from .contents import Directory, File, Package
    from .description import Info
    from .keys import PublicKey

VERSION_2 = 2
VERSION_3 = 3


class PackageReader(Protocol):
    """What the readers of both versions have; see `Reader` and `ReaderV2`."""

    place: str
    compression: str
    identity: bytes

    @property
    def package(self) -> Package: ...
    def contents(self) -> Iterator[tuple[Directory, File, Iterator[bytes]]]: ...
    def verify(self) -> None: ...
    def verify_signature(self, trusted: Iterable[PublicKey]) -> PublicKey: ...


def version_of(file: BinaryIO, place: str) -> int:
    """Return 2 or 3: which version a file is of, by its first bytes; the file is where it was. Raises `NotApk`."""
    start = file.tell()
    magic = file.read(4)
    file.seek(start)
    if magic[:3] == b"ADB" and magic[3:] in (b".", b"c", b"d"):
        return VERSION_3
    if magic[:2] == gzip.MAGIC:
        return VERSION_2
    raise NotApk(place)


@contextmanager
def open_package(path: str) -> Iterator[PackageReader]:
    """Open a package of either version. Raises what `read_package` and `read_package_v2` raise, and OSError."""
    with open(path, "rb") as file:
        if version_of(file, path) == VERSION_3:
            yield read_package(file, path)
        else:
            yield read_package_v2(file, path)


def open_index(path: str) -> SignedIndex | IndexV2:
    """Read an index of either version, whatever its name. Raises what `read_index` and `read_index_v2` raise, and OSError."""
    with open(path, "rb") as file:
        return read_index(file, path) if version_of(file, path) == VERSION_3 else read_index_v2(file, path)


def entry_of(path: str, hash_kind: str = "sha256") -> Info:
    """Return the entry of a package of either version for an index. Only the head of the file is read."""
    with open(path, "rb", 1 << 14) as file:
        return index_entry(file, hash_kind) if version_of(file, path) == VERSION_3 else index_entry_v2(file)
