"""Write a mirror by hash: every fetched file of a store, under the name of its content."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ..builder.builtin.hashed import ALGORITHMS
from ..builder.fixed import new_hasher
from ..store import StoreError
from ..store.checkpoint import checkpoint
from .errors import RequestError

if TYPE_CHECKING:
    from ..store import FixedOutput, Store, StorePath

_CHUNK = 1 << 20


class Mirrored(NamedTuple):
    """Files that were written and those that were there, and the bytes written."""

    written: int
    present: int
    size: int


def mirror(store: Store, directory: str) -> Mirrored:
    """Copy the files that fixed outputs promise to `directory/ALGORITHM/HEX`; what is there stays.

    Every copy is hashed on its way. Raises `RequestError` if the directory cannot be written, and `StoreError` for a
    damaged object.
    """
    written = present = size = 0
    for path, fixed in sorted(store.promises(), key=lambda item: (item[1].algorithm, item[1].digest)):
        if fixed.mode != "flat" or fixed.algorithm not in ALGORITHMS:
            continue
        checkpoint()
        target = os.path.join(directory, fixed.algorithm, fixed.digest.hex())
        if os.path.exists(target):
            present += 1
            continue
        try:
            size += _copy(store, path, fixed, target)
        except OSError as error:
            raise RequestError(f"cannot write '{error.filename or target}': {error.strerror}") from error
        written += 1
    return Mirrored(written, present, size)


def _copy(store: Store, path: StorePath, fixed: FixedOutput, target: str) -> int:
    """Copy one file, all or nothing; return its size in bytes."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    hasher, size = new_hasher(fixed.algorithm), 0
    draft = f"{target}.{os.getpid()}.tmp"
    try:
        with open(store.physical(path), "rb") as source, open(draft, "wb") as file:
            while chunk := source.read(_CHUNK):
                hasher.update(chunk)
                file.write(chunk)
                size += len(chunk)
        if hasher.digest() != fixed.digest:
            raise StoreError(
                f"'{path}' has not the content that it was fetched with", f"chx store verify --repair {path}"
            )
        os.rename(draft, target)
    except BaseException:
        if os.path.exists(draft):
            os.unlink(draft)
        raise
    return size
