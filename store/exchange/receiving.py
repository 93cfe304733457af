"""Taking objects from a place.

Nothing that a place says is believed. Each file is compared with the digest that the description gives while it is
written; then the tree is walked and its name computed, as for anything that is added. A description that
lies gives another name, and the object is refused. Files that this store has already do not travel.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from ..address import object_path
from ..checkpoint import Stopped, checkpoint, heeding, in_threads
from ..copying import copy_file
from ..errors import StoreIO
from ..manifest import Kind, Manifest, path_bytes
from ..outputs import Settled
from ..refscan import Scanner
from ..removal import remove_tree
from ..rewrite import Rewriter
from ..scratch import SELF
from ..tree import TreeWalk, has_content
from .compression import Garbled, expanded, longest_packed, read_compressed
from .errors import LyingCache, TransferFailed
from .layout import LARGEST_DESCRIPTION, LARGEST_TRACE, Description, blob_name, object_name, trace_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..digest import Digest
    from ..ledger import SignedRow
    from ..manifest import Entry
    from ..path import StorePath
    from ..store import Store
    from .places import Place

_FETCHES = 8


class _Late(Stopped):
    """What has to come in a certain time has not."""


class Write(Protocol):
    """Makes the file of an entry at a path."""

    def __call__(self, entry: Entry, target: bytes) -> None: ...


class Receiver:
    """Takes objects from one place. `received` counts objects, `travelled` files and `reused` those that were here.

    `largest` is the most bytes (0: any number) of a file of which only the place says how large it is; `seconds` is
    how long (0: any time) one object, or the rows of one derivation, may take to come.
    """

    def __init__(self, store: Store, place: Place, largest: int = 0, seconds: float = 0) -> None:
        self._store, self._place, self._largest, self._seconds = store, place, largest, seconds
        self._work = store.home + "/cache/downloads"
        self._here: LocalFiles | None = None
        self.received: list[StorePath] = []
        self.travelled = self.reused = 0

    def describe(self, path: StorePath) -> Description | None:
        """The description that the place has of an object. Raises `LyingCache`, `TransferFailed`."""
        name = object_name(path)
        with self._in_time(name):
            file = self._place.file(name, self._work, LARGEST_DESCRIPTION)
        if file is None:
            return None
        try:
            description = Description.decode(read_compressed(file, LARGEST_DESCRIPTION))
        except (ValueError, Garbled) as error:
            raise LyingCache(self._place.url, name, str(error)) from error
        except OSError as error:
            raise TransferFailed(self._place.url, name, error.strerror or str(error)) from error
        finally:
            self._place.done(file)
        if description.path != path:
            raise LyingCache(self._place.url, name, f"it describes '{description.path}'")
        if not description.self_reference:
            # Else its digests are of files that hold the name itself, and the name is of others.
            real = object_path(description.manifest.tree_digest, path.name, description.references)
            if real != path:
                raise LyingCache(self._place.url, str(path), f"it has the content of '{real}'")
        return description

    def rows(self, resolved: Digest) -> list[SignedRow]:
        """The rows that the place has of a resolved derivation. Raises `LyingCache`, `TransferFailed`."""
        from ..ledger import parse_rows

        name = trace_name(resolved)
        with self._in_time(name):
            file = self._place.file(name, self._work, LARGEST_TRACE)
        if file is None:
            return []
        try:
            with open(file, "rb") as text:
                return parse_rows(text.read(LARGEST_TRACE))
        except ValueError as error:
            raise LyingCache(self._place.url, name, f"no rows of a build trace: {error}") from error
        finally:
            self._place.done(file)

    def receive(self, path: StorePath) -> bool:
        """Take an object and all it refers to; false if the place does not have them all.

        Raises `LyingCache`, `TransferFailed`, `StoreIO`. Objects that came before are whole and stay.
        """
        order = self._missing(path)
        if order is None:
            return False
        for description in order:
            if not self._store.claim(description.path):
                with self._in_time(str(description.path)):
                    write = self._write_all(description)
                adopt(self._store, description, write, self._place.url)
                if self._here is not None:
                    self._here.add(description.path, description.manifest)
                self.received.append(description.path)
        return True

    @contextmanager
    def _in_time(self, name: str) -> Iterator[None]:
        """Raise `TransferFailed` if what is called `name` does not come in time."""
        until = monotonic() + self._seconds

        def check() -> None:
            if self._seconds and monotonic() > until:
                raise _Late

        try:
            with heeding(check):
                yield
        except _Late:
            reason = f"it did not come in {self._seconds:g} seconds"
            raise TransferFailed(self._place.url, name, reason, "raise --timeout") from None

    def _missing(self, path: StorePath) -> list[Description] | None:
        """Descriptions of what is not here, dependencies first; None if something cannot be had."""
        order: list[Description] = []
        known: dict[StorePath, bool] = {}
        stack: list[tuple[StorePath, Description | None]] = [(path, None)]
        while stack:
            one, description = stack.pop()
            if description is not None:
                order.append(description)
                continue
            if known.get(one) or self._store.claim(one):
                continue
            known[one] = True
            description = self.describe(one)
            if description is None:
                return None
            stack.append((one, description))
            stack.extend((other, None) for other in description.references)
        return order

    def _write_all(self, description: Description) -> Write:
        """Fetch what has to travel, several files at once, and give what puts them in their places."""
        entries = {entry.digest: entry for entry in description.manifest if entry.digest is not None and entry.size}
        if self._here is None:
            self._here = LocalFiles(self._store)
        wanted = [entry for digest, entry in entries.items() if self._here.find(digest, entry.size) is None]
        fetched: dict[bytes, str] = {}
        folder = self._store.temporary("received")

        def fetch(entry: Entry) -> None:
            assert entry.digest is not None
            if description.self_reference and self._largest and entry.size > self._largest:
                raise TransferFailed(
                    self._place.url,
                    str(description.path),
                    f"'{entry.path}' is said to have {entry.size} bytes, and at most {self._largest} are believed",
                    "raise max-download-size in the [limits] part of chx.toml",
                )
            target = f"{folder}/{entry.digest.hex()}"
            self._fetch(entry, target)
            fetched[entry.digest] = target

        if len(wanted) > 1:
            in_threads(_FETCHES, fetch, wanted)
        else:
            for entry in wanted:
                fetch(entry)
        self.travelled += len(wanted)
        self.reused += len(entries) - len(wanted)
        uses = dict.fromkeys(fetched, 0)
        for entry in description.manifest:
            if entry.digest in uses:
                uses[entry.digest] += 1

        def write(entry: Entry, target: bytes) -> None:
            assert entry.digest is not None and self._here is not None
            if not entry.size:
                os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
                return
            source = fetched.get(entry.digest)
            if source is None:
                here = self._here.place(entry.digest)
                assert here is not None
                copy_file(here, target)
                return
            uses[entry.digest] -= 1
            if uses[entry.digest]:
                copy_file(os.fsencode(source), target)
            else:
                os.rename(source, target)

        return write

    def _fetch(self, entry: Entry, target: str) -> None:
        assert entry.digest is not None
        name = blob_name(entry.digest)
        file = self._place.file(name, self._work, longest_packed(entry.size))
        if file is None:
            raise LyingCache(self._place.url, name, "it is missing, and an object that needs it is described")
        try:
            with open(file, "rb") as packed, open(target, "wb") as out:
                write_checked(entry, expanded(packed, entry.size), out.fileno())
        except (Garbled, ValueError) as error:
            raise LyingCache(self._place.url, name, str(error)) from error
        except OSError as error:
            raise StoreIO("write", target, error) from error
        finally:
            self._place.done(file)


class LocalFiles:
    """Files of this store by the digests of their contents."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places: dict[bytes, bytes] = {}
        for path, manifest in store.manifests():
            self.add(path, manifest)

    def add(self, path: StorePath, manifest: Manifest) -> None:
        """Note the files of an object."""
        root = os.fsencode(self._store.physical(path))
        for entry in manifest:
            if entry.digest is not None:
                self._places.setdefault(entry.digest, root + b"/" + path_bytes(entry.path) if entry.path else root)

    def place(self, digest: bytes) -> bytes | None:
        """Where a file with that content should be."""
        return self._places.get(digest)

    def find(self, digest: bytes, size: int) -> bytes | None:
        """Where a file with that content is: one that was removed or damaged since is forgotten."""
        place = self._places.get(digest)
        if place is not None and not has_content(place, digest, size):
            del self._places[digest]
            return None
        return place


