"""Describe store objects, and accept signed rows of other stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..store.exchange import Trust
from .settings import configured_caches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store import SignedRow, Store, StorePath


def describe(store: Store, path: StorePath) -> dict[str, Any]:
    """Return the metadata of an object as JSON types: sizes in bytes, times in seconds since 1970."""
    info = store.info(path)
    return {
        "treeDigest": f"blake3:{info.tree_digest}",
        "size": info.size,
        "files": sum(1 for entry in store.manifest(path).entries if entry.kind in "fx"),
        "references": sorted(map(str, info.references)),
        "deriver": str(info.deriver) if info.deriver else None,
        "registered": info.registered,
        "used": info.used,
        "physical": store.physical(path),
    }


def accept_rows(store: Store, rows: Iterable[SignedRow], keys: Iterable[str], origin: str) -> tuple[int, list[str]]:
    """Record the rows of trusted signers. Return how many, and a reason for each refused row."""
    configured = configured_caches()
    trust = Trust(frozenset((*keys, *configured["trusted_keys"], store.signer.public)), configured["signatures"])
    accepted, refused = trust.judge(rows)
    store.record_foreign(accepted, origin)
    return len(accepted), [f"{row.realisation.path.base}: {reason}" for row, reason in refused]
