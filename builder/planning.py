"""The plan of what to do to realise derivations.

Three passes. *Discovery* reads the derivations that the targets need, except those behind valid fixed outputs: how
these were made no longer matters. *Recall* goes from inputs to targets: if all inputs of a derivation are known, so is
its resolved form, and the build trace may know its outputs. An output may be known though its object was collected;
that suffices to resolve its dependents. *Demand* goes from the targets down: a known, valid output is reused and
demands nothing; anything else is a step and demands its inputs.

During execution, a rebuilt input may turn out equal to a known one; then the trace knows its dependents after all, and
their steps are skipped (early cutoff). So `steps` is an upper bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from ..store.derivation import output_object_name
from ..store.errors import StoreError
from .builtin.registry import FETCHERS
from .errors import DependencyCycle, InvalidInput
from .resolution import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store.derivation import Derivation
    from ..store.digest import Digest
    from ..store.path import StorePath
    from ..store.store import Store

Outputs = dict[tuple["StorePath", str], "StorePath"]


class Lane(Enum):
    """The resource that a step waits for: downloads do not occupy slots of builds, nor do builds elsewhere.

    A plan does not know what is built elsewhere; that is decided when a step is ready.
    """

    BUILD = "build"
    FETCH = "fetch"
    REMOTE = "remote"


@dataclass(frozen=True, slots=True)
class Step:
    """A derivation that has to be realised.

    `needs` are the steps among its inputs. `is_certain`: all inputs are known, and the trace does not know
    the outputs, so there is no way around it.
    """

    path: StorePath
    derivation: Derivation
    needs: tuple[StorePath, ...]
    lane: Lane
    is_certain: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """`steps` in an order in which inputs come first; `reused` are the outputs that are valid already.

    `remembered` are the durations in seconds of the latest builds of derivations, by name.
    """

    targets: tuple[tuple[StorePath, tuple[str, ...]], ...]
    steps: tuple[Step, ...]
    reused: Mapping[tuple[StorePath, str], StorePath]
    remembered: Mapping[str, float] = field(default_factory=dict)

    @property
    def builds(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.lane is Lane.BUILD)

    @property
    def fetches(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.lane is Lane.FETCH)


def plan(store: Store, targets: Iterable[tuple[StorePath, Iterable[str]]], rebuild: bool = False) -> Plan:
    """Plan how to realise `targets`, pairs of derivation and outputs.

    `rebuild`: the targets are steps even if they are known. Raises `InvalidInput`, `DependencyCycle`.
    """
    wanted: dict[StorePath, tuple[str, ...]] = {}
    for path, outputs in targets:
        wanted[path] = tuple(dict.fromkeys((*wanted.get(path, ()), *outputs)))
    again = frozenset(wanted) if rebuild else frozenset()
    derivations, order = discover(store, wanted, again)
    for path, outputs in wanted.items():
        for output in outputs:
            if output not in derivations[path].outputs:
                raise InvalidInput(f"{path}!{output}", "the derivation has no such output").attach(path)
    known = _recall(store, derivations, order)
    return _demand(store, wanted, derivations, order, known, again)


@dataclass(frozen=True, slots=True)
class Recollection:
    """Derivations with their transitive inputs, and their outputs according to the build trace.

    The objects may have been removed. Inputs of valid fixed outputs are omitted.
    """

    derivations: Mapping[StorePath, Derivation]
    outputs: Mapping[tuple[StorePath, str], StorePath]


def recall(store: Store, paths: Iterable[StorePath]) -> Recollection:
    """Return the knowledge about derivations, without deciding or building. Raises `InvalidInput`, `DependencyCycle`."""
    derivations, order = discover(store, dict.fromkeys(paths, ()), frozenset())
    return Recollection(derivations, _recall(store, derivations, order))


def recalled(store: Store, derivation: Derivation, digest: Digest | None = None) -> dict[str, StorePath]:
    """Return the known outputs of a resolved derivation, valid or not.

    Of several recorded ones the first valid one counts, else the first. `digest` is that of the derivation, if it has
    been computed already.
    """
    if derivation.fixed is not None:
        found = store.fixed_output(output_object_name(derivation.name, "out"), derivation.fixed)
        if found is not None:
            return {"out": found}
    result: dict[str, StorePath] = {}
    there: set[str] = set()
    for row in store.realisations(digest or derivation.resolved_digest()):
        if row.output in there:
            continue
        valid = store.is_valid(row.path)
        if valid:
            there.add(row.output)
        if valid or row.output not in result:
            result[row.output] = row.path
    return result


def discover(
    store: Store, wanted: Mapping[StorePath, tuple[str, ...]], again: frozenset[StorePath]
) -> tuple[dict[StorePath, Derivation], list[StorePath]]:
    """Return the derivations, and an order in which inputs precede their dependents."""
    derivations: dict[StorePath, Derivation] = {}
    order: list[StorePath] = []
    for target in wanted:
        if target in derivations:
            continue
        # (path, its inputs not yet visited); the paths on the stack are those being visited.
        stack: list[tuple[StorePath, list[StorePath]]] = [(target, _enter(store, target, derivations, again, None))]
        visiting = {target}
        while stack:
            path, rest = stack[-1]
            if not rest:
                stack.pop()
                visiting.discard(path)
                order.append(path)
                continue
            inner = rest.pop()
            if inner in visiting:
                raise DependencyCycle((*(member for member, _ in stack), inner)).attach(inner)
            if inner not in derivations:
                visiting.add(inner)
                stack.append((inner, _enter(store, inner, derivations, again, path)))
    return derivations, order


def _enter(
    store: Store,
    path: StorePath,
    derivations: dict[StorePath, Derivation],
    again: frozenset[StorePath],
    needed_by: StorePath | None,
) -> list[StorePath]:
    """Read a derivation; its inputs, last one first."""
    try:
        derivation = derivations[path] = store.derivation(path)
    except StoreError as error:
        raise InvalidInput(str(path), str(error)).attach(needed_by or path) from error
    if derivation.fixed is not None and path not in again and known_fixed(store, derivation) is not None:
        return []
    return sorted(derivation.input_drvs, reverse=True)


def known_fixed(store: Store, derivation: Derivation) -> StorePath | None:
    assert derivation.fixed is not None
    found = store.fixed_output(output_object_name(derivation.name, "out"), derivation.fixed)
    return found if found is not None and store.claim(found) else None


def _recall(store: Store, derivations: Mapping[StorePath, Derivation], order: Iterable[StorePath]) -> Outputs:
    known: Outputs = {}
    for path in order:
        derivation = derivations[path]
        if derivation.fixed is not None:
            found = known_fixed(store, derivation)
            if found is not None:
                known[path, "out"] = found
                continue
        try:
            resolved = resolve(derivation, known)
        except KeyError:
            continue
        for output, object_path in recalled(store, resolved).items():
            known[path, output] = object_path
    return known


def _demand(
    store: Store,
    wanted: Mapping[StorePath, tuple[str, ...]],
    derivations: Mapping[StorePath, Derivation],
    order: Iterable[StorePath],
    known: Outputs,
    again: frozenset[StorePath],
) -> Plan:
    reused: Outputs = {}
    steps: dict[StorePath, bool] = {}
    todo = [(path, output) for path, outputs in wanted.items() for output in outputs]
    while todo:
        path, output = todo.pop()
        if path in steps:
            continue
        found = known.get((path, output))
        if path not in again and found is not None and store.claim(found):
            reused[path, output] = found
            continue
        inputs = [(drv, name) for drv, names in derivations[path].input_drvs.items() for name in names]
        steps[path] = all(key in known and store.is_valid(known[key]) for key in inputs)
        todo += inputs
    reused = {key: value for key, value in reused.items() if key[0] not in steps}
    ordered = tuple(
        Step(
            path,
            derivations[path],
            tuple(sorted(drv for drv in derivations[path].input_drvs if drv in steps)),
            lane_of(derivations[path]),
            steps[path],
        )
        for path in order
        if path in steps
    )
    remembered = store.durations({step.path.name for step in ordered}) if ordered else {}
    return Plan(tuple(wanted.items()), ordered, reused, remembered)


def lane_of(derivation: Derivation) -> Lane:
    """Whether a derivation is a download."""
    return Lane.FETCH if derivation.builder in FETCHERS else Lane.BUILD
