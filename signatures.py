"""Signatures of files, for detecting changes. Imports only built-in modules."""

import posix
import sys

_VARIABLES = (b"CHX_HOME", b"XDG_DATA_HOME", b"HOME")

Signature = tuple[int, int, int, int] | None
"""Change time in nanoseconds, size in bytes, inode, mode; None for a missing file."""


def home() -> str:
    """Return the home of the store by the rule of `Store.open`, without importing it."""
    chosen, data, user = map(_variable, _VARIABLES)
    if chosen:
        return chosen
    if not data.startswith("/"):
        if not user:
            from os.path import expanduser

            user = expanduser("~")
        data = f"{user}/.local/share"
    return f"{data}/chx"


def home_variables() -> tuple[bytes | None, ...]:
    """Return the values of the environment variables that `home` reads."""
    return tuple(posix.environ.get(name) for name in _VARIABLES)


def _variable(name: bytes) -> str:
    return posix.environ.get(name, b"").decode(sys.getfilesystemencoding(), "surrogateescape")


def signature(path: str) -> Signature:
    """Return the signature of a file or directory; does not follow symbolic links.

    The inode detects a file that was replaced by one of equal size within the
    resolution of the clock.
    """
    try:
        found = posix.lstat(path)
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode)
