"""Bootstraps of builtin builders: real derivations, store and builder, no compiler and no sandbox."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from chx.builder import Builder, BuildOptions
from chx.builder.proof import Chain, Half, Outcome, Package, outcome_of, targets_of
from chx.store import Derivation, Store, StorePath, upstream_placeholder

ELF = "\x7fELF"


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
        return Chain(seed, False, Half((compiler,)), Half(()), tuple(packages))

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
        targets = targets_of(chains) + [(drv, ("out",)) for chain in chains for drv in chain.foreign]
        realised = Builder(self.store, BuildOptions(jobs=1)).realise(targets)
        return [outcome_of(chain, realised) for chain in chains]


@pytest.fixture
def world(store) -> World:
    return World(store)
