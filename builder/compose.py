"""Composed roots: merged trees as a directory of hard links, made once and cached.

The path of a root is `$CHX_HOME/roots/<digest>`; the digest covers the trees' contents, not their names, so equal
inputs share one root. It is made under a temporary name and renamed when complete, so a final name always denotes a
complete root. Beside it, `<digest>.inputs` lists the store objects that it was made of, so that `prune_roots` can drop
roots whose objects were removed (their hard links would keep the content on disk). The list is also a lock: a process
holds it (shared) for each root in use, because equal trees under other names use the same root. The files that replace
/proc in builds are cached in the same way, but they depend on no object, and remain.

Directories have mode 0755 and, like everything in the store, mtime 1. A build sees the root read-only.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ..store.checkpoint import checkpoint
from ..store.digest import Digest
from ..store.errors import StoreError
from ..store.manifest import Kind
from ..store.path import StorePath
from ..store.removal import weight
from .disk import copy_file, remove_tree
from .errors import InvalidInput, RootConflict
from .etc import CONSTANT_ETC
from .merge import Merged, Source, merge
from .procfiles import write_proc_files

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from ..store.manifest import Entry, Manifest
    from ..store.records import ObjectInfo
    from ..store.store import Store

_DOMAIN: Final = b"chx composed root 2\0"
_OBJECTS_DOMAIN: Final = b"chx composed objects 2\0"
_PROC_DOMAIN: Final = b"chx files of proc 1\0"
_OF_NO_OBJECT: Final = "-\n"
"""The list of a root that depends on no object, and so is kept."""
MOUNT_POINTS: Final = ("build", "chx", "chx/store", "dev", "proc", "tmp")
_WHEN: Final = (1_000_000_000, 1_000_000_000)
# Too many links, another file system, a file system or a kernel setting that refuses links.
_CANNOT_LINK: Final = frozenset({errno.EMLINK, errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EACCES})


def root_digest(objects: Sequence[ObjectInfo], preferred: Collection[StorePath] = ()) -> Digest:
    """The name of the root that these trees merge to; their order and repetition do not matter.

    Equal trees have equal digests, except that those which contain their own path differ by it.
    """
    trees = {
        info.tree_digest.raw
        + (info.path.base.encode() if info.path in info.references else b"")
        + (b"+" if info.path in preferred else b"")
        for info in objects
    }
    parts = [_DOMAIN]
    for tree in sorted(trees):
        parts += [tree, b"\0"]
    for path, content in sorted(CONSTANT_ETC.items()):
        parts += [path.encode(), b"\0", content, b"\0"]
    return Digest.of(b"".join(parts))


def compose_root(store: Store, inputs: Sequence[StorePath], preferred: Collection[StorePath] = ()) -> str:
    """The directory that holds the merged trees of `inputs`, the mount points and a minimal /etc.

    Files of the trees in `preferred` take the place of those of other trees.

    Raises `RootConflict`, `InvalidInput`.
    """
    try:
        digest = root_digest([store.info(path) for path in inputs], preferred)
    except StoreError as error:
        missing = next((path for path in inputs if not store.is_valid(path)), inputs[0])
        raise InvalidInput(str(missing), str(error)) from error
    distinct = sorted(set(inputs))

    def make(place: str) -> None:
        merged = merge([Source(str(path), store.manifest(path), path in preferred) for path in distinct])
        materialise(merged, [store.physical(path) for path in distinct], place, [str(path) for path in distinct])

    return _made_once(store, digest, _listing(distinct), make)


def compose_objects(store: Store, objects: Sequence[StorePath]) -> str:
    """Return a directory that contains `objects` by name, as /chx/store does; for more objects than can be mounted one by one."""
    distinct = sorted(set(objects))
    digest = Digest.of(_OBJECTS_DOMAIN + "\0".join(path.base for path in distinct).encode())

    def make(place: str) -> None:
        os.mkdir(place, 0o755)
        files = _Files()
        for path in distinct:
            _link_tree(store.physical(path), f"{place}/{path.base}", store.manifest(path), files)

    return _made_once(store, digest, _listing(distinct), make)


def compose_proc(store: Store, files: Mapping[str, bytes]) -> str:
    """Return a directory of files for /proc, by their paths there. Raises OSError."""
    parts = [_PROC_DOMAIN]
    for path, content in sorted(files.items()):
        parts += [path.encode(), b"\0", content, b"\0"]
    digest = Digest.of(b"".join(parts))
    return _made_once(store, digest, _OF_NO_OBJECT, lambda place: write_proc_files(files, place))


def _link_tree(origin: str, place: str, manifest: Manifest, files: _Files) -> None:
    """A tree of hard links to one object."""
    made: list[str] = []
    for entry in manifest:
        checkpoint()
        source, target = (f"{origin}/{entry.path}", f"{place}/{entry.path}") if entry.path else (origin, place)
        if entry.kind == Kind.DIRECTORY:
            os.mkdir(target, 0o755)
            made.append(target)
        elif entry.kind == Kind.SYMLINK:
            assert entry.target is not None
            os.symlink(entry.target, target)
            os.utime(target, ns=_WHEN, follow_symlinks=False)
        else:
            files.place(source, target, entry)
    for directory in reversed(made):
        os.chmod(directory, 0o555)
        os.utime(directory, ns=_WHEN)


class _Files:
    """The files of one composed directory. Equal files become one file, except empty ones.

    A build sees hard links: `tar` and `cp -a` preserve them. In the store they depend on other objects, so they are
    made anew here, by content alone. Empty files stay separate: a builder that copies a tree with `cp -a` and writes to
    one of them would write to all.
    """

    __slots__ = ("_leaders",)

    def __init__(self) -> None:
        self._leaders: dict[tuple[bytes, str], str] = {}

    def place(self, origin: str, place: str, entry: Entry) -> None:
        """Make the file `place` with the content of `entry`, from the file `origin`."""
        assert entry.digest is not None
        mode = 0o555 if entry.kind == Kind.EXECUTABLE else 0o444
        if not entry.size:
            os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))
            os.chmod(place, mode)
            os.utime(place, ns=_WHEN)
            return
        content = (entry.digest, entry.kind)
        try:
            os.link(self._leaders.setdefault(content, origin), place, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            copy_file(origin, place, mode)
            os.utime(place, ns=_WHEN)
            self._leaders[content] = place


def _listing(objects: Sequence[StorePath]) -> str:
    return "".join([f"{path.base}\n" for path in objects])


def _made_once(store: Store, digest: Digest, listing: str, make: Callable[[str], None]) -> str:
    """Return the directory `digest`; if missing, let `make` make it. `listing` names its objects."""
    roots = os.path.join(store.home, "roots")
    final = os.path.join(roots, str(digest))
    while not (store.hold(final + ".inputs") and os.path.isdir(final)):
        _make_root(store, listing, final, make)
    return final


def _make_root(store: Store, listing: str, final: str, make: Callable[[str], None]) -> None:
    os.makedirs(os.path.dirname(final), exist_ok=True)
    work = store.temporary("root")
    made = os.path.join(work, "root")
    try:
        make(made)
        # An existing file is not replaced: other processes may have locked it.
        with suppress(FileExistsError), open(final + ".inputs", "x") as file:
            file.write(listing)
        if not store.hold(final + ".inputs"):
            return
        try:
            os.rename(made, final)
        except OSError as error:
            # Another process was quicker; its root is equal to ours.
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
    finally:
        remove_tree(work)


def materialise(merged: Merged, physical: Sequence[str], root: str, labels: Sequence[str] = ()) -> None:
    """Make the directory `root` from `merged`, whose sources are at `physical`."""
    os.mkdir(root, 0o755)
    made: list[str] = [root]
    files = _Files()
    for item in merged.entries:
        checkpoint()
        if item.path == "":
            continue
        place = f"{root}/{item.path}"
        if item.kind == Kind.DIRECTORY:
            os.mkdir(place, 0o755)
            made.append(place)
            continue
        assert item.entry is not None
        if item.kind == Kind.SYMLINK:
            assert item.entry.target is not None
            os.symlink(item.entry.target, place)
            os.utime(place, ns=_WHEN, follow_symlinks=False)
            continue
        files.place(f"{physical[item.source]}/{item.entry.path}", place, item.entry)
    folders, contents = additions(merged, labels or physical)
    for path in folders:
        os.mkdir(f"{root}/{path}", 0o755)
        made.append(f"{root}/{path}")
    for path, content in contents.items():
        place = f"{root}/{path}"
        with open(place, "wb") as file:
            file.write(content)
        os.chmod(place, 0o444)
        os.utime(place, ns=_WHEN)
    for place in reversed(made):
        os.utime(place, ns=_WHEN)


def additions(merged: Merged, labels: Sequence[str]) -> tuple[list[str], dict[str, bytes]]:
    """Return the directories and files that a root has beside its trees: mount points, and a minimal /etc.

    `labels` name the trees. Raises `RootConflict`.
    """
    kinds = {item.path: item.kind for item in merged.entries}
    folders: list[str] = []
    for point in MOUNT_POINTS:
        kind = kinds.get(point)
        if kind is None:
            folders.append(point)
        elif kind != Kind.DIRECTORY:
            source = next(item.source for item in merged.entries if item.path == point)
            raise RootConflict(point, labels[source], "the sandbox", "the sandbox needs a directory here")
    if "etc" not in kinds:
        folders.append("etc")
    elif kinds["etc"] != Kind.DIRECTORY:
        return folders, {}
    return folders, {path: content for path, content in CONSTANT_ETC.items() if path not in kinds}


def prune_roots(store: Store, every: bool = False) -> tuple[int, int]:
    """Remove all unused roots that have lost an object (with `every`: all unused roots).

    Return their number and the bytes freed.
    """
    roots = os.path.join(store.home, "roots")
    removed = freed = 0
    try:
        names = os.listdir(roots)
    except FileNotFoundError:
        return 0, 0
    for digest in sorted({name.removesuffix(".inputs") for name in names}):
        bytes_freed = _prune(store, os.path.join(roots, digest), every)
        if bytes_freed is not None:
            removed += 1
            freed += bytes_freed
    return removed, freed


def _prune(store: Store, root: str, always: bool) -> int | None:
    """Remove a root if it is due; return the bytes freed, None if it stays."""
    listing = root + ".inputs"
    descriptor = os.open(listing, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        with open(descriptor, closefd=False) as file:
            text = file.read()
        if not always and os.path.isdir(root) and _all_valid(store, text):
            return None
        # The list first, while it is locked: a process that waits for the lock then finds it removed, and makes both anew.
        with suppress(FileNotFoundError):
            os.unlink(listing)
        doomed = os.path.join(store.temporary("root"), "root")
        try:
            os.rename(root, doomed)
        except FileNotFoundError:
            return None
        freed = weight(os.fsencode(doomed))
        remove_tree(os.path.dirname(doomed))
        return freed
    finally:
        os.close(descriptor)


def _all_valid(store: Store, listing: str) -> bool:
    if listing == _OF_NO_OBJECT:
        return True
    try:
        objects = [StorePath.parse(line) for line in listing.split()]
    except StoreError:
        return False
    return bool(objects) and all(map(store.is_valid, objects))
