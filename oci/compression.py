"""Compressions of layers. What they give depends on the version of a library; the uncompressed layer does not."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Compression:
    """A compression: what media types of layers end in, and a function from chunks of bytes to packed ones."""

    suffix: str
    pack: Callable[[Iterable[bytes]], Iterator[bytes]]


GZIP_LEVEL: Final = 6
"""Level 9 takes five times as long and saves two parts in a hundred, on a root of static programs."""


def _gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield one gzip member (RFC 1952) without a name and a time; its system is "unknown", so that it tells no machine."""
    yield b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    check = size = 0
    for chunk in chunks:
        check = zlib.crc32(chunk, check)
        size += len(chunk)
        if data := packer.compress(chunk):
            yield data
    yield packer.flush() + check.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")


NONE: Final = Compression("", iter)
GZIP: Final = Compression("+gzip", _gzip)
