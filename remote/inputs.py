"""Input trees from the store: composed roots, store objects, and small files, as Merkle trees with the sources of their blobs.

Everything is calculated from manifests. A file is read only to learn its hash for a server that does not use the
store's, once; the index remembers it.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from ..builder.elsewhere import Source as MergeSource
from ..builder.elsewhere import additions, merge
from ..store.checkpoint import checkpoint
from ..store.digest import Digest as StoreDigest
from ..store.manifest import Kind
from .digests import Digest
from .merkle import FOLDER_MODE, OBJECT_MODE, Item, Node, build, directory

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from ..store.manifest import Entry
    from ..store.path import StorePath
    from ..store.store import Store
    from .cas import Source
    from .digests import Function, Index


class Tree(NamedTuple):
    """The node of a tree, and the contents of all its blobs, directories' messages included."""

    node: Node
    sources: Mapping[Digest, Source]


class Trees:
    """Makes trees from a store for one endpoint, and remembers them. May be used from any thread.

    `has_properties`: modes and times are part of them.
    """

    def __init__(self, store: Store, function: Function, index: Index, has_properties: bool) -> None:
        self._store, self._function, self._index = store, function, index
        self._has_properties = has_properties
        self._known: dict[object, Tree] = {}
        self._lock = Lock()

    def root(self, inputs: Sequence[StorePath], preferred: Collection[StorePath]) -> Tree:
        """Return the root that the trees of `inputs` compose to, named `root`. Raises `RootConflict`."""
        # By name, and not by `root_digest`, which asks the store about each input.
        key = ("root", tuple(inputs), frozenset(preferred))
        return self._once(key, lambda: self._make_root(inputs, preferred))

    def store_object(self, path: StorePath) -> Tree:
        """Return a store object, named as in the store."""
        return self._once(path, lambda: self._make_object(path))

    def files(self, name: str, contents: Mapping[str, bytes], executables: Collection[str] = ()) -> Tree:
        """Return a directory of files with these contents by path; a path with a final slash is an empty directory."""
        key = (name, tuple(contents.items()))
        return self._once(key, lambda: self._make_files(name, contents, executables))

    def folder(self, name: str, trees: Sequence[Tree]) -> Tree:
        """Return the directory of `trees`; only its own message is among the sources."""
        data = directory([tree.node for tree in trees], FOLDER_MODE if self._has_properties else None)
        digest = self._function.of(data)
        return Tree(Node(name, Kind.DIRECTORY, digest), {digest: data})

    def top(self, trees: Sequence[Tree], files: Mapping[str, bytes]) -> Tree:
        """Return the directory of `trees` and `files`, without the sources of `trees`."""
        sources: dict[Digest, Source] = {}
        nodes = [tree.node for tree in trees]
        for name, content in files.items():
            digest = self._function.of(content)
            sources[digest] = content
            nodes.append(Node(name, Kind.FILE, digest))
        data = directory(nodes, FOLDER_MODE if self._has_properties else None)
        digest = self._function.of(data)
        return Tree(Node("", Kind.DIRECTORY, digest), {**sources, digest: data})

    def _once(self, key: object, make: Callable[[], Tree]) -> Tree:
        known = self._known.get(key)
        if known is None:
            # Equal work at the same time would read the same files.
            with self._lock:
                known = self._known.get(key)
                if known is None:
                    known = self._known[key] = make()
        return known

    def _make_root(self, inputs: Sequence[StorePath], preferred: Collection[StorePath]) -> Tree:
        distinct = sorted(set(inputs))
        merged = merge([MergeSource(str(path), self._store.manifest(path), path in preferred) for path in distinct])
        places = [self._store.physical(path) for path in distinct]
        entries = [
            (item.path, item.kind, item.entry, f"{places[item.source]}/{item.entry.path}" if item.entry else "")
            for item in merged.entries
        ]
        items, sources = self._items(entries)
        folders, contents = additions(merged, [str(path) for path in distinct])
        items += [Item(path, Kind.DIRECTORY) for path in folders]
        for path, content in contents.items():
            digest = self._function.of(content)
            sources[digest] = content
            items.append(Item(path, Kind.FILE, digest))
        return self._built(items, "root", FOLDER_MODE, sources)

    def _make_object(self, path: StorePath) -> Tree:
        place = self._store.physical(path)
        entries = [
            (entry.path, entry.kind, entry, f"{place}/{entry.path}" if entry.path else place)
            for entry in self._store.manifest(path)
        ]
        items, sources = self._items(entries)
        return self._built(items, path.base, OBJECT_MODE, sources)

    def _make_files(self, name: str, contents: Mapping[str, bytes], executables: Collection[str]) -> Tree:
        folders = {""}
        for path in contents:
            parts = path.split("/")[:-1]
            folders.update("/".join(parts[: count + 1]) for count in range(len(parts)))
        items = [Item(path, Kind.DIRECTORY) for path in sorted(folders)]
        sources: dict[Digest, Source] = {}
        for path, content in contents.items():
            if not path.endswith("/"):
                digest = self._function.of(content)
                sources[digest] = content
                items.append(Item(path, Kind.EXECUTABLE if path in executables else Kind.FILE, digest))
        return self._built(items, name, FOLDER_MODE, sources)

    def _items(self, entries: Sequence[tuple[str, str, Entry | None, str]]) -> tuple[list[Item], dict[Digest, Source]]:
        """Return items, and the places of files by digest."""
        wanted = {entry.digest: place for _, _, entry, place in entries if entry is not None and entry.digest}
        known = dict(self._index.lookup(wanted))
        fresh: dict[bytes, str] = {}
        for raw, place in wanted.items():
            if raw not in known:
                checkpoint()
                known[raw] = fresh[raw] = self._function.of_file(place).hash
        self._index.record(fresh)
        items: list[Item] = []
        sources: dict[Digest, Source] = {}
        for path, kind, entry, place in entries:
            if entry is not None and entry.digest:
                digest = Digest(known[entry.digest], entry.size)
                sources[digest] = place
                items.append(Item(path, kind, digest))
            else:
                items.append(Item(path, kind, target=entry.target if entry is not None else None))
        return items, sources

    def _built(self, items: Iterable[Item], name: str, mode: int, sources: dict[Digest, Source]) -> Tree:
        built = build(items, name, self._function, mode if self._has_properties else None)
        return Tree(built.node, {**sources, **built.messages})


def secret_of(home: str) -> bytes:
    """Return the secret of a home that samples builds and salts actions, made on first use: 32 bytes. Raises OSError."""
    import os

    place = f"{home}/keys/remote-secret"
    try:
        with open(place, "rb") as file:
            found = file.read(33)
            if len(found) == 32:
                return found
    except FileNotFoundError:
        pass
    os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
    draft = f"{place}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(os.urandom(32))
    # Of two processes the first one's counts.
    try:
        os.link(draft, place)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
    with open(place, "rb") as file:
        return file.read(32)


def is_chosen(secret: bytes, resolved: str, share: float) -> bool:
    """Whether the build `resolved` is among the share of builds, 0 to 1, that the secret chooses."""
    drawn = int.from_bytes(StoreDigest.of(secret + resolved.encode()).raw[:8], "big")
    return drawn < share * (1 << 64)
