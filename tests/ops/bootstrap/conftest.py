"""Bootstraps of builtin builders: real derivations, store and builder, no compiler and no sandbox."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from chx.builder import Builder, BuildOptions
from chx.ops.bootstrap import (
    Chain,
    Outcome,
    Package,
    SeedPart,
    everything_below,
    judge,
    outcome_of,
    targets_of,
    witnesses,
)
from chx.ops.bootstrap.document import sign
from chx.ops.bootstrap.writing import compose
from chx.store import Derivation, Store, StorePath, upstream_placeholder
from chx.store.keys import Signer

ELF = "\x7fELF\2\1\1" + 9 * "\0" + "\2\0"
"""The start of a program: 64 bits, little-endian, of the type ET_EXEC."""


class World(NamedTuple):
    """A store, and functions to fill it."""

    store: Store

    def tree(self, name: str, files: dict[str, str], *inputs: StorePath, sources=()) -> StorePath:
        """A derivation that writes `files`; its `inputs` are mentioned in a variable."""
        entries = [
            {"path": path, "kind": "executable" if text.startswith(ELF) else "file", "content": text}
            for path, text in files.items()
        ]
        return self.store.add_derivation(
            Derivation(
                name,
                "builtin",
                "builtin:tree",
                env={
                    "entries": json.dumps(entries),
                    "inputs": " ".join(upstream_placeholder(drv, "out") for drv in inputs),
                },
                input_drvs=dict.fromkeys(inputs, ("out",)),
                input_srcs=tuple(sorted(sources)),
            )
        )

    def chain(self, seed: str, mark: str, *stages: dict[str, StorePath], foreign=None) -> Chain:
        """A chain whose seed has a compiler with the string `mark`."""
        compiler = foreign or self.compiler(seed, mark)
        packages = [{name: Package(drv, ("out",)) for name, drv in stage.items()} for stage in stages]
        return Chain(seed, False, SeedPart((compiler,)), SeedPart(()), tuple(packages))

    def bootstrap(self, seed: str, mark: str, *contents: str, name: str = "p", sources=()) -> Chain:
        """A chain of one package whose stages are made with each other; `contents` are those of its file, by stage."""
        compiler = before = self.compiler(seed, mark)
        stages = []
        for content in contents:
            before = self.tree(name, {"x": content}, before, sources=sources)
            stages.append({name: before})
        return self.chain(seed, mark, *stages, foreign=compiler)

    def compiler(self, seed: str, mark: str) -> StorePath:
        return self.tree(f"{seed}-compiler", {"usr/bin/cc": f"{ELF}\0{mark}\0"})

    def realise(self, *chains: Chain) -> list[Outcome]:
        realised = self._realised(chains)
        return [outcome_of(chain, realised) for chain in chains]

    def prove(self, *chains: Chain) -> tuple[dict[str, Any], list[Outcome]]:
        """An unsigned proof that the set `set` was built from `chains`, and what came out."""
        realised = self._realised(chains)
        outcomes = [outcome_of(chain, realised) for chain in chains]
        verdicts = judge(self.store, chains, outcomes)
        return compose(self.store, "set", chains, realised, verdicts), outcomes

    def _realised(self, chains: Sequence[Chain]) -> Mapping[tuple[StorePath, str], StorePath]:
        named = witnesses(chains, everything_below(self.store, chains))
        targets = [*targets_of(chains), *((path, (output,)) for path, output in sorted(named))]
        return Builder(self.store, BuildOptions(jobs=1)).realise(targets)


@pytest.fixture
def world(store) -> World:
    return World(store)


@pytest.fixture
def proved(world):
    """A signed proof of two chains, and what it is about."""
    source = world.store.add_bytes(b"int main;\n", "main.c")
    chains = [
        world.bootstrap(seed, f"the compiler called {seed}", first, "1", "1", sources=[source])
        for seed, first in (("s", "0"), ("t", "2"))
    ]
    document, outcomes = world.prove(*chains)
    return sign(document, Signer(world.store.home)).encode(), chains, outcomes
