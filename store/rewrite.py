"""Replace hash parts in trees by others of equal length."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .canonical_form import CHUNK, DIRECTORY_MODE, EXECUTABLE_MODE, FILE_MODE, MTIME, READ, writable
from .checkpoint import checkpoint
from .errors import ForeignScratch, StoreIO
from .manifest import Entry, Kind, Manifest, path_bytes
from .scratch import SELF

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from blake3 import blake3 as Hasher


class Rewriter:
    """Replaces one hash part by another: in files, link targets and names."""

    __slots__ = ("_new", "_new_text", "_old", "_old_text")

    def __init__(self, old: str, new: str) -> None:
        self._old_text, self._new_text = old, new
        self._old, self._new = old.encode(), new.encode()

    def text(self, text: str) -> str:
        return text.replace(self._old_text, self._new_text)

    def chunks(self, descriptor: int) -> Iterator[bytes]:
        """Yields the content of a file after rewriting; an occurrence may span two reads."""
        carry = b""
        while data := os.read(descriptor, CHUNK):
            checkpoint()
            data = carry + data
            position = 0
            parts: list[bytes] = []
            at = data.find(self._old)
            while at >= 0:
                parts += (data[position:at], self._new)
                position = at + len(self._old)
                at = data.find(self._old, position)
            keep = max(position, len(data) - len(self._old) + 1)
            parts.append(data[position:keep])
            carry = data[keep:]
            yield b"".join(parts)
        yield carry

    def digest(self, path: bytes) -> bytes:
        """Return the digest that a file would have."""
        from blake3 import blake3

        hasher: Hasher = blake3()
        descriptor = os.open(path, READ)
        try:
            for chunk in self.chunks(descriptor):
                hasher.update(chunk)
        finally:
            os.close(descriptor)
        return hasher.digest()

    def file(self, path: bytes, entry: Entry) -> Entry:
        """Rewrite a file of a normalised tree."""
        from blake3 import blake3

        os.chmod(path, 0o600)
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            hasher: Hasher = blake3()
            position = 0
            for chunk in self.chunks(descriptor):
                # Reading is at most a carry ahead of writing.
                if chunk != os.pread(descriptor, len(chunk), position):
                    view = memoryview(chunk)
                    written = 0
                    while written < len(chunk):
                        written += os.pwrite(descriptor, view[written:], position + written)
                hasher.update(chunk)
                position += len(chunk)
            os.fchmod(descriptor, EXECUTABLE_MODE if entry.kind == Kind.EXECUTABLE else FILE_MODE)
            os.utime(descriptor, ns=MTIME)
        finally:
            os.close(descriptor)
        return entry._replace(digest=hasher.digest())

    def tree(self, root: bytes, entries: list[Entry], where: Collection[str]) -> list[Entry]:
        """Rewrite the paths `where` of a normalised tree; return its new entries."""
        try:
            return self._tree(root, entries, where)
        except OSError as error:
            raise StoreIO("rewrite", os.fsdecode(error.filename or root), error) from error

    def _tree(self, root: bytes, entries: list[Entry], where: Collection[str]) -> list[Entry]:
        result = []
        renamed: list[str] = []
        for entry in entries:
            if entry.path in where:
                path = root + b"/" + path_bytes(entry.path) if entry.path else root
                if entry.is_file:
                    entry = self.file(path, entry)
                elif entry.target is not None and self._old_text in entry.target:
                    entry = entry._replace(target=self.text(entry.target))
                    replace_symlink(path, path_bytes(entry.target or ""), root)
                if self._old_text in entry.path.rpartition("/")[2]:
                    renamed.append(entry.path)
            result.append(entry)
        if not renamed:
            return result
        # Deepest first: so the names above still hold.
        for name in sorted(renamed, key=lambda name: -name.count("/")):
            folder, _, last = name.rpartition("/")
            parent = root + b"/" + path_bytes(folder) if folder else root
            with writable(parent, parent == root):
                old, new = parent + b"/" + path_bytes(last), parent + b"/" + path_bytes(self.text(last))
                is_directory = not os.path.islink(old) and os.path.isdir(old)
                if is_directory:
                    # Some file systems demand write permission on a file to move it.
                    os.chmod(old, 0o755)
                os.rename(old, new)
                if is_directory:
                    os.chmod(new, DIRECTORY_MODE)
        return self.entries(result)

    def entries(self, entries: list[Entry]) -> list[Entry]:
        """Return entries under their new names, in order."""
        mapped = (e._replace(path=self.text(e.path)) if self._old_text in e.path else e for e in entries)
        return list(Manifest.of(mapped))

    def as_if(self, root: bytes, entries: list[Entry], where: Collection[str]) -> list[Entry]:
        """Return the entries that `tree` would return, without writing."""
        result = []
        for entry in entries:
            if entry.path in where:
                if entry.is_file:
                    path = root + b"/" + path_bytes(entry.path) if entry.path else root
                    entry = entry._replace(digest=self.digest(path))
                elif entry.target is not None:
                    entry = entry._replace(target=self.text(entry.target))
            result.append(entry)
        return self.entries(result)


def replace_symlink(path: bytes, target: bytes, root: bytes) -> None:
    """Change the target of a link of a normalised tree."""
    if path == root:
        os.unlink(path)
        os.symlink(target, path)
    else:
        parent = os.path.dirname(path)
        with writable(parent, parent == root):
            os.unlink(path)
            os.symlink(target, path)
    os.utime(path, ns=MTIME, follow_symlinks=False)


def refuse_literal(output: str, where: dict[str, set[str]]) -> None:
    """Raise `ForeignScratch` if a tree contains the constant for self-references literally."""
    for path, hashes in where.items():
        if SELF in hashes:
            raise ForeignScratch(output, path)