def write_checked(entry: Entry, chunks: Iterable[bytes], descriptor: int) -> None:
    """Write the content of an entry; raises `ValueError` if it is another."""
    from blake3 import blake3

    hasher = blake3()
    total = 0
    for chunk in chunks:
        checkpoint()
        hasher.update(chunk)
        total += len(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(descriptor, view) :]
    if hasher.digest() != entry.digest or total != entry.size:
        raise ValueError(f"its content is not that of its name (it has the digest {hasher.hexdigest()})")


def adopt(store: Store, description: Description, write: Write, place: str) -> None:
    """Make the tree of a description, check that it is what it is called, and register it. Raises `LyingCache`."""
    root = os.fsencode(store._temporary_path("tree"))
    try:
        _make(root, description.manifest, write)
        settled = _checked(root, description, place)
        store._link_equal(settled)
        with store.transaction():
            if store._adopt(settled, None):
                return
    except OSError as error:
        raise StoreIO("write", os.fsdecode(error.filename or root), error) from error
    finally:
        with suppress(OSError):
            remove_tree(root)


def _make(root: bytes, manifest: Manifest, write: Write) -> None:
    for entry in manifest:
        path = root + b"/" + path_bytes(entry.path) if entry.path else root
        if entry.kind == Kind.DIRECTORY:
            os.mkdir(path, 0o755)
        elif entry.kind == Kind.SYMLINK:
            os.symlink(path_bytes(entry.target or ""), path)
        else:
            write(entry, path)
            os.chmod(path, 0o755 if entry.kind == Kind.EXECUTABLE else 0o644)


def _checked(root: bytes, description: Description, place: str) -> Settled:
    path = description.path
    tracked = {path.hash, SELF}
    walk = TreeWalk(root, Scanner(tracked), tracked=tracked, normalise=True)
    walk.run()
    own = {file for file, found in walk.where.items() if path.hash in found}
    hashed = walk.entries
    reason = ""
    if description.self_reference:
        if any(SELF in found for found in walk.where.values()):
            reason = "it holds the constant that stands for itself"
        hashed = Rewriter(path.hash, SELF).as_if(root, walk.entries, own)
    elif own:
        reason = "it holds its own path, which is not among its references"
    digest = Manifest(tuple(hashed)).tree_digest
    real = object_path(digest, path.name, description.references, self_reference=description.self_reference)
    if real != path:
        reason = f"it has the content of '{real}'"
    if reason:
        raise LyingCache(place, str(path), reason)
    manifest = Manifest(tuple(walk.entries))
    return Settled("out", root, path, digest, description.references, description.self_reference, manifest)


def receive_all(
    receiver: Receiver, paths: Iterable[StorePath], missing: Callable[[StorePath], None]
) -> list[StorePath]:
    """Take several objects; those that the place does not have go to `missing`."""
    for path in paths:
        if not receiver.receive(path):
            missing(path)
    return receiver.received
