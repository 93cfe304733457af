"""The layout of a store's home.

store/     objects, `<hash>-<name>`
db/        metadata (SQLite), and the epoch
tmp/       objects in the making, one directory per process
gcroots/   links to links that keep objects alive
kept/      links that keep objects as long as the home has them; seeds/ and tools/ hold more of them
pins/      temporary roots of running processes
logs/ roots/ cache/   of the builder and the command line
"""

from __future__ import annotations

import os
from typing import Final

from .errors import InvalidHome
from .path import STORE_DIR, InvalidStorePath, StorePath

FOLDERS: Final = ("store", "db", "tmp", "gcroots", "pins", "logs", "roots", "cache")
MATTERING: Final = {
    "store": "the {} objects that the database knows",
    "gcroots": "what keeps the {} objects of the store",
}
"""Directories that are not recreated in a home with objects, and what would be missing with them."""
STAMPED: Final = "db/home"
RESERVE: Final = 1 << 18
"""Size of the reserve in bytes."""


def default_home() -> str:
    """`$CHX_HOME`, else `$XDG_DATA_HOME/chx`, else `~/.local/share/chx`; raises `InvalidHome`."""
    home = os.environ.get("CHX_HOME")
    if home:
        return home
    data = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(data):
        return os.path.join(data, "chx")
    user = os.path.expanduser("~")
    if not os.path.isabs(user):
        raise InvalidHome("~/.local/share/chx", "the home directory of the user is not known", "set CHX_HOME")
    return os.path.join(user, ".local/share/chx")


def check_home(home: str) -> str:
    """Return the real path of a home. Raises `InvalidHome` for a path that cannot hold a store."""
    if not os.path.isabs(home):
        raise InvalidHome(home, "the path is not absolute", "set CHX_HOME to an absolute path")
    real = os.path.realpath(home)
    if (real + "/").startswith(STORE_DIR + "/") or any(map(_is_object_name, real.split("/"))):
        raise InvalidHome(home, "it lies inside a store", "set CHX_HOME to a folder outside of any store")
    return real


def _is_object_name(component: str) -> bool:
    if len(component) < 34 or component[32] != "-":
        return False
    try:
        StorePath.parse(component)
    except InvalidStorePath:
        return False
    return True


def check_owner(home: str) -> None:
    """Raise `InvalidHome` unless the current user owns the home.

    A store has one owner, who could not normalise, rewrite or remove files of another user, such as root.
    """
    owner, user = os.stat(home).st_uid, os.geteuid()
    if owner != user:
        raise InvalidHome(
            home,
            f"it belongs to user {owner}, and this process runs as user {user}",
            "run chx as the owner, or set CHX_HOME to a folder of your own",
        )


def place_text(home: str, real: str) -> bytes:
    """Return the database's record of its home's location and identity (`place`): its stamp and its real path."""
    return b"%s %s" % (stamp(home), os.fsencode(real))


def stamp(home: str) -> bytes:
    """Return the stamp that tells a home from its copies: inode and change time of a file that never changes.

    Moving the home changes neither, copying changes both; an inode alone is soon reused. Zeros without the file.
    """
    try:
        status = os.stat(f"{home}/{STAMPED}")
    except OSError:
        return b"0 0"
    return b"%d %d" % (status.st_ino, status.st_ctime_ns)


def create_home(home: str) -> None:
    """Create missing parts of a home. Raises `InvalidHome`."""
    try:
        os.makedirs(home, exist_ok=True)
        check_owner(home)
        for folder in FOLDERS:
            os.makedirs(os.path.join(home, folder), exist_ok=True)
        _try_symlinks(os.path.join(home, "tmp"))
        _try_locks(os.path.join(home, "tmp"))
        make_reserve(home)
    except OSError as error:
        where = "" if error.filename in (None, home) else f" ('{error.filename}')"
        raise InvalidHome(home, f"{error.strerror}{where}", "set CHX_HOME to a folder that you can write to") from error


def make_reserve(home: str) -> None:
    """Reserve space for a collection on a full disk; failing to is no error."""
    path = home + "/db/reserve"
    try:
        there = os.statvfs(home)
        if os.path.exists(path) or there.f_bavail * there.f_frsize < 16 * RESERVE:
            return
        with open(path, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE)
    except OSError:
        return


def _try_locks(folder: str) -> None:
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        raise InvalidHome(
            folder,
            f"its file system has no locks ({error.strerror})",
            "set CHX_HOME to a folder on another file system; one of the network may need its lock service",
        ) from error
    finally:
        os.close(descriptor)


def _try_symlinks(folder: str) -> None:
    probe = os.path.join(folder, f"probe-{os.getpid()}")
    try:
        os.symlink("target", probe)
        os.unlink(probe)
    except FileExistsError:
        os.unlink(probe)
    except OSError as error:
        raise InvalidHome(
            folder,
            f"its file system has no symbolic links ({error.strerror})",
            "set CHX_HOME to a folder on another file system",
        ) from error
