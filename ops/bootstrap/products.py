"""What is made of the last stage for others: a repository of packages of apk, and an image that machines start from.

A *product* is a derivation that is made of packages of the last stage alone. It is neither a part of the stage nor
compared for a fixed point; seeds that end in one stage end in one product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...store.path import StorePath
    from .chain import Chain, Realised

REPOSITORY: Final = "repository"
IMAGE: Final = "image"
PRODUCTS: Final = {REPOSITORY: "repositories", IMAGE: "images"}
"""Attributes of a stage that are products, and what several are called."""


@dataclass(frozen=True, slots=True)
class Published:
    """One kind of product of all seeds: groups of seeds with equal ones, the largest first."""

    camps: tuple[tuple[StorePath, tuple[str, ...]], ...]

    @property
    def holds(self) -> bool:
        """Whether all seeds end in one."""
        return len(self.camps) == 1

    @property
    def path(self) -> StorePath | None:
        """The one that all seeds end in; None if there are several."""
        return self.camps[0][0] if self.holds else None


def published(chains: Sequence[Chain], realised: Realised) -> Mapping[str, Published]:
    """Return the realised products of chains, by kind. Raises KeyError if one is not realised."""
    found = {}
    for kind in PRODUCTS:
        camps: dict[StorePath, list[str]] = {}
        for chain in chains:
            product = chain.products.get(kind)
            if product is not None:
                camps.setdefault(realised[product.derivation, product.outputs[0]], []).append(chain.seed)
        if camps:
            ordered = sorted(camps, key=lambda path: (-len(camps[path]), str(path)))
            found[kind] = Published(tuple((path, tuple(camps[path])) for path in ordered))
    return found
