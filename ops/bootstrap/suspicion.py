"""Suspicions: signs in stage 0 that a compiler is not honest.

Where the last stages differ, a majority proves nothing: two seeds may contain the same backdoor. Stage 0 is further
evidence, because its programs were compiled by compilers whose outputs should differ.

*Twins*: two unrelated compilers produced the same program. GCC, clang, pcc and zig do not generate the same machine
code, so that both must have returned the output of a third compiler.

*At rest*: the seed's compiler and the next stage produced the same program. A compiler and the compiler that it
compiled do not generate the same machine code, unless the seed is the system itself.

*Misled*: a package that the seed's compiler did not compile differs between seeds, though its recipe is equal. The
compiler of the package was compiled from equal sources. So the compiler of one of these seeds miscompiled it, or the
build of the package is not reproducible.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from .chain import items_of, runs_no_program

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...store.derivation import Derivation
    from ...store.path import StorePath
    from .chain import Chain, Outcome
    from .convergence import Agreement
    from .kinship import Contents, Kinship

Kind = Literal["twins", "at-rest", "misled"]
_PLACEHOLDER: Final = re.compile(r"/[0-9a-df-np-sv-z]{52}|/chx/store/[0-9a-df-np-sv-z]{32}")


class Suspicion(NamedTuple):
    """A result that honest compilers do not produce: the package `item` in stage 0 of each of `seeds`."""

    kind: Kind
    item: str
    seeds: tuple[str, ...]

    @property
    def is_grave(self) -> bool:
        """Whether only a dishonest compiler explains it, so that equal last stages prove nothing either."""
        return self.kind != "misled"


def independence(agreed: Agreement, found: Iterable[Suspicion]) -> bool | None:
    """Return whether unrelated toolchains agree; None if they are too few, or if a suspicion is grave."""
    return None if agreed.holds and any(suspicion.is_grave for suspicion in found) else agreed.holds


def suspicions(
    contents: Contents,
    chains: Sequence[Chain],
    outcomes: Sequence[Outcome],
    derivations: Mapping[StorePath, Derivation],
    kin: Kinship,
) -> tuple[Suspicion, ...]:
    """Find all suspicions, sorted by kind, package and seeds."""
    groups = {seed: number for number, seeds in enumerate(kin.toolchains or ()) for seed in seeds}
    own = {makeup.seed: {program.digest for program in makeup.programs or ()} for makeup in kin.makeups}
    firsts = {
        chain.seed: {item: path for item, path, _ in items_of(chain.stages[0])} for chain in chains if chain.stages
    }
    compiled = {chain.seed: _compiled_by_seed(chain, derivations) for chain in chains}
    found: list[Suspicion] = []
    for item in dict.fromkeys(item for outcome in outcomes for item in outcome.stages[0]):
        cells = {outcome.seed: outcome.stages[0][item] for outcome in outcomes if item in outcome.stages[0]}
        direct = [seed for seed in cells if firsts[seed].get(item) in compiled[seed]]
        programs = {seed: set(contents.programs(cells[seed]).values()) for seed in direct}
        twins = {
            seed
            for one, other in combinations(direct, 2)
            if cells[one] == cells[other]
            and programs[one]
            and groups.get(one, -1) != groups.get(other, -2)
            # A seed that is the system itself rightly produces the system's programs.
            and not programs[one] & (own[one] | own[other])
            for seed in (one, other)
        }
        if twins:
            found.append(Suspicion("twins", item, tuple(sorted(twins))))
        for outcome in outcomes:
            seed = outcome.seed
            if (
                seed in direct
                and len(outcome.stages) > 1
                and outcome.stages[1].get(item) == cells[seed]
                and programs[seed]
                and not programs[seed] & own[seed]
            ):
                found.append(Suspicion("at-rest", item, (seed,)))
        indirect = [seed for seed in cells if seed not in direct and item in firsts[seed]]
        recipes = {seed: _recipe(derivations[firsts[seed][item]], derivations) for seed in indirect}
        misled = {
            seed
            for one, other in combinations(indirect, 2)
            if cells[one] != cells[other] and recipes[one] == recipes[other]
            for seed in (one, other)
        }
        if misled:
            found.append(Suspicion("misled", item, tuple(sorted(misled))))
    return tuple(sorted(found))


def _compiled_by_seed(chain: Chain, derivations: Mapping[StorePath, Derivation]) -> set[StorePath]:
    """Return the packages of stage 0 that use the seed's toolchain directly, not only through other packages."""
    packages = {package.derivation for package in chain.stages[0].values()}
    ends = {*chain.seed_derivations, *chain.trees}
    compilers = {*chain.toolchain.derivations, *chain.toolchain.trees}
    result: set[StorePath] = set()
    for start in packages:
        seen = {start}
        todo = [start]
        while todo:
            path = todo.pop()
            if path in ends or path not in derivations:
                continue
            for inner in (*derivations[path].input_drvs, *derivations[path].input_srcs):
                if inner not in seen and inner not in packages:
                    seen.add(inner)
                    todo.append(inner)
        if seen & compilers:
            result.add(start)
    return result


def _recipe(derivation: Derivation, derivations: Mapping[StorePath, Derivation]) -> object:
    """Return the recipe of a derivation: everything but the hashes of its inputs; their names are included."""

    def without(text: str) -> str:
        return _PLACEHOLDER.sub("/", text)

    sources = sorted(str(path) for path in derivation.input_srcs)
    fixed = sorted(str(path) for path in derivation.input_drvs if runs_no_program(path, derivations))
    env = {name: without(text) for name, text in derivation.env.items()}
    return (without(derivation.builder), tuple(map(without, derivation.args)), env, sources, fixed)
