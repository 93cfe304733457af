"""A proof as a document: everything that is needed to do a bootstrap again elsewhere, and what came of it.

    {
      "shows": TEXT,                              what it shows, or "nothing: ..."; the first line of the file
      "format": "chx bootstrap proof 2",
      "set": NAME,
      "chains":      {SEED: {"toolchain": [DERIVATION...], "userland": [DERIVATION...],
                             "stages": [{PACKAGE: {"derivation": PATH, "outputs": [NAME...]}}...]}},
      "derivations": {PATH: DERIVATION AS JSON},  all that packages and seeds need, and no others
      "files":       {PATH: {"entries": [ENTRY...], "references": [PATH...]}},
                                                  source files that lie beside the expressions, base 64
      "sources":     {PATH: {"urls": [TEXT...], "hash": "ALGORITHM:HEX", "mode": "flat" or "recursive"}},
      "outcomes":    {SEED: [{ITEM: STORE PATH}...]},
      "realisations": {PATH: {OUTPUT: STORE PATH}},
                                                  what seeds consist of, and what chx made of sources
      "objects":     {STORE PATH: {"tree": HEX, "references": [STORE PATH...], "self": BOOL,
                                   "programs": {FILE: HEX}}},
      "shared":      {"common": SHARED or null, "pairs": [SHARED...]},
      "toolchains":  [[SEED...]...],
      "suspicions":  [{"kind": KIND, "item": ITEM, "seeds": [SEED...]}...],
      "verdicts":    {"fixedPoint": BOOL or null, "hostIndependence": BOOL or null, "noResidue": BOOL},
      "signature":   {"key": "ed25519:...", "value": BASE64}
    }

SHARED is {"seeds": [SEED...], "files": [NAME...], "trees": [NAME...], "programs": [[ROLE, PATH]...]}. There is no other
field. What follows from other fields (`shows`, `sources`, `shared`, `toolchains`, `suspicions`, `verdicts`) is computed
anew and compared, and everything else is either checked against the name that it has or comes out of a replay.
`docs/formats.md` has all of it.

The signature is that of the canonical JSON (sorted keys, no white space, ASCII) of all but `signature`. It says
who claims this; that it is true is found by replaying, which needs no trust in anybody.

Format 1 is read, too. It has no `objects`, `shared`, `toolchains`, `suspicions` and `shows`, its `realisations` are
others, and it says the number of stages and the version of chx.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ...store.address import file_path, object_path
from ...store.derivation import DIGEST_SIZES, Derivation, InvalidDerivation, output_object_name
from ...store.digest import Digest
from ...store.errors import InvalidManifest, StoreError
from ...store.keys import decode_base64, is_signed_by
from ...store.manifest import Entry, Kind, Manifest
from ...store.path import StorePath, check_name
from .chain import Chain, Half, Outcome, Package, items_of, witnesses
from .convergence import agreement, fixed_point
from .kinship import Kinship, Stored, kinship_of, makeup_of
from .shape import flaws_of
from .suspicion import Suspicion, suspicions
from .verdict import everything_below

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ...store.keys import Signer
    from ...store.store import Store
    from .kinship import Contents, Shared
    from .verdict import Verdicts

FORMAT: Final = "chx bootstrap proof 2"
OLD_FORMAT: Final = "chx bootstrap proof 1"
_ORIGIN: Final = "proofs are written by chx bootstrap --proof FILE"
_FIELDS: Final = frozenset(
    [
        "shows",
        "format",
        "set",
        "chains",
        "derivations",
        "files",
        "sources",
        "outcomes",
        "realisations",
        "objects",
        "shared",
        "toolchains",
        "suspicions",
        "verdicts",
        "signature",
    ]
)
_OLD_FIELDS: Final = frozenset(
    [
        "format",
        "set",
        "stages",
        "chx",
        "chains",
        "derivations",
        "sources",
        "files",
        "outcomes",
        "realisations",
        "verdicts",
        "signature",
    ]
)


class ProofRefused(StoreError):
    """A document that is no proof, contradicts itself, or was changed after it was signed."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, code="B040")


