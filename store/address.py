"""Compute store paths from content."""

from __future__ import annotations

from ..native import native
from .digest import base32_encode, blake3_of
from .path import StorePath, check_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

    from .digest import Digest

_HEADER: Final = "chx store path 1"
_HASH_BYTES: Final = 20


def object_path(
    tree_digest: Digest, name: str, references: Iterable[StorePath], *, self_reference: bool = False
) -> StorePath:
    """Return the store path of a tree.

    `tree_digest` is that of the tree with `SELF` in place of its own hash; `references` are those to other objects. The
    hash is BLAKE3 over lines of text, cut to 20 bytes: header, tree digest, name, `self` or nothing, and the sorted
    base names of the references. Raises `InvalidStorePath` for a bad name.
    """
    return _path(str(tree_digest), name, references, "self" if self_reference else "")


def file_path(content: bytes, name: str, references: Iterable[StorePath], *, executable: bool = False) -> StorePath:
    """Return the store path of one file, equal to `object_path` of its manifest.

    A fast path: evaluation names thousands of derivations without storing them.
    """
    return path_of_file(content, name, tuple(references), executable)


@native
def path_of_file(content: bytes, name: str, references: tuple[StorePath, ...], executable: bool) -> StorePath:
    """Return `file_path` as fast as possible."""
    kind = b"x" if executable else b"f"
    manifest = b"chx manifest 1\n%s %s %d \0" % (kind, blake3_of(content).hex().encode(), len(content))
    return _path(blake3_of(manifest).hex(), name, references, "")


def _path(tree: str, name: str, references: Iterable[StorePath], own: str) -> StorePath:
    check_name(name)
    lines = [_HEADER, tree, name, own]
    lines += sorted({reference.base for reference in references})
    return StorePath(base32_encode(blake3_of("\n".join(lines).encode())[:_HASH_BYTES]), name)
