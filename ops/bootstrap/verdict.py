"""The three verdicts on a bootstrap: fixed point, host independence, no residue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...builder.planning import recall
from .convergence import agreement, all_settled, fixed_point
from .kinship import Stored, kinship_of, makeup_of, with_descent
from .residue import find_residue
from .suspicion import independence, suspicions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...store.derivation import Derivation
    from ...store.path import StorePath
    from ...store.store import Store
    from .chain import Chain, Outcome
    from .convergence import Agreement, FixedPoint
    from .kinship import Kinship
    from .residue import Residue
    from .suspicion import Suspicion


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdicts. `fixed_points` and `residues` have one element per seed; `suspicions` are signs in stage 0."""

    fixed_points: tuple[FixedPoint, ...]
    agreement: Agreement
    residues: tuple[Residue, ...]
    kinship: Kinship
    suspicions: tuple[Suspicion, ...] = ()

    @property
    def fixed_point(self) -> bool | None:
        """Whether every chain reached a fixed point; None if there are too few stages to tell."""
        return all_settled(self.fixed_points)

    @property
    def host_independence(self) -> bool | None:
        """Whether unrelated toolchains agree; None if they are too few, or if a suspicion is grave."""
        return independence(self.agreement, self.suspicions)

    @property
    def no_residue(self) -> bool:
        """Whether no residue of a seed was found."""
        return all(residue.holds for residue in self.residues)

    @property
    def holds(self) -> bool:
        """Whether all three verdicts are positive."""
        return self.fixed_point is True and self.host_independence is True and self.no_residue


def judge(store: Store, chains: Sequence[Chain], outcomes: Sequence[Outcome], trusts_cache: bool = True) -> Verdicts:
    """Judge realised chains; `trusts_cache`: whether strings may come from the cache of earlier searches."""
    derivations = everything_below(store, chains)
    known = recall(store, [drv for chain in chains for drv in chain.seed_derivations]).outputs
    contents = Stored(store)
    makeups = [makeup_of(contents, chain, derivations, known) for chain in chains]
    kin = kinship_of(with_descent(makeups, outcomes, contents))
    return Verdicts(
        tuple(map(fixed_point, outcomes)),
        agreement(outcomes, kin.toolchains),
        find_residue(store, chains, outcomes, kin.toolchains, trusts_cache),
        kin,
        suspicions(contents, chains, outcomes, derivations, kin),
    )


def everything_below(store: Store, chains: Sequence[Chain]) -> Mapping[StorePath, Derivation]:
    """Return the derivations of `chains` and their transitive inputs, including those of valid fixed outputs."""
    found: dict[StorePath, Derivation] = {}
    todo = [path for chain in chains for path in (*chain.goals, *chain.seed_derivations)]
    while todo:
        path = todo.pop()
        if path not in found:
            found[path] = store.derivation(path)
            todo += found[path].input_drvs
    return dict(sorted(found.items()))