class Object(NamedTuple):
    """What the store path of an object was computed from, and the digests of its programs by their paths.

    `refers_to_itself`: its own hash occurs in it.
    """

    tree: Digest
    references: tuple[StorePath, ...]
    refers_to_itself: bool
    programs: Mapping[str, bytes]


class _Stated:
    """`kinship.Contents`, as a document says it."""

    def __init__(self, objects: Mapping[StorePath, Object]) -> None:
        self._objects = objects

    def tree(self, path: StorePath) -> Digest:
        return self._objects[path].tree

    def programs(self, path: StorePath) -> Mapping[str, bytes]:
        return self._objects[path].programs


class Claims(NamedTuple):
    """The verdicts that a document states; None is "not shown"."""

    fixed_point: bool | None
    host_independence: bool | None
    no_residue: bool

    @property
    def holds(self) -> bool:
        return self.fixed_point is True and self.host_independence is True and self.no_residue

    @property
    def text(self) -> str:
        """What such verdicts show, or that they show nothing, and why."""
        if self.holds:
            return "a fixed point, independence of the host, and no residue of a seed"
        names = ("fixed point", "host independence", "no residue")
        failed = [name for name, claim in zip(names, self) if claim is False]
        unknown = [name for name, claim in zip(names, self) if claim is None]
        reasons = [f"{' and '.join(failed)} failed"] if failed else []
        if unknown:
            reasons.append(f"{' and '.join(unknown)} could not be shown with these seeds and stages")
        return f"nothing: {'; '.join(reasons)}"


