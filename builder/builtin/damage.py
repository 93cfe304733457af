"""Convert errors of archive libraries for damaged archives to one error with file and member.

The libraries promise little: beside their own errors they raise any error that a nonsensical number, name or offset
leads to.
"""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import ArchiveUnreadable, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .writer import Readable


@contextmanager
def reading(label: str, where: str = "it is damaged") -> Iterator[None]:
    """Turn what a library raises into `ArchiveUnreadable` of the archive `label`; `where` is the beginning of its reason.

    Errors of the machine (a full disk, no permission) pass, and so does `BuildError`.
    """
    try:
        yield
    except OSError as error:
        # A seek to nowhere. Without a number it is no error of the system.
        if error.errno is not None and error.errno != errno.EINVAL:
            raise
        raise ArchiveUnreadable(label, f"{where} ({_describe(error)})") from error
    except MemoryError as error:
        raise ArchiveUnreadable(label, "it asks for more memory than there is") from error
    except _damage() as error:
        raise ArchiveUnreadable(label, f"{where} ({_describe(error)})") from error


class Content:
    """Yields the content of a member. Raises `ArchiveUnreadable` with the member's name, also if its size is not `size`."""

    def __init__(self, content: Readable, label: str, member: str, size: int | None = None) -> None:
        self._content, self._label, self._member, self._left = content, label, member, size

    def read(self, size: int, /) -> bytes:
        with reading(self._label, f"its member '{shown(self._member)}' is damaged"):
            data = self._content.read(size)
            if self._left is not None:
                self._left -= len(data)
                if self._left < 0 or (self._left and size and not data):
                    raise ValueError("it has not the size that the archive says")
            return data


def _damage() -> tuple[type[Exception], ...]:
    import lzma
    import struct
    import tarfile
    import zipfile
    import zlib

    packed: tuple[type[Exception], ...] = ()
    try:
        from ...store.zstd import ZstdError

        packed = (ZstdError,)
    except ImportError:
        pass  # nothing was read with it
    return (
        *packed,
        tarfile.TarError,
        zipfile.BadZipFile,
        lzma.LZMAError,
        zlib.error,
        struct.error,
        EOFError,
        ValueError,  # also of a name that is no UTF-8
        LookupError,
        ArithmeticError,
        RuntimeError,  # also of headers that nest without end, and of what is not implemented
    )


def _describe(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "it ends too early"
    if isinstance(error, UnicodeError):
        return "a name that is no UTF-8"
    if isinstance(error, RecursionError):
        return "headers that nest without end"
    return str(error) or type(error).__name__
