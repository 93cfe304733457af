"""Write images that machines start from into files."""

from __future__ import annotations

import hashlib
import os
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from ...builder.imaging import disk
from ...builder.imaging.disk import DiskLayout, DiskOptions
from ...store.checkpoint import checkpoint
from .output import new_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..installed import InstalledRoot

_CHUNK: Final = 1 << 20


__all__ = ["DiskLayout", "DiskOptions", "WrittenImage", "copy_image", "write_disk", "write_initramfs"]


class WrittenImage(NamedTuple):
    """The SHA-256 digest (hexadecimal) and the size in bytes of a file."""

    sha256: str
    size: int


def write_initramfs(root: InstalledRoot, path: str) -> WrittenImage:
    """Write a root as an initramfs, an archive that a kernel starts; the bytes follow from the root alone.

    Raises `NoInit`, `DiskError`, `OutputInTheWay`, `OutputRefused`.
    """
    from ...builder.imaging.initramfs import root_initramfs

    with new_file(path) as file:
        return _copied(root_initramfs(root), file)


def write_disk(root: InstalledRoot, path: str, options: DiskOptions | None = None) -> tuple[WrittenImage, DiskLayout]:
    """Write a disk that UEFI starts, of a root with a kernel; the bytes follow from the root and the options alone.

    Raises `MachineImageError`, `DiskError`, `OutputInTheWay`, `OutputRefused`.
    """
    with new_file(path) as file:
        layout = disk.write_disk(root, file, options or DiskOptions())
        file.flush()
        return _hashed(file), layout


def copy_image(source: str, path: str) -> WrittenImage:
    """Copy an image; blocks of zeros take no room. Raises `OutputInTheWay`, `OutputRefused`."""
    with open(source, "rb", buffering=0) as original, new_file(path) as file:
        return _copied(iter(lambda: original.read(_CHUNK), b""), file)


def _copied(chunks: Iterable[bytes], file: IO[bytes]) -> WrittenImage:
    hasher = hashlib.sha256()
    size = 0
    for chunk in chunks:
        checkpoint()
        hasher.update(chunk)
        size += len(chunk)
        if chunk.count(0) == len(chunk):
            file.seek(len(chunk), os.SEEK_CUR)
        else:
            file.write(chunk)
    file.truncate(size)
    return WrittenImage(hasher.hexdigest(), size)


def _hashed(file: IO[bytes]) -> WrittenImage:
    with open(f"/proc/self/fd/{file.fileno()}", "rb", buffering=0) as written:
        digest = hashlib.file_digest(written, "sha256")
        return WrittenImage(digest.hexdigest(), os.fstat(written.fileno()).st_size)
