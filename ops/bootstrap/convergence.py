"""Fixed points of chains, and agreement between seeds, computed from store paths alone.

A store path follows from content and references. So two equal paths mean that two builds produced the same
bytes, whatever host they started from. This reduces diverse double-compiling (David A. Wheeler, "Fully
Countering Trusting Trust through Diverse Double-Compiling", 2009) to a comparison of names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...store.path import StorePath
    from .chain import Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """One item in all stages: `cells` maps seeds to store paths by stage, None where a stage lacks it.

    `agreed_from` is the first stage from which on all seeds have the same path; None without such a stage.
    """

    item: str
    cells: Mapping[str, tuple[StorePath | None, ...]]
    agreed_from: int | None


def rows(outcomes: Sequence[Outcome]) -> tuple[Row, ...]:
    """Return the table of all items, in the order in which stages name them."""
    items = dict.fromkeys(item for outcome in outcomes for stage in outcome.stages for item in stage)
    return tuple(_row(item, outcomes) for item in items)


def _row(item: str, outcomes: Sequence[Outcome]) -> Row:
    cells = {outcome.seed: tuple(stage.get(item) for stage in outcome.stages) for outcome in outcomes}
    agreed: int | None = None
    for number, column in reversed(list(enumerate(zip(*cells.values())))):
        if len(set(column)) != 1:
            break
        agreed = number
    return Row(item, cells, agreed)


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """Whether the chain of `seed` reached a fixed point.

    `stage` is the first one that all later ones equal, if there are later ones. Otherwise `moving` are the items
    that differ between the last two stages, and `period`, if not None, is the number of stages after which the
    last one repeats an earlier one. `stages` is the number of stages; a single one proves nothing.
    """

    seed: str
    stages: int
    stage: int | None
    period: int | None
    moving: tuple[str, ...]

    @property
    def holds(self) -> bool | None:
        return None if self.stages < 2 else self.stage is not None


def fixed_point(outcome: Outcome) -> FixedPoint:
    """Determine the fixed point of a chain."""
    stages = outcome.stages
    last = len(stages) - 1
    first = last
    while first > 0 and stages[first - 1] == stages[last]:
        first -= 1
    if first < last:
        return FixedPoint(outcome.seed, len(stages), first, 1, ())
    period = next((back for back in range(2, last + 1) if stages[last - back] == stages[last]), None)
    before = stages[max(0, last - 1)]
    moving = [item for item in {**before, **stages[last]} if before.get(item) != stages[last].get(item)]
    return FixedPoint(outcome.seed, len(stages), None, period, tuple(moving))


def all_settled(points: Iterable[FixedPoint]) -> bool | None:
    """Return whether every chain reached a fixed point; None if there are too few stages to tell."""
    answers = {point.holds for point in points}
    return False if False in answers else None if None in answers else True


@dataclass(frozen=True, slots=True)
class Dissent:
    """An item of the last stage on which seeds differ: `camps` are groups of seeds with equal paths.

    Camps are sorted from the largest to the smallest, only for display: a majority proves nothing.
    """

    item: str
    camps: tuple[tuple[StorePath | None, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether the last stages of all seeds are equal.

    `toolchains` are groups of seeds that count once; None if unknown. `camps` are groups of seeds whose whole last
    stages are equal. `holds` is None if nothing differs but the seeds are fewer than two toolchains, which proves
    nothing.
    """

    seeds: tuple[str, ...]
    dissents: tuple[Dissent, ...]
    toolchains: tuple[tuple[str, ...], ...] | None
    camps: tuple[tuple[str, ...], ...]

    @property
    def holds(self) -> bool | None:
        if self.dissents:
            return False
        return True if len(self.toolchains or ()) > 1 else None


def agreement(outcomes: Sequence[Outcome], toolchains: tuple[tuple[str, ...], ...] | None) -> Agreement:
    """Compare the last stages of all seeds."""
    dissents = []
    for item in dict.fromkeys(item for outcome in outcomes for item in outcome.last):
        camps: dict[StorePath | None, list[str]] = {}
        for outcome in outcomes:
            camps.setdefault(outcome.last.get(item), []).append(outcome.seed)
        if len(camps) > 1:
            # The sort is stable: camps of equal size keep the order of seeds.
            ordered = sorted(camps.items(), key=lambda camp: -len(camp[1]))
            dissents.append(Dissent(item, tuple((path, tuple(seeds)) for path, seeds in ordered)))
    whole: dict[tuple[tuple[str, StorePath], ...], list[str]] = {}
    for outcome in outcomes:
        whole.setdefault(tuple(sorted(outcome.last.items())), []).append(outcome.seed)
    return Agreement(
        tuple(outcome.seed for outcome in outcomes),
        tuple(dissents),
        toolchains,
        tuple(sorted(map(tuple, whole.values()), key=lambda seeds: -len(seeds))),
    )
