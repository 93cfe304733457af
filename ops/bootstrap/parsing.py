"""Parse the JSON of a proof to a `Proof`. This checks the form; `checking.py` checks the meaning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ...store.derivation import DIGEST_SIZES, Derivation, InvalidDerivation, output_object_name
from ...store.digest import Digest
from ...store.errors import InvalidManifest, StoreError
from ...store.keys import decode_base64
from ...store.manifest import Entry, Kind, Manifest
from ...store.path import StorePath, check_name
from .chain import Chain, Outcome, Package, SeedPart, items_of
from .fields import (
    Damaged,
    digest_at,
    flag_at,
    list_at,
    mapping_at,
    name_at,
    path_at,
    paths_at,
    record_at,
    references_at,
    text_at,
    texts_at,
)
from .products import PRODUCTS
from .proof import FORMAT, OLD_FORMAT, Claims, Object, Proof

if TYPE_CHECKING:
    from collections.abc import Sequence


FIELDS: Final = frozenset(
    [
        "shows",
        "format",
        "set",
        "chains",
        "derivations",
        "files",
        "sources",
        "realisations",
        "objects",
        "shared",
        "toolchains",
        "suspicions",
        "verdicts",
        "signature",
    ]
)
OLD_FIELDS: Final = frozenset(
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


def parse(document: dict[str, Any], name: str) -> Proof:
    record_at(document, "the document", FIELDS)
    chains = _chains(document["chains"])
    derivations = _derivations(document["derivations"])
    claims = record_at(document["verdicts"], "verdicts", {"fixedPoint", "hostIndependence", "noResidue"})
    return Proof(
        name,
        FORMAT,
        name_at(document["set"], "set"),
        chains,
        (),
        _realisations(document["realisations"]),
        {
            path_at(path, f"objects.{path}"): _object(value, f"objects.{path}")
            for path, value in mapping_at(document["objects"], "objects").items()
        },
        Claims(
            flag_at(claims["fixedPoint"], "verdicts.fixedPoint"),
            flag_at(claims["hostIndependence"], "verdicts.hostIndependence"),
            flag_at(claims["noResidue"], "verdicts.noResidue", may_be_null=False) is True,
        ),
        None,
        (),
        document["signature"]["key"],
        derivations,
        {
            path_at(path, f"files.{path}"): _file(
                record_at(value, f"files.{path}", {"entries", "references"}), f"files.{path}"
            )
            for path, value in mapping_at(document["files"], "files").items()
        },
        {},
    )


def parse_old(document: dict[str, Any], name: str) -> Proof:
    record_at(document, "the document", OLD_FIELDS)
    chains = _chains(document["chains"])
    if document["stages"] != len(chains[0].stages if chains else ()):
        raise Damaged("stages", "is not the number of stages")
    text_at(document["chx"], "chx")
    derivations = _derivations(document["derivations"])
    claims = record_at(document["verdicts"], "verdicts", {"fixedPoint", "hostIndependence", "noResidue"})
    objects: dict[StorePath, Object] = {}
    resolved: dict[tuple[StorePath, str], str] = {}
    outcomes = _outcomes(document["outcomes"], chains)
    stated = {path for outcome in outcomes for stage in outcome.stages for path in stage.values()}
    for number, value in enumerate(list_at(document["realisations"], "realisations")):
        where = f"realisations[{number}]"
        row = record_at(value, where, {"derivation", "resolved", "output", "path", "tree"})
        tree = text_at(row["tree"], f"{where}.tree")
        path = path_at(row["path"], f"{where}.path")
        key = path_at(row["derivation"], f"{where}.derivation"), text_at(row["output"], f"{where}.output")
        resolved[key] = str(digest_at(row["resolved"], f"{where}.resolved"))
        entry = Object(digest_at(tree.removeprefix("blake3:"), f"{where}.tree"), (), False, {})
        if path in stated:
            objects[path] = entry
    return Proof(
        name,
        OLD_FORMAT,
        name_at(document["set"], "set"),
        chains,
        outcomes,
        {},
        objects,
        Claims(
            flag_at(claims["fixedPoint"], "verdicts.fixedPoint", may_be_null=False),
            flag_at(claims["hostIndependence"], "verdicts.hostIndependence", may_be_null=False),
            flag_at(claims["noResidue"], "verdicts.noResidue", may_be_null=False) is True,
        ),
        None,
        (),
        document["signature"]["key"],
        derivations,
        {
            path_at(path, f"files.{path}"): _file({"entries": value, "references": []}, f"files.{path}")
            for path, value in mapping_at(document["files"], "files").items()
        },
        resolved,
    )


def _chains(value: Any) -> tuple[Chain, ...]:
    chains = []
    for seed, data in mapping_at(value, "chains").items():
        name_at(seed, f"chains.{seed}")
        where = f"chains.{seed}"
        kinds = [kind for kind in PRODUCTS if kind in mapping_at(data, where)]
        chain = record_at(data, where, {"toolchain", "userland", "stages", *kinds})
        stages = []
        for number, stage in enumerate(list_at(chain["stages"], f"{where}.stages")):
            packages = {}
            for package, content in mapping_at(stage, f"{where}.stages[{number}]").items():
                place = f"{where}.stages[{number}].{package}"
                name_at(package, place)
                packages[package] = _package(content, place)
            stages.append(packages)
        chains.append(
            Chain(
                seed,
                False,
                SeedPart(paths_at(chain["toolchain"], f"{where}.toolchain")),
                SeedPart(paths_at(chain["userland"], f"{where}.userland")),
                tuple(stages),
                {kind: _package(chain[kind], f"{where}.{kind}") for kind in kinds},
            )
        )
    if not chains:
        raise Damaged("chains", "has no seed")
    return tuple(chains)


def _package(value: Any, where: str) -> Package:
    found = record_at(value, where, {"derivation", "outputs"})
    return Package(path_at(found["derivation"], f"{where}.derivation"), texts_at(found["outputs"], f"{where}.outputs"))


def _derivations(value: Any) -> dict[StorePath, Derivation]:
    found = {}
    for name, data in mapping_at(value, "derivations").items():
        where = f"derivations.{name}"
        try:
            text = json.dumps(mapping_at(data, where), sort_keys=True, separators=(",", ":")).encode("ascii")
            derivation = Derivation.from_json(text)
            if derivation.to_json() != text:
                raise Damaged(where, "has other fields than a derivation, or in another order")
            _check_derivation(derivation, where)
        except (InvalidDerivation, StoreError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise Damaged(where, str(error)) from error
        found[path_at(name, where)] = derivation
    return found


def _check_derivation(derivation: Derivation, where: str) -> None:
    """Raise `Damaged` or `InvalidStorePath` for a derivation that no evaluator produces."""
    fixed = derivation.fixed
    if not derivation.outputs or len(set(derivation.outputs)) != len(derivation.outputs):
        raise Damaged(where, "has no output, or one twice")
    for output in derivation.outputs:
        check_name(output_object_name(derivation.name, output))
    if any(not outputs or len(set(outputs)) != len(outputs) for outputs in derivation.input_drvs.values()):
        raise Damaged(where, "needs no output of an input, or one twice")
    if len(set(derivation.input_srcs)) != len(derivation.input_srcs):
        raise Damaged(where, "has a source twice")
    if fixed is not None and (
        DIGEST_SIZES.get(fixed.algorithm) != len(fixed.digest)
        or fixed.mode not in ("flat", "recursive")
        or derivation.outputs != ("out",)
    ):
        raise Damaged(where, "promises no hash that there is")


def _file(data: dict[str, Any], where: str) -> tuple[Sequence[tuple[Entry, bytes]], tuple[StorePath, ...]]:
    entries = []
    for number, value in enumerate(list_at(data["entries"], f"{where}.entries")):
        place = f"{where}.entries[{number}]"
        kind = text_at(mapping_at(value, place).get("kind"), f"{place}.kind")
        content = b""
        if kind == Kind.DIRECTORY:
            entry = Entry(text_at(record_at(value, place, {"path", "kind"})["path"], place), kind)
        elif kind == Kind.SYMLINK:
            found = record_at(value, place, {"path", "kind", "target"})
            entry = Entry(text_at(found["path"], place), kind, target=text_at(found["target"], place))
        elif kind in (Kind.FILE, Kind.EXECUTABLE):
            found = record_at(value, place, {"path", "kind", "content"})
            try:
                content = decode_base64(text_at(found["content"], place))
            except ValueError as error:
                raise Damaged(place, f"the content is no base 64: {error}") from error
            entry = Entry(text_at(found["path"], place), kind, Digest.of(content).raw, len(content))
        else:
            raise Damaged(place, f"has the kind '{kind}'")
        entries.append((entry, content))
    try:
        # The canonical form refuses paths that leave the tree, unsorted entries, and entries without a parent.
        manifest = Manifest(tuple(entry for entry, _ in entries))
        if Manifest.decode(manifest.encode()) != manifest:
            raise Damaged(where, "has a path that is not as a path is written")
    except (InvalidManifest, UnicodeError) as error:
        raise Damaged(where, str(error)) from error
    return entries, references_at(data["references"], f"{where}.references")


def _outcomes(value: Any, chains: Sequence[Chain]) -> tuple[Outcome, ...]:
    found = record_at(value, "outcomes", {chain.seed for chain in chains})
    outcomes = []
    for chain in chains:
        where = f"outcomes.{chain.seed}"
        stages = list_at(found[chain.seed], where)
        if len(stages) != len(chain.stages):
            raise Damaged(where, f"has {len(stages)} stages, the chain has {len(chain.stages)}")
        read = []
        for number, (stage, packages) in enumerate(zip(stages, chain.stages)):
            items = {item for item, _, _ in items_of(packages)}
            data = record_at(stage, f"{where}[{number}]", items)
            read.append({item: path_at(path, f"{where}[{number}].{item}") for item, path in data.items()})
        outcomes.append(Outcome(chain.seed, tuple(read)))
    return tuple(outcomes)


def _object(value: Any, where: str) -> Object:
    found = record_at(value, where, {"tree", "references", "self", "programs"})
    programs = {
        file: digest_at(digest, f"{where}.programs.{file}").raw
        for file, digest in mapping_at(found["programs"], f"{where}.programs").items()
    }
    if len(set(programs.values())) != len(programs):
        raise Damaged(f"{where}.programs", "has a program twice")
    return Object(
        digest_at(found["tree"], f"{where}.tree"),
        references_at(found["references"], f"{where}.references"),
        flag_at(found["self"], f"{where}.self", may_be_null=False) is True,
        programs,
    )


def _realisations(value: Any) -> dict[tuple[StorePath, str], StorePath]:
    if not all(mapping_at(value, "realisations").values()):
        raise Damaged("realisations", "has a derivation without an output")
    return {
        (path_at(derivation, "realisations"), output): path_at(path, f"realisations.{derivation}.{output}")
        for derivation, outputs in mapping_at(value, "realisations").items()
        for output, path in mapping_at(outputs, f"realisations.{derivation}").items()
    }
