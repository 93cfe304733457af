"""Estimates of the duration of steps from earlier builds.

The build trace records the seconds of every build; the latest build of the same name is the best estimate. A step that
was never built gets the median of those in the plan that were. Estimates only choose an order and fill a line on the
screen, so nothing depends on their accuracy.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from .planning import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..store.path import StorePath
    from .planning import Step

_SHORTEST: Final = 0.02
"""Minimum estimate per step, so that long chains of cheap steps keep their priority."""
_UNKNOWN: Final = 1.0


def expected(steps: Sequence[Step], remembered: Mapping[str, float]) -> dict[StorePath, float]:
    """Estimate the seconds of every step from those of derivations by name."""
    by_lane = {lane: [step for step in steps if step.lane is lane] for lane in Lane}
    result: dict[StorePath, float] = {}
    for members in by_lane.values():
        known = [remembered[step.path.name] for step in members if step.path.name in remembered]
        middle = median(known) if known else _UNKNOWN
        for step in members:
            result[step.path] = max(remembered.get(step.path.name, middle), _SHORTEST)
    return result


def urgency(steps: Sequence[Step], seconds: Mapping[StorePath, float]) -> dict[StorePath, float]:
    """Return the length of the longest chain from each step; in `steps`, inputs come first."""
    result = {step.path: seconds.get(step.path, _UNKNOWN) for step in steps}
    for step in reversed(steps):
        for need in step.needs:
            own = seconds.get(need, _UNKNOWN)
            result[need] = max(result[need], own + result[step.path])
    return result


def remaining(
    steps: Iterable[Step],
    seconds: Mapping[StorePath, float],
    elapsed: Mapping[StorePath, float],
    slots: Mapping[Lane, int],
) -> float:
    """Estimate the seconds until `steps` are done; `elapsed` holds those of running steps.

    At least the duration of the longest chain, and the work of a lane divided among its slots.
    """
    left = [step for step in steps]
    need = {step.path: max(seconds.get(step.path, _UNKNOWN) - elapsed.get(step.path, 0.0), 0.0) for step in left}
    there = set(need)
    chains: dict[StorePath, float] = {}
    for step in left:
        before = max((chains[path] for path in step.needs if path in there), default=0.0)
        chains[step.path] = before + need[step.path]
    work = [sum(need[s.path] for s in left if s.lane is lane) / max(1, slots.get(lane, 1)) for lane in Lane]
    return max([*chains.values(), *work], default=0.0)