class Proof(NamedTuple):
    """A proof that was read and checked; `outcomes` and `claims` are what its author states, `key` is the author's.

    `realisations` are those of `chain.witnesses`. `kinship` and `suspicions` are computed from what the document says;
    None and nothing for format 1, which does not say it. `resolved` are the digests of resolved derivations that
    format 1 states.
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

    def restore(self, store: Store) -> None:
        """Put the derivations and source files into `store`."""
        with store.transaction():
            done: set[StorePath] = set()
            for start in self.files:
                for path in _references_first(start, self.files, done):
                    _restore_source(store, path, *self.files[path])
            for path in _inputs_first(self.derivations):
                derivation = self.derivations[path]
                references = (*derivation.input_srcs, *derivation.input_drvs)
                if store.add_bytes(derivation.to_json(), path.name, references) != path:
                    raise ProofRefused(f"the proof's derivation '{path}' is not what its name says")


def compose(
    store: Store,
    name: str,
    chains: Sequence[Chain],
    outcomes: Sequence[Outcome],
    realised: Mapping[tuple[StorePath, str], StorePath],
    verdicts: Verdicts,
) -> dict[str, Any]:
    """The document without its signature; `realised` has at least the `witnesses` of `chains`.

    Raises `ProofRefused` for what a proof cannot hold, and KeyError for what is not realised.
    """
    captured = [chain.seed for chain in chains if chain.trees]
    if captured:
        raise ProofRefused(f"a proof cannot hold the seed '{captured[0]}': nothing says how to get its trees")
    derivations = everything_below(store, chains)
    files = {source for derivation in derivations.values() for source in derivation.input_srcs}
    realisations: dict[str, dict[str, str]] = {}
    objects = {path for outcome in outcomes for stage in outcome.stages for path in stage.values()}
    for key in sorted(witnesses(chains, derivations)):
        realisations.setdefault(str(key[0]), {})[key[1]] = str(realised[key])
        objects.add(realised[key])
    contents = Stored(store)
    # The keys of the document are sorted, and what follows from it must not depend on the order of an option.
    kin = kinship_of(sorted(verdicts.kinship.makeups, key=lambda makeup: makeup.seed))
    claims = claims_of(verdicts)
    return {
        "shows": claims.text,
        "format": FORMAT,
        "set": name,
        "chains": {chain.seed: _chain_data(chain) for chain in chains},
        "derivations": {str(path): derivation.to_dict() for path, derivation in derivations.items()},
        "files": {
            str(path): {"entries": _entries(store, path), "references": sorted(map(str, store.info(path).references))}
            for path in sorted(store.closure(files))
        },
        "sources": _sources_data(derivations),
        "outcomes": {
            outcome.seed: [{item: str(path) for item, path in stage.items()} for stage in outcome.stages]
            for outcome in outcomes
        },
        "realisations": realisations,
        "objects": {str(path): _object_data(store, contents, path) for path in sorted(objects)},
        "shared": _shared_data(kin),
        "toolchains": [list(seeds) for seeds in kin.toolchains or ()],
        "suspicions": _suspicions_data(verdicts.suspicions),
        "verdicts": {
            "fixedPoint": claims.fixed_point,
            "hostIndependence": claims.host_independence,
            "noResidue": claims.no_residue,
        },
    }


def claims_of(verdicts: Verdicts) -> Claims:
    """What a document states of `verdicts`."""
    return Claims(verdicts.fixed_point, verdicts.host_independence, verdicts.no_residue)


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


def _sources_data(derivations: Mapping[StorePath, Derivation]) -> dict[str, Any]:
    return {
        str(path): {
            "urls": derivation.env.get("urls", derivation.env.get("url", "")).split(),
            "hash": f"{derivation.fixed.algorithm}:{derivation.fixed.digest.hex()}",
            "mode": derivation.fixed.mode,
        }
        for path, derivation in derivations.items()
        if derivation.fixed is not None
    }


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


def _object_data(store: Store, contents: Contents, path: StorePath) -> dict[str, Any]:
    info = store.info(path)
    return {
        "tree": str(info.tree_digest),
        "references": sorted(str(reference) for reference in info.references if reference != path),
        "self": path in info.references,
        "programs": {file: digest.hex() for file, digest in contents.programs(path).items()},
    }


def _shared_data(found: Kinship) -> dict[str, Any]:
    def one(shared: Shared) -> dict[str, Any]:
        return {
            "seeds": list(shared.seeds),
            "files": list(shared.files),
            "trees": list(shared.trees),
            "programs": [list(program) for program in shared.programs],
        }

    return {"common": None if found.common is None else one(found.common), "pairs": list(map(one, found.pairs))}


def _suspicions_data(found: Sequence[Suspicion]) -> list[dict[str, Any]]:
    return [{"kind": one.kind, "item": one.item, "seeds": list(one.seeds)} for one in found]


def sign(document: Mapping[str, Any], signer: Signer) -> str:
    """The text of the signed document: what it shows comes first, the rest sorted, a line for each value."""
    signature = {"key": signer.public, "value": signer.sign(_canonical(document))}
    rest = {name: value for name, value in document.items() if name != "shows"}
    text = json.dumps({**rest, "signature": signature}, indent=1, sort_keys=True)
    first = f'{{"shows": {json.dumps(document["shows"])},' if "shows" in document else "{"
    return f"{first}{text[1:]}\n"


def _canonical(document: Mapping[str, Any]) -> bytes:
    unsigned = {name: value for name, value in document.items() if name != "signature"}
    return json.dumps(unsigned, sort_keys=True, separators=(",", ":")).encode("ascii")


def read(text: bytes, name: str) -> Proof:
    """Check all of the document that the user calls `name` that can be checked without building.

    Its form and signature; that each derivation, file and object has the name that follows from it; that nothing is
    missing and nothing too much; the shape; and that everything that follows from other fields does follow. Raises
    `ProofRefused`.
    """
    try:
        document = json.loads(text.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ProofRefused(f"'{name}' is no proof: {what}", hint=_ORIGIN) from error
    found = document.get("format") if isinstance(document, dict) else None
    if found not in (FORMAT, OLD_FORMAT):
        shown = found if isinstance(found, str) else type(found).__name__ if found is not None else None
        raise ProofRefused(f"'{name}' is no proof that this chx can read: its format is {shown!r}", hint=_ORIGIN)
    try:
        _check_signature(document, name)
        proof = _read(document, name) if found == FORMAT else _read_old(document, name)
        _check_names(proof)
        _check_whole(proof)
        if found == FORMAT:
            proof = _judged(proof)
        _check_claims(proof)
        if found == FORMAT:
            _check_conclusions(document, proof)
        else:
            _check_old_sources(document, proof)
    except ProofRefused:
        raise
    except (_Damaged, StoreError) as error:
        raise ProofRefused(f"the proof '{name}' is not what a proof is: {error}") from error
    return proof


class _Damaged(Exception):
    """What is wrong with a document, and where."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in it")
    return result


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _check_signature(document: dict[str, Any], name: str) -> None:
    signature = _record(document.get("signature"), "signature", {"key", "value"})
    key, value = _text(signature["key"], "signature.key"), _text(signature["value"], "signature.value")
    try:
        genuine = is_signed_by(key, _canonical(document), value)
    except (StoreError, ValueError, RecursionError) as error:
        raise _Damaged("signature", str(error)) from error
    if not genuine:
        raise ProofRefused(
            f"the proof '{name}' was changed after it was signed: its signature does not fit",
            hint="get it once more from where it came from",
        )


