"""Native against cross: the last stage beside what another machine's system compiled for this one.

A stage that was built on a machine, or under its emulation, has only ever seen compilers of that machine. The same
packages, compiled elsewhere for that machine, have seen none of them. Equal bytes mean that no compiler of either
machine puts in what the other one does not. It is diverse double-compiling over processors instead of vendors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ...builder.emulation import emulator_of
from ...evaluator import EvalError
from ..errors import RequestError
from ..instantiation import evaluate_request
from ..systems import known_systems
from ..world import machine_system
from .chain import Package, items_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...store import StorePath
    from ..request import Request
    from ..session import Session
    from .chain import Chain, Outcome, Realised


class Crossing(NamedTuple):
    """What `system` compiles for `architecture`: packages by name, those of a stage that it has."""

    system: str
    architecture: str
    packages: Mapping[str, Package]


@dataclass(frozen=True, slots=True)
class Divergence:
    """An item that `system` compiled to `crossed`, and seeds of the native system to another: groups of equal paths."""

    item: str
    crossed: StorePath
    natives: tuple[tuple[StorePath | None, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Crossed:
    """The last stages of all seeds beside what `system` compiled for `architecture`; `items` were compared.

    `obstacle` says why nothing was.
    """

    system: str
    architecture: str
    items: tuple[str, ...]
    divergences: tuple[Divergence, ...]
    obstacle: str | None = None

    @property
    def holds(self) -> bool | None:
        """Whether all items are equal; None if none were compared."""
        return None if not self.items else not self.divergences


def other_system(session: Session) -> str | None:
    """Return the system to compare with: this machine's own if packages are built for another one by emulation.

    On that machine itself it is another one whose programs the kernel runs by an emulator. None if there is none.
    """
    system, machine = session.world.current_system, machine_system()
    if system != machine:
        return machine
    return next((other for other in known_systems() if other != system and emulator_of(other) is not None), None)


def crossing_of(session: Session, request: Request, name: str, chains: Sequence[Chain]) -> Crossing | Crossed | None:
    """Evaluate `NAME.cross.ARCH` of the other system, for the packages of the last stage.

    Returns None unless the session names a system, even if it is this machine's: the comparison builds the other
    system as well. If it cannot be made, returns the reason.
    """
    if session.system is None:
        return None
    architecture = session.system.removesuffix("-linux")
    other = other_system(session)
    if other is None:
        return _not_compared("", architecture, "this machine runs no programs of another system (binfmt_misc)")
    path = f"{name}.cross.{architecture}"
    elsewhere = request.with_attributes(path).replace(argstrs=(*request.argstrs, ("system", other)))
    found: dict[str, Package] = {}
    try:
        (selected,) = evaluate_request(session, elsewhere).selected
        evaluator = session.evaluator
        there = evaluator.attr_names(selected.value)
        for item in chains[0].stages[-1]:
            if item in there:
                derivation = evaluator.derivation_of(evaluator.select(selected.value, item))
                if derivation is not None:
                    found[item] = Package(*derivation)
    except (EvalError, RequestError) as error:
        return _not_compared(other, architecture, f"{other} has no '{path}' to compare with: {error.message}")
    if not found:
        return _not_compared(other, architecture, f"'{path}' of {other} has no package of the stage")
    return Crossing(other, architecture, found)


def _not_compared(system: str, architecture: str, obstacle: str) -> Crossed:
    return Crossed(system, architecture, (), (), obstacle)


def compare_crossing(crossing: Crossing, outcomes: Sequence[Outcome], realised: Realised) -> Crossed:
    """Compare realised packages with the last stages. Raises KeyError if a package is not realised."""
    crossed = {item: realised[derivation, output] for item, derivation, output in items_of(crossing.packages)}
    found = []
    for item, path in crossed.items():
        natives: dict[StorePath | None, list[str]] = {}
        for outcome in outcomes:
            native = outcome.last.get(item)
            if native != path:
                natives.setdefault(native, []).append(outcome.seed)
        if natives:
            found.append(Divergence(item, path, tuple((native, tuple(seeds)) for native, seeds in natives.items())))
    return Crossed(crossing.system, crossing.architecture, tuple(crossed), tuple(found))
