"""What is left of a seed in the end.

Three questions, from the strictest to the most suspicious.

*References*: does the closure of the last stage hold an object of the seed? Store paths are found by their
hash parts, so this is exact.

*Ways*: does a derivation of the last stage need one of the seed other than through an output of stage 0?

*Echoes*: does a file of the last stage hold a string that programs, objects or archives of the seed's
toolchain hold too, and that no source accounts for? (What merely runs build scripts leaves no such trace.) A compiler leaves such strings where it goes: its
name, its start files, assertions of its libc, the saving of registers as it writes it.
What counts as a string, and what accounts for one, is said in `strings.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..plan import Lane, lane_of, recall
from .chain import made_on_the_way
from .strings import Sources, Strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ...store.derivation import Derivation
    from ...store.path import StorePath
    from ...store.store import Store
    from .chain import Chain, Outcome

    Known = Mapping[tuple[StorePath, str], StorePath]


@dataclass(frozen=True, slots=True)
class Echo:
    """A string in `file` of the object `path` that the seed holds and no source accounts for."""

    text: str
    path: StorePath
    file: str


@dataclass(frozen=True, slots=True)
class Residue:
    """What is left of `seed`.

    `ways` are chains of derivations, from the last stage to the seed. `shared` is how many strings the
    last stage and the seed have in common, `echoes` those of them that no source accounts for, the longest if
    there are very many.
    """

    seed: str
    references: tuple[StorePath, ...]
    ways: tuple[tuple[StorePath, ...], ...]
    shared: int
    echoes: tuple[Echo, ...]

    @property
    def holds(self) -> bool:
        """Whether there is nothing."""
        return not (self.references or self.ways or self.echoes)


def find_residue(store: Store, chains: Iterable[Chain], outcomes: Iterable[Outcome]) -> tuple[Residue, ...]:
    """One answer for each chain, whose outcome stands at the same place. Everything must be realised."""
    pairs = list(zip(chains, outcomes))
    recollection = recall(store, sorted({drv for chain, _ in pairs for drv in (*chain.packages, *chain.foreign)}))
    derivations, known = recollection.derivations, recollection.outputs
    strings = Strings(store)
    closures = [store.closure(set(outcome.last.values())) for _, outcome in pairs]
    shared = [
        strings.shared(closure, sorted(chain.toolchain.objects(derivations, known)))
        for (chain, _), closure in zip(pairs, closures)
    ]
    seeds = [
        chain.toolchain.objects(derivations, known) | chain.userland.objects(derivations, known) for chain, _ in pairs
    ]
    # Of all seeds together: what accounts for a string does not depend on the seed.
    accounts = [_accounts(chain, derivations, known) for chain, _ in pairs]
    whole = {path for account in accounts for path in account.sources}
    generated = {path for account in accounts for path in account.generated} - whole
    sources = Sources(
        [
            *sorted({text for account in accounts for text in account.texts}),
            *(content for path in sorted(whole) for _, content in strings.files(path)),
            *(content for path in sorted(generated) for content in strings.texts(path)),
        ]
    )
    return tuple(
        Residue(
            chain.seed,
            tuple(path for path in closure if path in seed),
            tuple(_ways(chain, derivations)),
            len(found),
            tuple(Echo(text.decode("ascii"), *found[text]) for text in sorted(strings.unexplained(found, sources))),
        )
        for (chain, _), closure, found, seed in zip(pairs, closures, shared, seeds)
    )


def _ways(chain: Chain, derivations: Mapping[StorePath, Derivation]) -> Iterator[tuple[StorePath, ...]]:
    """Shortest ways from the last stage to derivations or trees of the seed that avoid stage 0."""
    if len(chain.stages) < 2:
        return
    gate = {package.derivation for package in chain.stages[0].values()}
    foreign = {*chain.foreign, *chain.trees}
    before: dict[StorePath, StorePath | None] = {
        package.derivation: None for package in chain.stages[-1].values() if package.derivation not in gate
    }
    todo = list(before)
    for path in todo:
        if path in foreign:
            way = [path]
            while (step := before[way[-1]]) is not None:
                way.append(step)
            yield tuple(reversed(way))
            continue
        derivation = derivations.get(path)
        if derivation is None:
            continue
        for inner in (*derivation.input_drvs, *derivation.input_srcs):
            if inner not in before and inner not in gate:
                before[inner] = path
                todo.append(inner)


class _Accounts(NamedTuple):
    """What may account for a string: whole objects, the texts among the files of others, and texts of derivations."""

    sources: set[StorePath]
    generated: set[StorePath]
    texts: set[bytes]


def _accounts(chain: Chain, derivations: Mapping[StorePath, Derivation], known: Known) -> _Accounts:
    """What packages are made of.

    A source is what was made without any of the seed's and stages' programs. What was made with them and is no
    package itself, such as a compiler's parts, is none: a seed may have left its strings there. But texts that
    programs of the last stage wrote, as tables that are generated and then compiled, are as good as sources.
    """
    last = {package.derivation for package in chain.stages[-1].values()}
    ends = chain.ends
    made = made_on_the_way(chain, derivations)
    found = _Accounts(set(), set(), set())
    seen: set[StorePath] = set()
    # The last stage first: what it shares with one before counts as its own.
    todo = [*((path, False) for path in chain.packages - last), *((path, True) for path in last)]
    while todo:
        path, is_last = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        derivation = derivations[path]
        found.texts.add("\0".join((*derivation.args, *derivation.env.values())).encode("utf-8", "surrogateescape"))
        found.sources.update(source for source in derivation.input_srcs if source not in ends)
        for inner, outputs in derivation.input_drvs.items():
            if inner in ends or lane_of(derivations[inner]) is Lane.FETCH:
                continue
            objects = {known[inner, output] for output in outputs}
            if inner not in made:
                found.sources.update(objects)
                continue
            if is_last and derivations[inner].system != "builtin":
                found.generated.update(objects)
            todo.append((inner, is_last))
    return found
