"""How a container is packed: as it is, by deflate, or by zstd.

The packed bytes depend on the version of the library that packs; what they hold does not.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from .errors import BadValue, Damaged, NotApk, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO, Protocol

    class Packer(Protocol):
        def compress(self, data: bytes, /) -> bytes: ...
        def flush(self) -> bytes: ...


PLAIN: Final = b"ADB."
_DEFLATE: Final = b"ADBd"
_ANY: Final = b"ADBc"
_NONE, _DEFLATE_NUMBER, _ZSTD_NUMBER = range(3)
_LEVELS: Final = {"deflate": (9, 9), "zstd": (9, 22)}
"""By method: the level if none is given, and the highest."""
WINDOW: Final = 27
"""Windows of zstd have at most 2 to the power of this many bytes, which level 22 uses."""
_READ: Final = 1 << 16
_PACKED_AT_ONCE: Final = 1 << 18
_TEXT: Final = re.compile(r"(none|deflate|zstd)(?::([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class Compression:
    """A method (none, deflate or zstd) and a level, which is None if nobody gave one: the header differs."""

    method: str = "none"
    level: int | None = None

    def __str__(self) -> str:
        return self.method if self.level is None else f"{self.method}:{self.level}"

    @classmethod
    def parse(cls, text: str) -> Compression:
        """Return what a text such as `zstd:19` means. Raises `BadValue`."""
        found = _TEXT.fullmatch(text)
        if found:
            method, digits = found.groups()
            level = int(digits) if digits else None
            if level is None or (method != "none" and 1 <= level <= _LEVELS[method][1]):
                return cls(method, level)
        raise BadValue(
            f"the compression '{text[:40]}'",
            "is not known",
            "there are none, deflate, deflate:1 to 9, zstd, zstd:1 to 22",
        )

    @property
    def header(self) -> bytes:
        """The bytes before what is packed. None for `none`: there the container's own magic number says it."""
        if self.method == "none":
            return b""
        if self.method == "deflate" and self.level is None:
            return _DEFLATE
        number = _DEFLATE_NUMBER if self.method == "deflate" else _ZSTD_NUMBER
        return _ANY + bytes((number, self.level or 0))

    def packer(self) -> Packer | None:
        """Return a new packer; None for `none`."""
        if self.method == "none":
            return None
        level = self.level or _LEVELS[self.method][0]
        if self.method == "deflate":
            return zlib.compressobj(level, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY)
        return _zstd_packer(level)


class PackedWriter:
    """Writes to `out` what it is given, packed. `finish` has to be called at the end."""

    def __init__(self, out: BinaryIO, compression: Compression) -> None:
        self._out = out
        self._packer = compression.packer()
        self._waiting: list[bytes] = []
        self._size = 0
        out.write(compression.header)

    def write(self, data: bytes) -> None:
        if self._packer is None:
            self._out.write(data)
            return
        # A packer takes memory for much at each call.
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= _PACKED_AT_ONCE:
            self._pack(self._packer)

    def _pack(self, packer: Packer) -> None:
        if packed := packer.compress(b"".join(self._waiting)):
            self._out.write(packed)
        self._waiting.clear()
        self._size = 0

    def finish(self) -> None:
        if self._packer is not None:
            self._pack(self._packer)
            self._out.write(self._packer.flush())


def unpacked(file: BinaryIO, place: str) -> tuple[Compression, BinaryIO]:
    """Return how a file is packed, and what it holds, to be read forwards; it begins with `ADB.`.

    Reading raises `Damaged` for what cannot be unpacked. What follows the packed data in the file is an error, too. Raises `NotApk` and
    `Unsupported`.
    """
    magic = file.read(4)
    if magic == PLAIN:
        return Compression(), cast("BinaryIO", _Prefixed(magic, file))
    if magic == _DEFLATE:
        return Compression("deflate"), cast("BinaryIO", _Inflating(file, place))
    if magic != _ANY:
        raise NotApk(place)
    words = file.read(2)
    if len(words) < 2:
        raise NotApk(place, "it ends within its first six bytes")
    number, level = words
    if number == _NONE:
        return Compression("none", level or None), file
    if number == _DEFLATE_NUMBER:
        return Compression("deflate", level or None), cast("BinaryIO", _Inflating(file, place))
    if number == _ZSTD_NUMBER:
        return Compression("zstd", level or None), cast("BinaryIO", _Unzstd(file, place))
    raise Unsupported(place, f"it is packed by a method that is not known (number {number})")


