"""Archives that are damaged, cut off, or lie: one clear error that names the file, and the member if there is one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chx.builder.builtin.globs import selection
from chx.builder.builtin.unpack import unpack_archive
from chx.builder.builtin.writer import TreeWriter
from chx.builder.errors import ArchiveRefused, ArchiveUnreadable, BuildError

from .. import zstd as libraries
from .test_unpack import deb, tar

Unpack = Callable[[bytes], None]


@pytest.fixture
def unpack(tmp_path: Path) -> Iterator[Unpack]:
    """Unpack bytes as the archive that is called ARCHIVE."""

    def clear() -> None:
        # `shutil.rmtree` goes only as deep as Python may call.
        subprocess.run(["rm", "-rf", str(tmp_path / "tree")], check=True)

    def run(data: bytes) -> None:
        clear()
        (tmp_path / "archive").write_bytes(data)
        writer = TreeWriter(str(tmp_path / "tree"), "ARCHIVE")
        unpack_archive(writer, str(tmp_path / "archive"), 0, selection((), ()), lambda text: None)

    yield run
    clear()


def zstd(data: bytes) -> bytes:
    return libraries.library_of_python().compress(data)


def with_header(data: bytes, at: int, place: int, value: bytes) -> bytes:
    """A tar with something else in the header at `at`, its checksum right."""
    header = bytearray(data[at : at + 512])
    header[place : place + len(value)] = value
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return data[:at] + bytes(header) + data[at + 512 :]


def negative(size: int) -> bytes:
    return b"\xff" + (size & (1 << 88) - 1).to_bytes(11, "big")


def pax(**headers: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("f")
        info.size = 5
        info.pax_headers = {name.replace("_", "."): value for name, value in headers.items()}
        archive.addfile(info, io.BytesIO(b"hello"))
    return out.getvalue()


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def in_central(data: bytes, place: int, value: bytes) -> bytes:
    """A zip with something else in its first central header."""
    at = data.index(b"PK\x01\x02") + place
    return data[:at] + value + data[at + len(value) :]


PLAIN = tar(("d/f", b"hello"), ("d/g", b"x" * 3000))
ZIP = zipped(("p/a", b"x" * 5000), ("p/b", b"y"))
MANY_HEADERS = b"".join(
    with_header(tar(("h", b"5 a=\n")), 0, 156, b"x")[:1024] for _ in range(20_000)
)  # each a header about the next
LEADS_BACK = ("a member of -", "invalid offset")
"""What chx says, and what Python says since it looks for it itself."""
CASES = {
    "nothing": (b"", "it is no tar, zip, Debian package, wheel or package of apk"),
    "a page": (b"<html>404</html>" * 100, "it is no tar, zip, Debian package, wheel or package of apk"),
    "zeros and noise": (bytes(512) + random.Random(1).randbytes(4000), None),
    "gzip cut": (gzip.compress(PLAIN)[:-20], "damaged"),
    "gzip checksum": (gzip.compress(PLAIN)[:-8] + bytes(8), "damaged"),
    "gzip and garbage": (gzip.compress(PLAIN) + b"garbage", "Not a gzipped file"),
    "gzip of noise": (b"\x1f\x8b\x08\0" + b"\xff" * 100, "damaged"),
    "bzip2 cut": (bz2.compress(PLAIN)[:-20], "it is damaged"),
    "xz cut": (lzma.compress(PLAIN)[:-20], "it is damaged"),
    "xz of noise": (b"\xfd7zXZ\0" + b"\xff" * 100, "it is damaged"),
    "lzma of noise": (b"]\0\0" + b"\xff" * 100, "it is damaged"),
    "zstd cut": (zstd(random.Random(2).randbytes(9000) + PLAIN)[:5000], "it is"),
    "zstd of noise": (b"\x28\xb5\x2f\xfd" + b"\xff" * 100, "it is damaged"),
    "lzip": (b"LZIP\1" + bytes(100), "compressed with lzip"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(100), "a 7z archive"),
    "tar cut in its first member": (PLAIN[:700], "damaged behind its member 'd/f'"),
    "tar cut in the content": (PLAIN[:2000], "its member 'd/g' is damaged"),
    "tar cut in a header": (PLAIN[:1100], "it is damaged behind its member 'd/f'"),
    "tar of a huge member": (with_header(PLAIN, 0, 124, b"77777777777"), "its member 'd/f' is damaged"),
    "tar of an impossible member": (with_header(PLAIN, 0, 124, b"\x80" + b"\xff" * 11), "damaged"),
    "tar that leads back": (with_header(PLAIN, 1024, 124, negative(-1024)), LEADS_BACK),
    "pax that leads back": (pax(size="-2048"), LEADS_BACK),
    "pax of no number": (pax(size="9" * 5000), "it is damaged"),
    "pax sparse of no number": (pax(GNU_sparse_major="1", GNU_sparse_minor="0", GNU_sparse_name="s"), "it is damaged"),
    "headers of headers": (MANY_HEADERS, "headers that nest without end"),
    "hard link to itself": (tar(("a", "=a")), "which was not unpacked before it"),
    "hard links in a ring": (tar(("a", "=b"), ("b", "=a")), "which was not unpacked before it"),
    "hard link to a directory": (tar(("a/", "/"), ("b", "=a")), "which was not unpacked before it"),
    "absolute name": (tar(("/a", b"")), "its path is absolute"),
    "NUL in a pax name": (pax(path="a\0b"), "its path holds a NUL"),
    "a name of 300 bytes": (tar(("n" * 300, b"")), "too long"),
    "a path of 9000 bytes": (tar(("n/" * 4500, b"")), "too long"),
    "a target of 9000 bytes": (tar(("a", "->" + "n/" * 4500)), "too long"),
    "deb without data": (b"!<arch>\n" + b"x" * 60, "there is no data.tar in it"),
    "deb that leads back": (deb(b"").replace(b"4         `", b"-60       `"), "there is no data.tar in it"),
    "deb cut": (deb(lzma.compress(PLAIN))[:-40], "damaged"),
    "zip cut": (ZIP[:-10], "it is damaged"),
    "zip checksum": (in_central(ZIP, 16, b"\1\2\3\4"), "its member 'p/a' is damaged"),
    "zip of a smaller size": (in_central(ZIP, 24, struct.pack("<I", 10)), "its member 'p/a' is damaged"),
    "zip of a greater size": (in_central(ZIP, 24, struct.pack("<I", 1 << 30)), "its member 'p/a' is damaged"),
    "zip that starts elsewhere": (in_central(ZIP, 42, b"\xff\xff\xff\x7f"), "its member 'p/a' is damaged"),
    "zip encrypted": (in_central(ZIP, 8, b"\1\0"), "its member 'p/a' is encrypted"),
    "zip of an unknown method": (in_central(ZIP, 10, b"\x63\0"), "its member 'p/a' needs what chx does not read"),
    "zip of a later version": (in_central(ZIP, 6, b"\xff\0"), "zip file version 25.5"),
    "zip name that is no UTF-8": (in_central(in_central(ZIP, 46, b"\xff\xff"), 9, b"\x08"), "no UTF-8"),
    "zip absolute name": (zipped(("/a", b"")), "its path is absolute"),
    "zip NUL in a name": (zipped(("pXa", b"x")).replace(b"pXa", b"p\0a"), "its path holds a NUL"),
    "zip climbing name": (zipped(("p/../../a", b"")), "its path climbs"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bad_archive_is_refused_with_its_name_and_a_reason(unpack: Unpack, name: str) -> None:
    data, reason = CASES[name]
    if reason is None:
        unpack(data)
        return
    with pytest.raises((ArchiveUnreadable, ArchiveRefused)) as caught:
        unpack(data)
    reasons = reason if isinstance(reason, tuple) else (reason,)
    assert "'ARCHIVE'" in caught.value.message and any(text in caught.value.message for text in reasons)
    assert len(caught.value.message) < 600 and caught.value.message.isprintable()


def test_a_name_in_an_error_is_one_line(unpack: Unpack) -> None:
    with pytest.raises(ArchiveRefused) as caught:
        unpack(tar(("/a\nchx: verified\x1b[2J", b"")))
    assert caught.value.message.startswith(r"member '/a\nchx: verified\x1b[2J' of 'ARCHIVE'")


@pytest.mark.parametrize("library", libraries.LIBRARIES)
def test_zstd_is_unpacked_by_either_library(
    unpack: Unpack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    libraries.load(monkeypatch, library)
    for data in (zstd(PLAIN), deb(zstd(PLAIN), "data.tar.zst")):
        unpack(data)
        assert (tmp_path / "tree/d/f").read_bytes() == b"hello"
    for name in ("zstd cut", "zstd of noise"):
        test_a_bad_archive_is_refused_with_its_name_and_a_reason(unpack, name)


def mutations(rounds: int) -> Iterator[bytes]:
    chosen = random.Random(14)
    sources = [PLAIN, pax(comment="c", mtime="1.5"), gzip.compress(PLAIN), bz2.compress(PLAIN), lzma.compress(PLAIN)]
    sources += [
        ZIP,
        ZIP,
        zipped(("b", b"x" * 99), method=zipfile.ZIP_BZIP2),
        zipped(("l", b"x"), method=zipfile.ZIP_LZMA),
    ]
    sources += [deb(PLAIN, "data.tar"), zstd(PLAIN)]
    for _ in range(rounds):
        data = bytearray(chosen.choice(sources))
        for _ in range(chosen.choice((1, 1, 2, 5))):
            at = chosen.randrange(len(data))
            match chosen.randrange(4):
                case 0:
                    data[at] = chosen.randrange(256)
                case 1:
                    data[at : at + 12] = chosen.choice((bytes(12), b"\xff" * 12, b"9" * 12, b"\x80" + b"\xff" * 11))
                case 2:
                    del data[at : at + chosen.randrange(600)]
                case _:
                    place, length = chosen.choice(((0, 100), (100, 8), (124, 12), (156, 1), (157, 100)))
                    start = at // 512 * 512
                    if start + 512 <= len(data):
                        value = chosen.choice((b"\xff", b"\x80", b"7", b"-1", b"L", b"x", b"S", b"g", b"/", b"\0"))
                        data = bytearray(with_header(bytes(data), start, place, (value * length)[:length]))
            if not data:
                break
        yield bytes(data)


def test_whatever_is_wrong_with_an_archive_is_an_error_that_names_it(unpack: Unpack) -> None:
    for data in mutations(1500):
        try:
            unpack(data)
        except BuildError as error:
            assert isinstance(error, (ArchiveUnreadable, ArchiveRefused)) and "'ARCHIVE'" in error.message
