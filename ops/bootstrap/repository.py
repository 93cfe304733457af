"""The repository of packages that each seed ends in: a tree of packages of apk, neither signed nor packed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...store.path import StorePath
    from .chain import Chain, Realised


@dataclass(frozen=True, slots=True)
class Published:
    """The repositories of all seeds: groups of equal ones, the largest first."""

    camps: tuple[tuple[StorePath, tuple[str, ...]], ...]

    @property
    def holds(self) -> bool:
        """Whether all seeds end in one repository."""
        return len(self.camps) == 1

    @property
    def path(self) -> StorePath | None:
        """The one repository; None if the seeds end in several."""
        return self.camps[0][0] if self.holds else None


def published(chains: Sequence[Chain], realised: Realised) -> Published | None:
    """Return the realised repositories of chains; None if no chain has one. Raises KeyError if one is not realised."""
    camps: dict[StorePath, list[str]] = {}
    for chain in chains:
        if chain.repository is not None:
            path = realised[chain.repository.derivation, chain.repository.outputs[0]]
            camps.setdefault(path, []).append(chain.seed)
    if not camps:
        return None
    ordered = sorted(camps, key=lambda path: (-len(camps[path]), str(path)))
    return Published(tuple((path, tuple(camps[path])) for path in ordered))
