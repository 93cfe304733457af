"""The canonical form of trees in the store.

Files have mode 0444 or 0555, directories 0555. The modification time is one second after the
epoch, and there are no extended attributes.
"""

from __future__ import annotations

import os
import stat
from typing import Final

FILE_MODE: Final = 0o444
EXECUTABLE_MODE: Final = 0o555
DIRECTORY_MODE: Final = 0o555
MTIME: Final = (1_000_000_000, 1_000_000_000)
"""Access and modification time, as the `ns` argument of `os.utime`."""

CHUNK: Final = 1 << 18
"""Bytes read at a time: small enough to stay in a processor's cache while they are hashed and scanned."""
READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK

_KINDS: Final = {
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFIFO: "a fifo",
    stat.S_IFSOCK: "a socket",
}


def special_kind(mode: int) -> str | None:
    """Return a name for the kind of a special file; None for a directory, regular file or link."""
    kind = stat.S_IFMT(mode)
    if kind in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        return None
    return _KINDS.get(kind, "a special file")


def settle_directory(path: bytes) -> None:
    """Bring a directory into canonical form, after its content."""
    strip_attributes(path)
    os.chmod(path, DIRECTORY_MODE)
    os.utime(path, ns=MTIME)


def strip_attributes(file: bytes | int) -> None:
    """Remove extended attributes, access control lists among them.

    Labels of security modules remain: they cannot be removed and are not content. Capabilities are content, and
    are removed.
    """
    try:
        names = os.listxattr(file)
    except OSError:
        return
    for name in names:
        if name.startswith("security.") and name != "security.capability":
            continue
        try:
            os.removexattr(file, name)
        except PermissionError:
            # An unprivileged user needs write permission for that.
            mode = stat.S_IMODE(os.stat(file).st_mode)
            os.chmod(file, mode | stat.S_IWUSR)
            os.removexattr(file, name)
            os.chmod(file, mode)


class writable:
    """Context in which a directory of a private tree in canonical form is writable."""

    __slots__ = ("_keep", "_path")

    def __init__(self, path: bytes, keep: bool = False) -> None:
        self._path = path
        self._keep = keep

    def __enter__(self) -> None:
        os.chmod(self._path, 0o755)

    def __exit__(self, *_: object) -> None:
        if not self._keep:
            os.chmod(self._path, DIRECTORY_MODE)
            os.utime(self._path, ns=MTIME)
