"""Checking that a fixed output is what it promised."""

from __future__ import annotations

import binascii
import os
import stat
from typing import TYPE_CHECKING, cast

from .errors import HashMismatch, InvalidFixedOutput
from .nar import nar_digest

if TYPE_CHECKING:
    from ..store.derivation import FixedOutput
    from .nar import Hasher

_CHUNK = 1 << 20


def new_hasher(algorithm: str) -> Hasher:
    """An empty hash of `algorithm`."""
    if algorithm == "blake3":
        from blake3 import blake3

        return cast("Hasher", blake3())
    import hashlib

    return cast("Hasher", hashlib.new(algorithm, usedforsecurity=False))


def sri(algorithm: str, digest: bytes) -> str:
    """`sha256-<base 64>`, as an expression's `hash` takes it."""
    return f"{algorithm}-{binascii.b2a_base64(digest, newline=False).decode()}"


def digest_of(path: str, fixed: FixedOutput) -> bytes:
    """The digest of `path` in the mode and algorithm of `fixed`; raises `InvalidFixedOutput`."""
    hasher = new_hasher(fixed.algorithm)
    if fixed.mode == "recursive":
        try:
            return nar_digest(path, hasher)
        except ValueError as error:
            raise InvalidFixedOutput(str(error)) from error
    about = os.lstat(path)
    if not stat.S_ISREG(about.st_mode):
        raise InvalidFixedOutput('a flat hash is that of a file, and this is none; use outputHashMode = "recursive"')
    if about.st_mode & 0o111:
        raise InvalidFixedOutput('a flat hash says nothing of the executable bit; use outputHashMode = "recursive"')
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return hasher.digest()


def check_fixed(path: str, fixed: FixedOutput, url: str | None = None) -> None:
    """Raise `HashMismatch` or `InvalidFixedOutput` unless `path` is what `fixed` promises."""
    got = digest_of(path, fixed)
    if got != fixed.digest:
        raise HashMismatch(sri(fixed.algorithm, fixed.digest), sri(fixed.algorithm, got), url)
