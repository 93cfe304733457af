"""What kind of archive a file is, by its content, and its members one by one.

Three containers (tar, zip, Debian package) and the compressions that the running Python has. A Debian
package is an `ar` archive whose member `data.tar.*` holds the files.
"""

from __future__ import annotations

import io
import os
import stat
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from ..errors import ArchiveRefused, ArchiveUnreadable

if TYPE_CHECKING:
    import tarfile
    import zipfile
    from collections.abc import Iterator
    from typing import Self

    from .writer import Readable


class Member(NamedTuple):
    """One member: `kind` is directory, file, symlink or hardlink.

    `content` can be read until the next member is asked for. `is_set_id` tells that the archive wants a
    set-user-id or set-group-id bit, which no store object has.
    """

    name: str
    kind: str
    content: Readable | None = None
    executable: bool = False
    target: str = ""
    is_set_id: bool = False


_AR, _ZIP, _EMPTY_ZIP = b"!<arch>\n", b"PK\x03\x04", b"PK\x05\x06"
_GZIP, _BZIP2, _XZ, _LZMA, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x5d\0\0", b"\x28\xb5\x2f\xfd"


def members(path: str, label: str) -> Iterator[Member]:
    """The members of the archive at `path`; raises `ArchiveUnreadable`, `ArchiveRefused`."""
    with open(path, "rb", buffering=1 << 18) as file:
        head = file.read(512)
        file.seek(0)
        try:
            if head.startswith(_AR):
                inner = _member_of_package(file, label)
                yield from _tar_members(_decompressed(inner, label), label)
            elif head.startswith((_ZIP, _EMPTY_ZIP)):
                yield from _zip_members(file, label)
            else:
                yield from _tar_members(_decompressed(file, label), label)
        except (EOFError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise ArchiveUnreadable(label, f"it is damaged or cut off ({error})") from error
        except _damage() as error:
            raise ArchiveUnreadable(label, f"it is damaged ({error})") from error


def _damage() -> tuple[type[Exception], ...]:
    import lzma
    import tarfile
    import zipfile
    import zlib

    return (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error)


def _decompressed(file: BinaryIO, label: str) -> BinaryIO:
    """`file` without its compression, to be read forwards."""
    start = file.tell()
    head = file.read(6)
    file.seek(start)
    if head.startswith(_GZIP):
        import gzip

        return cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="rb"))
    if head.startswith(_BZIP2):
        import bz2

        return cast("BinaryIO", bz2.BZ2File(file))
    if head.startswith((_XZ, _LZMA)):
        import lzma

        return cast("BinaryIO", lzma.LZMAFile(file))
    if head.startswith(_ZSTD):
        return _zstd(file, label)
    return file


def _zstd(file: BinaryIO, label: str) -> BinaryIO:
    from importlib import import_module

    for module, opener in (("compression.zstd", "ZstdFile"), ("backports.zstd", "ZstdFile"), ("pyzstd", "ZstdFile")):
        try:
            found = import_module(module)
        except ImportError:
            continue
        return cast("BinaryIO", getattr(found, opener)(file))
    raise ArchiveUnreadable(label, "it is compressed with zstd, which needs Python 3.14 or the package backports.zstd")


def _member_of_package(file: BinaryIO, label: str) -> BinaryIO:
    """The member `data.tar.*` of a Debian package; format: deb(5), ar(5)."""
    file.seek(len(_AR))
    while header := file.read(60):
        if len(header) != 60 or header[58:] != b"`\n":
            break
        name = header[:16].decode("ascii", "replace").strip().rstrip("/")
        try:
            size = int(header[48:58])
        except ValueError:
            break
        if name.startswith("data.tar"):
            return cast("BinaryIO", io.BufferedReader(_Slice(file, file.tell(), size), 1 << 18))
        file.seek(size + size % 2, os.SEEK_CUR)
    raise ArchiveUnreadable(label, "it is an 'ar' archive and no Debian package: there is no data.tar in it")


class _Slice(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _tar_members(file: BinaryIO, label: str) -> Iterator[Member]:
    import tarfile
    from tarfile import HeaderError, ReadError

    class StrictInfo(tarfile.TarInfo):
        """The library takes a damaged or cut off header after the first for the end of the archive."""

        @classmethod
        def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
            try:
                return super().fromtarfile(tarfile)
            except HeaderError as error:
                if type(error).__name__ in ("TruncatedHeaderError", "InvalidHeaderError"):
                    raise ReadError(str(error)) from error
                raise

    try:
        archive = tarfile.TarFile(
            fileobj=file, mode="r", tarinfo=StrictInfo, errors="surrogateescape", encoding="utf-8"
        )
    except tarfile.ReadError as error:
        raise ArchiveUnreadable(label, "it is no tar, zip, Debian package or wheel") from error
    with archive:
        while (info := archive.next()) is not None:
            # What was read is not needed again; a tar of a whole system has 100,000 members.
            setattr(archive, "members", [])  # noqa: B010 - not in the type stubs
            yield _tar_member(archive, info, label)
        # The checksum of the compressed stream comes last.
        while file.read(1 << 20):
            pass


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo, label: str) -> Member:
    name, is_set_id = info.name, bool(info.mode & 0o6000)
    if info.isdir():
        return Member(name, "directory")
    if info.issym():
        return Member(name, "symlink", target=info.linkname)
    if info.islnk():
        return Member(name, "hardlink", target=info.linkname)
    if info.isreg():
        content = archive.extractfile(info)
        assert content is not None
        return Member(name, "file", content, bool(info.mode & 0o100), is_set_id=is_set_id)
    kind = "a named pipe" if info.isfifo() else "a device node" if info.isdev() else "of an unknown kind"
    raise ArchiveRefused(label, name, f"it is {kind}")


def _zip_members(file: BinaryIO, label: str) -> Iterator[Member]:
    import zipfile

    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            yield _zip_member(archive, info, label)


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> Member:
    # The upper half holds st_mode where the archive was made on Unix, else 0.
    mode = info.external_attr >> 16
    if info.flag_bits & 1:
        raise ArchiveUnreadable(label, f"its member '{info.filename}' is encrypted")
    if info.is_dir():
        return Member(info.filename, "directory")
    try:
        if stat.S_ISLNK(mode):
            return Member(info.filename, "symlink", target=os.fsdecode(archive.read(info)))
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise ArchiveRefused(label, info.filename, "it is neither a file, nor a directory, nor a link")
        content = cast("Readable", archive.open(info))
    except NotImplementedError as error:
        raise ArchiveUnreadable(label, str(error)) from error
    return Member(info.filename, "file", content, bool(mode & 0o100), is_set_id=bool(mode & 0o6000))
