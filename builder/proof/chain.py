"""Chains of stages, before and after they are realised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...store.path import StorePath

    Realised = Mapping[tuple[StorePath, str], StorePath]


class Package(NamedTuple):
    """A derivation of a stage, and which of its outputs belong to the stage."""

    derivation: StorePath
    outputs: tuple[str, ...]


class Chain(NamedTuple):
    """What is to be built from one seed.

    `toolchain` and `userland` are the derivations of the seed, `trees` the objects of one that was captured
    and not built; `stages` maps the names of packages to what they are, stage by stage.
    """

    seed: str
    impure: bool
    toolchain: tuple[StorePath, ...]
    userland: tuple[StorePath, ...]
    trees: tuple[StorePath, ...]
    stages: tuple[Mapping[str, Package], ...]

    @property
    def foreign(self) -> tuple[StorePath, ...]:
        return (*self.toolchain, *self.userland)


class Outcome(NamedTuple):
    """What became of a chain: the store path of every item, stage by stage.

    An *item* is one output of a package: `musl`, or `musl.dev` for an output beside `out`.
    """

    seed: str
    stages: tuple[Mapping[str, StorePath], ...]

    @property
    def last(self) -> Mapping[str, StorePath]:
        return self.stages[-1]


def targets_of(chains: Iterable[Chain]) -> list[tuple[StorePath, tuple[str, ...]]]:
    """What has to be realised, the stages of all chains side by side."""
    return [
        (package.derivation, package.outputs)
        for chain in chains
        for stage in chain.stages
        for package in stage.values()
    ]


def outcome_of(chain: Chain, realised: Realised) -> Outcome:
    """Pick what belongs to a chain; KeyError if some of it is not realised."""
    return Outcome(chain.seed, tuple(dict(_items(stage, realised)) for stage in chain.stages))


def _items(stage: Mapping[str, Package], realised: Realised) -> Iterator[tuple[str, StorePath]]:
    for name, package in stage.items():
        for output in package.outputs:
            yield (name if output == "out" else f"{name}.{output}"), realised[package.derivation, output]
