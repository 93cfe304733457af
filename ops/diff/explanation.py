"""The smallest set of differences of two derivations that explains another output, down to inputs of inputs.

A variant is the first derivation with some differences of the second. A set of differences explains the output if its
variant has the outputs of the second derivation. Of an input in that set the search goes on: variants of the input, and
all that is built from them, are built until none of the differences of the input can be left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ...store.difference import AttributeChange, aspects, combined, compare_derivations, exchanged
from .delta import smallest_set

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ...store import Derivation, Store, StorePath
    from ...store.difference import Aspect, AttributeChange

    Outputs = dict[str, StorePath]


@dataclass(frozen=True, slots=True)
class InputExplained:
    """An input in the smallest set: the names of what it is on each side, and what of it matters.

    `inner` is None for a source, and where the search ended.
    """

    label: str
    before: str
    after: str
    inner: Explanation | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The smallest set among a number of `differences`: attributes and inputs. `builds` variants were tried.

    If all differences together do not give the other output, the set is empty, and `message` says so.
    """

    differences: int
    builds: int
    attributes: tuple[AttributeChange, ...] = ()
    inputs: tuple[InputExplained, ...] = field(default=())
    message: str | None = None

    @property
    def size(self) -> int:
        return len(self.attributes) + len(self.inputs)


class Laboratory(Protocol):
    """Builds variants."""

    def built(self, path: StorePath, derivation: Derivation) -> Outputs | None:
        """Build a derivation; return its outputs, None if it fails. Raises `Cancelled`."""

    def idle(self, found: Collection[Aspect]) -> set[str]:
        """Return the names of inputs whose outputs are equal on both sides, which are built first."""


class Search:
    """Searches for the smallest set of differences with which the outputs are `goal`."""

    def __init__(self, store: Store, laboratory: Laboratory, goal: Outputs, depth: int) -> None:
        self._store = store
        self._laboratory = laboratory
        self._goal = goal
        self._depth = depth

    def explain(
        self,
        before: StorePath,
        after: StorePath,
        likely: Collection[str] | None = None,
        embed: Callable[[StorePath], tuple[StorePath, Derivation] | None] | None = None,
        level: int = 0,
    ) -> Explanation:
        """Explain the difference of two derivations.

        `likely` are the names of differences that matter alone, which are tried first. `embed` returns the derivation
        whose outputs are compared, with a variant in place of an input; by default it is the variant itself.
        """
        old, new = self._store.derivation(before), self._store.derivation(after)
        found = {aspect.name: aspect for aspect in aspects(old, new)}
        idle = self._laboratory.idle(found.values())
        names = tuple(name for name in found if name not in idle)
        builds = 0

        def explains(subset: tuple[str, ...]) -> bool:
            nonlocal builds
            builds += 1
            path = self._store.add_derivation(combined(old, new, subset))
            whole = (path, self._store.derivation(path)) if embed is None else embed(path)
            return whole is not None and self._laboratory.built(*whole) == self._goal

        start = tuple(name for name in names if likely is None or name in likely)
        if not start or not explains(start):
            start = names
            if not explains(names):
                return Explanation(len(found), builds, message="all differences together do not give the same output")
        chosen = smallest_set(start, explains)
        attributes = tuple(item for item in compare_derivations(old, new).attributes if item.attribute in chosen)
        core = combined(old, new, chosen)
        inputs = tuple(self._input(found[name], core, embed, level) for name in chosen if name.startswith("input "))
        return Explanation(len(found), builds, attributes, inputs)

    def _input(
        self,
        aspect: Aspect,
        core: Derivation,
        embed: Callable[[StorePath], tuple[StorePath, Derivation] | None] | None,
        level: int,
    ) -> InputExplained:
        """Explain an input of the smallest set; `core` is the variant with that set."""
        label, pair = aspect.name.removeprefix("input "), aspect.inputs
        if pair is None:
            return InputExplained(label, label, label)
        (before, _), (after, _) = pair
        shown = (before.name.removesuffix(".drv"), after.name.removesuffix(".drv"))
        old, new = self._store.derivation(before), self._store.derivation(after)
        if old.fixed is not None or new.fixed is not None or level + 1 >= self._depth:
            return InputExplained(label, *shown)

        def within(path: StorePath) -> tuple[StorePath, Derivation] | None:
            wanted = core.input_drvs.get(after, ())
            if not set(wanted) <= set(self._store.derivation(path).outputs):
                return None
            outer = self._store.add_derivation(exchanged(core, after, path))
            return (outer, self._store.derivation(outer)) if embed is None else embed(outer)

        return InputExplained(label, *shown, self.explain(before, after, None, within, level + 1))
