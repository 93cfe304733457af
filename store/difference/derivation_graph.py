"""Compare two graphs of derivations, and find the root causes of their difference.

Both graphs are walked in parallel, breadth first, so that each pair of derivations is compared once and
is reached by the shortest chain from the top. A pair is a *cause* if it differs in itself; a pair that differs
only in its inputs is passed through.

A pair whose outputs are known to be equal has no effect on its dependents. A cause that is reached only through
such pairs is reported as a cause without effect. Fixed outputs with equal hashes are such pairs, and their inputs
are not compared: how they were made does not matter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .derivations import OwnDifference, compare_derivations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..derivation import Derivation
    from ..path import StorePath

Read = Callable[["StorePath"], "Derivation"]
SameOutput = Callable[["StorePath", "StorePath", str], bool]
_Key = tuple["StorePath", "StorePath"]


@dataclass(frozen=True, slots=True)
class Cause:
    """A pair of derivations that differ in themselves.

    `chain` names the derivations from the top to this one. `has_effect` is false if an output between it and
    the top is known to be the same on both sides, or if both promise the same content.
    """

    before: StorePath
    after: StorePath
    chain: tuple[str, ...]
    own: OwnDifference
    has_effect: bool


@dataclass(frozen=True, slots=True)
class GraphDifference:
    """`causes`, those nearest to the top first, and the number of pairs `compared`."""

    causes: tuple[Cause, ...]
    compared: int

    @property
    def effective(self) -> tuple[Cause, ...]:
        return tuple(cause for cause in self.causes if cause.has_effect)


def compare_graphs(
    read: Read,
    tops: Iterable[tuple[StorePath, StorePath]],
    same_output: SameOutput = lambda before, after, output: False,
) -> GraphDifference:
    """Find why the second derivation of each pair differs from the first.

    `read` returns derivations and may raise. `same_output` returns whether two derivations are known to have produced
    the same object as an output.
    """
    causes: list[Cause] = []
    parents: dict[_Key, _Key | None] = {pair: None for pair in tops if pair[0] != pair[1]}
    # Pairs reached through equal outputs are processed last.
    effective: deque[_Key] = deque(parents)
    idle: deque[tuple[_Key, _Key]] = deque()
    has_effect = True
    while effective or idle:
        if not effective:
            pair, parent = idle.popleft()
            if pair in parents:
                continue
            parents[pair], has_effect = parent, False
        else:
            pair = effective.popleft()
        one, other = read(pair[0]), read(pair[1])
        own = compare_derivations(one, other)
        promised = _promise_the_same(one, other) and parents[pair] is not None
        if not own.is_empty:
            causes.append(Cause(*pair, tuple(_chain(parents, pair)), own, has_effect and not promised))
        if promised:
            continue
        for item in own.pairs:
            inner = (item.before.path, item.after.path)
            if inner in parents:
                continue
            if not has_effect or same_output(*inner, item.after.output or "out"):
                idle.append((inner, pair))
            else:
                parents[inner] = pair
                effective.append(inner)
    return GraphDifference(tuple(causes), len(parents))


def _promise_the_same(one: Derivation, other: Derivation) -> bool:
    return one.fixed is not None and one.fixed == other.fixed and one.name == other.name


def _chain(parents: dict[_Key, _Key | None], pair: _Key) -> Iterator[str]:
    found: list[str] = []
    step: _Key | None = pair
    while step is not None:
        found.append(step[1].name.removesuffix(".drv"))
        step = parents[step]
    return reversed(found)
