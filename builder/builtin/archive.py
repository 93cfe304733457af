"""Detect the format of an archive by its content, and read its members one by one.

Four containers (tar, zip, Debian package, package of apk) and the compressions that the running Python supports. A
Debian package is an `ar` archive whose member `data.tar.*` holds the files.
"""

from __future__ import annotations

import io
import os
import stat
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from ...store.checkpoint import checkpoint
from ..errors import ArchiveRefused, ArchiveUnreadable, shown
from .damage import Content, reading

if TYPE_CHECKING:
    import tarfile
    import zipfile
    from collections.abc import Iterator
    from typing import Self

    from .writer import Readable


class Member(NamedTuple):
    """One member: `kind` is directory, file, symlink or hardlink.

    `content` can be read until the next member is requested. `is_set_id`: the archive demands a set-user-id or
    set-group-id bit, which no store object has. `time` is that of the last change, in seconds since 1970; 0 if it is not told.
    """

    name: str
    kind: str
    content: Readable | None = None
    executable: bool = False
    target: str = ""
    is_set_id: bool = False
    time: int = 0


_LONGEST_HEADER = 1 << 20  # of names and attributes of a member, which are read at once
_LONGEST_TARGET = 4096  # of a link: PATH_MAX
_BUFFER = 1 << 18

_AR, _ZIP, _EMPTY_ZIP, _APK = b"!<arch>\n", b"PK\x03\x04", b"PK\x05\x06", b"ADB"
_FOREIGN = {
    b"LZIP": "compressed with lzip",
    b"\x1f\x9d": "compressed with compress (.Z)",
    b"\x1f\xa0": "compressed with compress (.Z)",
    b"\x04\x22\x4d\x18": "compressed with lz4",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\xed\xab\xee\xdb": "an RPM package",
    b"070701": "a cpio archive",
    b"070707": "a cpio archive",
    b"MSCF": "a cabinet",
    b"xar!": "a xar archive",
}
_TOOL = "unpack it in a derivation of its own, with a program that reads it"
_GZIP, _BZIP2, _XZ, _LZMA, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x5d\0\0", b"\x28\xb5\x2f\xfd"


def members(path: str, label: str) -> Iterator[Member]:
    """Yield the members of the archive at `path`. Raises `ArchiveUnreadable`, `ArchiveRefused`."""
    with open(path, "rb", buffering=_BUFFER) as file:
        head = file.read(512)
        file.seek(0)
        if head.startswith(_AR):
            inner = _member_of_package(file, label)
            yield from _tar_members(_decompressed(inner, label), label)
        elif head.startswith((_ZIP, _EMPTY_ZIP)):
            yield from _zip_members(file, label)
        elif head.startswith((_APK, _GZIP)) and _is_apk(file):
            yield from _apk_members(file, label)
        else:
            for magic, form in _FOREIGN.items():
                if head.startswith(magic):
                    raise ArchiveUnreadable(label, f"it is {form}, which chx does not read", _TOOL)
            yield from _tar_members(_decompressed(file, label), label)


def _decompressed(file: BinaryIO, label: str) -> BinaryIO:
    """Return `file` without its compression, to be read forwards."""
    start = file.tell()
    head = file.read(6)
    file.seek(start)
    stream: BinaryIO
    if head.startswith(_GZIP):
        import gzip

        stream = cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="rb"))
    elif head.startswith(_BZIP2):
        import bz2

        stream = cast("BinaryIO", bz2.BZ2File(file))
    elif head.startswith((_XZ, _LZMA)):
        import lzma

        stream = cast("BinaryIO", lzma.LZMAFile(file))  # noqa: SIM115 - it owns nothing
    elif head.startswith(_ZSTD):
        stream = _zstd(file, label)
    else:
        return file
    return cast("BinaryIO", io.BufferedReader(_Forward(stream), _BUFFER))


