"""Write an installed root as one pax archive."""

from __future__ import annotations

import hashlib
from typing import IO, TYPE_CHECKING, NamedTuple

from blake3 import blake3

from ...oci import archive
from ...store.checkpoint import checkpoint
from .members import EPOCH, members_of
from .output import new_file

if TYPE_CHECKING:
    from ..installed import InstalledRoot


class WrittenTar(NamedTuple):
    """The SHA-256 digest (hexadecimal) and the size in bytes of an archive."""

    sha256: str
    size: int


def write_tar(root: InstalledRoot, output: str | IO[bytes]) -> WrittenTar:
    """Write a root as a pax archive into a file, which is replaced when the archive is whole, or to an open one.

    The bytes follow from the root alone: times are 1 second after 1970, entries are in the order of their paths.
    Raises `OutputInTheWay`, `OutputRefused`, `OciError`; OSError for an open file.
    """
    if isinstance(output, str):
        with new_file(output) as file:
            return _write(root, file)
    return _write(root, output)


def _write(root: InstalledRoot, file: IO[bytes]) -> WrittenTar:
    hasher = hashlib.sha256()
    size = 0
    for chunk in archive(members_of(root.entries), EPOCH, blake3):
        checkpoint()
        hasher.update(chunk)
        size += len(chunk)
        file.write(chunk)
    return WrittenTar(hasher.hexdigest(), size)
