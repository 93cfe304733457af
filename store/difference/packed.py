"""Read compressed files, and tar and zip archives.

A file that cannot be unpacked, or is too large to be, raises `NotPacked`, and the caller compares plain bytes. Nothing
is written to the disk, and no name in an archive is used as a path.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from .bytewise import Bytes

MOST: Final = 256 << 20
"""Most bytes unpacked from one file."""
_MOST_MEMBERS: Final = 100_000
_GZIP: Final = b"\x1f\x8b"
_TAR_MAGIC: Final = 257
_ZIP: Final = b"PK\x03\x04"


class NotPacked(ValueError):
    """Bytes cannot be unpacked."""


class Packed(NamedTuple):
    """A member of an archive: `time` and `owner` are the rest of its entry beside name and size; `read` returns its bytes."""

    name: str
    time: object
    owner: object
    size: int
    read: Callable[[], Bytes]


def compression(data: Bytes) -> str | None:
    """Return the compression format: "gzip", "bzip2" or "xz"; None for any other file."""
    head = bytes(data[:6])
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(b"BZh"):
        return "bzip2"
    return "xz" if head == b"\xfd7zXZ\0" else None


def decompressed(data: Bytes, how: str) -> bytes:
    """The bytes in a compressed file. Raises `NotPacked`."""
    import bz2
    import gzip
    import lzma
    import zlib

    source = BytesIO(data)
    try:
        match how:
            case "gzip":
                with gzip.GzipFile(fileobj=source) as zipped:
                    content = zipped.read(MOST + 1)
            case "bzip2":
                with bz2.BZ2File(source) as packed:
                    content = packed.read(MOST + 1)
            case _:
                with lzma.LZMAFile(source) as pressed:
                    content = pressed.read(MOST + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise NotPacked(str(error)) from error
    if len(content) > MOST:
        raise NotPacked("it is too large")
    return content


def packing_time(data: Bytes, how: str) -> bytes:
    """Return when a file was compressed, according to its header; empty if unknown."""
    return bytes(data[4:8]) if how == "gzip" else b""


def archive_form(data: Bytes) -> str | None:
    """ "tar" or "zip", or None."""
    if bytes(data[_TAR_MAGIC : _TAR_MAGIC + 5]) == b"ustar":
        return "tar"
    return "zip" if bytes(data[:4]) == _ZIP else None


def packed_members(data: Bytes, form: str) -> tuple[Packed, ...]:
    """The members of an archive in order. Raises `NotPacked`."""
    return _tar_members(data) if form == "tar" else _zip_members(data)


def _tar_members(data: Bytes) -> tuple[Packed, ...]:
    import tarfile

    found: list[Packed] = []
    try:
        with tarfile.open(fileobj=BytesIO(data), mode="r:") as tar:
            for info in tar:
                start, stop = info.offset_data, info.offset_data + (info.size if info.isreg() else 0)
                if info.issparse() or stop > len(data) or len(found) == _MOST_MEMBERS:
                    raise NotPacked("a member that is not simply there")
                owner = (info.uid, info.gid, info.uname, info.gname, info.mode, info.type, info.linkname)
                found.append(Packed(info.name, info.mtime, owner, stop - start, piece(data, start, stop)))
    except (tarfile.TarError, EOFError, ValueError, OSError, OverflowError) as error:
        raise NotPacked(str(error)) from error
    return tuple(found)


def piece(data: Bytes, start: int, stop: int) -> Callable[[], Bytes]:
    """Return a reader for a part of `data`."""
    return lambda: data[start:stop]


def _zip_members(data: Bytes) -> tuple[Packed, ...]:
    import struct
    import zipfile
    import zlib

    found: list[Packed] = []
    left = MOST
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            for info in archive.infolist():
                left -= info.file_size
                if left < 0 or len(found) == _MOST_MEMBERS:
                    raise NotPacked("it is too large")
                with archive.open(info) as file:
                    content = file.read(info.file_size)
                owner = (info.create_system, info.external_attr, info.extra, info.comment, info.compress_type)
                found.append(Packed(info.filename, info.date_time, owner, len(content), _whole(content)))
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OSError, RuntimeError) as error:
        raise NotPacked(str(error)) from error
    return tuple(found)


def _whole(content: bytes) -> Callable[[], Bytes]:
    return lambda: content
