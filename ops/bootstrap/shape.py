"""The shape of a bootstrap: conditions on its chains without which their outcomes prove nothing.

All chains have the same number of stages, at least one, with the same packages in each, at least one. Stage 0 is made
with the toolchain of the named seed and of no other. Each package of a later stage is made with packages of the stage
before it, and reaches a seed or an earlier stage only through them. Only outputs that a stage lists are used, since
no others are compared. Packages made of sources alone are allowed, and equal in every stage; but no stage consists
only of them. A product is made of packages of the last stage, and of what is made with them.

All of it follows from derivations, without building.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ...store.errors import StoreError
from .chain import items_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ...store.derivation import Derivation
    from ...store.path import StorePath
    from .chain import Chain, Package

_SHOWN: Final = 5


class ShapeRefused(StoreError):
    """Chains that are no bootstrap; `flaws` are the violated conditions, as sentences."""

    def __init__(self, subject: str, flaws: Sequence[str]) -> None:
        more = f"\n  and {len(flaws) - _SHOWN} more" if len(flaws) > _SHOWN else ""
        listed = "".join(f"\n  {flaw}" for flaw in flaws[:_SHOWN])
        super().__init__(
            f"{subject} is no bootstrap:{listed}{more}",
            hint="a stage is made with the stage before it, and stage 0 with the seed: see the manual on bootstraps",
            code="B041",
        )
        self.flaws = tuple(flaws)


def check_shape(subject: str, chains: Sequence[Chain], derivations: Mapping[StorePath, Derivation]) -> None:
    """Raise `ShapeRefused` unless `chains` are a bootstrap; `subject` is its name in messages.

    `derivations` must include those of all packages and seeds, and all their inputs.
    """
    flaws = list(flaws_of(chains, derivations))
    if flaws:
        raise ShapeRefused(subject, flaws)


def flaws_of(chains: Sequence[Chain], derivations: Mapping[StorePath, Derivation]) -> Iterator[str]:
    """Yield the violated conditions as sentences."""
    if not chains:
        yield "it has no seed"
        return
    yield from _counts(chains)
    for chain in chains:
        foreign = {path for other in chains for path in (*other.seed_derivations, *other.trees)}
        yield from _chain_flaws(chain, foreign, derivations)


def _counts(chains: Sequence[Chain]) -> Iterator[str]:
    first = chains[0]
    for chain in chains:
        if not chain.stages:
            yield f"{chain.seed}: it has no stage"
        elif len(chain.stages) != len(first.stages):
            yield f"{chain.seed} has {len(chain.stages)} stages, {first.seed} has {len(first.stages)}"
        for number, stage in enumerate(chain.stages):
            if not stage:
                yield f"{chain.seed}: stage {number} has no package"
            elif number < len(first.stages) and stage.keys() != first.stages[number].keys():
                odd = sorted(stage.keys() ^ first.stages[number].keys())
                yield f"{chain.seed} and {first.seed}: only one of them has {', '.join(odd[:_SHOWN])} in stage {number}"
            yield from (
                f"{chain.seed}: '{name}' of stage {number} has no output"
                for name, package in stage.items()
                if not package.outputs
            )
            items = Counter(item for item, _, _ in items_of(stage))
            yield from (
                f"{chain.seed}: stage {number} has more than one '{item}'" for item in sorted(items) if items[item] > 1
            )


def _chain_flaws(
    chain: Chain, foreign: Collection[StorePath], derivations: Mapping[StorePath, Derivation]
) -> Iterator[str]:
    own = {*chain.seed_derivations, *chain.trees}
    compilers = {*chain.toolchain.derivations, *chain.toolchain.trees}
    if not compilers:
        yield f"{chain.seed}: the seed has no toolchain"
    # The last stage of one chain may be the seed of another, so that the packages of a chain may be in `foreign`.
    other_seeds = set(foreign) - own - chain.packages
    graph = _Graph(derivations, own | other_seeds)
    before: set[StorePath] = set()
    earlier: set[StorePath] = set()
    for number, stage in enumerate(chain.stages):
        paths = {package.derivation for package in stage.values()}
        if number == 0:
            reached = graph.reached(paths, own)
            if compilers and not reached & compilers:
                yield f"{chain.seed}: nothing in stage 0 is made with the toolchain of the seed"
            for other in sorted(reached & other_seeds):
                yield f"{chain.seed}: stage 0 is made with {other.name}, which is of another seed"
        else:
            if stage and not any(map(graph.has_seed, paths)):
                yield f"{chain.seed}: nothing in stage {number} is made with stage {number - 1}"
            for name, package in stage.items():
                if graph.has_seed(package.derivation):
                    yield from _package_flaws(chain.seed, number, name, package.derivation, before, earlier, graph)
        earlier |= {path for path in before if graph.has_seed(path)}
        before = paths
    for kind, product in chain.products.items():
        yield from _product_flaws(f"{chain.seed}: the {kind}", product, before, earlier, graph)
    yield from _unlisted(chain, graph)


def _product_flaws(
    what: str, product: Package, last: Collection[StorePath], earlier: Collection[StorePath], graph: _Graph
) -> Iterator[str]:
    """Yield a sentence for what a product has that is not of the last stage."""
    reached = graph.reached({product.derivation}, last)
    if product.outputs != ("out",):
        yield f"{what} has other outputs than one"
    if not reached & set(last):
        yield f"{what} has no package of the last stage"
    for member in sorted(reached & (graph.foreign | set(earlier) - set(last))):
        yield f"{what} reaches the seed or an earlier stage without the last one: {member.name}"
        break


def _unlisted(chain: Chain, graph: _Graph) -> Iterator[str]:
    """Yield a sentence for each used output of a package that no stage lists."""
    listed: dict[StorePath, set[str]] = {}
    for stage in chain.stages:
        for package in stage.values():
            listed.setdefault(package.derivation, set()).update(package.outputs)
    found = {
        (inner, output)
        for path in graph.reached(chain.goals, ())
        if path not in graph.foreign
        for inner, outputs in graph.used(path).items()
        if inner in listed
        for output in outputs
        if output not in listed[inner]
    }
    for path, output in sorted(found):
        yield f"{chain.seed}: the output '{output}' of {path.name} is used, and no stage lists it"


def _package_flaws(
    seed: str,
    number: int,
    name: str,
    path: StorePath,
    before: Collection[StorePath],
    earlier: Collection[StorePath],
    graph: _Graph,
) -> Iterator[str]:
    what = f"{seed}: '{name}' of stage {number}"
    if path in before:
        yield f"{what} is that of stage {number - 1}: it does not depend on the stage before it"
        return
    reached = graph.reached(graph.inputs(path), before)
    if not any(member in before and graph.has_seed(member) for member in reached):
        yield f"{what} is made with no package of stage {number - 1}"
    for member in sorted(reached & graph.foreign):
        yield f"{what} reaches the seed without stage {number - 1}: {member.name}"
        break
    for member in sorted(reached & set(earlier) - set(before)):
        yield f"{what} reaches stage {number - 2} or an earlier one without stage {number - 1}: {member.name}"
        break


class _Graph:
    """Derivations with their inputs; `foreign` are the derivations and trees of seeds."""

    def __init__(self, derivations: Mapping[StorePath, Derivation], foreign: set[StorePath]) -> None:
        self._derivations = derivations
        self.foreign = foreign
        self._has_seed: dict[StorePath, bool] = dict.fromkeys(foreign, True)

    def inputs(self, path: StorePath) -> tuple[StorePath, ...]:
        """Return the inputs of a derivation; none for a source."""
        derivation = self._derivations.get(path)
        return () if derivation is None else (*derivation.input_drvs, *derivation.input_srcs)

    def used(self, path: StorePath) -> Mapping[StorePath, Sequence[str]]:
        """Return the outputs of other derivations that a derivation uses; none for a source."""
        derivation = self._derivations.get(path)
        return {} if derivation is None else derivation.input_drvs

    def has_seed(self, path: StorePath) -> bool:
        """Return whether `path` or any of its transitive inputs belongs to a seed."""
        stack = [path]
        while stack:
            top = stack[-1]
            if top in self._has_seed:
                stack.pop()
                continue
            inputs = self.inputs(top)
            missing = [inner for inner in inputs if inner not in self._has_seed]
            if missing:
                stack += missing
                continue
            self._has_seed[top] = any(self._has_seed[inner] for inner in inputs)
            stack.pop()
        return self._has_seed[path]

    def reached(self, starts: Collection[StorePath], ends: Collection[StorePath]) -> set[StorePath]:
        """Return `starts` and their transitive inputs, without the inputs of `ends` and of seeds."""
        found = set(starts)
        todo = list(found)
        while todo:
            path = todo.pop()
            if path in ends or path in self.foreign:
                continue
            for inner in self.inputs(path):
                if inner not in found:
                    found.add(inner)
                    todo.append(inner)
        return found
