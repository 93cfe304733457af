"""Why something would be rebuilt: each step of the plan beside the last build of the same thing.

Nothing is built. A step is *the cause* of a rebuild if it differs in itself from what was built before, was
never built, or if its output is gone; other steps only follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ...builder import plan
from ...store.difference import compare_derivations, compare_graphs, split_name
from .recall import BuildTraceCache

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...builder import Step
    from ...store import Derivation, Store, StorePath
    from ...store.difference import Cause, OwnDifference

Verdict = Literal["changed", "removed", "never built", "input changed", "waits"]
CANDIDATES: Final = 4
"""Earlier builds of one name that are looked at; stages of a bootstrap share names."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one step is in the plan. `verdict`:

    `changed`: the derivation itself differs from the earlier build `previous`, as `own` says. `removed`: its output
    was built, and is not in the store any more. `never built`: nothing of this name was. `input changed`: it is
    as before, but an input that is built came out otherwise; `causes` are the root causes of that, none if the
    input came out otherwise without any. `waits`: it is as before, and only inputs that are steps themselves
    may change it.

    `waits_for` are the steps among its inputs, whatever the verdict. `is_certain`: it will be built however these
    come out.
    """

    derivation: StorePath
    verdict: Verdict
    is_fetch: bool
    is_certain: bool
    waits_for: tuple[StorePath, ...]
    previous: StorePath | None = None
    own: OwnDifference | None = None
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Rebuild:
    """`targets` that were asked for; `reasons`, inputs before what needs them. None: nothing would be built."""

    targets: tuple[StorePath, ...]
    reasons: tuple[Reason, ...]


def explain(store: Store, targets: Iterable[tuple[StorePath, Iterable[str]]]) -> Rebuild:
    """Plan, and say for each step why. Raises `BuildError`."""
    wanted = [(path, tuple(outputs)) for path, outputs in targets]
    steps = plan(store, wanted).steps
    names = tuple(dict.fromkeys(path for path, _ in wanted))
    if not steps:
        return Rebuild(names, ())
    return Rebuild(names, _Explaining(store, names, steps).reasons())


class _Explaining:
    def __init__(self, store: Store, targets: tuple[StorePath, ...], steps: tuple[Step, ...]) -> None:
        self._store = store
        self._steps = {step.path: step for step in steps}
        self._knowledge = BuildTraceCache(store)
        self._knowledge.load(targets)

    def reasons(self) -> tuple[Reason, ...]:
        earlier = self._earlier()
        previous = {path: self._nearest(step.derivation, earlier[path]) for path, step in self._steps.items()}
        self._knowledge.load(found[0] for found in previous.values() if found is not None)
        return tuple(self._reason(step, earlier[path], previous[path]) for path, step in self._steps.items())

    def _earlier(self) -> dict[StorePath, list[StorePath]]:
        """For each step derivations of its name that were built, the last one first; else those of its package."""
        by_name: dict[str, list[StorePath]] = {}
        by_package: dict[str, list[StorePath]] = {}
        for path in self._store.realised_derivations():
            by_name.setdefault(path.name, []).append(path)
            by_package.setdefault(split_name(path.name.removesuffix(".drv")).package, []).append(path)
        return {
            path: by_name.get(path.name) or by_package.get(split_name(path.name.removesuffix(".drv")).package, [])
            for path in self._steps
        }

    def _nearest(self, derivation: Derivation, earlier: list[StorePath]) -> tuple[StorePath, OwnDifference] | None:
        """The earlier build that differs least; of equals the last one."""
        found: list[tuple[int, int, StorePath, OwnDifference]] = []
        there = (path for path in earlier if self._store.is_valid(path))
        for number, path in zip(range(CANDIDATES), there):
            own = compare_derivations(self._knowledge.derivation(path), derivation)
            weight = 100 * (len(own.attributes) + len(own.inputs) + len(own.sources)) + len(own.pairs)
            found.append((weight, number, path, own))
        if not found:
            return None
        _, _, path, own = min(found, key=lambda item: item[:2])
        return path, own

    def _reason(self, step: Step, earlier: list[StorePath], previous: tuple[StorePath, OwnDifference] | None) -> Reason:
        def reason(verdict: Verdict, own: OwnDifference | None = None, causes: tuple[Cause, ...] = ()) -> Reason:
            return Reason(
                step.path,
                verdict,
                step.lane.value == "fetch",
                step.is_certain,
                step.needs,
                None if previous is None else previous[0],
                own,
                causes,
            )

        if all((step.path, output) in self._knowledge.outputs for output in step.derivation.outputs):
            return reason("removed")
        if previous is None:
            # A build whose derivation is gone is a build all the same, but there is nothing to compare with.
            return reason("never built" if step.path not in earlier else "removed")
        if not previous[1].is_empty:
            return reason("changed", previous[1])
        causes = self._causes(previous[1])
        if causes or not step.needs:
            return reason("input changed", causes=causes)
        return reason("waits")

    def _causes(self, own: OwnDifference) -> tuple[Cause, ...]:
        """Root causes of inputs that are built and came out otherwise."""
        tops = [
            (pair.before.path, pair.after.path)
            for pair in own.pairs
            if pair.after.path not in self._steps
            and not self._knowledge.same_output(pair.before.path, pair.after.path, pair.after.output or "out")
        ]
        return compare_graphs(self._knowledge.derivation, tops, self._knowledge.same_output).effective if tops else ()
