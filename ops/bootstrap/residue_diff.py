"""`chx diff --residue`: find the residue of a toolchain in a stage, set or package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...builder import recall
from ..diff.subject import packages_in
from ..errors import RequestError
from ..instantiation import evaluate_request
from .chain import Chain, Package, SeedPart, outcome_of
from .plan import seed_part_of
from .residue import find_residue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...evaluator import Evaluator, Value
    from ...store import Store, StorePath
    from ..request import Request
    from ..session import Session
    from .chain import Chain, Package
    from .residue import Residue


def find_residue_of(session: Session, request: Request, before: str, after: str) -> Residue:
    """Find the residue of the seed or package `after` in the stage, set or package `before`.

    Raises `RequestError` if one of them is something else, or is not built.
    """
    values = []
    for word in (before, after):
        (selected,) = evaluate_request(session, request.with_attributes(word)).selected
        values.append(selected.value)
    evaluator = session.evaluator
    built, seed = values
    userland = SeedPart(())
    if _has(evaluator, seed, "toolchain"):
        toolchain = seed_part_of(evaluator, seed, "toolchain")
        if _has(evaluator, seed, "userland"):
            userland = seed_part_of(evaluator, seed, "userland")
    else:
        toolchain = SeedPart(tuple(package.derivation for package in _packages(evaluator, seed, after).values()))
    chain = Chain(after, False, toolchain, userland, (_packages(evaluator, built, before),))
    session.world.commit()
    known = _realised(session.store, chain)
    (residue,) = find_residue(session.store, [chain], [outcome_of(chain, known)])
    return residue


def _has(evaluator: Evaluator, value: Value, name: str) -> bool:
    return evaluator.type_name(value) == "set" and name in evaluator.attr_names(value)


def _packages(evaluator: Evaluator, value: Value, word: str) -> dict[str, Package]:
    """Return the packages of a stage or set, or the named package itself."""
    one = evaluator.derivation_of(value)
    found = packages_in(evaluator, value) if one is None else {word: one}
    if not found:
        raise RequestError(
            f"'{word}' is neither a package nor a set of packages",
            hint="name a stage and a seed, as in `chx diff --residue bootstrap.tiny.zig.stage2 seeds.zig`",
        )
    return {name: Package(*derivation) for name, derivation in found.items()}


def _realised(store: Store, chain: Chain) -> Mapping[tuple[StorePath, str], StorePath]:
    """Return the objects of the packages and the seed. Raises `RequestError` if one is not built."""
    paths = [*(package.derivation for package in chain.stages[0].values()), *chain.seed_derivations]
    found = recall(store, paths)
    for derivation in paths:
        for output in found.derivations[derivation].outputs:
            path = found.outputs.get((derivation, output))
            if path is None or not store.is_valid(path):
                raise RequestError(
                    f"{derivation.name.removesuffix('.drv')} is not there, and strings are looked for in files",
                    hint="build it first: chx build, or chx bootstrap",
                )
    return found.outputs
