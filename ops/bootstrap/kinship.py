"""Kinship of seeds: what they have in common, and how many toolchains they are.

Diverse double-compiling proves something only if the compilers are unrelated. The names of seeds are no evidence of
that. So chx compares their contents: the *fixed outputs* below each half, by hash; their *trees*, by digest; and the
*compiling programs* of their toolchains, by digest of the file.

A program is an ELF file that can be executed or loaded. Its mode does not matter, since a loader can run it anyway. A
compiling program is a program of the half `toolchain`. A compiler is a compiling program whose name is not that of an
assembler, linker, archiver or other binary tool. A file with an unknown name counts as a compiler, so that renaming a
compiler does not hide that two seeds are related. Two seeds are *one toolchain* if a compiler of one is a program of
the other, under any name and in either half. A seed without a compiler is no toolchain. A shared linker does not make
two compilers one; it is only reported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ...store.derivation import Derivation
    from ...store.digest import Digest
    from ...store.path import StorePath
    from ...store.store import Store
    from .chain import Chain, Outcome, Realised

Role = Literal["compiler", "assembler", "linker", "archiver", "tool"]
ROLES: Final[tuple[Role, ...]] = ("compiler", "assembler", "linker", "archiver", "tool")
_BEFORE: Final = r"(?:.*-)?"
_AFTER: Final = r"(?:-[\d.]+)?"
_NAMES: Final[Mapping[Role, re.Pattern[str]]] = {
    "assembler": re.compile(rf"{_BEFORE}as{_AFTER}", re.ASCII),
    "linker": re.compile(rf"{_BEFORE}(?:ld(?:\.\w+)?|ld64(?:\.lld)?|lld(?:-link)?|wasm-ld|gold|dwp){_AFTER}", re.ASCII),
    "archiver": re.compile(rf"{_BEFORE}(?:ar|ranlib|lib|dlltool){_AFTER}", re.ASCII),
    "tool": re.compile(
        rf"{_BEFORE}(?:addr2line|c\+\+filt|cxxfilt|elfedit|gp-\w+|gprof(?:ng)?|nm|objcopy|objdump|readelf|size|strings|strip)"
        rf"{_AFTER}|.*\.so(?:\.[\d.]+)?",
        re.ASCII,
    ),
}
_ELF: Final = b"\x7fELF"
_HEADER: Final = 18
_LITTLE: Final = 1
_EXECUTABLE: Final = 2
_SHARED: Final = 3


class Program(NamedTuple):
    """A compiling program: `digest` is the raw BLAKE3 digest of the file, `path` its path in its tree."""

    digest: bytes
    role: Role
    path: str


class Contents(Protocol):
    """The contents of objects by which seeds are compared."""

    def tree(self, path: StorePath) -> Digest:
        """Return the tree digest of an object."""

    def programs(self, path: StorePath) -> Mapping[str, bytes]:
        """Return the raw BLAKE3 digests of its programs (`is_program`) by path; of equal files only the first."""


class Stored:
    """`Contents`, read from a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._programs: dict[StorePath, Mapping[str, bytes]] = {}

    def tree(self, path: StorePath) -> Digest:
        return self._store.info(path).tree_digest

    def programs(self, path: StorePath) -> Mapping[str, bytes]:
        if path not in self._programs:
            self._programs[path] = self._read(path)
        return self._programs[path]

    def _read(self, path: StorePath) -> Mapping[str, bytes]:
        found: dict[bytes, str] = {}
        for entry in self._store.manifest(path):
            if entry.digest is None or entry.digest in found or entry.size < _HEADER:
                continue
            with self._store.open_file(path, entry.path) as file:
                if is_program(file.read(_HEADER)):
                    found[entry.digest] = entry.path
        return {file: digest for digest, file in found.items()}


class Tree(NamedTuple):
    """A tree of a seed: its name, and the fixed outputs behind it."""

    name: str
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Makeup:
    """The contents of a seed.

    `files` maps the fixed outputs below it, as `ALGORITHM:HEX`, to the names of their derivations. `trees` are by
    digest (BLAKE3, hexadecimal). `programs` are those of its toolchain; None if unknown. `companions` are the digests
    of the programs of its userland. `is_descendant`: its compiler is a program of a last stage. Another seed built
    such a seed, so that it counts as no toolchain.
    """

    seed: str
    files: Mapping[str, str]
    trees: Mapping[str, Tree]
    programs: tuple[Program, ...] | None
    is_descendant: bool = False
    companions: frozenset[bytes] = frozenset()

    @property
    def compilers(self) -> frozenset[bytes]:
        """The digests of the compiling programs that are compilers."""
        return frozenset(program.digest for program in self.programs or () if program.role == "compiler")

    @property
    def everything(self) -> frozenset[bytes]:
        """The digests of the programs of both halves."""
        return self.companions.union(program.digest for program in self.programs or ())


class Shared(NamedTuple):
    """The common contents of all `seeds`: names of fixed outputs and of equal trees, and the roles of programs by path.

    `trees` are those of equal content that are made of different files.
    """

    seeds: tuple[str, ...]
    files: tuple[str, ...]
    trees: tuple[str, ...]
    programs: tuple[tuple[Role, str], ...]


@dataclass(frozen=True, slots=True)
class Kinship:
    """The relations of seeds: `common` is what all share (None for one seed), `pairs` what any two share.

    `toolchains` are groups of seeds that count once; None if the programs are unknown. A seed without a compiling
    program belongs to no group.
    """

    makeups: tuple[Makeup, ...]
    common: Shared | None
    pairs: tuple[Shared, ...]
    toolchains: tuple[tuple[str, ...], ...] | None


