"""Packing by either library of zstd: one frame as the client writes it, and a reader that finds every fault."""

from __future__ import annotations

import importlib
import io
import sys
from types import ModuleType

import pytest

from chx.apk.compression import Compression, PackedWriter, unpacked
from chx.apk.errors import Damaged

from ..zstd import FOREIGN, LIBRARIES, library_of_python

DATA = b"ADB.pckg" + bytes(range(256)) * 5000


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make chx use one library until the test ends."""
    if request.param == FOREIGN:
        monkeypatch.setitem(sys.modules, "compression", None)
    else:
        package = ModuleType("compression")
        package.zstd = library_of_python()  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "compression", package)
    return str(request.param)


def packed(text: str = "zstd", data: bytes = DATA) -> bytes:
    out = io.BytesIO()
    writer = PackedWriter(out, Compression.parse(text))
    for start in range(0, len(data), 1000):
        writer.write(data[start : start + 1000])
    writer.finish()
    return out.getvalue()


def read(data: bytes) -> bytes:
    compression, file = unpacked(io.BytesIO(data), "x")
    assert compression.method == "zstd"
    parts = []
    while part := file.read(70000):
        assert len(part) <= 70000
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("text", ["zstd", "zstd:1", "zstd:19", "zstd:22"])
def test_what_is_packed_is_unpacked(library: str, text: str) -> None:
    assert read(packed(text)) == DATA
    assert read(packed(text, DATA[:8])) == DATA[:8]


def test_a_frame_has_no_size_and_no_checksum(library: str) -> None:
    assert packed()[:6] == b"ADBc\x02\x00" and packed("zstd:3")[:6] == b"ADBc\x02\x03"
    assert packed()[6:10] == bytes.fromhex("28b52ffd")
    assert packed()[10] == 0


def test_the_pieces_that_are_given_do_not_matter(library: str) -> None:
    out = io.BytesIO()
    writer = PackedWriter(out, Compression("zstd"))
    writer.write(DATA)
    writer.finish()
    assert out.getvalue() == packed()


def test_faults_are_found(library: str) -> None:
    data = packed()
    for changed in (
        data + b"x",
        data + b"more than four bytes",
        data[:6] + b"x" + data[7:],
        b"ADBc\x02\x09" + bytes.fromhex("28b52ffd00a8") + bytes(8),
    ):
        with pytest.raises(Damaged, match="zstd"):
            read(changed)


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
def test_a_frame_that_is_cut_gives_no_more_than_it_has(library: str, part: float) -> None:
    """The container says that it ends too early."""
    data = packed()
    found = read(data[: 6 + int(part * (len(data) - 6))])
    assert len(found) < len(DATA) and DATA.startswith(found)


def test_both_libraries_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    if len(LIBRARIES) < 2:
        pytest.skip("there is one library only")
    foreign = importlib.import_module(FOREIGN)
    own = library_of_python()
    if tuple(own.zstd_version_info) != foreign.ZSTD_VERSION:
        pytest.skip("the libraries are of different versions")
    monkeypatch.setitem(sys.modules, "compression", None)
    first = packed()
    package = ModuleType("compression")
    package.zstd = own  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "compression", package)
    assert packed() == first
