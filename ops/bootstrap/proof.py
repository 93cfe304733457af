"""Proofs as values; their derivations and files can be restored into a store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from ...store.derivation import Derivation
from ...store.digest import Digest
from ...store.errors import StoreError
from ...store.manifest import Entry, Kind
from ...store.path import StorePath
from .chain import Chain, Outcome
from .kinship import Kinship
from .products import published
from .suspicion import Suspicion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...store.store import Store
    from .verdict import Verdicts

FORMAT: Final = "chx bootstrap proof 2"
OLD_FORMAT: Final = "chx bootstrap proof 1"


class ProofRefused(StoreError):
    """A document that is no proof, is inconsistent, or was changed after it was signed."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, code="B040")


class Object(NamedTuple):
    """The data behind the store path of an object, and the digests of its programs by path.

    `refers_to_itself`: the object contains its own hash.
    """

    tree: Digest
    references: tuple[StorePath, ...]
    refers_to_itself: bool
    programs: Mapping[str, bytes]


class Claims(NamedTuple):
    """The verdicts that a document states; None means "not shown"."""

    fixed_point: bool | None
    host_independence: bool | None
    no_residue: bool

    @property
    def holds(self) -> bool:
        return self.fixed_point is True and self.host_independence is True and self.no_residue

    @property
    def text(self) -> str:
        """A sentence on what the verdicts show, or on why they show nothing."""
        if self.holds:
            return "a fixed point and independence of the host; no residue of a seed was found"
        names = ("fixed point", "host independence", "no residue")
        failed = [name for name, claim in zip(names, self) if claim is False]
        unknown = [name for name, claim in zip(names, self) if claim is None]
        reasons = [f"{' and '.join(failed)} failed"] if failed else []
        if unknown:
            reasons.append(f"{' and '.join(unknown)} could not be shown with these seeds and stages")
        return f"nothing: {'; '.join(reasons)}"


def claims_of(verdicts: Verdicts) -> Claims:
    """Return the claims that a document makes of `verdicts`."""
    return Claims(verdicts.fixed_point, verdicts.host_independence, verdicts.no_residue)


class Proof(NamedTuple):
    """A checked proof. Its author, who owns `key`, states `outcomes` and `claims`.

    `realisations` are those of `chain.witnesses`; format 1 has none. `kinship` and `suspicions` are computed from the
    document; for format 1, which lacks their data, they are None and empty. `resolved` are the digests of resolved
    derivations that format 1 states.
    """

    name: str
    format: str
    set: str
    chains: tuple[Chain, ...]
    outcomes: tuple[Outcome, ...]
    realisations: Mapping[tuple[StorePath, str], StorePath]
    objects: Mapping[StorePath, Object]
    claims: Claims
    kinship: Kinship | None
    suspicions: tuple[Suspicion, ...]
    key: str
    derivations: Mapping[StorePath, Derivation]
    files: Mapping[StorePath, tuple[Sequence[tuple[Entry, bytes]], tuple[StorePath, ...]]]
    resolved: Mapping[tuple[StorePath, str], str]

    @property
    def products(self) -> Mapping[str, Digest]:
        """By kind, the digests of the trees that are made of the last stage for others, the same for all seeds."""
        found = published(self.chains, self.realisations)
        return {kind: self.objects[one.path].tree for kind, one in found.items() if one.path is not None}

    def restore(self, store: Store) -> None:
        """Write the derivations and source files into `store`."""
        with store.transaction():
            for path in _needed_first({path: references for path, (_, references) in self.files.items()}):
                _restore_source(store, path, *self.files[path])
            for path in _needed_first({path: made.input_drvs for path, made in self.derivations.items()}):
                derivation = self.derivations[path]
                references = (*derivation.input_srcs, *derivation.input_drvs)
                if store.add_bytes(derivation.to_json(), path.name, references) != path:
                    raise ProofRefused(f"the proof's derivation '{path}' is not what its name says")


def _needed_first(needs: Mapping[StorePath, Iterable[StorePath]]) -> Iterator[StorePath]:
    """Sort the keys of `needs` so that each comes after those it needs.

    There are no cycles, since names follow from content.
    """
    done: set[StorePath] = set()
    for start in needs:
        stack = [start]
        while stack:
            path = stack[-1]
            missing = [inner for inner in needs[path] if inner not in done]
            if missing and path not in done:
                stack += missing
                continue
            stack.pop()
            if path not in done:
                done.add(path)
                yield path


def _restore_source(
    store: Store, path: StorePath, entries: Sequence[tuple[Entry, bytes]], references: Sequence[StorePath]
) -> None:
    if store.is_valid(path):
        return
    folder = store.temporary("proof")
    top = os.path.join(folder, "tree")
    for entry, content in entries:
        place = os.path.join(top, entry.path) if entry.path else top
        if entry.kind == Kind.DIRECTORY:
            os.mkdir(place)
        elif entry.target is not None:
            os.symlink(entry.target, place)
        else:
            with open(place, "xb") as file:
                file.write(content)
            os.chmod(place, 0o755 if entry.kind == Kind.EXECUTABLE else 0o644)
    if store.add_tree(top, path.name, references=references, consume=True) != path:
        raise ProofRefused(f"the proof's source '{path}' is not what its name says")
    os.rmdir(folder)
