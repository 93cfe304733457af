"""Evaluate the expression of a bootstrap to chains of stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...store import StorePath
from ..errors import RequestError
from ..instantiation import evaluate_request
from ..text import readable
from .chain import Chain, Package, SeedPart

if TYPE_CHECKING:
    from collections.abc import Collection

    from ...evaluator import Evaluator, Value
    from ..request import Request
    from ..session import Session


class Described(NamedTuple):
    """A chain, and the description of its seed from the expression."""

    chain: Chain
    description: str


def chains_of(
    session: Session,
    request: Request,
    name: str,
    seeds: list[str] | None,
    stages: int,
    *,
    products: Collection[str] = (),
) -> list[Described]:
    """Evaluate `bootstrap.NAME.SEED.stageN` for every seed; without `seeds`, for those that prove something.

    `products`: the kinds of what is made of the last stage for others, `products.PRODUCTS`.

    Raises `RequestError` for an unknown set or seed.
    """
    evaluator = session.evaluator
    system = _set_value(session, request, name)
    attributes = evaluator.attr_names(system)
    for seed in seeds or ():
        if seed not in attributes:
            raise _unknown("seed", seed, attributes)
    if seeds is None:
        seeds = [seed for seed in attributes if _proves(evaluator, evaluator.select(system, seed))]
    if not seeds:
        raise RequestError(f"the set '{name}' has no seed to start from", hint="name some with --seeds")
    return [_chain(evaluator, evaluator.select(system, seed), seed, stages, products) for seed in seeds]


def chain_value(session: Session, request: Request, name: str, seed: str) -> Value:
    """Return the value `bootstrap.NAME.SEED`. Raises `RequestError` for an unknown set or seed."""
    system = _set_value(session, request, name)
    attributes = session.evaluator.attr_names(system)
    if seed not in attributes:
        raise _unknown("seed", seed, attributes)
    return session.evaluator.select(system, seed)


def _set_value(session: Session, request: Request, name: str) -> Value:
    (selected,) = evaluate_request(session, request.with_attributes("bootstrap")).selected
    sets = session.evaluator.attr_names(selected.value)
    if name not in sets:
        raise _unknown("set", name, sets)
    return session.evaluator.select(selected.value, name)


def _unknown(kind: str, name: str, names: list[str]) -> RequestError:
    import difflib

    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(names)}"
    return RequestError(f"there is no {kind} '{name}'", hint=hint)


def _flag(evaluator: Evaluator, seed: Value, name: str) -> bool:
    return name in evaluator.attr_names(seed) and evaluator.select(seed, name) is True


def _proves(evaluator: Evaluator, value: Value) -> bool:
    seed = evaluator.select(value, "seed")
    return not any(_flag(evaluator, seed, flag) for flag in ("impure", "demonstration", "descendant"))


def _chain(evaluator: Evaluator, value: Value, name: str, stages: int, products: Collection[str]) -> Described:
    seed = evaluator.select(value, "seed")
    attributes = evaluator.attr_names(value)
    if f"stage{stages - 1}" not in attributes:
        most = sum(attribute.startswith("stage") for attribute in attributes)
        raise RequestError(f"there are {most} stages, not {stages}", hint="ask for fewer with --stages")
    described = evaluator.attr_names(seed)
    chain = Chain(
        name,
        _flag(evaluator, seed, "impure"),
        seed_part_of(evaluator, seed, "toolchain"),
        seed_part_of(evaluator, seed, "userland"),
        tuple(
            stage_of(evaluator, evaluator.select(evaluator.select(value, f"stage{number}"), "packages"))
            for number in range(stages)
        ),
        {kind: _product(evaluator, evaluator.select(value, f"stage{stages - 1}"), kind) for kind in sorted(products)},
    )
    description = evaluator.select(seed, "description") if "description" in described else ""
    return Described(chain, readable(str(description)))


def _product(evaluator: Evaluator, stage: Value, kind: str) -> Package:
    if kind not in evaluator.attr_names(stage):
        raise RequestError(f"the last stage has no `{kind}`", hint="pkgs/bootstrap/default.nix gives stages one")
    found = evaluator.derivation_of(evaluator.select(stage, kind))
    if found is None:
        raise RequestError(f"the `{kind}` of the last stage is no derivation")
    return Package(*found)


def seed_part_of(evaluator: Evaluator, seed: Value, name: str) -> SeedPart:
    """Read `toolchain` or `userland` of a seed: derivations, or the store paths of trees."""
    derivations: list[StorePath] = []
    trees: list[StorePath] = []
    for item in evaluator.elements(evaluator.select(seed, name)):
        found = evaluator.derivation_of(item)
        if found is not None:
            derivations.append(found[0])
        else:
            trees.append(StorePath.parse(evaluator.to_raw(item)))
    return SeedPart(tuple(derivations), tuple(trees))


def stage_of(evaluator: Evaluator, packages: Value) -> dict[str, Package]:
    """Return a stage from the set of its packages. Raises `RequestError` if one is no derivation."""
    stage: dict[str, Package] = {}
    for name in evaluator.attr_names(packages):
        found = evaluator.derivation_of(evaluator.select(packages, name))
        if found is None:
            raise RequestError(f"the package '{name}' of a stage is no derivation")
        stage[name] = Package(*found)
    return stage
