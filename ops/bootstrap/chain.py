"""Chains of stages, before and after realisation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...store.derivation import Derivation
    from ...store.path import StorePath

    Realised = Mapping[tuple[StorePath, str], StorePath]


BUILTIN: Final = "builtin"
"""The system of derivations that chx builds without running a program."""


class Package(NamedTuple):
    """A derivation of a stage, and its outputs that belong to the stage."""

    derivation: StorePath
    outputs: tuple[str, ...]


class SeedPart(NamedTuple):
    """The toolchain or the userland of a seed: `derivations`, and `trees`, which are captured objects."""

    derivations: tuple[StorePath, ...]
    trees: tuple[StorePath, ...] = ()

    def objects(self, derivations: Mapping[StorePath, Derivation], outputs: Realised) -> set[StorePath]:
        """Return the objects of the part. Raises KeyError if a derivation is not realised."""
        return {outputs[drv, output] for drv in self.derivations for output in derivations[drv].outputs} | set(
            self.trees
        )


class Chain(NamedTuple):
    """The stages to build from one seed; each of `stages` maps names to packages.

    `products` are what is made of the last stage for others, by kind (`products.PRODUCTS`), where somebody asks for it.
    """

    seed: str
    impure: bool
    toolchain: SeedPart
    userland: SeedPart
    stages: tuple[Mapping[str, Package], ...]
    products: Mapping[str, Package] = MappingProxyType({})

    @property
    def goals(self) -> set[StorePath]:
        """The derivations that are built: all packages, and the products."""
        return {*self.packages, *(product.derivation for product in self.products.values())}

    @property
    def seed_derivations(self) -> tuple[StorePath, ...]:
        """The derivations of the seed."""
        return (*self.toolchain.derivations, *self.userland.derivations)

    @property
    def trees(self) -> tuple[StorePath, ...]:
        """The captured objects of the seed."""
        return (*self.toolchain.trees, *self.userland.trees)

    @property
    def packages(self) -> set[StorePath]:
        """The derivations of all stages."""
        return {package.derivation for stage in self.stages for package in stage.values()}

    @property
    def known_objects(self) -> set[StorePath]:
        """Packages, seed derivations and captured trees: the ends of a walk from a package through its inputs."""
        return {*self.packages, *self.seed_derivations, *self.trees}


class Outcome(NamedTuple):
    """A realised chain: the store path of every item, stage by stage.

    An *item* is one output of a package: `musl`, or `musl.dev` for an output beside `out`.
    """

    seed: str
    stages: tuple[Mapping[str, StorePath], ...]

    @property
    def last(self) -> Mapping[str, StorePath]:
        return self.stages[-1]


def targets_of(chains: Iterable[Chain]) -> list[tuple[StorePath, tuple[str, ...]]]:
    """Return the derivations and outputs of all packages of all chains, and of their products."""
    chains = tuple(chains)
    packages = [package for chain in chains for stage in chain.stages for package in stage.values()]
    packages += [product for chain in chains for product in chain.products.values()]
    return [(package.derivation, package.outputs) for package in packages]


def made_on_the_way(chain: Chain, derivations: Mapping[StorePath, Derivation]) -> set[StorePath]:
    """Return intermediate derivations: built with the seed or a stage, but no package, such as the parts of a compiler.

    `derivations` must include all inputs of the chain's packages.
    """
    ends = chain.known_objects
    is_made: dict[StorePath, bool] = {}

    def made(path: StorePath) -> bool:
        if path not in is_made:
            inputs = (*derivations[path].input_drvs, *derivations[path].input_srcs)
            # A list: `any` must not stop early, since every input has to be visited.
            is_made[path] = any([inner in ends or (inner in derivations and made(inner)) for inner in inputs])
        return is_made[path]

    for package in chain.packages:
        made(package)
    return {path for path, answer in is_made.items() if answer and path not in ends}


def runs_no_program(path: StorePath, derivations: Mapping[StorePath, Derivation]) -> bool:
    """Return whether chx builds a derivation and all its inputs itself. `derivations` must include all of these."""
    todo, seen = [path], {path}
    while todo:
        derivation = derivations[todo.pop()]
        if derivation.system != BUILTIN:
            return False
        for inner in derivation.input_drvs:
            if inner not in seen:
                seen.add(inner)
                todo.append(inner)
    return True


def witnesses(chains: Iterable[Chain], derivations: Mapping[StorePath, Derivation]) -> set[tuple[StorePath, str]]:
    """Return the outputs that determine the verdicts of a bootstrap.

    These are the outputs of all packages, all outputs of seeds, and the outputs that builtin builders make of fetched
    files. `derivations` must include all that `chains` need.
    """
    found = {(path, output) for path, outputs in targets_of(chains) for output in outputs}
    found |= {
        (path, output) for chain in chains for path in chain.seed_derivations for output in derivations[path].outputs
    }
    for derivation in derivations.values():
        for inner, outputs in derivation.input_drvs.items():
            if derivations[inner].system == BUILTIN and derivations[inner].fixed is None:
                found.update((inner, output) for output in outputs)
    return found


def items_of(stage: Mapping[str, Package]) -> Iterator[tuple[str, StorePath, str]]:
    """Yield the name, derivation and output of each item of a stage."""
    for name, package in stage.items():
        for output in package.outputs:
            yield (name if output == "out" else f"{name}.{output}"), package.derivation, output


def outcome_of(chain: Chain, realised: Realised) -> Outcome:
    """Return the outcome of a chain. Raises KeyError if a package is not realised."""
    return Outcome(
        chain.seed,
        tuple(
            {item: realised[derivation, output] for item, derivation, output in items_of(stage)}
            for stage in chain.stages
        ),
    )
