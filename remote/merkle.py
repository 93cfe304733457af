"""Directory messages from trees: the Merkle trees of the API.

A `Directory` lists files, directories and links by name, each list sorted by bytes, no name twice. Its digest is that
of its encoding, so equal trees have equal digests. `Node` is one entry; a directory is a node with the digest of its
message. Nothing here reads a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..store.manifest import Kind, path_bytes
from .digests import Digest
from .wire import MESSAGES, encode, new

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .digests import Function

MTIME_SECONDS: Final = 1
"""The time of everything in a store, in seconds since the epoch."""
FOLDER_MODE: Final = 0o755
OBJECT_MODE: Final = 0o555
_MODES: Final = {Kind.FILE: 0o444, Kind.EXECUTABLE: 0o555}


class Item(NamedTuple):
    """A path of a tree: its kind, the digest of a file, the target of a link."""

    path: str
    kind: str
    digest: Digest | None = None
    target: str | None = None


class Node(NamedTuple):
    """An entry of a directory by name; `kind` as in manifests, `digest` of a file or of a directory's message."""

    name: str
    kind: str
    digest: Digest | None = None
    target: str | None = None


class Built(NamedTuple):
    """The node of a tree, the messages of its directories by digest, and the digests of its files."""

    node: Node
    messages: Mapping[Digest, bytes]
    files: frozenset[Digest]


def _properties(mode: int) -> Any:
    return new(
        "NodeProperties",
        mtime=new("Timestamp", seconds=MTIME_SECONDS),
        unix_mode=new("UInt32Value", value=mode),
    )


def directory(nodes: Iterable[Node], mode: int | None) -> bytes:
    """Return the message of a directory; `mode` is its own, None sends no properties."""
    message = MESSAGES["Directory"]()
    for node in sorted(nodes, key=lambda node: path_bytes(node.name)):
        name = path_bytes(node.name)
        if node.kind == Kind.SYMLINK:
            message.symlinks.add(name=name, target=path_bytes(node.target or ""))
            continue
        assert node.digest is not None
        if node.kind == Kind.DIRECTORY:
            digest = message.directories.add(name=name).digest
        else:
            file = message.files.add(name=name)
            if node.kind == Kind.EXECUTABLE:
                file.is_executable = True
            if mode is not None:
                file.node_properties.mtime.seconds = MTIME_SECONDS
                file.node_properties.unix_mode.value = _MODES[node.kind]
            digest = file.digest
        digest.hash, digest.size_bytes = node.digest
    if mode is not None:
        message.node_properties.CopyFrom(_properties(mode))
    return encode(message)


def build(items: Iterable[Item], name: str, function: Function, mode: int | None) -> Built:
    """Return the tree of `items`, in which each directory precedes its content and the root has the empty path.

    `mode` is that of directories, None for no properties.
    """
    entries: dict[str, list[Node]] = {}
    order: list[str] = []
    files: set[Digest] = set()
    top: Node | None = None
    for item in items:
        parent, _, last = item.path.rpartition("/")
        if item.kind == Kind.DIRECTORY:
            entries[item.path] = []
            order.append(item.path)
            continue
        if item.digest is not None:
            files.add(item.digest)
        node = Node(last if item.path else name, item.kind, item.digest, item.target)
        if not item.path:
            top = node
        else:
            entries[parent].append(node)
    messages: dict[Digest, bytes] = {}
    # Directories were listed before their content, so the other way round each is complete before its parent.
    for path in reversed(order):
        message = directory(entries[path], mode)
        digest = function.of(message)
        messages[digest] = message
        parent, _, last = path.rpartition("/")
        node = Node(last if path else name, Kind.DIRECTORY, digest)
        if path:
            entries[parent].append(node)
        else:
            top = node
    assert top is not None
    return Built(top, messages, frozenset(files))
