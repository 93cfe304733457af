"""`chx diff --residue`: what of a toolchain is left in what was built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import CommandError
from .subject import packages_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...builder.proof import Chain, Package, Residue
    from ...evaluator import Evaluator, Value
    from ...ops import Request
    from ...store import Store, StorePath
    from ..session import Session
    from .page import Page


def find_leftover(session: Session, request: Request, before: str, after: str) -> Residue:
    """What of the seed or package `after` is left in the stage, set or package `before`.

    Raises `CommandError` if one of them is something else, or is not built.
    """
    from ...builder.proof import Chain, Half, find_residue, outcome_of
    from ..convergence.chains import half_of
    from ..expression import select

    values = []
    for word in (before, after):
        (selected,) = select(session, request.with_attributes(word))
        values.append(selected.value)
    evaluator = session.evaluator
    built, seed = values
    userland = Half(())
    if _has(evaluator, seed, "toolchain"):
        toolchain = half_of(evaluator, seed, "toolchain")
        if _has(evaluator, seed, "userland"):
            userland = half_of(evaluator, seed, "userland")
    else:
        toolchain = Half(tuple(package.derivation for package in _packages(evaluator, seed, after).values()))
    chain = Chain(after, False, toolchain, userland, (_packages(evaluator, built, before),))
    session.world.commit()
    known = _realised(session.store, chain)
    (residue,) = find_residue(session.store, [chain], [outcome_of(chain, known)])
    return residue


def draw_leftover(page: Page, residue: Residue) -> None:
    """What there is, or that there is nothing."""
    from ..convergence.drawing import residue_lines

    page.title("residue: none found" if residue.holds else "residue")
    for line in residue_lines([residue]):
        page.line(line)


def _has(evaluator: Evaluator, value: Value, name: str) -> bool:
    return evaluator.type_name(value) == "set" and name in evaluator.attr_names(value)


def _packages(evaluator: Evaluator, value: Value, word: str) -> dict[str, Package]:
    """The packages of a stage or set, or the one that is meant."""
    from ...builder.proof import Package

    one = evaluator.derivation_of(value)
    found = packages_in(evaluator, value) if one is None else {word: one}
    if not found:
        raise CommandError(
            f"'{word}' is neither a package nor a set of packages",
            hint="name a stage and a seed, as in `chx diff --residue bootstrap.tiny.zig.stage2 seeds.zig`",
        )
    return {name: Package(*derivation) for name, derivation in found.items()}


def _realised(store: Store, chain: Chain) -> Mapping[tuple[StorePath, str], StorePath]:
    """Where everything is that has to be read."""
    from ...builder import recall

    wanted = [*(package.derivation for package in chain.stages[0].values()), *chain.foreign]
    found = recall(store, wanted)
    for derivation in wanted:
        for output in found.derivations[derivation].outputs:
            path = found.outputs.get((derivation, output))
            if path is None or not store.is_valid(path):
                raise CommandError(
                    f"{derivation.name.removesuffix('.drv')} is not there, and strings are looked for in files",
                    hint="build it first: chx build, or chx bootstrap",
                )
    return found.outputs
