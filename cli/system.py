"""What `os` would be wanted for most often, without the millisecond that loading it takes."""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

ENCODING: Final = sys.getfilesystemencoding()
ERRORS: Final = sys.getfilesystemencodeerrors()


def encoded(text: str) -> bytes:
    """The bytes of a path or argument."""
    return text.encode(ENCODING, ERRORS)


def decoded(data: bytes) -> str:
    """Inverse of `encoded`."""
    return data.decode(ENCODING, ERRORS)


def absolute(path: str) -> str:
    """`os.path.abspath`."""
    if path[:1] != "/" or path[:2] == "//":
        from os.path import abspath

        return abspath(path)
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


def is_regular(path: str) -> bool:
    """Whether there is an ordinary file, or a link to one."""
    try:
        return posix.stat(path).st_mode & 0o170000 == 0o100000
    except OSError:
        return False


def is_there(path: str) -> bool:
    """Whether a path names something; links are followed."""
    try:
        posix.stat(path)
    except (OSError, ValueError):
        return False
    return True


class RealPaths:
    """Resolves symbolic links; remembers folders that need no resolving."""

    def __init__(self) -> None:
        self._real = {"/"}

    def of(self, path: str, strict: bool) -> str:
        """`os.path.realpath` of an absolute path; `strict`: raises OSError unless it exists."""
        folder, _, name = path.rpartition("/")
        if (folder or "/") in self._real and name not in ("", ".", ".."):
            try:
                # S_IFMT and S_IFLNK, without `stat`.
                if posix.lstat(path).st_mode & 0o170000 != 0o120000:
                    return path
            except OSError:
                if strict:
                    raise
        from os.path import realpath

        found = realpath(path, strict=strict)
        if found == path:
            self._real.add(folder or "/")
        return found
