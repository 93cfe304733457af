"""What is left of a seed in the end.

Three questions, from the strictest to the most suspicious.

*References*: does the closure of the last stage hold an object of the seed? Store paths are found by their
hash parts, so this is exact.

*Ways*: does a derivation of the last stage need one of the seed other than through an output of stage 0?

*Echoes*: does a file of the last stage hold a string that programs, objects or archives of the seed's
toolchain hold too, and that no source accounts for? A compiler leaves such strings where it goes: its
name, its start files, assertions of its libc, the saving of registers as it writes it. A source accounts
for a string that it spells out, as text with or without C's escapes, or as numbers: bytes or 32-bit words.
Short strings may be chance, and tables and code can look printable: what counts has `SHORTEST` characters,
and words in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ...store.manifest import Kind
from ..plan import Lane, lane_of, recall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ...store.derivation import Derivation
    from ...store.path import StorePath
    from ...store.store import Store
    from ..plan import Outputs
    from .chain import Chain, Outcome

SHORTEST: Final = 12
_RUN: Final = re.compile(rb"[\x20-\x7e]{%d,}" % SHORTEST)
_WORDS: Final = re.compile(rb"[A-Za-z][a-z]{2,}|AVAUATU")
"""Words, and registers as x86 compilers save them at the start of a function."""
_WORD: Final = re.compile(rb"[\w.$-]{%d,}" % SHORTEST)
_EXCEPTIONS: Final = 40
_BINARY: Final = (b"\x7fELF", b"!<arch>\n", b"!<thin>\n")


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
    last stage and the seed have in common, `echoes` those of them that no source accounts for.
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
    targets = [package.derivation for chain, _ in pairs for stage in chain.stages for package in stage.values()]
    foreign = [drv for chain, _ in pairs for drv in chain.foreign]
    recollection = recall(store, dict.fromkeys([*targets, *foreign]))
    derivations, known = recollection.derivations, recollection.outputs
    strings = _Strings(store)
    result = []
    for chain, outcome in pairs:
        seed = {known[drv, output] for drv in chain.foreign for output in derivations[drv].outputs} | set(chain.trees)
        final = sorted(set(outcome.last.values()))
        closure = store.closure(final)
        marks = strings.marks(sorted(toolchain_of(chain, known, derivations)))
        shared = {text: place for text, place in strings.runs(closure).items() if text in marks}
        sources, texts = _sources(chain, derivations, known)
        unexplained = strings.unexplained(shared, sources, texts)
        result.append(
            Residue(
                chain.seed,
                tuple(path for path in closure if path in seed),
                tuple(_ways(chain, derivations)),
                len(shared),
                tuple(Echo(text.decode("ascii"), *shared[text]) for text in sorted(unexplained)),
            )
        )
    return tuple(result)


def toolchain_of(chain: Chain, known: Outputs, derivations: Mapping[StorePath, Derivation]) -> set[StorePath]:
    """The objects of the seed's compiler, linker and libraries; what merely runs build scripts leaves no trace."""
    found = {known[drv, output] for drv in chain.toolchain for output in derivations[drv].outputs}
    return found | set(chain.trees)


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


def _sources(
    chain: Chain, derivations: Mapping[StorePath, Derivation], known: Outputs
) -> tuple[list[StorePath], list[bytes]]:
    """The objects that packages are made of, and the texts of their derivations."""
    packages = {package.derivation for stage in chain.stages for package in stage.values()}
    foreign = {*chain.foreign, *chain.trees}
    objects: set[StorePath] = set()
    texts: set[bytes] = set()
    for path in packages:
        derivation = derivations[path]
        texts.add("\0".join((*derivation.args, *derivation.env.values())).encode("utf-8", "surrogateescape"))
        objects.update(source for source in derivation.input_srcs if source not in foreign)
        for inner, outputs in derivation.input_drvs.items():
            if inner not in packages and inner not in foreign and lane_of(derivations[inner]) is not Lane.FETCH:
                objects.update(known[inner, output] for output in outputs)
    return sorted(objects), sorted(texts)


class _Strings:
    """Strings of objects, each object read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._runs: dict[tuple[StorePath, ...], dict[bytes, tuple[StorePath, str]]] = {}
        self._marks: dict[StorePath, set[bytes]] = {}
        self._texts: dict[StorePath, list[bytes]] = {}

    def _files(self, path: StorePath) -> Iterator[tuple[str, bytes]]:
        physical = self._store.physical(path)
        for entry in self._store.manifest(path):
            if entry.kind in (Kind.FILE, Kind.EXECUTABLE) and entry.size:
                with open(f"{physical}/{entry.path}" if entry.path else physical, "rb") as file:
                    yield entry.path, file.read()

    def runs(self, objects: list[StorePath]) -> dict[bytes, tuple[StorePath, str]]:
        """Every telling run of printable characters in `objects`, with a place where it stands."""
        key = tuple(objects)
        if key not in self._runs:
            found: dict[bytes, tuple[StorePath, str]] = {}
            for path in objects:
                for file, content in self._files(path):
                    for text in _RUN.findall(content):
                        if is_telling(text):
                            found.setdefault(text, (path, file))
            self._runs[key] = found
        return self._runs[key]

    def marks(self, objects: Iterable[StorePath]) -> set[bytes]:
        """The runs in programs, objects and archives."""
        found: set[bytes] = set()
        for path in objects:
            if path not in self._marks:
                own: set[bytes] = set()
                for _, content in self._files(path):
                    if content.startswith(_BINARY):
                        own.update(_RUN.findall(content))
                self._marks[path] = own
            found |= self._marks[path]
        return found

    def unexplained(self, shared: Iterable[bytes], sources: list[StorePath], texts: list[bytes]) -> set[bytes]:
        """Those of `shared` that no source spells out."""
        left = set(shared)
        if not left:
            return left
        contents = list(texts)
        for path in sources:
            if path not in self._texts:
                self._texts[path] = [content for _, content in self._files(path)]
            contents += self._texts[path]
        # Most are names of functions, which are whole words in some source: looked up instead of searched.
        for content in contents:
            left.difference_update(_WORD.findall(content))
        if not left:
            return left
        everything = b"\0".join(contents)
        left = {text for text in left if text not in everything}
        # Other spellings are exceptions and slow to look for; where many strings are left, they are no exceptions.
        if len(left) > _EXCEPTIONS:
            return left
        return {text for text in left if not is_spelt_out(text, everything)}


def is_telling(text: bytes) -> bool:
    """Whether a fifth of a string is words."""
    return 5 * sum(map(len, _WORDS.findall(text))) >= len(text)


def is_spelt_out(text: bytes, source: bytes) -> bool:
    """Whether `source` holds `text`: as it is, with C's escapes, or as a list of bytes or of 32-bit words."""
    if text in source:
        return True
    if any(byte in text for byte in b"\"'\\?"):
        escaped = b"".join(b"\\\\?" + re.escape(bytes((byte,))) for byte in text)
        return re.search(escaped, source) is not None
    return any(re.search(pattern, source, re.IGNORECASE) is not None for pattern in _as_numbers(text))


def _as_numbers(text: bytes) -> Iterator[bytes]:
    between = rb"[\s,]+"
    yield rb"\b" + between.join(b"%d" % byte for byte in text) + rb"\b"
    yield between.join(rb"0x0*%x\b" % byte for byte in text)
    if len(text) % 4 == 0:
        words = [int.from_bytes(text[start : start + 4], "little") for start in range(0, len(text), 4)]
        yield between.join(rb"0x0*%xU?L?\b" % word for word in words)
