"""Paths of the build that remain in files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ...store.path import HASH_LENGTH, STORE_DIR
from ..sandbox import BUILD_DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .subject import File, Subject

# Both begin with literal characters, for speed: files are large.
_BUILD: Final = re.compile(rb"%s/[\w./+-]*" % BUILD_DIRECTORY.encode())
_INSIDE: Final = re.compile(rb"(?<!-[ILBF])(?<=[\w.~/+-])\Z")
"""Paths after this text continue a longer path or address, unless an option such as `-I` precedes it."""
_STORE: Final = re.compile(rb"%s/[0-9a-z]{%d}-[\w.+?=-]*" % (STORE_DIR.encode(), HASH_LENGTH))


def build_path(subject: Subject, file: File) -> Iterator[str]:
    """Find files that contain the path of their build."""
    yield from _summary(
        found for found in _BUILD.finditer(file.data) if not _INSIDE.search(_before(file, found.start()))
    )


def store_path(subject: Subject, file: File) -> Iterator[str]:
    """Find files that name store objects, in a package that belongs below `/`."""
    yield from _summary(_STORE.finditer(file.data))


def _before(file: File, position: int) -> bytes:
    return bytes(file.data[max(position - 2, 0) : position])


def _summary(places: Iterable[re.Match[bytes]]) -> Iterator[str]:
    count, text, start = 0, b"", 0
    for found in places:
        if not count:
            text, start = bytes(found[0][:120]), found.start()
        count += 1
    if count:
        shown = text.decode("ascii", "backslashreplace")
        yield f"it holds {shown} at byte {start}" + (f", and {count - 1} more" if count > 1 else "")
