"""Entries of an installed root as members of an archive."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, BinaryIO, Final

from ...oci import Kind, Member
from ...store.manifest import path_bytes
from ..installed import InstalledKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..installed import InstalledEntry

EPOCH: Final = 1
"""Modification time of everything, as in the store."""
CREATED: Final = "1970-01-01T00:00:01Z"
_KINDS: Final = {
    InstalledKind.DIRECTORY: Kind.DIRECTORY,
    InstalledKind.FILE: Kind.FILE,
    InstalledKind.SYMLINK: Kind.SYMLINK,
    InstalledKind.FIFO: Kind.FIFO,
}


def members_of(entries: Iterable[InstalledEntry]) -> list[Member]:
    """Return the members of an archive, in the order of the entries."""
    return [
        Member(
            path_bytes(entry.path),
            _KINDS[entry.kind],
            entry.mode,
            entry.uid,
            entry.gid,
            entry.user,
            entry.group,
            entry.size,
            _opener(entry) if entry.kind == InstalledKind.FILE else None,
            path_bytes(entry.target or ""),
            entry.digest,
        )
        for entry in entries
    ]


def _opener(entry: InstalledEntry) -> Callable[[], BinaryIO]:
    content, source = entry.content, entry.source
    if content is not None:
        return lambda: io.BytesIO(content)
    assert source is not None
    place = os.fsencode(source)
    return lambda: open(place, "rb", buffering=0)
