"""Residue: what the last stage contains of a seed.

There are five tests, from the strictest to the most sensitive.

*References*: does the closure of the last stage contain an object of the seed? Store paths are found by their
hash parts, so this test is exact.

*Ways*: does a derivation of the last stage need one of the seed other than through an output of stage 0?

*Survivors*: does a file of the last stage equal a file of either half of the seed, and no file of a source? Files are
compared by digest, so this test is exact, too. It skips files of fewer than 16 bytes: an empty archive is the same
everywhere.

*Prebuilt code*: is a file of the last stage machine code (an ELF file or an archive) that no stage compiled? Then it
is a file of a source, or of a package that no program made. For the same reason machine code in a source explains
neither a survivor nor an echo: an alleged source may be a seed's compiler.

*Echoes*: does a file of the last stage contain a string that programs, objects or archives of the seed's toolchain
contain too, and that no source explains? A compiler leaves such strings in its output: its name, its start files,
assertions of its libc, the code that saves registers. Programs that only run build scripts leave none.
`string_evidence.py` defines strings and what explains them. This test can find residue, but cannot prove its absence:
code without text, and text that is short, encoded or compressed, leave no string.

Another chain explains a survivor or an echo, too: the last stage of that chain contains the same file, and its seed is
another toolchain, which does not contain that file or string. What was built there without the seed did not need the
seed here. So a system that is its own seed has no residue of itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ...builder.planning import Lane, lane_of, recall
from .chain import made_on_the_way, runs_no_program
from .string_evidence import BINARY, SHORTEST, Sources, Strings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ...store.derivation import Derivation
    from ...store.path import StorePath
    from ...store.store import Store
    from .chain import Chain, Outcome

    Known = Mapping[tuple[StorePath, str], StorePath]


@dataclass(frozen=True, slots=True)
class SharedString:
    """A string in `file` of the object `path` that the seed contains too."""

    text: str
    path: StorePath
    file: str


@dataclass(frozen=True, slots=True)
class Survivor:
    """The file `file` of the object `path`, which equals the file `origin` of the seed."""

    path: StorePath
    file: str
    origin: str


class Prebuilt(NamedTuple):
    """Machine code in `file` of the object `path` that no stage compiled."""

    path: StorePath
    file: str


@dataclass(frozen=True, slots=True)
class Residue:
    """The residue of `seed`, and `prebuilt`, machine code that may be of any origin.

    `ways` are chains of derivations, from the last stage to the seed. `shared` are the strings that the last stage and
    the seed have in common. `echoes` are the unexplained ones among them, only the longest if there are very many.
    `elsewhere` is the number of files and strings that only another chain explains.
    """

    seed: str
    references: tuple[StorePath, ...]
    ways: tuple[tuple[StorePath, ...], ...]
    survivors: tuple[Survivor, ...]
    shared: tuple[SharedString, ...]
    echoes: tuple[SharedString, ...]
    elsewhere: int = 0
    prebuilt: tuple[Prebuilt, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether no residue was found."""
        return not (self.references or self.ways or self.survivors or self.echoes or self.prebuilt)


class _End(NamedTuple):
    """The end of one chain: the closure of its last stage, and the objects of its seed, with files by digest."""

    closure: list[StorePath]
    files: dict[bytes, tuple[StorePath, str]]
    seed_objects: set[StorePath]
    seed_files: dict[bytes, str]
    toolchain: list[StorePath]


def find_residue(
    store: Store,
    chains: Iterable[Chain],
    outcomes: Iterable[Outcome],
    toolchains: Sequence[Sequence[str]] | None = None,
    trusts_cache: bool = True,
) -> tuple[Residue, ...]:
    """Find the residue of each chain; `outcomes` are in the order of `chains`. Everything must be realised.

    `toolchains` are groups of seeds that count once (`kinship.toolchains`); without them no chain explains what is in
    another. `trusts_cache`: whether strings may come from the cache of earlier searches.
    """
    pairs = list(zip(chains, outcomes))
    recollection = recall(
        store, sorted({drv for chain, _ in pairs for drv in (*chain.packages, *chain.seed_derivations)})
    )
    derivations, known = recollection.derivations, recollection.outputs
    strings = Strings(store, trusts_cache)
    ends = [_end(store, chain, outcome, derivations, known) for chain, outcome in pairs]
    shared = [strings.shared(end.closure, end.toolchain) for end in ends]
    # Sources of all chains count: what explains a string does not depend on the seed.
    explanations = [_explanations(chain, derivations, known) for chain, _ in pairs]
    whole = {path for explanation in explanations for path in explanation.sources}
    generated = {path for explanation in explanations for path in explanation.generated} - whole
    sources = Sources(
        [
            *sorted({text for explanation in explanations for text in explanation.texts}),
            *(_names(store, path) for path in sorted(whole | generated)),
            *(content for path in sorted(whole) for content in strings.texts(path)),
            *(content for path in sorted(generated) for content in strings.texts(path)),
        ]
    )
    source_files = {digest for path in whole for digest, _ in _files(store, path)}
    found = []
    for number, (chain, _) in enumerate(pairs):
        end = ends[number]
        others = [
            ends[index] for index, (other, _) in enumerate(pairs) if _are_apart(chain.seed, other.seed, toolchains)
        ]
        survivors = {
            digest: Survivor(*place, end.seed_files[digest])
            for digest, place in end.files.items()
            if digest in end.seed_files and (digest not in source_files or _is_machine_code(store, place))
        }
        echoes = {text: shared[number][text] for text in strings.unexplained(shared[number], sources)}
        left, unexplained = _unexplained(store, strings, survivors, echoes, others)
        found.append(
            Residue(
                chain.seed,
                tuple(path for path in end.closure if path in end.seed_objects),
                tuple(_ways(chain, derivations)),
                tuple(sorted(left, key=lambda survivor: (survivor.path, survivor.file))),
                tuple(SharedString(text.decode("ascii"), *place) for text, place in sorted(shared[number].items())),
                tuple(SharedString(text.decode("ascii"), *echoes[text]) for text in sorted(unexplained)),
                len(survivors) + len(echoes) - len(left) - len(unexplained),
                tuple(_prebuilt(store, end, source_files | _without_programs(store, chain, derivations, known))),
            )
        )
    return tuple(found)


