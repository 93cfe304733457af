"""Write a tree as a reproducible tar archive.

Members, including directories, are in the order of the manifest. They have only the metadata of trees: owner and
group 0 without names, time 0, mode 755 or 644. The format is POSIX.1-2001 (pax); a member has an additional header
only if its name, target or size does not fit into the ustar header. The archive is not compressed, since the output
of compressors changes between versions.
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, BinaryIO

from ...store import Kind
from ..errors import RequestError

if TYPE_CHECKING:
    from ...store import Entry, Store, StorePath


def write_tarball(store: Store, path: StorePath, out: BinaryIO) -> None:
    """Write the object `path`. Raises `RequestError` if it refers to other objects, which the archive would lack."""
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
