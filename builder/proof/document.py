"""A proof as a document: everything that is needed to do a bootstrap again elsewhere, and what came of it.

    {
      "format": "chx bootstrap proof 1",
      "set": NAME, "stages": N, "chx": VERSION,
      "chains":      {SEED: {"toolchain": [DERIVATION...], "userland": [DERIVATION...],
                             "stages": [{PACKAGE: {"derivation": PATH, "outputs": [NAME...]}}...]}},
      "derivations": {PATH: DERIVATION AS JSON},
      "sources":     {PATH: {"url": [...], "hash": "ALGORITHM:HEX"}},     for people; it follows from the derivations
      "files":       {PATH: [ENTRY...]},          source files that lie beside the expressions, base 64
      "outcomes":    {SEED: [{ITEM: STORE PATH}...]},
      "realisations": [{"derivation", "resolved", "output", "path", "tree"}...],
      "verdicts":    {"fixedPoint": BOOL, "hostIndependence": BOOL, "noResidue": BOOL},
      "signature":   {"key": "ed25519:...", "value": BASE64}
    }

The signature is that of the canonical JSON (sorted keys, no white space) of all but `signature`. It says
who claims this; that it is true is found by replaying, which needs no trust in anybody.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ...store.derivation import Derivation, InvalidDerivation
from ...store.errors import StoreError
from ...store.keys import is_signed_by
from ...store.manifest import Kind
from ...store.path import StorePath
from ..plan import recall
from ..resolve import resolve
from .chain import Chain, Half, Outcome, Package

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...store.keys import Signer
    from ...store.store import Store
    from .verdict import Verdicts

FORMAT: Final = "chx bootstrap proof 1"
_ORIGIN: Final = "proofs are written by chx bootstrap --proof FILE"


class ProofRefused(StoreError):
    """A document that is no proof, or was changed after it was signed."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, code="B040")


class Proof(NamedTuple):
    """A proof that was read; `outcomes` are what its author claims, `key` is the author's."""

    set: str
    chains: tuple[Chain, ...]
    outcomes: tuple[Outcome, ...]
    verdicts: Mapping[str, bool]
    key: str
    derivations: Mapping[str, Any]
    files: Mapping[str, Any]

    def restore(self, store: Store) -> None:
        """Put the derivations and source files into `store`; raises `ProofRefused` if one is not what its name says."""
        with store.transaction():
            for name, entries in self.files.items():
                _restore_source(store, StorePath.parse(name), entries)
            for path, derivation in _inputs_first(self.derivations):
                references = (*derivation.input_srcs, *derivation.input_drvs)
                if store.add_bytes(derivation.to_json(), path.name, references) != path:
                    raise ProofRefused(f"the proof's derivation '{path}' is not what its name says")


def compose(
    store: Store,
    name: str,
    chains: Sequence[Chain],
    outcomes: Sequence[Outcome],
    verdicts: Verdicts,
    version: str,
) -> dict[str, Any]:
    """The document without its signature; all must be realised."""
    targets = [package.derivation for chain in chains for stage in chain.stages for package in stage.values()]
    recollection = recall(store, dict.fromkeys([*targets, *(drv for chain in chains for drv in chain.foreign)]))
    derivations = _all_derivations(store, recollection.derivations)
    sources = {source for derivation in derivations.values() for source in derivation.input_srcs}
    return {
        "format": FORMAT,
        "set": name,
        "stages": len(chains[0].stages),
        "chx": version,
        "chains": {chain.seed: _chain_data(chain) for chain in chains},
        "derivations": {str(path): derivation.to_dict() for path, derivation in derivations.items()},
        "sources": {str(path): _source_data(drv) for path, drv in derivations.items() if drv.fixed is not None},
        "files": {str(path): _entries(store, path) for path in sorted(sources)},
        "outcomes": {
            outcome.seed: [{item: str(path) for item, path in stage.items()} for stage in outcome.stages]
            for outcome in outcomes
        },
        "realisations": list(_realisations(store, dict.fromkeys(targets), recollection.outputs, derivations)),
        "verdicts": {
            "fixedPoint": verdicts.fixed_point is True,
            "hostIndependence": verdicts.agreement.holds is True,
            "noResidue": all(residue.holds for residue in verdicts.residues),
        },
    }


def _all_derivations(store: Store, known: Mapping[StorePath, Derivation]) -> dict[StorePath, Derivation]:
    """Also those behind fixed outputs that are there, which remembering leaves out."""
    found = dict(known)
    todo = [inner for derivation in known.values() for inner in derivation.input_drvs]
    while todo:
        path = todo.pop()
        if path not in found:
            found[path] = store.derivation(path)
            todo += found[path].input_drvs
    return dict(sorted(found.items()))


def _chain_data(chain: Chain) -> dict[str, Any]:
    return {
        "toolchain": list(map(str, chain.toolchain.derivations)),
        "userland": list(map(str, chain.userland.derivations)),
        "stages": [
            {
                name: {"derivation": str(package.derivation), "outputs": list(package.outputs)}
                for name, package in stage.items()
            }
            for stage in chain.stages
        ],
    }


def _source_data(derivation: Derivation) -> dict[str, Any]:
    assert derivation.fixed is not None
    urls = derivation.env.get("urls", derivation.env.get("url", "")).split()
    return {"url": urls, "hash": f"{derivation.fixed.algorithm}:{derivation.fixed.digest.hex()}"}


