"""Write a file or a directory under a temporary name beside it, and put it in its place when it is whole."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final

from ...builder.disk import remove_tree
from .errors import OutputInTheWay, OutputRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def new_file(path: str) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` at the end, if no error ends the block.

    Raises `OutputInTheWay` if `path` is a directory or no regular file, `OutputRefused` for what the system refuses.
    """
    if os.path.lexists(path) and (os.path.islink(path) or not os.path.isfile(path)):
        raise OutputInTheWay(path, "it is no ordinary file")
    temporary = None
    try:
        folder, name = _parts(path)
        handle, temporary = tempfile.mkstemp(prefix=f".{name[:100]}.", dir=folder)
        with os.fdopen(handle, "wb") as file:
            yield file
            os.fchmod(file.fileno(), 0o666 & ~_umask())
        os.replace(temporary, os.path.join(folder, name))
        temporary = None
    except OSError as error:
        raise OutputRefused(path, error) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)


@contextmanager
def new_directory(path: str, may_replace: Callable[[str], bool]) -> Iterator[str]:
    """Make an empty directory that takes the place of `path` at the end, if no error ends the block.

    What is at `path` may be an empty directory, or a directory of which `may_replace` says so; it is removed when the
    new one is in its place. Raises as `new_file`.
    """
    path = path.rstrip("/") or path
    if os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path)):
        raise OutputInTheWay(path, "it is no directory")
    if os.path.isdir(path) and os.listdir(path) and not may_replace(path):
        raise OutputInTheWay(path, "it is a directory with something else in it")
    temporary = None
    try:
        folder, name = _parts(path)
        temporary = tempfile.mkdtemp(prefix=f".{name[:100]}.", dir=folder)
        made = os.path.join(temporary, "new")
        os.mkdir(made)
        yield made
        final = os.path.join(folder, name)
        if os.path.isdir(final) and os.listdir(final):
            if not _exchange(made, final):
                # This file system cannot: for an instant there is neither.
                os.rename(final, os.path.join(temporary, "old"))
                os.rename(made, final)
        else:
            os.rename(made, final)
    except OSError as error:
        raise OutputRefused(path, error) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                remove_tree(temporary)


_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2


def _exchange(one: str, other: str) -> bool:
    """Exchange two names at once (renameat2(2)); return False where the system cannot."""
    try:
        import ctypes
    except ImportError:
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0)


def _parts(path: str) -> tuple[str, str]:
    folder, name = os.path.split(os.path.abspath(path))
    return folder, name


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
