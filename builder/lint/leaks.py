"""Paths of the build that stayed in files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ...store.path import HASH_LENGTH, STORE_DIR
from ..sandbox import BUILD_DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .subject import File, Subject

# Not the end of a longer path or address; `-I` and its like may stand before it.
_BUILD: Final = re.compile(rb"(?:(?<![\w.~/+-])|(?<=-[ILBF]))%s/[\w./+-]*" % BUILD_DIRECTORY.encode())
_STORE: Final = re.compile(rb"%s/[0-9a-z]{%d}-[\w.+?=-]*" % (STORE_DIR.encode(), HASH_LENGTH))


def build_path(subject: Subject, file: File) -> Iterator[str]:
    """Files that tell where they were built."""
    yield from _first(_BUILD, file)


def store_path(subject: Subject, file: File) -> Iterator[str]:
    """Files that name objects of the store, where a package lies below `/`."""
    yield from _first(_STORE, file)


def _first(pattern: re.Pattern[bytes], file: File) -> Iterator[str]:
    count, first = 0, None
    for found in pattern.finditer(file.data):
        count += 1
        first = first or found
    if first is not None:
        text = bytes(first[0][:120]).decode("ascii", "backslashreplace")
        yield f"it holds {text} at byte {first.start()}" + (f", and {count - 1} more" if count > 1 else "")
