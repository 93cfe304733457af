"""What a store knows of its objects, and rows of other stores that it accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..store.exchange import Trust
from .settings import configured_caches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store import SignedRow, Store, StorePath


def describe(store: Store, path: StorePath) -> dict[str, Any]:
    """What the store knows of one object, as JSON types; sizes in bytes, times in seconds since 1970."""
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
    """Remember the rows that count; how many, and why others do not."""
    configured = configured_caches()
    trust = Trust(frozenset((*keys, *configured["trusted_keys"], store.signer.public)), configured["signatures"])
    accepted, refused = trust.judge(rows)
    store.record_foreign(accepted, origin)
    return len(accepted), [f"{row.realisation.path.base}: {reason}" for row, reason in refused]
