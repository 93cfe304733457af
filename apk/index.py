"""Indexes of version 3: what packages a repository has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from . import blocks, keys
from .compression import Compression
from .decoding import decode_entry, decode_index
from .encoding import encode_index
from .encoding import index_order as _order
from .errors import BadValue
from .package import name_of
from .values import Values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import BinaryIO

    from .description import Info
    from .keys import PrivateKey, PublicKey, Signature

IDENTITY_BYTES: Final = {"sha256": 32, "sha256-160": 20}


@dataclass(frozen=True, slots=True)
class Index:
    """An index. `pkgname_spec` is the pattern of the names of files (`${name}-${version}.apk`); empty for the usual one."""

    description: str = ""
    packages: tuple[Info, ...] = ()
    pkgname_spec: str = ""


@dataclass(frozen=True, slots=True)
class SignedIndex:
    """An index that was read, its identity (SHA-256 of `values`) and who says that he has signed it."""

    index: Index
    identity: bytes
    signatures: tuple[Signature, ...]
    values: bytes
    place: str

    def verify_signature(self, trusted: Iterable[PublicKey]) -> PublicKey:
        """Return the trusted key that has signed the index. Raises `Untrusted`, and `BadSignature` if a signature is false."""
        return keys.verify_any(self.place, self.signatures, trusted, blocks.INDEX, self.values)


def write_index(out: BinaryIO, index: Index, *, compression: str = "none", signers: Sequence[PrivateKey] = ()) -> bytes:
    """Write an index; return the SHA-256 of its values. Entries are sorted; their items lie in the order given, as the client has it.

    Raises `BadValue`, `BadName` and `BadVersion`.
    """
    packing = Compression.parse(compression)
    values = encode_index(index.description, index.packages, index.pkgname_spec)
    writer = blocks.begin_container(out, blocks.INDEX, packing)
    writer.write(blocks.block(blocks.ADB, values))
    for signer in signers:
        writer.write(blocks.block(blocks.SIGNATURE, keys.sign_adb(signer, blocks.INDEX, values)))
    writer.finish()
    return sha256(values).digest()


def read_index(file: BinaryIO, place: str | None = None) -> SignedIndex:
    """Read a whole index. Raises `NotApk`, `Unsupported`, `Damaged`, `Truncated` and `TooLarge`."""
    place = name_of(file) if place is None else place
    reader = blocks.BlockReader(file, place, blocks.INDEX)
    head = reader.next_head()
    assert head is not None
    values = reader.payload(head)
    found = decode_index(Values(values, place))
    signatures = []
    while head := reader.next_head():
        signatures.append(keys.parse_signature(reader.payload(head), place))
    return SignedIndex(Index(*found), sha256(values).digest(), tuple(signatures), values, place)


def index_entry(file: BinaryIO | str, hash_kind: str = "sha256") -> Info:
    """Return the entry of a package, given as a path or a file that can be sought. Only the head of the file is read.

    `hash_kind` is sha256 or sha256-160: the identity whole, or its first 20 bytes. Raises what `read_package` raises, and OSError.
    """
    if isinstance(file, str):
        with open(file, "rb", 1 << 14) as opened:
            return index_entry(opened, hash_kind)
    size = IDENTITY_BYTES.get(hash_kind)
    if size is None:
        raise BadValue(f"the hash '{hash_kind[:40]}'", "is not known", "there are sha256 and sha256-160")
    place = name_of(file)
    reader = blocks.BlockReader(file, place, blocks.PACKAGE)
    head = reader.next_head()
    assert head is not None
    values = reader.payload(head)
    return decode_entry(Values(values, place), sha256(values).digest()[:size], file.seek(0, os.SEEK_END))


def sort_entries(packages: Iterable[Info]) -> tuple[Info, ...]:
    """Return entries sorted by name, then version."""
    return tuple(sorted(packages, key=_order))
