"""Replacements for common functions of `os`, whose import takes a millisecond."""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

ENCODING: Final = sys.getfilesystemencoding()
ERRORS: Final = sys.getfilesystemencodeerrors()


def encoded(text: str) -> bytes:
    """Encode a path or argument as the operating system does."""
    return text.encode(ENCODING, ERRORS)


def decoded(data: bytes) -> str:
    """Decode a path or argument: the inverse of `encoded`."""
    return data.decode(ENCODING, ERRORS)


def absolute(path: str) -> str:
    """Return an absolute path, as `os.path.abspath` does."""
    if path[:2] == "//":
        from os.path import abspath

        return abspath(path)
    if path[:1] != "/":
        path = f"{posix.getcwd()}/{path}"
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


def read_whole(path: str) -> tuple[bytes, bool]:
    """Return the content of a file, and whether it is a regular file. Raises OSError.

    `open` would make four objects and twice as many system calls.
    """
    descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        found = posix.fstat(descriptor)
        regular = found.st_mode & 0o170000 == 0o100000
        data = posix.read(descriptor, found.st_size + 1)
        if not regular or len(data) != found.st_size:
            pieces = [data]
            while piece := posix.read(descriptor, 1 << 16):
                pieces.append(piece)
            data = b"".join(pieces)
    except OSError as error:
        error.filename = path
        raise
    finally:
        posix.close(descriptor)
    return data, regular


def is_regular(path: str) -> bool:
    """Return whether a path names a regular file; follows links."""
    try:
        return posix.stat(path).st_mode & 0o170000 == 0o100000
    except OSError:
        return False


def is_there(path: str) -> bool:
    """Return whether a path exists; follows links."""
    try:
        posix.stat(path)
    except (OSError, ValueError):
        return False
    return True


def is_link(path: str) -> bool:
    """Return whether a path names a symbolic link. Raises OSError for a missing path."""
    # S_IFMT and S_IFLNK, without importing `stat`.
    return posix.lstat(path).st_mode & 0o170000 == 0o120000


PKGS = f"{absolute(__file__).rpartition('/')[0].rpartition('/')[0]}/pkgs"
"""The directory of the bundled package set."""


class RealPaths:
    """Resolves symbolic links; remembers directories without links in their paths."""

    def __init__(self) -> None:
        self._real = {"/"}

    def of(self, path: str, strict: bool) -> str:
        """Return `os.path.realpath` of an absolute path. With `strict`, raises OSError for a missing path."""
        folder, _, name = path.rpartition("/")
        if name not in ("", ".", "..") and self.is_real(folder or "/"):
            try:
                if not is_link(path):
                    return path
            except OSError:
                if strict:
                    raise
        from os.path import realpath

        return realpath(path, strict=strict)

    def is_real(self, folder: str) -> bool:
        """Return whether a directory exists and no component of its path is a link."""
        if folder in self._real:
            return True
        around, _, name = folder.rpartition("/")
        if name in ("", ".", "..") or not self.is_real(around or "/"):
            return False
        try:
            if is_link(folder):
                return False
        except OSError:
            return False
        self._real.add(folder)
        return True


def write_whole(name: str, text: str) -> None:
    """Write a file atomically; write through a link, and into what is no file, such as a pipe or a device."""
    import os
    import stat

    if os.path.lexists(name) and not stat.S_ISREG(os.lstat(name).st_mode):
        with open(name, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        return
    temporary = f"{name}.{os.getpid()}.new"
    with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.replace(temporary, name)
