"""Copy and remove files and trees."""

from __future__ import annotations

import errno
import os
import stat

from ..store.copying import copy_content


def is_full(error: OSError) -> bool:
    """Whether an error means that the disk is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def copy_file(source: str, target: str, mode: int) -> None:
    """Copy the bytes of the ordinary file `source` to the new file `target`; the kernel shares blocks where it can."""
    # Special files block or never end.
    origin = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(origin)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), source)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", source)
        made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            copy_content(origin, made, status.st_size)
            os.fchmod(made, mode)
        finally:
            os.close(made)
    finally:
        os.close(origin)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of `data`, in as many calls as needed."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def remove_tree(path: str) -> None:
    """Remove a tree as the store does: of any modes and depth, never through a link, without an error if it is missing."""
    from ..store.removal import remove_tree as remove

    remove(os.fsencode(path))


def size_of(path: str) -> int:
    """Return the size of a file; 0 if it is missing."""
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
