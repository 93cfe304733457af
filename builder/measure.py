"""Measure the size of trees that a build has made or is making."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from ..store.checkpoint import checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def apparent_size(places: Iterable[str], enough: int | None = None, *, is_settled: bool = False) -> int:
    """Return the bytes in the files of trees, counting holes and each hard link: the number of bytes that reading them would yield.

    Stops when the result exceeds `enough`. A tree that is not `is_settled` may change meanwhile: unreadable parts count
    as empty. In a settled tree, which must be private to the caller, closed directories are opened. Raises OSError for
    a settled tree.
    """
    total = 0
    pending = list(places)
    while pending:
        place = pending.pop()
        checkpoint()
        try:
            status = os.lstat(place)
            if stat.S_ISREG(status.st_mode):
                total += status.st_size
            elif stat.S_ISDIR(status.st_mode):
                total += _scan(place, pending, is_settled)
        except OSError as error:
            # Hashing refuses such a tree later.
            if is_settled and error.errno != errno.ENAMETOOLONG:
                raise
        if enough is not None and total > enough:
            break
    return total


def _scan(directory: str, pending: list[str], is_settled: bool) -> int:
    """Return the bytes in the files of one directory; add its subdirectories to `pending`."""
    try:
        descriptor = os.open(directory, _DIRECTORY)
    except PermissionError:
        if not is_settled:
            raise
        os.chmod(directory, 0o700)
        descriptor = os.open(directory, _DIRECTORY)
    total = 0
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                checkpoint()
                if entry.is_dir(follow_symlinks=False):
                    pending.append(f"{directory}/{entry.name}")
                elif entry.is_file(follow_symlinks=False):
                    total += entry.stat(follow_symlinks=False).st_size
    finally:
        os.close(descriptor)
    return total
