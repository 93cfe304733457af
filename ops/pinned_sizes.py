"""Sizes of the files that seeds pin, by hash, so that derivations need not state them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..store.derivation import FixedOutput


def pinned_size(fixed: FixedOutput) -> int | None:
    """Return the size in bytes of a fixed output that a bundled or captured seed pins; None for any other."""
    if fixed.mode != "flat" or fixed.algorithm != "sha256":
        return None
    return _sizes().get(fixed.digest.hex())


@cache
def _sizes() -> dict[str, int]:
    import os

    from ..store.foreign import parse_json
    from .paths import PKGS
    from .signatures import home

    found: dict[str, int] = {}
    for folder in (f"{PKGS}/seeds", f"{home()}/seeds"):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.endswith(".lock.json"):
                try:
                    with open(os.path.join(folder, name), "rb") as file:
                        found |= {item["sha256"]: int(item["size"]) for item in parse_json(file.read())["files"]}
                except (OSError, ValueError, KeyError, TypeError):
                    continue  # commands that use the seed report the damage
    return found
