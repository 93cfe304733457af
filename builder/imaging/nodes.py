"""Entries of an installed root as nodes of file systems."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Final

from ...disk import Kind, Node
from ...store.manifest import path_bytes
from ..installing.values import InstalledKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

    from ..installing.values import InstalledEntry

EPOCH: Final = 1
"""Modification time of everything, in seconds since 1970, as in the store."""
_KINDS: Final = {
    InstalledKind.DIRECTORY: Kind.DIRECTORY,
    InstalledKind.FILE: Kind.FILE,
    InstalledKind.SYMLINK: Kind.SYMLINK,
    InstalledKind.FIFO: Kind.FIFO,
}


def nodes_of(entries: Iterable[InstalledEntry]) -> list[Node]:
    """Return the nodes of entries, in their order."""
    return [
        Node(
            path_bytes(entry.path),
            _KINDS[entry.kind],
            entry.mode,
            entry.uid,
            entry.gid,
            entry.size,
            opener(entry) if entry.kind == InstalledKind.FILE else None,
            path_bytes(entry.target or ""),
            entry.digest,
        )
        for entry in entries
    ]


def opener(entry: InstalledEntry) -> Callable[[], BinaryIO]:
    """Return what opens the content of a file."""
    content, source = entry.content, entry.source
    if content is not None:
        return lambda: io.BytesIO(content)
    assert source is not None
    place = os.fsencode(source)
    return lambda: open(place, "rb", buffering=0)


def content_of(entry: InstalledEntry) -> bytes:
    """Return the content of a file, checked against its digest. Raises `ContentChanged`."""
    from blake3 import blake3

    from ...disk import content

    (node,) = nodes_of([entry])
    return b"".join(content(node, blake3))