class _Prefixed:
    """A file of which the first bytes have been read already."""

    def __init__(self, prefix: bytes, file: BinaryIO) -> None:
        self._prefix = prefix
        self._file = file

    def read(self, size: int) -> bytes:
        if self._prefix:
            found, self._prefix = self._prefix[:size], self._prefix[size:]
            return found
        return self._file.read(size)


class _Inflating:
    """Raw deflate."""

    def __init__(self, file: BinaryIO, place: str) -> None:
        self._file = file
        self._place = place
        self._unpacker = zlib.decompressobj(-15)

    def read(self, size: int) -> bytes:
        unpacker = self._unpacker
        while True:
            if unpacker.eof:
                if unpacker.unused_data or self._file.read(1):
                    raise Damaged(self._place, "packed data", "something follows it")
                return b""
            data = unpacker.unconsumed_tail or self._file.read(_READ)
            try:
                if found := unpacker.decompress(data, size):
                    return found
            except zlib.error as error:
                raise Damaged(self._place, "packed data", "it is no deflate stream, or a damaged one") from error
            if not data and not unpacker.eof:
                raise Damaged(self._place, "packed data", "its end is missing")


class _Unzstd:
    """One frame of zstd."""

    def __init__(self, file: BinaryIO, place: str) -> None:
        self._file = file
        self._place = place
        self._reader, self._error = _zstd_reader(file)

    def read(self, size: int) -> bytes:
        try:
            return self._reader.read(size)
        except self._error as error:
            raise Damaged(self._place, "packed data", "it is no zstd frame, or a damaged one") from error


def _zstd_packer(level: int) -> Packer:
    # With a worker, as the client has it: the bytes are those of any number of workers, and other than without.
    try:
        from compression import zstd
    except ImportError:
        import zstandard

        parameters = zstandard.ZstdCompressionParameters.from_level(
            level, threads=1, write_content_size=False, write_checksum=False
        )
        return zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    parameter = zstd.CompressionParameter
    options = {
        parameter.compression_level: level,
        parameter.checksum_flag: 0,
        parameter.content_size_flag: 0,
        parameter.nb_workers: 1,
    }
    return cast("Packer", zstd.ZstdCompressor(options=options))


def _zstd_reader(file: BinaryIO) -> tuple[BinaryIO, type[Exception]]:
    try:
        from compression import zstd
    except ImportError:
        import zstandard

        unpacker = zstandard.ZstdDecompressor(max_window_size=1 << WINDOW)
        reader = unpacker.stream_reader(file, read_across_frames=True, closefd=False)
        return cast("BinaryIO", reader), zstandard.ZstdError
    options = {zstd.DecompressionParameter.window_log_max: WINDOW}
    return cast("BinaryIO", _Frames(file, lambda: zstd.ZstdDecompressor(options=options))), zstd.ZstdError


class _Frames:
    """Frames of zstd by Python's own library, whose files take what follows the last frame for no error."""

    def __init__(self, file: BinaryIO, new: Callable[[], Any]) -> None:
        self._file = file
        self._new = new
        self._frame = new()

    def read(self, size: int) -> bytes:
        while size:
            frame = self._frame
            data = b""
            if frame.eof or frame.needs_input:
                data = (frame.unused_data if frame.eof else b"") or self._file.read(_READ)
                if not data:
                    return b""
                if frame.eof:
                    frame = self._frame = self._new()
            content: bytes = frame.decompress(data, size)
            if content:
                return content
        return b""
