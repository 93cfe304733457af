"""What is left of a seed in the end.

Five questions, from the strictest to the most suspicious.

*References*: does the closure of the last stage hold an object of the seed? Store paths are found by their
hash parts, so this is exact.

*Ways*: does a derivation of the last stage need one of the seed other than through an output of stage 0?

*Survivors*: is a file of the last stage, byte for byte, a file of either half of the seed, and not a file of a source?
Files are compared by digest, so this is exact, too. Files of fewer than 16 bytes are left out: an archive without
members is the same everywhere.

*Prebuilt code*: is a file of the last stage machine code (an ELF file or an archive) that no stage compiled? It is a
file of a source, or of a package that no program made. For the same reason machine code in a source accounts for
neither a survivor nor an echo: what is called a source may be a seed's compiler.

*Echoes*: does a file of the last stage hold a string that programs, objects or archives of the seed's
toolchain hold too, and that no source accounts for? (What merely runs build scripts leaves no such trace.) A compiler leaves such strings where it goes: its
name, its start files, assertions of its libc, the saving of registers as it writes it.
What counts as a string, and what accounts for one, is said in `strings.py`. This one can find something, and cannot
show that there is nothing: code without text, and text that is short, encoded or compressed, leave no string.

A survivor or an echo is accounted for, too, if the very file that it stands in is in the last stage of another chain,
whose seed is another toolchain and does not hold that file or string: what came from there without the seed did not
need the seed here. So a system that is its own seed is not accused of what it is.
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
    """A string in `file` of the object `path` that the seed holds and no source accounts for."""

    text: str
    path: StorePath
    file: str


@dataclass(frozen=True, slots=True)
class Survivor:
    """The file `file` of the object `path`, which is the file `origin` of the seed, byte for byte."""

    path: StorePath
    file: str
    origin: str


class Prebuilt(NamedTuple):
    """Machine code in `file` of the object `path` that no stage compiled."""

    path: StorePath
    file: str


@dataclass(frozen=True, slots=True)
class Residue:
    """What is left of `seed`, and `prebuilt`, what might be of any.

    `ways` are chains of derivations, from the last stage to the seed. `shared` are the strings that the
    last stage and the seed have in common, `echoes` those of them that nothing accounts for, the longest if
    there are very many. `elsewhere` is how many files and strings only another chain accounts for.
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
        """Whether nothing was found."""
        return not (self.references or self.ways or self.survivors or self.echoes or self.prebuilt)


class _End(NamedTuple):
    """What one chain came to: the files of its last stage, and what its seed holds, by digest and as strings."""

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
    """One answer for each chain, whose outcome stands at the same place. Everything must be realised.

    `toolchains` are groups of seeds that count once (`kinship.toolchains`); without them no chain accounts for
    what is in another. `trusts_cache`: whether strings of an object may be those that were found in it before.
    """
    pairs = list(zip(chains, outcomes))
    recollection = recall(
        store, sorted({drv for chain, _ in pairs for drv in (*chain.packages, *chain.seed_derivations)})
    )
    derivations, known = recollection.derivations, recollection.outputs
    strings = Strings(store, trusts_cache)
    ends = [_end(store, chain, outcome, derivations, known) for chain, outcome in pairs]
    shared = [strings.shared(end.closure, end.toolchain) for end in ends]
    # Of all seeds together: what accounts for a string does not depend on the seed.
    accounts = [_accounts(chain, derivations, known) for chain, _ in pairs]
    whole = {path for account in accounts for path in account.sources}
    generated = {path for account in accounts for path in account.generated} - whole
    sources = Sources(
        [
            *sorted({text for account in accounts for text in account.texts}),
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
            ends[other] for other, (there, _) in enumerate(pairs) if _are_apart(chain.seed, there.seed, toolchains)
        ]
        survivors = {
            digest: Survivor(*place, end.seed_files[digest])
            for digest, place in end.files.items()
            if digest in end.seed_files and (digest not in source_files or _is_machine_code(store, place))
        }
        echoes = {text: shared[number][text] for text in strings.unexplained(shared[number], sources)}
        left, quiet = _unaccounted(store, strings, survivors, echoes, others)
        found.append(
            Residue(
                chain.seed,
                tuple(path for path in end.closure if path in end.seed_objects),
                tuple(_ways(chain, derivations)),
                tuple(sorted(left, key=lambda survivor: (survivor.path, survivor.file))),
                tuple(SharedString(text.decode("ascii"), *place) for text, place in sorted(shared[number].items())),
                tuple(SharedString(text.decode("ascii"), *echoes[text]) for text in sorted(quiet)),
                len(survivors) + len(echoes) - len(left) - len(quiet),
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
    """Digest and path of each file that is not too small to tell anything."""
    for entry in store.manifest(path):
        if entry.digest is not None and entry.size >= SHORTEST:
            yield entry.digest, entry.path


def _is_machine_code(store: Store, place: tuple[StorePath, str]) -> bool:
    with store.open_file(*place) as opened:
        return opened.read(SHORTEST).startswith(BINARY)


def _prebuilt(store: Store, end: _End, ready: Collection[bytes]) -> Iterator[Prebuilt]:
    """The machine code of the last stage among the files whose digests are `ready`."""
    for place in sorted(place for digest, place in end.files.items() if digest in ready):
        if _is_machine_code(store, place):
            yield Prebuilt(*place)


def _without_programs(
    store: Store, chain: Chain, derivations: Mapping[StorePath, Derivation], known: Known
) -> set[bytes]:
    """The digests of the files of packages that chx made alone: no program ran, so no compiler did."""
    alone = [package for package in chain.stages[-1].values() if runs_no_program(package.derivation, derivations)]
    return {
        digest
        for package in alone
        for output in package.outputs
        for digest, _ in _files(store, known[package.derivation, output])
    }


def _names(store: Store, path: StorePath) -> bytes:
    """The names of the files of a source, which compilers and assemblers write into objects."""
    return "\0".join(entry.path for entry in store.manifest(path)).encode("utf-8", "surrogateescape")


def _are_apart(one: str, other: str, toolchains: Sequence[Sequence[str]] | None) -> bool:
    """Whether `other` is known to be another toolchain than `one`, which may be none."""
    groups = {seed: number for number, seeds in enumerate(toolchains or ()) for seed in seeds}
    return other in groups and groups.get(one) != groups[other]


def _unaccounted(
    store: Store,
    strings: Strings,
    survivors: Mapping[bytes, Survivor],
    echoes: Mapping[bytes, tuple[StorePath, str]],
    others: Sequence[_End],
) -> tuple[list[Survivor], list[bytes]]:
    """Those of the files and strings for which no other chain accounts."""
    left = [
        survivor
        for digest, survivor in survivors.items()
        if not any(digest in other.files and digest not in other.seed_files for other in others)
    ]
    if not echoes or not others:
        return left, list(echoes)
    held = [strings.held_by(other.toolchain) for other in others]
    quiet = []
    for text, (path, file) in echoes.items():
        entry = store.manifest(path).lookup(file)
        digest = None if entry is None else entry.digest
        if not any(digest in other.files and text not in texts for other, texts in zip(others, held)):
            quiet.append(text)
    return left, quiet


def _ways(chain: Chain, derivations: Mapping[StorePath, Derivation]) -> Iterator[tuple[StorePath, ...]]:
    """Shortest ways from the last stage to derivations or trees of the seed that avoid stage 0."""
    if len(chain.stages) < 2:
        return
    gate = {package.derivation for package in chain.stages[0].values()}
    foreign = {*chain.seed_derivations, *chain.trees}
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
    ends = chain.known_objects
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