def _end(
    store: Store, chain: Chain, outcome: Outcome, derivations: Mapping[StorePath, Derivation], known: Known
) -> _End:
    closure = store.closure(set(outcome.last.values()))
    toolchain = chain.toolchain.objects(derivations, known)
    objects = toolchain | chain.userland.objects(derivations, known)
    return _End(
        closure,
        {digest: (path, file) for path in reversed(closure) for digest, file in _files(store, path)},
        objects,
        {digest: file for path in sorted(objects) for digest, file in _files(store, path)},
        sorted(toolchain),
    )


def _files(store: Store, path: StorePath) -> Iterator[tuple[bytes, str]]:
    """Yield the digest and path of each file that is large enough to be evidence."""
    for entry in store.manifest(path):
        if entry.digest is not None and entry.size >= SHORTEST:
            yield entry.digest, entry.path


def _is_machine_code(store: Store, place: tuple[StorePath, str]) -> bool:
    with store.open_file(*place) as opened:
        return opened.read(SHORTEST).startswith(BINARY)


def _prebuilt(store: Store, end: _End, ready: Collection[bytes]) -> Iterator[Prebuilt]:
    """Yield the machine code of the last stage among the files with the digests `ready`."""
    for place in sorted(place for digest, place in end.files.items() if digest in ready):
        if _is_machine_code(store, place):
            yield Prebuilt(*place)


def _without_programs(
    store: Store, chain: Chain, derivations: Mapping[StorePath, Derivation], known: Known
) -> set[bytes]:
    """Return the digests of the files of packages that chx made itself, without running a compiler."""
    alone = [package for package in chain.stages[-1].values() if runs_no_program(package.derivation, derivations)]
    return {
        digest
        for package in alone
        for output in package.outputs
        for digest, _ in _files(store, known[package.derivation, output])
    }


def _names(store: Store, path: StorePath) -> bytes:
    """Return the names of the files of a source, since compilers and assemblers write them into objects."""
    return "\0".join(entry.path for entry in store.manifest(path)).encode("utf-8", "surrogateescape")


def _are_apart(one: str, other: str, toolchains: Sequence[Sequence[str]] | None) -> bool:
    """Return whether `other` is a toolchain and not the one of `one`, which may have none."""
    groups = {seed: number for number, seeds in enumerate(toolchains or ()) for seed in seeds}
    return other in groups and groups.get(one) != groups[other]


def _unexplained(
    store: Store,
    strings: Strings,
    survivors: Mapping[bytes, Survivor],
    echoes: Mapping[bytes, tuple[StorePath, str]],
    others: Sequence[_End],
) -> tuple[list[Survivor], list[bytes]]:
    """Return the survivors and echoes that no other chain explains."""
    left = [
        survivor
        for digest, survivor in survivors.items()
        if not any(digest in other.files and digest not in other.seed_files for other in others)
    ]
    if not echoes or not others:
        return left, list(echoes)
    held = [strings.held_by(other.toolchain) for other in others]
    unexplained = []
    for text, (path, file) in echoes.items():
        entry = store.manifest(path).lookup(file)
        digest = None if entry is None else entry.digest
        if not any(digest in other.files and text not in texts for other, texts in zip(others, held)):
            unexplained.append(text)
    return left, unexplained


def _ways(chain: Chain, derivations: Mapping[StorePath, Derivation]) -> Iterator[tuple[StorePath, ...]]:
    """Yield the shortest ways from the last stage to derivations or trees of the seed that avoid stage 0."""
    if len(chain.stages) < 2:
        return
    stage0 = {package.derivation for package in chain.stages[0].values()}
    foreign = {*chain.seed_derivations, *chain.trees}
    before: dict[StorePath, StorePath | None] = {
        package.derivation: None for package in chain.stages[-1].values() if package.derivation not in stage0
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
            if inner not in before and inner not in stage0:
                before[inner] = path
                todo.append(inner)


class _Explanations(NamedTuple):
    """What may explain a string: source objects, generated objects (only their texts), and texts of derivations."""

    sources: set[StorePath]
    generated: set[StorePath]
    texts: set[bytes]


def _explanations(chain: Chain, derivations: Mapping[StorePath, Derivation], known: Known) -> _Explanations:
    """Return the sources and generated texts behind the packages of a chain.

    A source is made without programs of the seed or of stages. Intermediate objects made with such programs, like a
    compiler's parts, are no sources: a seed may have left its strings there. But texts that programs of the last
    stage wrote, such as tables that are generated and then compiled, count as sources.
    """
    last = {package.derivation for package in chain.stages[-1].values()}
    ends = chain.known_objects
    made = made_on_the_way(chain, derivations)
    found = _Explanations(set(), set(), set())
    seen: set[StorePath] = set()
    # The last stage is visited first, so that derivations it shares with earlier stages count as its own.
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