class _Forward(io.RawIOBase):
    """A stream decompressed while it is read. Skipped bytes may be far more than the compressed ones."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._at = stream, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        goal = offset if whence == os.SEEK_SET else self._at + offset
        if goal < self._at:
            self._at = self._stream.seek(goal)
        while self._at < goal and self._read(min(_BUFFER, goal - self._at)):
            pass
        return self._at

    def _read(self, size: int) -> bytes:
        checkpoint()
        data = self._stream.read(size)
        self._at += len(data)
        return data


def _zstd(file: BinaryIO, label: str) -> BinaryIO:
    try:
        from ...store.zstd import unpacked
    except ImportError:
        reason = "it is compressed with zstd, and this Python lacks the package zstandard"
        raise ArchiveUnreadable(label, reason, "pip install zstandard") from None

    # The largest window of `zstd --long=31`; memory for it is allocated as needed.
    return unpacked(file, 31)


def _member_of_package(file: BinaryIO, label: str) -> BinaryIO:
    """Return the member `data.tar.*` of a Debian package; format: deb(5), ar(5)."""
    file.seek(len(_AR))
    while header := file.read(60):
        if len(header) != 60 or header[58:] != b"`\n":
            break
        name = header[:16].decode("ascii", "replace").strip().rstrip("/")
        digits = header[48:58].strip(b" ")
        if not digits.isdigit():
            break
        size = int(digits)
        if name.startswith("data.tar"):
            return cast("BinaryIO", io.BufferedReader(_Slice(file, file.tell(), size), _BUFFER))
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

    extended = (
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
    )

    class StrictInfo(tarfile.TarInfo):
        """A header that is checked: the library takes a damaged one after the first for the end of the archive.

        The library also reads the record of a long name at once, however long it claims to be.
        """

        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
            info = super().frombuf(buf, encoding, errors)
            if info.type in extended and info.size > _LONGEST_HEADER:
                raise ReadError(f"a header of {info.size} bytes")
            return info

        @classmethod
        def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
            start = tarfile.offset
            try:
                info = super().fromtarfile(tarfile)
            except HeaderError as error:
                if type(error).__name__ in ("TruncatedHeaderError", "InvalidHeaderError"):
                    raise ReadError(str(error)) from error
                raise
            # A negative size leads back, and round and round (CVE-2025-8194).
            if info.size < 0 or tarfile.offset <= start:
                raise ReadError(f"a member of {info.size} bytes")
            return info

    archive = None
    last = ""
    try:
        with reading(label):
            archive = tarfile.TarFile(
                fileobj=file, mode="r", tarinfo=StrictInfo, errors="surrogateescape", encoding="utf-8"
            )
    except ArchiveUnreadable as error:
        if isinstance(error.__cause__, ReadError):
            reason = f"it is no tar, zip, Debian package, wheel or package of apk, or damaged at its beginning ({error.__cause__})"
            raise ArchiveUnreadable(label, reason) from error.__cause__
        raise
    with archive:
        while True:
            with reading(label, f"it is damaged behind its member '{shown(last)}'" if last else "it is damaged"):
                info = archive.next()
                if info is None:
                    # The checksum of the compressed stream is at its end.
                    while file.read(1 << 20):
                        pass
                    return
                # Forget members that were read: a tar of a whole system has 100,000 of them.
                setattr(archive, "members", [])  # noqa: B010 - not in the type stubs
                last = info.name
                member = _tar_member(archive, info, label)._replace(time=int(info.mtime))
            yield member


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
        return Member(name, "file", Content(content, label, name), bool(info.mode & 0o100), is_set_id=is_set_id)
    kind = "a named pipe" if info.isfifo() else "a device node" if info.isdev() else "of an unknown kind"
    raise ArchiveRefused(label, name, f"it is {kind}")


def _zip_members(file: BinaryIO, label: str) -> Iterator[Member]:
    import zipfile

    with reading(label):
        archive = zipfile.ZipFile(file)
    with archive:
        for info in archive.infolist():
            with reading(label, f"its member '{shown(info.filename)}' is damaged"):
                member = _zip_member(archive, info, label)._replace(time=_zip_time(info))
            yield member


def _zip_time(info: zipfile.ZipInfo) -> int:
    """Return the time of a member: that of the extra field "UT" (APPNOTE 4.6), else the local time of its header."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == 0x5455 and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return int.from_bytes(extra[5:9], "little", signed=True)
        extra = extra[4 + size :]
    try:
        return int(time.mktime((*info.date_time, 0, 0, -1)))
    except (OverflowError, ValueError):
        return 0


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> Member:
    # The upper half holds st_mode where the archive was made on Unix, else 0.
    mode = info.external_attr >> 16
    if info.flag_bits & 1:
        raise ArchiveUnreadable(label, f"its member '{shown(info.filename)}' is encrypted")
    if "\0" in info.orig_filename:
        raise ArchiveRefused(label, info.orig_filename, "its path holds a NUL")
    if info.is_dir():
        return Member(info.filename, "directory")
    try:
        if stat.S_ISLNK(mode):
            with archive.open(info) as text:
                target = text.read(_LONGEST_TARGET)
                if text.read(1):
                    raise ArchiveRefused(label, info.filename, "it is a link whose target is too long")
            return Member(info.filename, "symlink", target=os.fsdecode(target))
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise ArchiveRefused(label, info.filename, "it is neither a file, nor a directory, nor a link")
        content = cast("Readable", archive.open(info))
    except NotImplementedError as error:
        reason = f"its member '{shown(info.filename)}' needs what chx does not read ({error})"
        raise ArchiveUnreadable(label, reason, _TOOL) from error
    return Member(
        info.filename,
        "file",
        Content(content, label, info.filename, info.file_size),
        bool(mode & 0o100),
        is_set_id=bool(mode & 0o6000),
    )


