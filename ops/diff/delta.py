"""Delta debugging: the smallest set of differences that has an effect.

This is the algorithm *ddmin* of Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from typing import TypeVar

    Item = TypeVar("Item", bound=Hashable)


def smallest_set(items: Sequence[Item], has_effect: Callable[[tuple[Item, ...]], bool]) -> tuple[Item, ...]:
    """Return a subset of `items` that has the effect, of which no item can be left out.

    `items` together have the effect, none of them does not. `has_effect` is called once for each subset.
    """
    known: dict[frozenset[Item], bool] = {frozenset(items): True, frozenset(): False}

    def tried(subset: tuple[Item, ...]) -> bool:
        key = frozenset(subset)
        if key not in known:
            known[key] = has_effect(subset)
        return known[key]

    chosen, parts = tuple(items), 2
    while len(chosen) > 1:
        chunks = _split(chosen, parts)
        found = next((chunk for chunk in chunks if tried(chunk)), None)
        if found is not None:
            chosen, parts = found, 2
            continue
        rests = (tuple(item for item in chosen if item not in chunk) for chunk in chunks)
        found = next((rest for rest in rests if tried(rest)), None)
        if found is not None:
            chosen, parts = found, max(parts - 1, 2)
        elif parts < len(chosen):
            parts = min(2 * parts, len(chosen))
        else:
            break
    return chosen


def _split(items: tuple[Item, ...], parts: int) -> list[tuple[Item, ...]]:
    """Split items into parts of nearly equal length."""
    bounds = [len(items) * number // parts for number in range(parts + 1)]
    return [items[start:stop] for start, stop in pairwise(bounds) if start < stop]
