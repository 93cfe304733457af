"""zstd compression, loaded on first use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from ..canonical_form import CHUNK
from ..checkpoint import checkpoint
from .layout import LEVEL, WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class CorruptData(Exception):
    """Data is not zstd, ends early, or exceeds its limit."""


def longest_packed(size: int) -> int:
    """Return the largest size of so many bytes in zstd frames, if they are incompressible."""
    return size + size // 64 + (1 << 16)


def compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield one frame with a checksum."""
    from ..zstd import packed

    return packed(chunks, LEVEL)


def expanded(file: BinaryIO, limit: int) -> Iterator[bytes]:
    """Yield the content of a compressed file. Raises `CorruptData`, also for more than `limit` bytes."""
    from ..zstd import ZstdError, unpacked

    total = 0
    reader = unpacked(file, WINDOW)
    try:
        while chunk := reader.read(CHUNK):
            checkpoint()
            total += len(chunk)
            if total > limit:
                raise CorruptData(f"it is longer than {limit} bytes")
            yield chunk
    except ZstdError as error:
        raise CorruptData(f"it is not zstd: {error}") from error


def read_compressed(path: str, limit: int) -> bytes:
    """Return the content of a small compressed file. Raises `CorruptData`, OSError."""
    with open(path, "rb") as file:
        return b"".join(expanded(file, limit))


def chunks_of(descriptor: int) -> Iterator[bytes]:
    """Yield the bytes of an open file."""
    while data := os.read(descriptor, CHUNK):
        checkpoint()
        yield data
