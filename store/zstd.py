"""zstd by Python's own library, which Python 3.14 and later have, or else by the package `zstandard`.

Both do the same: frames are written with a checksum; a reader goes on with the next frame where one ends, takes memory
for one window and one read, and ends without an error where the file ends within a frame. Imported on first use:
importing raises ModuleNotFoundError with the name `zstandard` if there is neither.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO, Protocol

    class _Packer(Protocol):
        def compress(self, data: bytes, /) -> bytes: ...
        def flush(self) -> bytes: ...


__all__ = ["ZstdError", "packed", "unpacked"]

_READ = 1 << 14
"""Bytes read at once. What follows a frame in them is copied for each frame, which may be a dozen bytes long."""

try:
    from compression.zstd import (
        CompressionParameter,
        DecompressionParameter,
        ZstdCompressor,
        ZstdDecompressor,
        ZstdError,
    )
except ImportError:
    import zstandard
    from zstandard import ZstdError

    def _packer(level: int) -> _Packer:
        return zstandard.ZstdCompressor(level=level, write_checksum=True).compressobj()

    def unpacked(file: BinaryIO, window: int) -> BinaryIO:
        """Return the content of a file, to be read forwards; windows have at most 2 to the power of `window` bytes.

        Reading raises `ZstdError` for what is not zstd, and what `file` raises.
        """
        unpacker = zstandard.ZstdDecompressor(max_window_size=1 << window)
        return cast("BinaryIO", unpacker.stream_reader(file, read_across_frames=True, closefd=False))

else:

    def _packer(level: int) -> _Packer:
        options = {CompressionParameter.compression_level: level, CompressionParameter.checksum_flag: 1}
        return cast("_Packer", ZstdCompressor(options=options))

    def unpacked(file: BinaryIO, window: int) -> BinaryIO:
        return cast("BinaryIO", _Reader(file, window))

    class _Reader(io.RawIOBase):
        """Not `ZstdFile`: for that one, what follows the last frame is no error if it is no frame."""

        def __init__(self, file: BinaryIO, window: int) -> None:
            self._file = file
            self._options = {DecompressionParameter.window_log_max: window}
            self._frame = ZstdDecompressor(options=self._options)

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1, /) -> bytes:
            while size:
                data = b""
                if self._frame.eof:
                    data = self._frame.unused_data or self._file.read(_READ)
                    if not data:
                        return b""
                    self._frame = ZstdDecompressor(options=self._options)
                elif self._frame.needs_input:
                    data = self._file.read(_READ)
                    if not data:
                        return b""
                content: bytes = self._frame.decompress(data, size)
                if content:
                    return content
            return b""


def packed(chunks: Iterable[bytes], level: int) -> Iterator[bytes]:
    """Yield one frame with a checksum."""
    packer = _packer(level)
    for chunk in chunks:
        if data := packer.compress(chunk):
            yield data
    yield packer.flush()
