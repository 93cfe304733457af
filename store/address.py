"""The name of an object, computed from what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .digest import base32_encode
from .path import StorePath, check_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .digest import Digest

_HEADER: Final = "chx store path 1"
_HASH_BYTES: Final = 20


def object_path(
    tree_digest: Digest, name: str, references: Iterable[StorePath], *, self_reference: bool = False
) -> StorePath:
    """The store path of a tree.

    `tree_digest` is taken of the tree with `SELF` in place of its own hash, and
    `references` are those to other objects. BLAKE3 over lines of text, cut to 20
    bytes: header, tree digest, name, `self` or nothing, and the base names of the
    references, sorted. Raises `InvalidStorePath` for a bad name.
    """
    from blake3 import blake3

    check_name(name)
    lines = [_HEADER, str(tree_digest), name, "self" if self_reference else ""]
    lines += sorted({reference.base for reference in references})
    return StorePath(base32_encode(blake3("\n".join(lines).encode()).digest()[:_HASH_BYTES]), name)
