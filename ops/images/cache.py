"""Packed layers that were written before, in `$CHX_HOME/cache/layers`: packing takes longer than all else together.

A file is one line (the digests of the archive and of the packed layer, its size, and a digest of these) and the packed
layer. Its name is a digest of all that the packed layer follows from: the members, the compression, and the version of its
library. A file that is not what it says is disregarded. The oldest go when all together are larger than `LARGEST`.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from blake3 import blake3

from ...oci.compression import GZIP_LEVEL
from .members import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...oci import Layer, Member

LARGEST: Final = 512 << 20
"""Bytes of all files together."""
_LARGEST_LAYER: Final = 64 << 20
_FORMAT: Final = "chx packed layer 1"
_CHUNK: Final = 1 << 20


class CachedLayer(NamedTuple):
    """A packed layer: digests as `sha256:...`, its size, and the file and the offset of it."""

    diff_id: str
    digest: str
    size: int
    file: str
    offset: int

    def chunks(self) -> Iterator[bytes]:
        """Yield the packed layer. Raises OSError."""
        with open(self.file, "rb") as file:
            file.seek(self.offset)
            while chunk := file.read(_CHUNK):
                yield chunk


class LayerCache:
    """The cache of the store in `home`, for layers packed with gzip; others are packed faster than they are found."""

    def __init__(self, home: str) -> None:
        self._folder = f"{home}/cache/layers"

    def key(self, members: Sequence[Member]) -> str:
        """Return the name of a layer with these members, each of which has a digest if it is a file."""
        hasher = blake3(f"{_FORMAT} gzip {GZIP_LEVEL} {zlib.ZLIB_RUNTIME_VERSION} {EPOCH}\n".encode())
        for one in members:
            fields = (
                one.path,
                one.kind,
                one.mode,
                one.uid,
                one.gid,
                one.user,
                one.group,
                one.size,
                one.target,
                one.digest,
            )
            hasher.update(repr(fields).encode("utf-8", "surrogateescape"))
        return hasher.hexdigest()

    def find(self, key: str) -> CachedLayer | None:
        """Return a layer of that name; its content is still to be compared with its digest."""
        path = f"{self._folder}/{key}"
        try:
            with open(path, "rb") as file:
                line = file.readline(300)
                os.utime(file.fileno())
            text, _, check = line.decode("ascii").rstrip("\n").rpartition(" ")
            diff_id, digest, size = text.split(" ")
            if blake3(f"{key} {text}".encode()).hexdigest() != check:
                return None
            return CachedLayer(diff_id, digest, int(size), path, len(line))
        except (OSError, ValueError):
            return None

    def add(self, key: str, layer: Layer, blob: str) -> None:
        """Keep a layer that was written into the file `blob`. What cannot be kept is no error."""
        if layer.blob.size > _LARGEST_LAYER:
            return
        temporary = f"{self._folder}/{key}.{os.getpid()}"
        text = f"{layer.diff_id} {layer.blob.digest} {layer.blob.size}"
        try:
            os.makedirs(self._folder, exist_ok=True)
            with open(blob, "rb") as source, open(temporary, "xb") as file:
                file.write(f"{text} {blake3(f'{key} {text}'.encode()).hexdigest()}\n".encode())
                while chunk := source.read(_CHUNK):
                    file.write(chunk)
            os.replace(temporary, f"{self._folder}/{key}")
            self._prune()
        except OSError:
            with suppress(OSError):
                os.unlink(temporary)

    def _prune(self) -> None:
        with os.scandir(self._folder) as entries:
            found = sorted(
                ((entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in entries), reverse=True
            )
        total = 0
        for _, size, path in found:
            total += size
            if total > LARGEST:
                os.unlink(path)