def _entries(store: Store, path: StorePath) -> list[dict[str, str]]:
    physical = store.physical(path)
    entries = []
    for entry in store.manifest(path):
        data = {"path": entry.path, "kind": entry.kind}
        if entry.target is not None:
            data["target"] = entry.target
        elif entry.is_file:
            with open(f"{physical}/{entry.path}" if entry.path else physical, "rb") as file:
                data["content"] = base64.b64encode(file.read()).decode()
        entries.append(data)
    return entries


def _realisations(
    store: Store,
    targets: Mapping[StorePath, None],
    known: Mapping[tuple[StorePath, str], StorePath],
    derivations: Mapping[StorePath, Derivation],
) -> Iterator[dict[str, str]]:
    for path in targets:
        resolved = resolve(derivations[path], known).resolved_digest()
        for output in derivations[path].outputs:
            found = known[path, output]
            yield {
                "derivation": str(path),
                "resolved": str(resolved),
                "output": output,
                "path": str(found),
                "tree": f"blake3:{store.info(found).tree_digest}",
            }


def sign(document: Mapping[str, Any], signer: Signer) -> str:
    """The text of the signed document: sorted, a line for each value, so that two can be compared."""
    signature = {"key": signer.public, "value": signer.sign(_canonical(document))}
    return json.dumps({**document, "signature": signature}, indent=1, sort_keys=True) + "\n"


def _canonical(document: Mapping[str, Any]) -> bytes:
    unsigned = {name: value for name, value in document.items() if name != "signature"}
    return json.dumps(unsigned, sort_keys=True, separators=(",", ":")).encode("ascii")


def read(text: bytes, name: str) -> Proof:
    """Check form and signature of the document that the user calls `name`. Raises `ProofRefused`."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ProofRefused(f"'{name}' is no proof: {error}", hint=_ORIGIN) from error
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        raise ProofRefused(f"'{name}' is no proof that this chx can read: its format is {found!r}", hint=_ORIGIN)
    try:
        signature = document["signature"]
        if not is_signed_by(signature["key"], _canonical(document), signature["value"]):
            raise ProofRefused(
                f"the proof '{name}' was changed after it was signed: its signature does not fit",
                hint="get it once more from where it came from",
            )
        seeds = document["chains"]
        return Proof(
            document["set"],
            tuple(_chain_of(seed, seeds[seed]) for seed in seeds),
            tuple(_outcome_of(seed, document["outcomes"][seed]) for seed in seeds),
            document["verdicts"],
            signature["key"],
            document["derivations"],
            document["files"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProofRefused(f"the proof '{name}' is damaged: {error!r}") from error


def _chain_of(seed: str, data: Mapping[str, Any]) -> Chain:
    return Chain(
        seed,
        False,
        Half(tuple(map(StorePath.parse, data["toolchain"]))),
        Half(tuple(map(StorePath.parse, data["userland"]))),
        tuple(
            {
                name: Package(StorePath.parse(package["derivation"]), tuple(package["outputs"]))
                for name, package in stage.items()
            }
            for stage in data["stages"]
        ),
    )


def _outcome_of(seed: str, data: Sequence[Mapping[str, str]]) -> Outcome:
    return Outcome(seed, tuple({item: StorePath.parse(path) for item, path in stage.items()} for stage in data))


def _inputs_first(data: Mapping[str, Any]) -> Iterator[tuple[StorePath, Derivation]]:
    try:
        derivations = {
            StorePath.parse(name): Derivation.from_json(json.dumps(value).encode()) for name, value in data.items()
        }
    except InvalidDerivation as error:
        raise ProofRefused(f"the proof is damaged: {error}") from error
    done: set[StorePath] = set()
    for start in derivations:
        stack = [start]
        while stack:
            path = stack[-1]
            if path in done:
                stack.pop()
                continue
            if path not in derivations or len(stack) > len(derivations):
                raise ProofRefused(f"the proof is damaged: '{path}' is missing or needs itself")
            missing = [inner for inner in derivations[path].input_drvs if inner not in done]
            if missing:
                stack.append(missing[0])
                continue
            done.add(path)
            yield path, derivations[path]


def _restore_source(store: Store, path: StorePath, entries: Sequence[Mapping[str, str]]) -> None:
    if store.is_valid(path):
        return
    folder = store.temporary("proof")
    top = os.path.join(folder, "tree")
    for entry in entries:
        parts = entry["path"].split("/")
        if ".." in parts or entry["path"].startswith("/"):
            raise ProofRefused(f"the proof's source '{path}' has the path '{entry['path']}'")
        place = os.path.join(top, entry["path"]) if entry["path"] else top
        if entry["kind"] == Kind.DIRECTORY:
            os.mkdir(place)
        elif entry["kind"] == Kind.SYMLINK:
            os.symlink(entry["target"], place)
        else:
            with open(place, "xb") as file:
                file.write(base64.b64decode(entry["content"]))
            os.chmod(place, 0o755 if entry["kind"] == Kind.EXECUTABLE else 0o644)
    if store.add_tree(top, path.name, consume=True) != path:
        raise ProofRefused(f"the proof's source '{path}' is not what its name says")
    os.rmdir(folder)