def is_program(start: bytes) -> bool:
    """Return whether a file that begins with `start` (18 bytes) is an ELF file of type ET_EXEC or ET_DYN (gABI 4.1)."""
    if len(start) < _HEADER or not start.startswith(_ELF):
        return False
    kind = int.from_bytes(start[16:18], "little" if start[5] == _LITTLE else "big")
    return kind in (_EXECUTABLE, _SHARED)


def role_of(path: str) -> Role:
    """Return the role of a compiling program, by its name."""
    name = path.rpartition("/")[2]
    return next((role for role, pattern in _NAMES.items() if pattern.fullmatch(name)), "compiler")


def programs_of(contents: Contents, objects: Iterable[StorePath]) -> tuple[Program, ...]:
    """Return the programs of `objects`, each content once, sorted by digest."""
    found: dict[bytes, Program] = {}
    for path in sorted(objects):
        for file, digest in contents.programs(path).items():
            found.setdefault(digest, Program(digest, role_of(file or path.name), file))
    return tuple(sorted(found.values()))


def files_below(derivations: Mapping[StorePath, Derivation], tops: Iterable[StorePath]) -> dict[str, str]:
    """Return the fixed outputs behind `tops`, with the names of their derivations."""
    found: dict[str, str] = {}
    seen: set[StorePath] = set()
    todo = list(tops)
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        derivation = derivations[path]
        if derivation.fixed is not None:
            key = f"{derivation.fixed.algorithm}:{derivation.fixed.digest.hex()}"
            # A file may be fetched under several names: the smallest one does not depend on the order of the walk.
            found[key] = min(derivation.name, found.get(key, derivation.name))
        todo += derivation.input_drvs
    return found


def makeup_of(
    contents: Contents, chain: Chain, derivations: Mapping[StorePath, Derivation], outputs: Realised
) -> Makeup:
    """Return the contents of the seed of `chain`. Raises KeyError if a part is not realised.

    `derivations` must include all that the seed is made of.
    """
    trees: dict[str, Tree] = {}

    def add(path: StorePath, files: frozenset[str]) -> None:
        tree = Tree(path.name, files)
        digest = str(contents.tree(path))
        trees[digest] = min(tree, trees.get(digest, tree), key=lambda tree: (tree.name, sorted(tree.files)))

    for path in chain.trees:
        add(path, frozenset())
    for derivation in chain.seed_derivations:
        files = frozenset(files_below(derivations, (derivation,)))
        for output in derivations[derivation].outputs:
            add(outputs[derivation, output], files)
    return Makeup(
        chain.seed,
        files_below(derivations, chain.seed_derivations),
        trees,
        programs_of(contents, chain.toolchain.objects(derivations, outputs)),
        companions=frozenset(
            digest
            for path in chain.userland.objects(derivations, outputs)
            for digest in contents.programs(path).values()
        ),
    )


def with_descent(makeups: Sequence[Makeup], outcomes: Iterable[Outcome], contents: Contents) -> list[Makeup]:
    """Mark the seeds whose compiler is a program of a last stage."""
    ends = {
        digest for outcome in outcomes for path in outcome.last.values() for digest in contents.programs(path).values()
    }
    return [replace(makeup, is_descendant=bool(makeup.compilers & ends)) for makeup in makeups]


def kinship_of(makeups: Sequence[Makeup]) -> Kinship:
    """Compare seeds with each other."""
    common = shared(makeups) if len(makeups) > 1 else None
    pairs = tuple(shared(pair) for pair in combinations(makeups, 2)) if len(makeups) > 2 else ()
    return Kinship(tuple(makeups), common, pairs, toolchains(makeups))


def shared(makeups: Collection[Makeup]) -> Shared:
    """Return the common contents of `makeups`."""
    first, *others = makeups
    files = {digest: name for digest, name in first.files.items() if all(digest in other.files for other in others)}
    trees = [
        tree.name
        for digest, tree in first.trees.items()
        if all(digest in other.trees for other in others)
        # A tree that is made of shared files need not be reported.
        and not (tree.files and tree.files <= files.keys())
    ]
    digests = [{program.digest for program in other.programs or ()} for other in others]
    programs = [
        (program.role, program.path)
        for program in first.programs or ()
        if all(program.digest in found for found in digests)
    ]
    return Shared(
        tuple(makeup.seed for makeup in makeups),
        tuple(sorted(files.values())),
        tuple(sorted(trees)),
        tuple(sorted(programs, key=lambda program: (ROLES.index(program[0]), program[1]))),
    )


def toolchains(makeups: Sequence[Makeup]) -> tuple[tuple[str, ...], ...] | None:
    """Return groups of seeds that count once, in the order of their first seeds; None if programs are unknown."""
    if any(makeup.programs is None for makeup in makeups):
        return None
    groups: list[list[Makeup]] = []
    for makeup in makeups:
        if not makeup.compilers or makeup.is_descendant:
            continue
        joined, apart = [makeup], []
        for group in groups:
            if any(_are_related(makeup, other) for other in group):
                joined = group + joined
            else:
                apart.append(group)
        groups = [*apart, joined]
    places = {makeup.seed: number for number, makeup in enumerate(makeups)}
    ordered = [tuple(sorted((makeup.seed for makeup in group), key=places.__getitem__)) for group in groups]
    return tuple(sorted(ordered, key=lambda seeds: places[seeds[0]]))


def _are_related(one: Makeup, other: Makeup) -> bool:
    """Return whether a compiler of one seed is a program of the other."""
    return not (one.compilers.isdisjoint(other.everything) and other.compilers.isdisjoint(one.everything))
