"""A tree as a tar archive: of one tree there is one archive, byte for byte.

Members stand in the order of the manifest, directories too, each with what a tree has and nothing else: owner and
group 0 without names, time 0, mode 755 or 644. Format: POSIX.1-2001 (pax), whose additional headers are there where
the ustar header has no room for a name, a target or a size. It is not compressed: what compresses differs in the
next version.
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, BinaryIO

from ...store import Kind
from ..errors import RequestError

if TYPE_CHECKING:
    from ...store import Entry, Store, StorePath


def write_tarball(store: Store, path: StorePath, out: BinaryIO) -> None:
    """Write the object `path`. Raises `RequestError` if it refers to others, which would be missing."""
    references = [reference for reference in store.info(path).references if reference != path]
    if references:
        raise RequestError(f"'{path}' is not whole by itself: it refers to {references[0]}")
    physical = store.physical(path)
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT, errors="surrogateescape") as archive:
        for entry in store.manifest(path):
            if not entry.path:
                continue
            member = _member(entry)
            if entry.is_file:
                with open(f"{physical}/{entry.path}", "rb") as content:
                    archive.addfile(member, content)
            else:
                archive.addfile(member)


def _member(entry: Entry) -> tarfile.TarInfo:
    member = tarfile.TarInfo(entry.path)
    member.mode = 0o755
    if entry.kind == Kind.DIRECTORY:
        member.type = tarfile.DIRTYPE
    elif entry.kind == Kind.SYMLINK:
        assert entry.target is not None
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, entry.target, 0o777
    else:
        member.size = entry.size
        if entry.kind == Kind.FILE:
            member.mode = 0o644
    return member
