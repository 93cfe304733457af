"""Compose the document of a proof from realised chains."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...store.derivation import Derivation
from ...store.path import StorePath
from .chain import Chain, Package, witnesses
from .kinship import Kinship, Stored, kinship_of
from .products import PRODUCTS, published
from .proof import FORMAT, ProofRefused, claims_of
from .suspicion import Suspicion
from .verdict import everything_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...store.store import Store
    from .kinship import Contents, Shared
    from .verdict import Verdicts


def compose(
    store: Store,
    name: str,
    chains: Sequence[Chain],
    realised: Mapping[tuple[StorePath, str], StorePath],
    verdicts: Verdicts,
) -> dict[str, Any]:
    """Return the document without its signature; `realised` must include the `witnesses` of `chains`.

    Raises `ProofRefused` for values that a proof cannot represent, and KeyError for outputs that are not realised.
    """
    captured = [chain.seed for chain in chains if chain.trees]
    if captured:
        raise ProofRefused(f"a proof cannot hold the seed '{captured[0]}': nothing says how to get its trees")
    for kind, found in published(chains, realised).items():
        if not found.holds:
            raise ProofRefused(f"the seeds end in different {PRODUCTS[kind]}, which a proof cannot hold")
    derivations = everything_below(store, chains)
    files = {source for derivation in derivations.values() for source in derivation.input_srcs}
    realisations: dict[str, dict[str, str]] = {}
    named = sorted(witnesses(chains, derivations))
    for path, output in named:
        realisations.setdefault(str(path), {})[output] = str(realised[path, output])
    objects = {realised[key] for key in named}
    contents = Stored(store)
    # The keys of the document are sorted, and derived fields must not depend on the order of an option.
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
        "sources": sources_data(derivations),
        "realisations": realisations,
        "objects": {str(path): _object_data(store, contents, path) for path in sorted(objects)},
        "shared": shared_data(kin),
        "toolchains": [list(seeds) for seeds in kin.toolchains or ()],
        "suspicions": suspicions_data(verdicts.suspicions),
        "verdicts": {
            "fixedPoint": claims.fixed_point,
            "hostIndependence": claims.host_independence,
            "noResidue": claims.no_residue,
        },
    }


def _chain_data(chain: Chain) -> dict[str, Any]:
    return {
        "toolchain": list(map(str, chain.toolchain.derivations)),
        "userland": list(map(str, chain.userland.derivations)),
        **{kind: _package_data(product) for kind, product in chain.products.items()},
        "stages": [{name: _package_data(package) for name, package in stage.items()} for stage in chain.stages],
    }


def _package_data(package: Package) -> dict[str, Any]:
    return {"derivation": str(package.derivation), "outputs": list(package.outputs)}


def sources_data(derivations: Mapping[StorePath, Derivation]) -> dict[str, Any]:
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
    entries = []
    for entry in store.manifest(path):
        data = {"path": entry.path, "kind": entry.kind}
        if entry.target is not None:
            data["target"] = entry.target
        elif entry.is_file:
            with store.open_file(path, entry.path) as file:
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


def shared_data(found: Kinship) -> dict[str, Any]:
    def one(shared: Shared) -> dict[str, Any]:
        return {
            "seeds": list(shared.seeds),
            "files": list(shared.files),
            "trees": list(shared.trees),
            "programs": [list(program) for program in shared.programs],
        }

    return {"common": None if found.common is None else one(found.common), "pairs": list(map(one, found.pairs))}


def suspicions_data(found: Sequence[Suspicion]) -> list[dict[str, Any]]:
    """Return the suspicions that a verdict depends on. A reader computes the others from the same document."""
    return [{"kind": one.kind, "item": one.item, "seeds": list(one.seeds)} for one in found if one.is_grave]
