"""Both libraries of zstd write what the other reads, and refuse the same."""

from __future__ import annotations

import io
import random
import sys
from typing import Any

import pytest

from .. import zstd as libraries

WINDOW = 27
PLAIN = random.Random(3).randbytes(300_000) + bytes(500_000)


@pytest.fixture(params=libraries.LIBRARIES)
def zstd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    return libraries.load(monkeypatch, request.param)


def packed(zstd: Any, *chunks: bytes) -> bytes:
    return b"".join(zstd.packed(chunks, 3))


def content(zstd: Any, data: bytes, size: int = 65536) -> bytes:
    reader = zstd.unpacked(io.BytesIO(data), WINDOW)
    found = b""
    while piece := reader.read(size):
        assert len(piece) <= size
        found += piece
    assert reader.read(size) == b""
    return found


@pytest.mark.parametrize("size", [1 << 10, 1 << 20])
def test_what_one_library_writes_the_other_reads(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    written = {}
    for library in libraries.LIBRARIES:
        module = libraries.load(monkeypatch, library)
        written[library] = packed(module, PLAIN[:400_000], b"", PLAIN[400_000:])
        assert len(written[library]) < 310_000
        # RFC 8878, 3.1.1.1.1: bit 2 of the descriptor says that a checksum follows the content.
        assert written[library][4] & 4
    for library in libraries.LIBRARIES:
        module = libraries.load(monkeypatch, library)
        for data in written.values():
            assert content(module, data, size) == PLAIN


def test_the_library_of_python_is_taken_where_there_is_one() -> None:
    sys.modules.pop(libraries.NAME, None)
    import chx.store.zstd as chosen

    try:
        import compression.zstd as own
    except ImportError:
        import zstandard

        assert chosen.ZstdError is zstandard.ZstdError
    else:
        assert chosen.ZstdError is own.ZstdError


def test_frames_in_a_row_are_one_content(zstd: Any) -> None:
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    data = packed(zstd, b"one ") + packed(zstd) + skippable + packed(zstd, b"two") + packed(zstd, b"")
    assert content(zstd, data) == b"one two"
    assert content(zstd, packed(zstd) * 5000) == b""
    assert content(zstd, b"") == b""


def test_what_is_no_frame_is_refused(zstd: Any) -> None:
    data = packed(zstd, b"content")
    for bad in (b"no zstd", data + b"no zstd", data[:-1] + bytes([data[-1] ^ 1])):
        with pytest.raises(zstd.ZstdError):
            content(zstd, bad)


def test_a_frame_that_is_cut_gives_what_there_is(zstd: Any) -> None:
    data = packed(zstd, PLAIN)
    found = content(zstd, data[: len(data) // 2])
    assert 0 < len(found) < len(PLAIN) and PLAIN.startswith(found)


def test_a_window_above_the_bound_is_refused(zstd: Any) -> None:
    # A frame of RFC 8878 without a content size: window descriptor, then a last raw block of one byte.
    def frame(exponent: int) -> bytes:
        return b"\x28\xb5\x2f\xfd\0" + bytes([(exponent - 10) << 3]) + (1 << 3 | 1).to_bytes(3, "little") + b"x"

    assert content(zstd, frame(WINDOW)) == b"x"
    with pytest.raises(zstd.ZstdError):
        content(zstd, frame(WINDOW + 1))


def test_a_read_takes_no_more_than_was_asked_for(zstd: Any) -> None:
    """Blocks that repeat a byte: 4 bytes for 128 KiB."""
    block = ((1 << 17) << 3 | 1 << 1).to_bytes(3, "little") + b"x"
    data = b"\x28\xb5\x2f\xfd\0" + bytes([(17 - 10) << 3]) + block * 20_000
    source = io.BytesIO(data)
    reader = zstd.unpacked(source, WINDOW)
    assert reader.read(0) == b""
    for _ in range(100):
        assert reader.read(1000) == b"x" * 1000
    assert source.tell() <= 1 << 17


def test_without_either_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries.load(monkeypatch, libraries.OF_PYTHON)
    for name in (libraries.OF_PYTHON, libraries.FOREIGN):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, libraries.NAME)
    with pytest.raises(ModuleNotFoundError) as caught:
        import chx.store.zstd  # noqa: F401
    assert caught.value.name == libraries.FOREIGN