# Form.


def _map(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Damaged(where, "is no object")
    return value


def _record(value: Any, where: str, fields: Collection[str]) -> dict[str, Any]:
    found = _map(value, where)
    for missing in sorted(set(fields) - found.keys()):
        raise _Damaged(where, f"lacks '{missing}'")
    for extra in sorted(found.keys() - set(fields)):
        raise _Damaged(where, f"has a field that is not in the format: '{extra}'")
    return found


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _Damaged(where, "is no list")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _Damaged(where, "is no text")
    return value


def _flag(value: Any, where: str, may_be_null: bool = True) -> bool | None:
    if isinstance(value, bool) or (value is None and may_be_null):
        return value
    raise _Damaged(where, "is neither true nor false")


def _path(value: Any, where: str) -> StorePath:
    text = _text(value, where)
    try:
        path = StorePath.parse(text)
    except StoreError as error:
        raise _Damaged(where, str(error)) from error
    if str(path) != text:
        raise _Damaged(where, f"'{text}' is not a whole store path")
    return path


def _hex(value: Any, where: str) -> Digest:
    text = _text(value, where)
    try:
        digest = Digest.parse(text)
    except ValueError as error:
        raise _Damaged(where, f"is no BLAKE3 digest: {error}") from error
    if str(digest) != text:
        raise _Damaged(where, "is no BLAKE3 digest in lower case")
    return digest


def _paths(value: Any, where: str) -> tuple[StorePath, ...]:
    return tuple(_path(item, f"{where}[{number}]") for number, item in enumerate(_list(value, where)))


def _references(value: Any, where: str) -> tuple[StorePath, ...]:
    paths = _paths(value, where)
    if list(paths) != sorted(set(paths)):
        raise _Damaged(where, "is not sorted, or has a path twice")
    return paths


def _texts(value: Any, where: str) -> tuple[str, ...]:
    return tuple(_text(item, f"{where}[{number}]") for number, item in enumerate(_list(value, where)))


def _read(document: dict[str, Any], name: str) -> Proof:
    _record(document, "the document", _FIELDS)
    chains = _chains(document["chains"])
    derivations = _derivations(document["derivations"])
    claims = _record(document["verdicts"], "verdicts", {"fixedPoint", "hostIndependence", "noResidue"})
    return Proof(
        name,
        FORMAT,
        _text(document["set"], "set"),
        chains,
        _outcomes(document["outcomes"], chains),
        _realisations(document["realisations"]),
        {
            _path(path, f"objects.{path}"): _object(value, f"objects.{path}")
            for path, value in _map(document["objects"], "objects").items()
        },
        Claims(
            _flag(claims["fixedPoint"], "verdicts.fixedPoint"),
            _flag(claims["hostIndependence"], "verdicts.hostIndependence"),
            _flag(claims["noResidue"], "verdicts.noResidue", may_be_null=False) is True,
        ),
        None,
        (),
        document["signature"]["key"],
        derivations,
        {
            _path(path, f"files.{path}"): _file(
                _record(value, f"files.{path}", {"entries", "references"}), f"files.{path}"
            )
            for path, value in _map(document["files"], "files").items()
        },
        {},
    )


def _read_old(document: dict[str, Any], name: str) -> Proof:
    _record(document, "the document", _OLD_FIELDS)
    chains = _chains(document["chains"])
    if document["stages"] != len(chains[0].stages if chains else ()):
        raise _Damaged("stages", "is not the number of stages")
    _text(document["chx"], "chx")
    derivations = _derivations(document["derivations"])
    claims = _record(document["verdicts"], "verdicts", {"fixedPoint", "hostIndependence", "noResidue"})
    objects: dict[StorePath, Object] = {}
    resolved: dict[tuple[StorePath, str], str] = {}
    outcomes = _outcomes(document["outcomes"], chains)
    stated = {path for outcome in outcomes for stage in outcome.stages for path in stage.values()}
    for number, value in enumerate(_list(document["realisations"], "realisations")):
        where = f"realisations[{number}]"
        row = _record(value, where, {"derivation", "resolved", "output", "path", "tree"})
        tree = _text(row["tree"], f"{where}.tree")
        path = _path(row["path"], f"{where}.path")
        key = _path(row["derivation"], f"{where}.derivation"), _text(row["output"], f"{where}.output")
        resolved[key] = str(_hex(row["resolved"], f"{where}.resolved"))
        entry = Object(_hex(tree.removeprefix("blake3:"), f"{where}.tree"), (), False, {})
        if path in stated:
            objects[path] = entry
    return Proof(
        name,
        OLD_FORMAT,
        _text(document["set"], "set"),
        chains,
        outcomes,
        {},
        objects,
        Claims(
            _flag(claims["fixedPoint"], "verdicts.fixedPoint", may_be_null=False),
            _flag(claims["hostIndependence"], "verdicts.hostIndependence", may_be_null=False),
            _flag(claims["noResidue"], "verdicts.noResidue", may_be_null=False) is True,
        ),
        None,
        (),
        document["signature"]["key"],
        derivations,
        {
            _path(path, f"files.{path}"): _file({"entries": value, "references": []}, f"files.{path}")
            for path, value in _map(document["files"], "files").items()
        },
        resolved,
    )


def _chains(value: Any) -> tuple[Chain, ...]:
    chains = []
    for seed, data in _map(value, "chains").items():
        where = f"chains.{seed}"
        chain = _record(data, where, {"toolchain", "userland", "stages"})
        stages = []
        for number, stage in enumerate(_list(chain["stages"], f"{where}.stages")):
            packages = {}
            for package, content in _map(stage, f"{where}.stages[{number}]").items():
                place = f"{where}.stages[{number}].{package}"
                found = _record(content, place, {"derivation", "outputs"})
                packages[package] = Package(
                    _path(found["derivation"], f"{place}.derivation"), _texts(found["outputs"], f"{place}.outputs")
                )
            stages.append(packages)
        chains.append(
            Chain(
                seed,
                False,
                Half(_paths(chain["toolchain"], f"{where}.toolchain")),
                Half(_paths(chain["userland"], f"{where}.userland")),
                tuple(stages),
            )
        )
    if not chains:
        raise _Damaged("chains", "has no seed")
    return tuple(chains)


def _derivations(value: Any) -> dict[StorePath, Derivation]:
    found = {}
    for name, data in _map(value, "derivations").items():
        where = f"derivations.{name}"
        try:
            text = json.dumps(_map(data, where), sort_keys=True, separators=(",", ":")).encode("ascii")
            derivation = Derivation.from_json(text)
            if derivation.to_json() != text:
                raise _Damaged(where, "has other fields than a derivation, or in another order")
            _check_derivation(derivation, where)
        except (InvalidDerivation, StoreError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise _Damaged(where, str(error)) from error
        found[_path(name, where)] = derivation
    return found


def _check_derivation(derivation: Derivation, where: str) -> None:
    """Raise `_Damaged` or `InvalidStorePath` for what no evaluator gives."""
    fixed = derivation.fixed
    if not derivation.outputs or len(set(derivation.outputs)) != len(derivation.outputs):
        raise _Damaged(where, "has no output, or one twice")
    for output in derivation.outputs:
        check_name(output_object_name(derivation.name, output))
    if any(not outputs or len(set(outputs)) != len(outputs) for outputs in derivation.input_drvs.values()):
        raise _Damaged(where, "needs no output of an input, or one twice")
    if len(set(derivation.input_srcs)) != len(derivation.input_srcs):
        raise _Damaged(where, "has a source twice")
    if fixed is not None and (
        DIGEST_SIZES.get(fixed.algorithm) != len(fixed.digest)
        or fixed.mode not in ("flat", "recursive")
        or derivation.outputs != ("out",)
    ):
        raise _Damaged(where, "promises no hash that there is")


def _file(data: dict[str, Any], where: str) -> tuple[Sequence[tuple[Entry, bytes]], tuple[StorePath, ...]]:
    entries = []
    for number, value in enumerate(_list(data["entries"], f"{where}.entries")):
        place = f"{where}.entries[{number}]"
        kind = _text(_map(value, place).get("kind"), f"{place}.kind")
        content = b""
        if kind == Kind.DIRECTORY:
            entry = Entry(_text(_record(value, place, {"path", "kind"})["path"], place), kind)
        elif kind == Kind.SYMLINK:
            found = _record(value, place, {"path", "kind", "target"})
            entry = Entry(_text(found["path"], place), kind, target=_text(found["target"], place))
        elif kind in (Kind.FILE, Kind.EXECUTABLE):
            found = _record(value, place, {"path", "kind", "content"})
            try:
                content = decode_base64(_text(found["content"], place))
            except ValueError as error:
                raise _Damaged(place, f"the content is no base 64: {error}") from error
            entry = Entry(_text(found["path"], place), kind, Digest.of(content).raw, len(content))
        else:
            raise _Damaged(place, f"has the kind '{kind}'")
        entries.append((entry, content))
    try:
        # The canonical form refuses paths that lead elsewhere, entries out of order and those without a parent.
        Manifest.decode(Manifest(tuple(entry for entry, _ in entries)).encode())
    except (InvalidManifest, UnicodeError) as error:
        raise _Damaged(where, str(error)) from error
    return entries, _references(data["references"], f"{where}.references")


def _outcomes(value: Any, chains: Sequence[Chain]) -> tuple[Outcome, ...]:
    found = _record(value, "outcomes", {chain.seed for chain in chains})
    outcomes = []
    for chain in chains:
        where = f"outcomes.{chain.seed}"
        stages = _list(found[chain.seed], where)
        if len(stages) != len(chain.stages):
            raise _Damaged(where, f"has {len(stages)} stages, the chain has {len(chain.stages)}")
        read = []
        for number, (stage, packages) in enumerate(zip(stages, chain.stages)):
            items = {item for item, _, _ in items_of(packages)}
            data = _record(stage, f"{where}[{number}]", items)
            read.append({item: _path(path, f"{where}[{number}].{item}") for item, path in data.items()})
        outcomes.append(Outcome(chain.seed, tuple(read)))
    return tuple(outcomes)


def _object(value: Any, where: str) -> Object:
    found = _record(value, where, {"tree", "references", "self", "programs"})
    programs = {
        file: _hex(digest, f"{where}.programs.{file}").raw
        for file, digest in _map(found["programs"], f"{where}.programs").items()
    }
    if len(set(programs.values())) != len(programs):
        raise _Damaged(f"{where}.programs", "has a program twice")
    return Object(
        _hex(found["tree"], f"{where}.tree"),
        _references(found["references"], f"{where}.references"),
        _flag(found["self"], f"{where}.self", may_be_null=False) is True,
        programs,
    )


def _realisations(value: Any) -> dict[tuple[StorePath, str], StorePath]:
    return {
        (_path(derivation, "realisations"), output): _path(path, f"realisations.{derivation}.{output}")
        for derivation, outputs in _map(value, "realisations").items()
        for output, path in _map(outputs, f"realisations.{derivation}").items()
    }


# Meaning.


def _check_names(proof: Proof) -> None:
    """Everything has the name that follows from it."""
    for path, derivation in proof.derivations.items():
        references = (*derivation.input_srcs, *derivation.input_drvs)
        if file_path(derivation.to_json(), f"{derivation.name}.drv", references) != path:
            raise _Damaged(f"derivations.{path}", "is not what its name says")
    for path, (entries, references) in proof.files.items():
        manifest = Manifest(tuple(entry for entry, _ in entries))
        own = path in references
        others = [reference for reference in references if reference != path]
        if own or object_path(manifest.tree_digest, path.name, others) != path:
            raise _Damaged(f"files.{path}", "is not what its name says")
    for path, found in proof.objects.items():
        name = object_path(found.tree, path.name, found.references, self_reference=found.refers_to_itself)
        if name != path:
            raise _Damaged(f"objects.{path}", "is not what its name says")


def _check_whole(proof: Proof) -> None:
    """Nothing is missing, nothing too much, and chains, outcomes and objects belong together."""
    derivations = proof.derivations
    wanted = set()
    todo = [path for chain in proof.chains for path in (*chain.packages, *chain.foreign)]
    while todo:
        path = todo.pop()
        if path not in wanted:
            wanted.add(path)
            if path not in derivations:
                raise _Damaged("derivations", f"lacks '{path}'")
            for inner, outputs in derivations[path].input_drvs.items():
                todo.append(inner)
                # One that is missing is told when its turn comes.
                if inner in derivations and not set(outputs) <= set(derivations[inner].outputs):
                    raise _Damaged(f"derivations.{path}", f"needs an output that '{inner}' has not")
    for extra in sorted(derivations.keys() - wanted):
        raise _Damaged("derivations", f"has '{extra}', which nothing needs")
    files = {source for derivation in derivations.values() for source in derivation.input_srcs}
    todo = list(files)
    while todo:
        path = todo.pop()
        if path not in proof.files:
            raise _Damaged("files", f"lacks '{path}'")
        new = set(proof.files[path][1]) - files
        files |= new
        todo += new
    for extra in sorted(proof.files.keys() - files):
        raise _Damaged("files", f"has '{extra}', which nothing needs")
    for chain, outcome in zip(proof.chains, proof.outcomes):
        for number, (stage, items) in enumerate(zip(chain.stages, outcome.stages)):
            for item, derivation, output in items_of(stage):
                where = f"chains.{chain.seed}.stages[{number}].{item}"
                if output not in derivations[derivation].outputs:
                    raise _Damaged(where, f"has the output '{output}', the derivation has not")
                name = output_object_name(derivations[derivation].name, output)
                if items[item].name != name:
                    raise _Damaged(f"outcomes.{chain.seed}[{number}].{item}", f"is no output called '{name}'")
    for flaw in flaws_of(proof.chains, derivations):
        raise _Damaged("chains", flaw)
    if proof.format == FORMAT:
        _check_realisations(proof)


def _check_realisations(proof: Proof) -> None:
    """Each output came out as one object, and each object is stated."""
    named = witnesses(proof.chains, proof.derivations)
    for path, output in sorted(named ^ proof.realisations.keys()):
        raise _Damaged("realisations", f"lacks '{path}!{output}', or has it, and a seed or package has it not")
    realised = dict(proof.realisations)
    for (path, output), found in realised.items():
        name = output_object_name(proof.derivations[path].name, output)
        if found.name != name:
            raise _Damaged(f"realisations.{path}.{output}", f"is no output called '{name}'")
    for chain, outcome in zip(proof.chains, proof.outcomes):
        for number, (stage, items) in enumerate(zip(chain.stages, outcome.stages)):
            for item, derivation, output in items_of(stage):
                if realised.setdefault((derivation, output), items[item]) != items[item]:
                    where = f"outcomes.{chain.seed}[{number}].{item}"
                    raise _Damaged(where, "is not what the same output of the same derivation is elsewhere")
    for path in sorted(set(realised.values()) ^ proof.objects.keys()):
        raise _Damaged("objects", f"'{path}' is in 'objects' and in no outcome or realisation, or the other way round")


def _judged(proof: Proof) -> Proof:
    """With what follows from the programs that the document states."""
    contents = _Stated(proof.objects)
    kin = kinship_of(
        [
            makeup_of(contents, chain, proof.derivations, proof.realisations)
            for chain in sorted(proof.chains, key=lambda chain: chain.seed)
        ]
    )
    found = suspicions(contents, proof.chains, proof.outcomes, proof.derivations, kin)
    return proof._replace(kinship=kin, suspicions=found)


def _check_old_sources(document: Mapping[str, Any], proof: Proof) -> None:
    told = {
        path: {"url": source["urls"], "hash": source["hash"]}
        for path, source in _sources_data(proof.derivations).items()
    }
    if document["sources"] != told:
        raise _Damaged("sources", "is not what follows from the rest")


def _check_conclusions(document: Mapping[str, Any], proof: Proof) -> None:
    """What follows from other fields is what follows from them."""
    assert proof.kinship is not None
    expected = {
        "sources": _sources_data(proof.derivations),
        "shared": _shared_data(proof.kinship),
        "toolchains": [list(seeds) for seeds in proof.kinship.toolchains or ()],
        "suspicions": _suspicions_data(proof.suspicions),
        "shows": proof.claims.text,
    }
    for field, value in expected.items():
        if document[field] != value:
            raise _Damaged(field, "is not what follows from the rest")


def _check_claims(proof: Proof) -> None:
    """The verdicts are those that follow from outcomes and programs; residue alone is left to a replay."""
    points = {fixed_point(outcome).holds for outcome in proof.outcomes}
    settled = False if False in points else None if None in points else True
    groups = None if proof.kinship is None else proof.kinship.toolchains
    agreed = agreement(proof.outcomes, groups)
    if proof.format == OLD_FORMAT:
        if proof.claims.fixed_point is not (settled is True):
            raise _Damaged("verdicts.fixedPoint", "is not what follows from the outcomes")
        if proof.claims.host_independence is True and (agreed.dissents or len(agreed.seeds) < 2):
            raise _Damaged("verdicts.hostIndependence", "is not what follows from the outcomes")
        return
    if proof.claims.fixed_point is not settled:
        raise _Damaged("verdicts.fixedPoint", "is not what follows from the outcomes")
    shown = None if agreed.holds and any(found.is_grave for found in proof.suspicions) else agreed.holds
    if proof.claims.host_independence is not shown:
        raise _Damaged("verdicts.hostIndependence", "is not what follows from the outcomes and the seeds' programs")


# Restoring.


def _inputs_first(derivations: Mapping[StorePath, Derivation]) -> Iterator[StorePath]:
    """In an order in which inputs come first. Names follow from content, so that none can need itself."""
    done: set[StorePath] = set()
    for start in derivations:
        stack = [start]
        while stack:
            path = stack[-1]
            missing = [inner for inner in derivations[path].input_drvs if inner not in done]
            if missing and path not in done:
                stack += missing
                continue
            stack.pop()
            if path not in done:
                done.add(path)
                yield path


def _references_first(
    start: StorePath,
    files: Mapping[StorePath, tuple[Sequence[tuple[Entry, bytes]], tuple[StorePath, ...]]],
    done: set[StorePath],
) -> Iterator[StorePath]:
    stack = [start]
    while stack:
        path = stack[-1]
        missing = [inner for inner in files[path][1] if inner not in done]
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
