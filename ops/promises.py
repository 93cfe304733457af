"""Rows of fixed outputs, checked against the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..builder import BuildError, hash_content
from ..store import RowFault, StoreError

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..store import RowFault, Store, StorePath


def check_promises(store: Store, damaged: Collection[StorePath], is_repair: bool) -> list[RowFault]:
    """Return the rows with a wrong hash of an object, except `damaged` ones; a repair corrects them."""
    found = []
    for path, fixed in store.promises():
        if path in damaged:
            continue
        try:
            digest = hash_content(store.physical(path), fixed.algorithm, fixed.mode)
        except BuildError:
            digest = None
        if digest == fixed.digest:
            continue
        found.append(RowFault("fixed_outputs", str(path), f"its {fixed.mode} {fixed.algorithm} is another", path))
        if is_repair:
            store.forget_promise(path, fixed)
            if digest is not None:
                store.record_fixed_output(path.name, fixed.replace(digest=digest), path)
    return found


def promise_again(store: Store) -> None:
    """Record again which outputs of fixed-output derivations have the declared hash."""
    for path in store.objects():
        try:
            deriver = store.deriver(path)
            fixed = store.derivation(deriver).fixed if deriver is not None and store.is_valid(deriver) else None
            if (
                fixed is not None
                and store.is_valid(path)
                and store.fixed_output(path.name, fixed) is None
                and hash_content(store.physical(path), fixed.algorithm, fixed.mode) == fixed.digest
            ):
                store.record_fixed_output(path.name, fixed, path)
        except (BuildError, StoreError):
            continue
