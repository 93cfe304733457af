"""`builtin:unpack`: the tree in an archive, or in several merged ones.

Attributes: `src` or `srcs`; `strip`, the number of leading path components to drop (0), or `auto` for a single top
directory; `only` and `exclude`, patterns of paths (see `globs`). A directory that is the OCI layout of an image yields
the tree of that image (see `image`); `reference` and `platform` select one of several.

Kept: names, directories, file content, the executable bit, link targets. Lost: owners, times, other mode bits. A
set-user-id or set-group-id bit is dropped with a line in the log. Refused: paths that are absolute, contain `..`, or
lead through a link of the archive; device nodes and pipes; hard links to members that were not unpacked before.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ...store.checkpoint import checkpoint
from ..errors import ArchiveRefused
from .archive import members
from .globs import selection
from .writer import TreeWriter, only_directory, replace_by

if TYPE_CHECKING:
    from .archive import Member
    from .task import Task


def unpack(task: Task) -> None:
    """Run the builder; raises `BadAttribute`, `InvalidInput`, `ArchiveRefused`, `ArchiveUnreadable`."""
    sources = task.words("src", "srcs")
    if not sources:
        raise task.refuse("src", "it is required")
    strip = task.derivation.env.get("strip", "0") or "0"
    if strip != "auto" and not (strip.isascii() and strip.isdecimal() and len(strip) < 10):
        raise task.refuse("strip", f"'{strip}' is neither a number nor 'auto'")
    unpacking = Unpacking(
        0 if strip == "auto" else int(strip), selection(task.words("only"), task.words("exclude")), task.say
    )
    writer = TreeWriter(task.output, "", task.max_output)
    for source in sources:
        archive = task.input(source)
        writer.relabel(source)
        if os.path.isdir(archive):
            _unpack_folder(task, unpacking, writer, archive, source)
            strip = "0"  # an image with a single top directory is whole
        else:
            unpacking.archive(writer, archive)
    if strip == "auto":
        inner = only_directory(task.output)
        if inner is not None:
            replace_by(task.output, inner)


def _unpack_folder(task: Task, unpacking: Unpacking, writer: TreeWriter, folder: str, source: str) -> None:
    from .image import MARK, ImageSelection, is_layout, layers_of, write_layer

    if not is_layout(folder):
        raise task.refuse(
            "src", f"'{source}' is a directory: no archive, and no layout of an image ({MARK} is not there)"
        )
    if unpacking.strip:
        raise task.refuse("strip", "an image has no leading path components to drop")
    selection = ImageSelection(task.derivation.env.get("reference", ""), task.derivation.env.get("platform", ""))
    layers = layers_of(folder, source, selection)
    for number, layer in enumerate(layers, 1):
        writer.relabel(f"{source}, layer {number} of {len(layers)}")
        write_layer(writer, layer, unpacking)


class Unpacking(NamedTuple):
    """Selection of members: `strip` path components are dropped."""

    strip: int
    is_wanted: Callable[[str], bool]
    say: Callable[[str], None]

    def is_wanted_at(self, path: str) -> bool:
        """Whether `path` of the tree is selected; the root always is."""
        return not path or self.is_wanted(path)

    def archive(self, writer: TreeWriter, archive: str) -> None:
        """Write the selected members of `archive` with `writer`."""
        for member in members(archive, writer.label):
            checkpoint()
            path = _stripped(writer.place(member.name), self.strip)
            if path is None or not self.is_wanted_at(path):
                continue
            target = _stripped(writer.place(member.target), self.strip) if member.kind == "hardlink" else ""
            if target is None:
                reason = f"it is a hard link to '{member.target}', which is stripped"
                raise ArchiveRefused(writer.label, member.name, reason)
            self.write(writer, member, path, target)

    def write(self, writer: TreeWriter, member: Member, path: str, target: str) -> None:
        """Write one member to `path`; `target` is the path that a hard link leads to."""
        if member.kind == "directory":
            writer.directory(path)
        elif not path:
            raise ArchiveRefused(writer.label, member.name, "it would be the root of the tree and is no directory")
        elif member.kind == "symlink":
            writer.symlink(path, member.target)
        elif member.kind == "hardlink":
            writer.copy(path, target)
        else:
            assert member.content is not None
            if member.is_set_id:
                self.say(f"dropped the set-user-id or set-group-id bit of {path}")
            writer.file(path, member.content, member.executable)


def unpack_archive(
    writer: TreeWriter,
    archive: str,
    strip: int,
    is_wanted: Callable[[str], bool],
    say: Callable[[str], None],
) -> None:
    """Write the selected members of `archive` with `writer`."""
    Unpacking(strip, is_wanted, say).archive(writer, archive)


def _stripped(path: str, count: int) -> str | None:
    """Return `path` without its first `count` components; None if it has no more than those."""
    if count == 0:
        return path
    parts = path.split("/", count)
    return parts[count] if len(parts) > count else None
