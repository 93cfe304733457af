"""Packages and indexes of either version, told apart by their first bytes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from . import gzip, tar
from .errors import ApkError, NotApk
from .index import SignedIndex, index_entry, read_index
from .package import read_package
from .v2 import MOST_SIGNATURES, IndexV2, index_entry_v2, read_index_v2, read_package_v2

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
    def stream(self) -> Iterator[tuple[str, Directory | File, Iterator[bytes]]]: ...
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


def begins_as_package(file: BinaryIO) -> bool:
    """Whether a file begins as a package of version 2 or any file of version 3 does; the file is where it was.

    Version 2 begins as other archives do, and so do indexes. A package has, after its signatures, a .PKGINFO that names the hash of its data.
    """
    start = file.tell()
    try:
        return version_of(file, "") == VERSION_3 or _has_control(gzip.Members(file, ""))
    except ApkError:
        return False
    finally:
        file.seek(start)


def _has_control(members: gzip.Members) -> bool:
    for _ in range(MOST_SIGNATURES + 1):
        if not members.next():
            break
        first = b""
        for number, (member, pieces) in enumerate(tar.Reading(members.read, "").members()):
            first = first or member.path
            if member.path == _PKGINFO:
                return member.size <= _MOST_SEARCHED and b"\ndatahash = " in b"".join(pieces)
            # A large archive is not searched for what stands among the first of its files, whose names begin so.
            is_control = member.path.startswith(b".") and b"/" not in member.path and member.kind == tar.FILE
            if not is_control or member.size > _MOST_SEARCHED or number == MOST_SIGNATURES:
                return False
        if not first.startswith(_SIGNATURE):
            break
    return False


_SIGNATURE: Final = b".SIGN."
_PKGINFO: Final = b".PKGINFO"
_MOST_SEARCHED: Final = 1 << 20


def reader_of(file: BinaryIO, place: str) -> PackageReader:
    """Begin to read a package of either version. Raises what `read_package` and `read_package_v2` raise."""
    return read_package(file, place) if version_of(file, place) == VERSION_3 else read_package_v2(file, place)


@contextmanager
def open_package(path: str) -> Iterator[PackageReader]:
    """Open a package of either version. Raises what `read_package` and `read_package_v2` raise, and OSError."""
    with open(path, "rb") as file:
        yield reader_of(file, path)


def open_index(path: str) -> SignedIndex | IndexV2:
    """Read an index of either version, whatever its name. Raises what `read_index` and `read_index_v2` raise, and OSError."""
    with open(path, "rb") as file:
        return read_index(file, path) if version_of(file, path) == VERSION_3 else read_index_v2(file, path)


def entry_of(path: str, hash_kind: str = "sha256") -> Info:
    """Return the entry of a package of either version for an index. Only the head of the file is read."""
    with open(path, "rb", 1 << 14) as file:
        return index_entry(file, hash_kind) if version_of(file, path) == VERSION_3 else index_entry_v2(file)
