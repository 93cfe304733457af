"""Explain rebuilds: compare each step of the plan with the last build of the same package, without building.

A step is *the cause* of a rebuild if its own derivation has changed, if it was never built, or if its output was
removed; other steps only follow.
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
"""Limit of earlier builds to compare with; the stages of a bootstrap share names."""


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason why a step is in the plan. `verdict`:

    `changed`: the derivation itself differs from the earlier build `previous`; `own` is the difference. `removed`: its
    output was built, but is no more in the store. `never built`: no derivation of this name was built. `input
    changed`: it is unchanged, but the output of a built input differs; `causes` are the root causes, none if the input
    is not reproducible. `waits`: it is unchanged, and only inputs that are steps themselves may change it.

    `waits_for` are the steps among its inputs, whatever the verdict. `is_certain`: it will be built whatever the
    outputs of these are.
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
    """The requested `targets`, and the `reasons` of all steps, inputs first; empty if nothing would be built."""

    targets: tuple[StorePath, ...]
    reasons: tuple[Reason, ...]


def explain(store: Store, targets: Iterable[tuple[StorePath, Iterable[str]]]) -> Rebuild:
    """Plan a build, and return the reason of each step. Raises `BuildError`."""
    requests = [(path, tuple(outputs)) for path, outputs in targets]
    steps = plan(store, requests).steps
    names = tuple(dict.fromkeys(path for path, _ in requests))
    if not steps:
        return Rebuild(names, ())
    return Rebuild(names, _Explaining(store, names, steps).reasons())


class _Explaining:
    def __init__(self, store: Store, targets: tuple[StorePath, ...], steps: tuple[Step, ...]) -> None:
        self._store = store
        self._steps = {step.path: step for step in steps}
        self._cache = BuildTraceCache(store)
        self._cache.load(targets)

    def reasons(self) -> tuple[Reason, ...]:
        earlier = self._earlier()
        previous = {path: self._nearest(step.derivation, earlier[path]) for path, step in self._steps.items()}
        self._cache.load(found[0] for found in previous.values() if found is not None)
        return tuple(self._reason(step, earlier[path], previous[path]) for path, step in self._steps.items())

    def _earlier(self) -> dict[StorePath, list[StorePath]]:
        """Return, for each step, built derivations of its name, latest first; else those of its package."""
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
        """Return the earlier build with the smallest difference; of equal ones the latest."""
        found: list[tuple[int, int, StorePath, OwnDifference]] = []
        candidates = (path for path in earlier if self._store.is_valid(path))
        for number, path in zip(range(CANDIDATES), candidates):
            own = compare_derivations(self._cache.derivation(path), derivation)
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

        if all((step.path, output) in self._cache.outputs for output in step.derivation.outputs):
            return reason("removed")
        if previous is None:
            # A build whose derivation was removed counts as built, but cannot be compared.
            return reason("never built" if step.path not in earlier else "removed")
        if not previous[1].is_empty:
            return reason("changed", previous[1])
        causes = self._causes(previous[1])
        if causes or not step.needs:
            return reason("input changed", causes=causes)
        return reason("waits")

    def _causes(self, own: OwnDifference) -> tuple[Cause, ...]:
        """Return the root causes of built inputs whose outputs differ."""
        tops = [
            (pair.before.path, pair.after.path)
            for pair in own.pairs
            if pair.after.path not in self._steps
            and not self._cache.same_output(pair.before.path, pair.after.path, pair.after.output or "out")
        ]
        return compare_graphs(self._cache.derivation, tops, self._cache.same_output).effective if tops else ()
