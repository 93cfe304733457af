"""Check a fixed output against its hash."""

from __future__ import annotations

import binascii
import os
import stat
from typing import TYPE_CHECKING, cast

from ..store.checkpoint import checkpoint
from .errors import HashMismatch, InvalidFixedOutput
from .nar import nar_digest

if TYPE_CHECKING:
    from ..store.derivation import FixedOutput
    from .nar import Hasher

_CHUNK = 1 << 20


def new_hasher(algorithm: str) -> Hasher:
    """Return an empty hash of `algorithm`."""
    if algorithm == "blake3":
        from blake3 import blake3

        return cast("Hasher", blake3())
    import hashlib

    return cast("Hasher", hashlib.new(algorithm, usedforsecurity=False))


def sri(algorithm: str, digest: bytes) -> str:
    """Return `sha256-<base 64>`, the form of `hash` in expressions."""
    return f"{algorithm}-{binascii.b2a_base64(digest, newline=False).decode()}"


def hash_content(path: str, algorithm: str, mode: str) -> bytes:
    """The digest of the bytes of a file (`flat`) or of the NAR of a tree (`recursive`); raises `InvalidFixedOutput`."""
    hasher = new_hasher(algorithm)
    if mode == "recursive":
        try:
            return nar_digest(path, hasher)
        except ValueError as error:
            raise InvalidFixedOutput(str(error)) from error
    about = os.lstat(path)
    if not stat.S_ISREG(about.st_mode):
        raise InvalidFixedOutput('a flat hash is that of a file, and this is none; use outputHashMode = "recursive"')
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            checkpoint()
            hasher.update(chunk)
    return hasher.digest()


def check_fixed(path: str, fixed: FixedOutput, url: str | None = None) -> None:
    """Raise `HashMismatch` or `InvalidFixedOutput` unless `path` is what `fixed` promises."""
    got = hash_content(path, fixed.algorithm, fixed.mode)
    if fixed.mode == "flat" and os.lstat(path).st_mode & 0o111:
        raise InvalidFixedOutput('a flat hash says nothing of the executable bit; use outputHashMode = "recursive"')
    if got != fixed.digest:
        raise HashMismatch(sri(fixed.algorithm, fixed.digest), sri(fixed.algorithm, got), url)
