"""Trees on disk: hash, scan and normalise them in one walk.

Paths are bytes here: names need not be UTF-8, and the locale must not matter.
"""

from __future__ import annotations

import os
import stat
from errno import ENAMETOOLONG
from typing import TYPE_CHECKING, Final, NoReturn

from .canonical_form import (
    CHUNK,
    EXECUTABLE_MODE,
    FILE_MODE,
    MTIME,
    READ,
    settle_directory,
    special_kind,
    strip_attributes,
    writable,
)
from .checkpoint import checkpoint
from .copying import copy_file
from .errors import MOST_LEVELS, PartialScratch, StoreIO, TooDeep, UnsupportedFile
from .manifest import Entry, Kind, Manifest, path_text
from .refscan import CONTEXT, Piece, Scanner, settled

if TYPE_CHECKING:
    from collections.abc import Collection


LARGE: Final = 16 << 20
LARGE_CHUNK: Final = 4 << 20


def scan_tree(root: str | bytes, candidates: Collection[str] = ()) -> tuple[Manifest, set[str]]:
    """Return the manifest of the tree at `root`, and the hash parts of `candidates` that occur in it.

    Changes nothing. Occurrences count in files, link targets and names. Raises `UnsupportedFile`, `StoreIO`.
    """
    walk = TreeWalk(os.fsencode(root), Scanner(candidates))
    walk.run()
    return Manifest(tuple(walk.entries)), walk.found


def find_hash(root: bytes, digits: str) -> list[str]:
    """Return the paths below `root` in which a hash part occurs: in a file, a link's target or a name. Raises `StoreIO`."""
    walk = TreeWalk(root, Scanner({digits}), tracked={digits})
    walk.run()
    return sorted(walk.where)


class TreeWalk:
    """One walk over a tree.

    With `normalise` the tree must be private to the caller; modes, times and extended attributes are brought into
    canonical form, except for the write permission of a root directory, which must last until it has been renamed.
    `tracked` hash parts are also recorded per path in `where`.
    """

    __slots__ = (
        "_links",
        "_normalise",
        "_scanner",
        "_tracked",
        "entries",
        "found",
        "output",
        "root",
        "where",
    )

    def __init__(
        self,
        root: bytes,
        scanner: Scanner,
        *,
        tracked: Collection[str] = (),
        normalise: bool = False,
        output: str = "out",
    ) -> None:
        self.root = root
        self.output = output
        self.entries: list[Entry] = []
        self.found: set[str] = set()
        self.where: dict[str, set[str]] = {}
        self._scanner = scanner
        self._tracked = frozenset(tracked)
        self._normalise = normalise
        self._links: dict[tuple[int, int], list[tuple[bytes, int]]] = {}

    def run(self) -> None:
        """Fill `entries` in canonical order, `found` and `where`."""
        try:
            mode = os.lstat(self.root).st_mode
            if stat.S_ISDIR(mode):
                self._directory(self.root, b"")
            elif stat.S_ISLNK(mode):
                self._symlink(self.root, b"")
            elif stat.S_ISREG(mode):
                self._file(self.root, b"")
            else:
                _refuse(self.root, mode)
        except RecursionError:
            raise TooDeep(os.fsdecode(self.root)) from None
        except OSError as error:
            if error.errno == ENAMETOOLONG:
                raise TooDeep(os.fsdecode(self.root)) from None
            # Operations on a descriptor report its number as the path.
            place = error.filename if isinstance(error.filename, (str, bytes)) else self.root
            raise StoreIO("read", os.fsdecode(place), error) from error
        if self._normalise:
            for names in self._links.values():
                if len(names) != names[0][1]:
                    self._split(names)

    def _directory(self, path: bytes, relative: bytes) -> None:
        if relative.count(b"/") >= MOST_LEVELS:
            raise TooDeep(os.fsdecode(self.root))
        if self._normalise:
            os.chmod(path, 0o755)
        self.entries.append(Entry(path_text(relative), Kind.DIRECTORY))
        if relative:
            self._note(relative.rpartition(b"/")[2], relative)
        with os.scandir(path) as listing:
            children = sorted(listing, key=_name)
        prefix = relative + b"/" if relative else b""
        for child in children:
            checkpoint()
            below = prefix + child.name
            if child.is_symlink():
                self._symlink(child.path, below)
            elif child.is_dir(follow_symlinks=False):
                self._directory(child.path, below)
            elif child.is_file(follow_symlinks=False):
                self._file(child.path, below)
            else:
                _refuse(child.path, child.stat(follow_symlinks=False).st_mode)
        if self._normalise:
            if relative:
                settle_directory(path)
            else:
                strip_attributes(path)

    def _symlink(self, path: bytes, relative: bytes) -> None:
        target = os.readlink(path)
        self.entries.append(Entry(path_text(relative), Kind.SYMLINK, target=path_text(target)))
        self._note(target, relative)
        if relative:
            self._note(relative.rpartition(b"/")[2], relative)
        if self._normalise:
            os.utime(path, ns=MTIME, follow_symlinks=False)

    def _file(self, path: bytes, relative: bytes) -> None:
        descriptor = self._open(path)
        try:
            status = os.fstat(descriptor)
            mode = status.st_mode
            if mode & (stat.S_ISUID | stat.S_ISGID):
                raise UnsupportedFile(os.fsdecode(path), "a setuid or setgid file")
            executable = bool(mode & stat.S_IXUSR)
            found: set[str] = set()
            try:
                digest, size = hash_and_scan(descriptor, status.st_size, self._scanner, found)
            except Piece as piece:
                raise PartialScratch(self.output, path_text(relative), piece.offset) from None
            if self._normalise:
                wanted = EXECUTABLE_MODE if executable else FILE_MODE
                if stat.S_IMODE(mode) != wanted:
                    os.fchmod(descriptor, wanted)
                strip_attributes(descriptor)
                os.utime(descriptor, ns=MTIME)
                if status.st_nlink > 1:
                    links = self._links.setdefault((status.st_dev, status.st_ino), [])
                    links.append((path, status.st_nlink))
        finally:
            os.close(descriptor)
        self.entries.append(Entry(path_text(relative), Kind.EXECUTABLE if executable else Kind.FILE, digest, size))
        if found:
            self._add(found, relative)
        if relative:
            self._note(relative.rpartition(b"/")[2], relative)

    def _open(self, path: bytes) -> int:
        try:
            return os.open(path, READ)
        except PermissionError:
            if not self._normalise:
                raise
            os.chmod(path, os.lstat(path).st_mode & 0o7777 | stat.S_IRUSR)
            return os.open(path, READ)

    def _note(self, text: bytes, relative: bytes) -> None:
        """Scan a name or link target."""
        if len(text) < 8:
            return
        found: set[str] = set()
        try:
            self._scanner.scan(text, found)
        except Piece as piece:
            raise PartialScratch(self.output, path_text(relative), piece.offset) from None
        if found:
            self._add(found, relative)

    def _add(self, found: set[str], relative: bytes) -> None:
        self.found |= found
        tracked = found & self._tracked
        if tracked:
            self.where.setdefault(path_text(relative), set()).update(tracked)

    def _split(self, names: list[tuple[bytes, int]]) -> None:
        """Copy a file with other hard links: it could change within the store."""
        first = names[0][0]
        parent = os.path.dirname(first)
        copy = _unused(parent)
        if first == self.root:
            copy_file(first, copy)
            os.rename(copy, first)
            return
        with writable(parent, parent == self.root):
            copy_file(first, copy)
            os.rename(copy, first)
        for other, _ in names[1:]:
            parent = os.path.dirname(other)
            with writable(parent, parent == self.root):
                os.unlink(other)
                os.link(first, other)