def _is_apk(file: BinaryIO) -> bool:
    from ...apk.formats import begins_as_package

    return begins_as_package(file)


def _apk_members(file: BinaryIO, label: str) -> Iterator[Member]:
    """Yield the files of a package of apk, without its metadata and scripts. Contents are held against its hashes."""
    from ...apk.contents import Directory
    from ...apk.formats import reader_of

    watched = cast("BinaryIO", _Forward(file))
    with _reading_apk(label):
        entries = reader_of(watched, label).stream()
    while True:
        with _reading_apk(label):
            found = next(entries, None)
        if found is None:
            return
        path, entry, pieces = found
        if isinstance(entry, Directory):
            yield Member(path, "directory")
        elif entry.device is not None:
            kind = "a named pipe" if entry.device.kind == "fifo" else "a device node"
            raise ArchiveRefused(label, path, f"it is {kind}")
        elif entry.link_target is not None:
            yield Member(path, "symlink", target=entry.link_target)
        elif entry.hard_link is not None:
            yield Member(path, "hardlink", target=entry.hard_link)
        else:
            content = _Pieces(pieces, label)
            mode = entry.acl.mode
            yield Member(path, "file", content, bool(mode & 0o100), is_set_id=bool(mode & 0o6000))
            # A small package can hold a huge file that nobody wants.
            while content.read(_BUFFER):
                checkpoint()


class _Pieces:
    """The content of a file of a package of apk. Raises `ArchiveUnreadable`."""

    def __init__(self, pieces: Iterator[bytes], label: str) -> None:
        self._pieces, self._label, self._rest = pieces, label, b""

    def read(self, size: int, /) -> bytes:
        if not self._rest:
            with _reading_apk(self._label):
                self._rest = next(self._pieces, b"")
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


@contextmanager
def _reading_apk(label: str) -> Iterator[None]:
    from ...apk.errors import FileError, HostileName, NotApk

    try:
        with reading(label):
            yield
    except HostileName as error:
        raise ArchiveRefused(label, error.path, f"its path {error.against}") from error
    except FileError as error:
        kind = "" if isinstance(error, NotApk) else "it is a package of apk: "
        raise ArchiveUnreadable(label, kind + error.reason) from error
    except ImportError:
        reason = "it is packed with zstd, and this Python lacks the package zstandard"
        raise ArchiveUnreadable(label, reason, "pip install zstandard") from None
