"""`builtin:unpack`: the tree in an archive, or in several laid over each other.

Attributes: `src` or `srcs`; `strip`, the number of leading path components to drop (0), or `auto` for a
single top directory; `only` and `exclude`, patterns of paths (see `globs`).

Kept: names, directories, file content, the executable bit, link targets. Lost: owners, times, other
mode bits. A set-user-id or set-group-id bit is dropped, and the log says so. Refused: paths that are
absolute, climb, or lead through a link of the archive; device nodes and pipes; hard links to members
that were not unpacked before.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import ArchiveRefused
from .archive import members
from .globs import selection
from .writer import TreeWriter, only_directory, replace_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from .task import Task


def unpack(task: Task) -> None:
    """Run the builder; raises `BadAttribute`, `InvalidInput`, `ArchiveRefused`, `ArchiveUnreadable`."""
    sources = task.words("src", "srcs")
    if not sources:
        raise task.refuse("src", "it is required")
    strip = task.derivation.env.get("strip", "0") or "0"
    if strip != "auto" and not (strip.isascii() and strip.isdecimal() and len(strip) < 10):
        raise task.refuse("strip", f"'{strip}' is neither a number nor 'auto'")
    is_wanted = selection(task.words("only"), task.words("exclude"))
    writer = TreeWriter(task.output, "")
    for source in sources:
        archive = task.input(source)
        if os.path.isdir(archive):
            raise task.refuse("src", f"'{source}' is a directory and no archive")
        writer.relabel(source)
        unpack_archive(
            writer, archive, 0 if strip == "auto" else int(strip), is_wanted, task.say, task.cancellation.check
        )
    if strip == "auto":
        inner = only_directory(task.output)
        if inner is not None:
            replace_by(task.output, inner)


def unpack_archive(
    writer: TreeWriter,
    archive: str,
    strip: int,
    is_wanted: Callable[[str], bool],
    say: Callable[[str], None],
    check: Callable[[], None],
) -> None:
    """Write the wanted members of `archive` with `writer`."""
    for member in members(archive, writer.label):
        check()
        path = _stripped(writer.place(member.name), strip)
        if path is None or (path and not is_wanted(path)):
            continue
        if member.kind == "directory":
            writer.directory(path)
        elif not path:
            raise ArchiveRefused(writer.label, member.name, "it would be the root of the tree and is no directory")
        elif member.kind == "symlink":
            writer.symlink(path, member.target)
        elif member.kind == "hardlink":
            target = _stripped(writer.place(member.target), strip)
            if target is None:
                raise ArchiveRefused(
                    writer.label, member.name, f"it is a hard link to '{member.target}', which is stripped"
                )
            writer.copy(path, target)
        else:
            assert member.content is not None
            if member.is_set_id:
                say(f"dropped the set-user-id or set-group-id bit of {path}")
            writer.file(path, member.content, member.executable)


def _stripped(path: str, count: int) -> str | None:
    """`path` without its first `count` components; None if it has no more than those."""
    if count == 0:
        return path
    parts = path.split("/", count)
    return parts[count] if len(parts) > count else None