def _unused(folder: bytes) -> bytes:
    """Return an unused path in a directory. Files of the tree may have any name, of any length."""
    while os.path.lexists(path := folder + b"/.chx-" + os.urandom(8).hex().encode()):
        pass
    return path


def _refuse(path: bytes, mode: int) -> NoReturn:
    raise UnsupportedFile(os.fsdecode(path), special_kind(mode) or "a file that changed while it was read")


def _name(entry: os.DirEntry[bytes]) -> bytes:
    return entry.name


def hash_and_scan(descriptor: int, size: int, scanner: Scanner, found: set[str]) -> tuple[bytes, int]:
    """Return digest and length of an open file; matches of `scanner` are added to `found`. Raises `Piece`."""
    from blake3 import blake3

    if size >= LARGE and scanner.is_idle:
        return hash_large(descriptor)
    data = os.read(descriptor, min(size + 1, CHUNK))
    if len(data) == size and size < CHUNK:
        if size >= 8:
            scanner.scan(data, found)
        return blake3(data).digest(), size
    hasher = blake3()
    window, done, start = data, 0, 0
    while True:
        checkpoint()
        hasher.update(data)
        data_after = os.read(descriptor, CHUNK)
        try:
            scanner.scan(window, found, done=done, last=not data_after)
        except Piece as piece:
            raise Piece(start + piece.offset) from None
        if not data_after:
            break
        context = window[-CONTEXT:]
        done = max(len(context) - (len(window) - settled(window)), 0)
        start += len(window) - len(context)
        window, data = context + data_after, data_after
    return hasher.digest(), start + len(window)


def hash_large(descriptor: int) -> tuple[bytes, int]:
    """Return digest and length of a large file that need not be scanned, using all processors.

    Reads the file: with mmap, truncating the file would end the process.
    """
    from blake3 import blake3

    hasher = blake3(max_threads=blake3.AUTO)
    buffer = bytearray(LARGE_CHUNK)
    view = memoryview(buffer)
    total = 0
    while count := os.readv(descriptor, [buffer]):
        checkpoint()
        hasher.update(view[:count])
        total += count
    return hasher.digest(), total


def has_content(file: bytes, digest: bytes, size: int) -> bool:
    """Whether a file has the content recorded in its manifest."""
    try:
        descriptor = os.open(file, READ)
    except OSError:
        return False
    try:
        if os.fstat(descriptor).st_size != size:
            return False
        return hash_and_scan(descriptor, size, Scanner(), set())[0] == digest
    finally:
        os.close(descriptor)
