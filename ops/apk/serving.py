"""The files of a repository, by the names that clients ask for.

Only what is part of a repository can be opened: `ARCHITECTURE/NAME.apk`, its indexes, and `keys/NAME.pub`. No link
below the directory is followed, so that nobody reads anything else, whatever is put into it.
"""

from __future__ import annotations

import os
import re
from stat import S_ISREG
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import RequestError
from .repository import INDEX_NAME, KEYS, OLD_INDEX_NAME, architectures_of

if TYPE_CHECKING:
    from typing import BinaryIO

_ARCHITECTURE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}", re.ASCII)
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+~-]{0,250}", re.ASCII)
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Opened(NamedTuple):
    """An open file: its size in bytes, its time in seconds since 1970, and a tag that another content does not have."""

    file: BinaryIO
    size: int
    time: int
    tag: str


def check_repository(directory: str) -> None:
    """Raise `RequestError` unless a directory is a repository with packages or an index."""
    if not architectures_of(directory):
        raise RequestError(
            f"'{directory}' has neither packages nor an index of them",
            hint="name a directory that has ARCHITECTURE/*.apk, as chx apk build writes it",
        )


def open_file(directory: str, name: str) -> Opened | None:
    """Open the file that `name` (`x86_64/demo-1-r0.apk`) is in a repository; None if there is none. The caller closes it.

    Raises OSError if the directory itself cannot be read.
    """
    folder, slash, base = name.partition("/")
    if not slash or not _is_part(folder, base):
        return None
    # Each step is relative to what was opened before, so that no name is looked up again behind a link.
    top = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        inner = os.open(folder, _FLAGS | os.O_DIRECTORY, dir_fd=top)
        try:
            descriptor = os.open(base, _FLAGS, dir_fd=inner)
        finally:
            os.close(inner)
    except OSError:
        return None
    finally:
        os.close(top)
    status = os.fstat(descriptor)
    if not S_ISREG(status.st_mode):
        os.close(descriptor)
        return None
    tag = f'"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"'
    return Opened(os.fdopen(descriptor, "rb"), status.st_size, int(status.st_mtime), tag)


def _is_part(folder: str, base: str) -> bool:
    """Whether a repository has a file of this name in a folder of that one."""
    if not _ARCHITECTURE.fullmatch(folder) or not _FILE.fullmatch(base):
        return False
    if folder == KEYS:
        return base.endswith(".pub")
    return base.endswith(".apk") or base in (INDEX_NAME, OLD_INDEX_NAME)
