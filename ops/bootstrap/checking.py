"""Check a proof without building: its names, its completeness, and the fields that follow from others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...store.address import file_path, object_path
from ...store.derivation import output_object_name
from ...store.digest import Digest
from ...store.manifest import Manifest
from ...store.path import StorePath
from .chain import items_of, outcome_of, witnesses
from .convergence import agreement, all_settled, fixed_point
from .fields import Damaged
from .kinship import kinship_of, makeup_of, with_descent
from .products import PRODUCTS, published
from .proof import FORMAT, OLD_FORMAT, Object, Proof
from .shape import flaws_of
from .suspicion import independence, suspicions
from .writing import shared_data, sources_data, suspicions_data


class _Stated:
    """`kinship.Contents` from the statements of a document."""

    def __init__(self, objects: Mapping[StorePath, Object]) -> None:
        self._objects = objects

    def tree(self, path: StorePath) -> Digest:
        return self._objects[path].tree

    def programs(self, path: StorePath) -> Mapping[str, bytes]:
        return self._objects[path].programs


def check_names(proof: Proof) -> None:
    """Recompute the store paths of derivations, files and objects. Raises `Damaged`."""
    for path, derivation in proof.derivations.items():
        references = (*derivation.input_srcs, *derivation.input_drvs)
        if file_path(derivation.to_json(), f"{derivation.name}.drv", references) != path:
            raise Damaged(f"derivations.{path}", "is not what its name says")
    for path, (entries, references) in proof.files.items():
        manifest = Manifest(tuple(entry for entry, _ in entries))
        own = path in references
        others = [reference for reference in references if reference != path]
        if own or object_path(manifest.tree_digest, path.name, others) != path:
            raise Damaged(f"files.{path}", "is not what its name says")
    for path, found in proof.objects.items():
        name = object_path(found.tree, path.name, found.references, self_reference=found.refers_to_itself)
        if name != path:
            raise Damaged(f"objects.{path}", "is not what its name says")


def check_whole(proof: Proof) -> None:
    """Check that nothing is missing or superfluous, and that chains and objects match. Raises `Damaged`."""
    derivations = proof.derivations
    needed = set()
    todo = [path for chain in proof.chains for path in (*chain.goals, *chain.seed_derivations)]
    while todo:
        path = todo.pop()
        if path not in needed:
            needed.add(path)
            if path not in derivations:
                raise Damaged("derivations", f"lacks '{path}'")
            for inner, outputs in derivations[path].input_drvs.items():
                todo.append(inner)
                # The loop reports a missing derivation when it reaches it.
                if inner in derivations and not set(outputs) <= set(derivations[inner].outputs):
                    raise Damaged(f"derivations.{path}", f"needs an output that '{inner}' has not")
    for extra in sorted(derivations.keys() - needed):
        raise Damaged("derivations", f"has '{extra}', which nothing needs")
    files = {source for derivation in derivations.values() for source in derivation.input_srcs}
    todo = list(files)
    while todo:
        path = todo.pop()
        if path not in proof.files:
            raise Damaged("files", f"lacks '{path}'")
        new = set(proof.files[path][1]) - files
        files |= new
        todo += new
    for extra in sorted(proof.files.keys() - files):
        raise Damaged("files", f"has '{extra}', which nothing needs")
    for chain in proof.chains:
        for number, stage in enumerate(chain.stages):
            for item, derivation, output in items_of(stage):
                if output not in derivations[derivation].outputs:
                    where = f"chains.{chain.seed}.stages[{number}].{item}"
                    raise Damaged(where, f"has the output '{output}', the derivation has not")
    for flaw in flaws_of(proof.chains, derivations):
        raise Damaged("chains", flaw)
    (_check_realisations if proof.format == FORMAT else _check_old_outcomes)(proof)


def _check_realisations(proof: Proof) -> None:
    """Check that realisations and objects cover exactly the `witnesses`. Raises `Damaged`."""
    named = witnesses(proof.chains, proof.derivations)
    for path, output in sorted(named ^ proof.realisations.keys()):
        raise Damaged("realisations", f"lacks '{path}!{output}', or has it, and no seed, package or source has it")
    for (path, output), found in proof.realisations.items():
        name = output_object_name(proof.derivations[path].name, output)
        if found.name != name:
            raise Damaged(f"realisations.{path}.{output}", f"is no output called '{name}'")
    for path in sorted(set(proof.realisations.values()) ^ proof.objects.keys()):
        raise Damaged("objects", f"'{path}' is in 'objects' and not in 'realisations', or the other way round")


def _check_old_outcomes(proof: Proof) -> None:
    for chain, outcome in zip(proof.chains, proof.outcomes):
        for number, (stage, items) in enumerate(zip(chain.stages, outcome.stages)):
            for item, derivation, output in items_of(stage):
                name = output_object_name(proof.derivations[derivation].name, output)
                if items[item].name != name:
                    raise Damaged(f"outcomes.{chain.seed}[{number}].{item}", f"is no output called '{name}'")
    stated = {path for outcome in proof.outcomes for stage in outcome.stages for path in stage.values()}
    for path in sorted(stated ^ proof.objects.keys()):
        raise Damaged("realisations", f"lacks '{path}', which is an outcome")


def with_outcomes(proof: Proof) -> Proof:
    """Add the outcomes of chains, from the realisations that the document states."""
    return proof._replace(outcomes=tuple(outcome_of(chain, proof.realisations) for chain in proof.chains))


def judged(proof: Proof) -> Proof:
    """Add kinship and suspicions, computed from the programs that the document states."""
    contents = _Stated(proof.objects)
    makeups = [
        makeup_of(contents, chain, proof.derivations, proof.realisations)
        for chain in sorted(proof.chains, key=lambda chain: chain.seed)
    ]
    kin = kinship_of(with_descent(makeups, proof.outcomes, contents))
    found = suspicions(contents, proof.chains, proof.outcomes, proof.derivations, kin)
    return proof._replace(kinship=kin, suspicions=found)


def check_old_sources(document: Mapping[str, Any], proof: Proof) -> None:
    expected = {
        path: {"url": source["urls"], "hash": source["hash"]}
        for path, source in sources_data(proof.derivations).items()
    }
    if document["sources"] != expected:
        raise Damaged("sources", "is not what follows from the rest")


def check_conclusions(document: Mapping[str, Any], proof: Proof) -> None:
    """Recompute the fields that follow from others. Raises `Damaged`."""
    assert proof.kinship is not None
    expected = {
        "sources": sources_data(proof.derivations),
        "shared": shared_data(proof.kinship),
        "toolchains": [list(seeds) for seeds in proof.kinship.toolchains or ()],
        "suspicions": suspicions_data(proof.suspicions),
        "shows": proof.claims.text,
    }
    for field, value in expected.items():
        if document[field] != value:
            raise Damaged(field, "is not what follows from the rest")


def check_claims(proof: Proof) -> None:
    """Recompute the verdicts from outcomes and programs; only a replay can check residue. Raises `Damaged`."""
    if proof.format == FORMAT:
        for kind, found in published(proof.chains, proof.realisations).items():
            if not found.holds:
                raise Damaged("chains", f"has seeds that end in different {PRODUCTS[kind]}")
        for kinds in {frozenset(chain.products) for chain in proof.chains}:
            for kind in kinds.symmetric_difference(proof.chains[0].products):
                raise Damaged("chains", f"has {PRODUCTS[kind]} of some seeds, and none of others")
    settled = all_settled(map(fixed_point, proof.outcomes))
    groups = None if proof.kinship is None else proof.kinship.toolchains
    agreed = agreement(proof.outcomes, groups)
    if proof.format == OLD_FORMAT:
        if proof.claims.fixed_point is not (settled is True):
            raise Damaged("verdicts.fixedPoint", "is not what follows from the outcomes")
        if proof.claims.host_independence is True and (agreed.dissents or len(agreed.seeds) < 2):
            raise Damaged("verdicts.hostIndependence", "is not what follows from the outcomes")
        return
    if proof.claims.fixed_point is not settled:
        raise Damaged("verdicts.fixedPoint", "is not what follows from the outcomes")
    if proof.claims.host_independence is not independence(agreed, proof.suspicions):
        raise Damaged("verdicts.hostIndependence", "is not what follows from the outcomes and the seeds' programs")
