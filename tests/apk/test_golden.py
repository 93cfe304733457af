"""Packages and indexes are byte for byte those of the client: the worked examples of docs/apk-format.md."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import pytest

from chx.apk import (
    Acl,
    Dependency,
    Directory,
    File,
    Index,
    Info,
    Package,
    index_entry,
    read_index,
    read_package,
    write_index,
    write_package,
)

IDENTITY = "0b53932b20d578abcfa94df83243e8f226bf670f269a0f06cae0491f4317bfd0"
UNIQUE_ID = "1af3994f2b45ab4a3765c40ea14e670ed0bf2b58"
DEMO = Package(Info("demo", "1-r0", arch="x86_64"))
DIRECTORY, EXECUTABLE, PLAIN, LINK = Acl(0o755), Acl(0o755), Acl(0o644), Acl(0o777)


def nothing(path: str) -> BinaryIO:
    raise AssertionError(f"{path} has no content")


def written(package: Package, content: Callable[[str], BinaryIO] = nothing, compression: str = "none") -> bytes:
    """The bytes of a package."""
    out = io.BytesIO()
    write_package(out, package, content, compression=compression)
    return out.getvalue()


def test_the_smallest_package() -> None:
    out = io.BytesIO()
    assert write_package(out, DEMO, nothing).hex() == IDENTITY
    assert out.getvalue() == bytes.fromhex(
        "41 44 42 2e 70 63 6b 67"
        "70 00 00 00"
        "00 00 00 00  64 00 00 e0"
        "04 64 65 6d 6f  04 31 2d 72 30  06 78 38 36 5f 36 34"
        f"14 {UNIQUE_ID}"
        "00 00"
        "0d 00 00 00  08 00 00 80  0d 00 00 80  19 00 00 80  00 00 00 00  12 00 00 80"
        "00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 10"
        "02 00 00 00  30 00 00 e0"
    )


def test_its_index() -> None:
    entry = index_entry(io.BytesIO(written(DEMO)))
    assert (entry.hashes.hex(), entry.unique_id.hex(), entry.file_size) == (IDENTITY, UNIQUE_ID, 120)
    out = io.BytesIO()
    write_index(out, Index("hello", (entry,)))
    found = out.getvalue()
    assert len(found) == 176
    values = found[12:]
    assert values[:8].hex() == "00000000980000e0"
    assert values[0x08:0x12] == b"\x04demo\x041-r0"
    assert values[0x12:0x27].hex() == f"14{UNIQUE_ID}"
    assert values[0x27:0x2E] == b"\x06x86_64"
    assert values[0x2E:0x4F].hex() == f"20{IDENTITY}"
    words = [values[offset : offset + 4].hex() for offset in range(0x50, 0x88, 4)]
    assert words[:6] == ["0e000000", "08000080", "0d000080", "2e000080", "00000000", "27000080"]
    assert words[6:] == ["00000000"] * 6 + ["00000010", "78000010"]
    assert values[0x88:0x8E] == b"\x05hello"
    assert values[0x90:].hex() == "02000000500000e00300000088000080900000e0"


def test_dependencies_lie_as_given_and_their_array_is_sorted() -> None:
    texts = ["so:libc.so", "zlib>=1.2", "!bad", "foo=1", "bar~2"]
    package = replace(DEMO, info=replace(DEMO.info, depends=tuple(map(Dependency.parse, texts))))
    values = written(package)[12:]
    expected = {
        0x19: "0a 73 6f 3a 6c 69 62 63 2e 73 6f",
        0x24: "02 00 00 00 19 00 00 80",
        0x2C: "04 7a 6c 69 62 03 31 2e 32",
        0x38: "04 00 00 00 2c 00 00 80 31 00 00 80 05 00 00 10",
        0x48: "03 62 61 64",
        0x4C: "04 00 00 00 48 00 00 80 00 00 00 00 17 00 00 10",
        0x5C: "03 66 6f 6f 01 31",
        0x64: "03 00 00 00 5c 00 00 80 60 00 00 80",
        0x70: "03 62 61 72 01 32",
        0x78: "04 00 00 00 70 00 00 80 74 00 00 80 09 00 00 10",
        0x88: "06 00 00 00 4c 00 00 e0 78 00 00 e0 64 00 00 e0 24 00 00 e0 38 00 00 e0",
    }
    for offset, text in expected.items():
        wanted = bytes.fromhex(text)
        assert values[offset : offset + len(wanted)] == wanted, hex(offset)
    found = read_package(io.BytesIO(written(package))).package.info.depends
    assert " ".join(map(str, found)) == "!bad bar~2 foo=1 so:libc.so zlib>=1.2"


def test_a_link_and_a_file() -> None:
    files = (File("issue", LINK, 4, 1, link_target="motd"), File("motd", PLAIN, 3, 1))
    data = written(replace(DEMO, directories=(Directory("", DIRECTORY, files),)), lambda path: io.BytesIO(b"hi\n"))
    link = (
        b"\x05issue\x06\x00\xa0motd\x04root"
        + b"\x04\0\0\0\xff\x01\0\x10"
        + bytes.fromhex("27000080 27000080")
        + b"\x07\0\0\0"
    )
    start = data.index(b"\x05issue")
    # The offsets of the manual's example are those of a package with another head.
    assert data[start : start + 18] == link[:18]
    assert bytes.fromhex("04000010 01000010 00000000") in data
    assert data.endswith(bytes.fromhex("0f000080 01000000 02000000 68690a 00"))


@pytest.mark.parametrize("count", [255, 256, 65535, 65536])
def test_long_texts_have_longer_heads(count: int) -> None:
    package = replace(DEMO, info=replace(DEMO.info, description="x" * count))
    data = written(package)
    head = {255: "ff", 256: "0001", 65535: "ffff", 65536: "00000100"}[count]
    assert bytes.fromhex(head) + b"x" * count in data
    assert read_package(io.BytesIO(data)).package.info.description == "x" * count


def test_an_index_is_read_as_it_was_written() -> None:
    entry = index_entry(io.BytesIO(written(DEMO)), "sha256-160")
    out = io.BytesIO()
    write_index(out, Index("hello", (entry,), "${name}-${version}.apk"))
    found = read_index(io.BytesIO(out.getvalue())).index
    assert found == Index("hello", (replace(entry, unique_id=b""),), "${name}-${version}.apk")
    assert found.packages[0].hashes.hex() == IDENTITY[:40]
