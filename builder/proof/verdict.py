"""The three questions of a bootstrap, answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .convergence import agreement, fixed_point
from .residue import find_residue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...store.store import Store
    from .chain import Chain, Outcome
    from .convergence import Agreement, FixedPoint
    from .residue import Residue


@dataclass(frozen=True, slots=True)
class Verdicts:
    """`fixed_points` and `residues` have one answer for each seed."""

    fixed_points: tuple[FixedPoint, ...]
    agreement: Agreement
    residues: tuple[Residue, ...]

    @property
    def fixed_point(self) -> bool | None:
        """Whether every chain came to rest; None if there are too few stages to tell."""
        answers = {point.holds for point in self.fixed_points}
        return False if False in answers else None if None in answers else True

    @property
    def holds(self) -> bool:
        """Whether all three are shown."""
        return (
            self.fixed_point is True
            and self.agreement.holds is True
            and all(residue.holds for residue in self.residues)
        )


def judge(store: Store, chains: Sequence[Chain], outcomes: Sequence[Outcome]) -> Verdicts:
    """Judge what was realised."""
    return Verdicts(
        tuple(map(fixed_point, outcomes)),
        agreement(outcomes),
        find_residue(store, chains, outcomes),
    )
