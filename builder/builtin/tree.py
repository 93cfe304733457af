"""`builtin:tree`: a tree written from data.

Attribute `entries`: a JSON list of objects with `path` and `kind`. A `directory` may have a `source`, a tree to copy; a
`file` or `executable` has `content` or a `source`; a `symlink` has a `target`. Without a `kind`, `source` is copied
with its own kind. Parent directories are created. The `path` "" is the output itself.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, cast

from ...store.checkpoint import checkpoint
from ..errors import shown
from .writer import TreeWriter

if TYPE_CHECKING:
    from .task import Task

_KINDS = ("file", "executable", "directory", "symlink")
_KNOWN = frozenset({"path", "kind", "content", "target", "source"})


def write_tree(task: Task) -> None:
    """Run the builder; raises `BadAttribute`, `InvalidInput`, `ArchiveRefused` (for a path that leaves the tree)."""
    from ...store.foreign import parse_json

    try:
        entries = parse_json(task.derivation.env.get("entries", "[]") or "[]")
    except ValueError as error:
        raise task.refuse("entries", f"it is no JSON ({error})") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise task.refuse("entries", "it must be a list of objects")
    writer = TreeWriter(task.output, task.derivation.name, task.max_output)
    for entry in entries:
        checkpoint()
        _write(task, writer, cast("dict[str, object]", entry))


def _write(task: Task, writer: TreeWriter, entry: dict[str, object]) -> None:
    raw = entry.get("path")
    if not isinstance(raw, str):
        raise task.refuse("entries", f"entry {shown(repr(entry))} has no path")
    unknown = entry.keys() - _KNOWN
    if unknown:
        raise task.refuse("entries", f"entry '{shown(raw)}' has the unknown attribute '{shown(min(unknown))}'")
    values = {name: value for name, value in entry.items() if value is not None}
    if not all(isinstance(value, str) for value in values.values()):
        raise task.refuse("entries", f"entry '{shown(raw)}' has an attribute that is no string")
    given = cast("dict[str, str]", values)
    for name, value in given.items():
        if name != "content" and "\0" in value:
            raise task.refuse("entries", f"'{name}' of entry '{shown(raw)}' holds a NUL")
        try:
            os.fsencode(value)
        except UnicodeEncodeError as error:
            raise task.refuse("entries", f"'{name}' of entry '{shown(raw)}' holds half a character") from error
    path = writer.place(raw)
    kind = given.get("kind")
    source = task.input(given["source"]) if "source" in given else None
    match kind:
        case "symlink" if "target" in given:
            writer.symlink(path, given["target"])
        case "directory":
            if source is not None:
                if not os.path.isdir(source) or os.path.islink(source):
                    raise task.refuse("entries", f"source of '{shown(raw)}' is no directory")
                writer.adopt(path, source)
            else:
                writer.directory(path)
        case "file" | "executable" if source is not None:
            if not os.path.isfile(source):
                raise task.refuse("entries", f"source of '{shown(raw)}' is no file")
            with open(source, "rb") as content:
                writer.file(path, content, kind == "executable")
        case "file" | "executable" if "content" in given:
            writer.file(path, io.BytesIO(os.fsencode(given["content"])), kind == "executable")
        case None if source is not None:
            writer.adopt(path, source)
        case _ if kind in _KINDS:
            needed = "a target" if kind == "symlink" else "content or a source"
            raise task.refuse("entries", f"entry '{shown(raw)}' of kind {kind} needs {needed}")
        case _:
            raise task.refuse(
                "entries", f"entry '{shown(raw)}' has kind {shown(repr(kind))}; known are {', '.join(_KINDS)}"
            )
