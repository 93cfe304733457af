"""Identifiers of a disk and its parts, which follow from what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from blake3 import blake3

from ...store.manifest import path_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..installing.values import InstalledEntry

_DOMAIN: Final = b"chx disk image 1\0"


def root_digest(entries: Iterable[InstalledEntry]) -> bytes:
    """Return a BLAKE3 digest (32 bytes) of everything that a file system of these entries holds."""
    hasher = blake3(_DOMAIN)
    for entry in entries:
        fields = (
            path_bytes(entry.path), entry.kind.encode(), b"%o %d %d" % (entry.mode, entry.uid, entry.gid),
            entry.digest or b"", path_bytes(entry.target or ""),
        )  # fmt: skip
        for field in fields:
            hasher.update(len(field).to_bytes(8, "little") + field)
    return hasher.digest()


def identifier(digest: bytes, purpose: str) -> UUID:
    """Return the identifier of a part of a disk: equal roots have equal ones, and different roots different ones.

    RFC 9562, version 8: bits that an application chooses.
    """
    bits = bytearray(blake3(_DOMAIN + digest + purpose.encode()).digest()[:16])
    bits[6] = bits[6] & 0x0F | 0x80
    bits[8] = bits[8] & 0x3F | 0x80
    return UUID(bytes=bytes(bits))
