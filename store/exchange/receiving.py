"""Fetch objects from a cache.

The cache is not trusted. Each file is compared with its digest in the description while it is written; then the tree is
walked and its store path computed, as for any added object. A false description yields another store path, and the
object is refused. Files that this store has already are not transferred.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from ..address import object_path
from ..checkpoint import Stopped, checkpoint, extra_check, in_threads
from ..copying import copy_file
from ..errors import StoreIO
from ..manifest import Kind, Manifest, path_bytes
from ..outputs import Settled
from ..refscan import Scanner
from ..removal import remove_tree
from ..rewrite import Rewriter
from ..scratch import SELF
from ..tree import TreeWalk, has_content
from .compression import CorruptData, expanded, longest_packed, read_compressed
from .errors import CacheIntegrityError, TransferFailed
from .layout import LARGEST_DESCRIPTION, LARGEST_TRACE, Description, blob_name, object_name, trace_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..digest import Digest
    from ..ledger import SignedRow
    from ..manifest import Entry
    from ..path import StorePath
    from ..store import Store
    from .backends import Cache

_FETCHES = 8


class _TimeLimitReached(Stopped):
    """A transfer took longer than its time limit."""


class Write(Protocol):
    """Writes the file of an entry to a path."""

    def __call__(self, entry: Entry, target: bytes) -> None: ...


class Receiver:
    """Fetches objects from one cache.

    `received` lists the objects; `travelled` and `reused` count files transferred and files found in this store.
    `largest`: limit in bytes (0: none) for a file whose size only the cache states. `seconds`: time limit (0: none) for
    one object, or for the rows of one derivation.
    """

    def __init__(self, store: Store, cache: Cache, largest: int = 0, seconds: float = 0) -> None:
        self._store, self._cache, self._largest, self._seconds = store, cache, largest, seconds
        self._work = store.home + "/cache/downloads"
        self._here: LocalFiles | None = None
        self.received: list[StorePath] = []
        self.travelled = self.reused = 0

    def describe(self, path: StorePath) -> Description | None:
        """Return the cache's description of an object; None if it has none. Raises `CacheIntegrityError`, `TransferFailed`."""
        name = object_name(path)
        with self._in_time(name):
            file = self._cache.file(name, self._work, LARGEST_DESCRIPTION)
        if file is None:
            return None
        try:
            description = Description.decode(read_compressed(file, LARGEST_DESCRIPTION))
        except (ValueError, CorruptData) as error:
            raise CacheIntegrityError(self._cache.url, name, str(error)) from error
        except OSError as error:
            raise TransferFailed(self._cache.url, name, error.strerror or str(error)) from error
        finally:
            self._cache.release(file)
        if description.path != path:
            raise CacheIntegrityError(self._cache.url, name, f"it describes '{description.path}'")
        if not description.self_reference:
            # A self-referring object has digests of files that contain its name, and a name computed from other files.
            real = object_path(description.manifest.tree_digest, path.name, description.references)
            if real != path:
                raise CacheIntegrityError(self._cache.url, str(path), f"it has the content of '{real}'")
        return description

    def rows(self, resolved: Digest) -> list[SignedRow]:
        """Return the cache's rows for a resolved derivation. Raises `CacheIntegrityError`, `TransferFailed`."""
        from ..ledger import parse_rows

        name = trace_name(resolved)
        with self._in_time(name):
            file = self._cache.file(name, self._work, LARGEST_TRACE)
        if file is None:
            return []
        try:
            with open(file, "rb") as text:
                return parse_rows(text.read(LARGEST_TRACE))
        except ValueError as error:
            raise CacheIntegrityError(self._cache.url, name, f"no rows of a build trace: {error}") from error
        finally:
            self._cache.release(file)

    def receive(self, path: StorePath) -> bool:
        """Fetch the closure of an object; return False if the cache lacks part of it.

        Raises `CacheIntegrityError`, `TransferFailed`, `StoreIO`. Objects fetched before an error are whole and remain.
        """
        order = self._missing(path)
        if order is None:
            return False
        for description in order:
            if not self._store.claim(description.path):
                with self._in_time(str(description.path)):
                    write = self._write_all(description)
                adopt(self._store, description, write, self._cache.url)
                if self._here is not None:
                    self._here.add(description.path, description.manifest)
                self.received.append(description.path)
        return True

    @contextmanager
    def _in_time(self, name: str) -> Iterator[None]:
        """Raise `TransferFailed` if the transfer of `name` exceeds the time limit."""
        until = monotonic() + self._seconds

        def check() -> None:
            if self._seconds and monotonic() > until:
                raise _TimeLimitReached

        try:
            with extra_check(check):
                yield
        except _TimeLimitReached:
            reason = f"it did not come in {self._seconds:g} seconds"
            raise TransferFailed(self._cache.url, name, reason, "raise --timeout") from None

    def _missing(self, path: StorePath) -> list[Description] | None:
        """Return descriptions of the missing objects, dependencies first; None if the cache lacks one."""
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
        """Fetch missing files, several at once; return the function that writes all files of the object."""
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
                    self._cache.url,
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
        file = self._cache.file(name, self._work, longest_packed(entry.size))
        if file is None:
            raise CacheIntegrityError(self._cache.url, name, "it is missing, and an object that needs it is described")
        try:
            with open(file, "rb") as packed, open(target, "wb") as out:
                write_checked(entry, expanded(packed, entry.size), out.fileno())
        except (CorruptData, ValueError) as error:
            raise CacheIntegrityError(self._cache.url, name, str(error)) from error
        except OSError as error:
            raise StoreIO("write", target, error) from error
        finally:
            self._cache.release(file)


class LocalFiles:
    """Index of the files of this store by content digest."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places: dict[bytes, bytes] = {}
        for path, manifest in store.manifests():
            self.add(path, manifest)

    def add(self, path: StorePath, manifest: Manifest) -> None:
        """Add the files of an object."""
        root = os.fsencode(self._store.physical(path))
        for entry in manifest:
            if entry.digest is not None:
                self._places.setdefault(entry.digest, root + b"/" + path_bytes(entry.path) if entry.path else root)

    def place(self, digest: bytes) -> bytes | None:
        """Return the path of a file with that content; it may have changed since."""
        return self._places.get(digest)

    def find(self, digest: bytes, size: int) -> bytes | None:
        """Return the path of a file with that content, after checking it; None if there is none."""
        place = self._places.get(digest)
        if place is not None and not has_content(place, digest, size):
            del self._places[digest]
            return None
        return place


def write_checked(entry: Entry, chunks: Iterable[bytes], descriptor: int) -> None:
    """Write the content of an entry. Raises `ValueError` if its digest or size differs."""
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


def adopt(store: Store, description: Description, write: Write, origin: str) -> None:
    """Write the tree of a description, check its store path and register it. Raises `CacheIntegrityError`, `StoreIO`."""
    root = os.fsencode(store._temporary_path("tree"))
    try:
        _make(root, description.manifest, write)
        settled = _checked(root, description, origin)
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


def _checked(root: bytes, description: Description, origin: str) -> Settled:
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
        raise CacheIntegrityError(origin, str(path), reason)
    manifest = Manifest(tuple(walk.entries))
    return Settled("out", root, path, digest, description.references, description.self_reference, manifest)


def receive_all(
    receiver: Receiver, paths: Iterable[StorePath], missing: Callable[[StorePath], None]
) -> list[StorePath]:
    """Fetch several objects; call `missing` with each that the cache lacks. Return the objects fetched."""
    for path in paths:
        if not receiver.receive(path):
            missing(path)
    return receiver.received
