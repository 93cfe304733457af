"""Manifests: trees, file by file, in one canonical text.

    chx manifest 1\\n
    d PATH\\0
    f DIGEST SIZE PATH\\0          an ordinary file; `x` if it is executable
    l PATH\\0TARGET\\0

Paths are relative to the root of the tree, the root itself is the empty path;
DIGEST is 64 hexadecimal digits, SIZE decimal. Entries are sorted by path,
compared component by component as bytes: a directory comes right
before its content. The order and the spelling are part of the form: one tree
has one text, and `Manifest.decode` refuses every other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .digest import Digest
from .errors import InvalidManifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEADER: Final = b"chx manifest 1\n"


class Kind:
    """Kind of an entry, as its letter in the canonical form."""

    DIRECTORY: Final = "d"
    FILE: Final = "f"
    EXECUTABLE: Final = "x"
    SYMLINK: Final = "l"


class Entry(NamedTuple):
    """One path of a tree.

    `path` and `target` are UTF-8, other bytes as surrogate escapes. `digest` is
    the raw BLAKE3 digest of a file, None for the rest; `size` is 0 but for files.
    """

    path: str
    kind: str
    digest: bytes | None = None
    size: int = 0
    target: str | None = None

    @property
    def is_file(self) -> bool:
        return self.kind == Kind.FILE or self.kind == Kind.EXECUTABLE


def path_bytes(path: str) -> bytes:
    """Return the bytes of a file name, independent of the locale."""
    return path.encode("utf-8", "surrogateescape")


def path_text(path: bytes) -> str:
    """Inverse of `path_bytes`."""
    return path.decode("utf-8", "surrogateescape")


def entry_order(entry: Entry) -> bytes:
    """Sort key: NUL sorts before every byte of a name, so components compare one by one."""
    return path_bytes(entry.path).replace(b"/", b"\0")


def encode_entry(entry: Entry) -> bytes:
    """The canonical text of one entry."""
    path = path_bytes(entry.path)
    if entry.digest is not None:
        return b"%s %s %d %s\0" % (entry.kind.encode(), entry.digest.hex().encode(), entry.size, path)
    if entry.target is not None:
        return b"l %s\0%s\0" % (path, path_bytes(entry.target))
    return b"d %s\0" % path


class Manifest:
    """The entries of one tree, in canonical order. Immutable.

    The constructor trusts its caller: entries in order, every parent present. Use
    `of` to have them sorted, `decode` for bytes from elsewhere.
    """

    __slots__ = ("_by_path", "_encoded", "_tree_digest", "entries")

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self._encoded: bytes | None = None
        self._tree_digest: Digest | None = None
        self._by_path: dict[str, Entry] | None = None

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Manifest:
        """Make a manifest from entries in any order."""
        return cls(tuple(sorted(entries, key=entry_order)))

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        """Decode a manifest; inverse of `encode`. Raises `InvalidManifest` for any other text."""
        if not data.startswith(HEADER) or not data.endswith(b"\0"):
            raise InvalidManifest("it does not begin or end as a manifest of version 1 does")
        fields = iter(data[len(HEADER) : -1].split(b"\0"))
        entries: list[Entry] = []
        directories: set[str] = set()
        last: bytes | None = None
        for field in fields:
            kind, space, rest = field.partition(b" ")
            if not space:
                raise InvalidManifest(f"no such kind of entry: {field[:20]!r}")
            if kind == b"f" or kind == b"x":
                entry, raw_path = _decode_file(kind, rest)
            elif kind == b"d":
                raw_path = rest
                entry = Entry(path_text(rest), Kind.DIRECTORY)
                directories.add(entry.path)
            elif kind == b"l":
                raw_path = rest
                target = next(fields, b"")
                if not target:
                    raise InvalidManifest("a symbolic link without a target")
                entry = Entry(path_text(rest), Kind.SYMLINK, target=path_text(target))
            else:
                raise InvalidManifest(f"no such kind of entry: {kind[:20]!r}")
            order = raw_path.replace(b"/", b"\0")
            if last is None:
                if raw_path:
                    raise InvalidManifest("the root is missing")
            else:
                parent, _, name = entry.path.rpartition("/")
                if parent not in directories or name in ("", ".", "..") or entry.path[0] == "/":
                    raise InvalidManifest(f"'{entry.path}' lies in no directory of the tree")
                if order <= last:
                    raise InvalidManifest(f"'{entry.path}' is out of order")
            last = order
            entries.append(entry)
        return cls(tuple(entries))

    def encode(self) -> bytes:
        """The canonical form."""
        if self._encoded is None:
            self._encoded = HEADER + b"".join(map(encode_entry, self.entries))
        return self._encoded

    @property
    def tree_digest(self) -> Digest:
        """BLAKE3 of the canonical form."""
        if self._tree_digest is None:
            self._tree_digest = Digest.of(self.encode())
        return self._tree_digest

    @property
    def total_size(self) -> int:
        """Bytes in files."""
        return sum(entry.size for entry in self.entries)

    def lookup(self, path: str) -> Entry | None:
        """The entry at `path` (no links followed)."""
        if self._by_path is None:
            self._by_path = {entry.path: entry for entry in self.entries}
        return self._by_path.get(path)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Manifest) and self.entries == other.entries

    def __hash__(self) -> int:
        return hash(self.entries)

    def __repr__(self) -> str:
        return f"<Manifest of {len(self.entries)} entries, {self.tree_digest}>"


def _decode_file(kind: bytes, rest: bytes) -> tuple[Entry, bytes]:
    try:
        digits, size, path = rest.split(b" ", 2)
        digest = bytes.fromhex(digits.decode("ascii"))
        count = int(size)
    except ValueError:
        raise InvalidManifest(f"bad digest or size in {rest[:90]!r}") from None
    if digest.hex().encode() != digits or len(digest) != 32 or b"%d" % count != size or count < 0:
        raise InvalidManifest(f"bad digest or size in {rest[:90]!r}")
    return Entry(path_text(path), kind.decode(), digest, count), path
