"""Products in proofs (repositories, images): of the last stage alone, the same from all seeds, checked by both readers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chx.ops.bootstrap import Chain, Package, ProofRefused
from chx.ops.bootstrap.document import read, sign
from chx.ops.bootstrap.products import IMAGE, PRODUCTS, REPOSITORY, published
from chx.ops.bootstrap.shape import ShapeRefused, check_shape
from chx.ops.bootstrap.verdict import everything_below
from chx.store import StorePath
from chx.store.keys import Signer

from .conftest import World
from .test_second_opinion import said

SEEDS = (("s", "0"), ("t", "2"))


def bootstraps(world: World, content: dict[str, str] | None = None, kind: str = REPOSITORY) -> list[Chain]:
    """Two chains with a product each, which is made of the last stage and of a package that is made with it."""
    found = []
    for seed, first in SEEDS:
        chain = world.bootstrap(seed, f"the compiler called {seed}", first, "1", "1")
        last = chain.stages[-1]["p"].derivation
        files = world.tree("base-files", {"etc/passwd": "root"}, last)
        text = (content or {}).get(seed, "packages")
        found.append(_with(chain, world.tree(kind, {"a/p-1.apk": text}, last, files), kind))
    return found


def _with(chain: Chain, product: StorePath, kind: str = REPOSITORY) -> Chain:
    return chain._replace(products={**chain.products, kind: Package(product, ("out",))})


@pytest.mark.parametrize("kind", PRODUCTS)
def test_a_proof_holds_the_product_that_all_seeds_end_in(world: World, tmp_path: Path, kind: str) -> None:
    chains = bootstraps(world, kind=kind)
    document, _ = world.prove(*chains)
    text = sign(document, Signer(world.store.home)).encode()
    proof = read(text, "f")
    assert list(proof.chains) == chains
    found = published(proof.chains, proof.realisations)[kind]
    assert found.holds and found.camps[0][1] == ("s", "t")
    assert proof.products == {kind: world.store.info(found.camps[0][0]).tree_digest}
    status, answers = said(tmp_path, text)
    assert status == 0, answers


@pytest.mark.parametrize("kind", PRODUCTS)
def test_products_that_differ_make_no_proof(world: World, kind: str) -> None:
    with pytest.raises(ProofRefused, match=f"different {PRODUCTS[kind]}"):
        world.prove(*bootstraps(world, {"t": "other packages"}, kind))


def test_a_proof_may_hold_a_repository_and_an_image(world: World, tmp_path: Path) -> None:
    chains = [
        _with(chain, world.tree("image", {"disk.img": "bytes of a disk"}, chain.stages[-1]["p"].derivation), IMAGE)
        for chain in bootstraps(world)
    ]
    document, _ = world.prove(*chains)
    text = sign(document, Signer(world.store.home)).encode()
    assert set(read(text, "f").products) == {REPOSITORY, IMAGE}
    assert said(tmp_path, text)[0] == 0
    # A kind of product is of all seeds, or of none.
    del document["chains"]["s"]["image"]
    with pytest.raises(ProofRefused):
        read(sign(document, Signer(world.store.home)).encode(), "f")
    assert said(tmp_path, sign(document, Signer(world.store.home)).encode())[0] == 1


def _of_a_seed(chain: Chain) -> StorePath:
    return chain.toolchain.derivations[0]


def _of_an_earlier_stage(chain: Chain) -> StorePath:
    return chain.stages[0]["p"].derivation


@pytest.mark.parametrize("of", [_of_a_seed, _of_an_earlier_stage])
def test_a_repository_of_something_else_is_refused(world: World, of) -> None:
    chains = [_with(chain, world.tree("repository", {"a": "b"}, of(chain))) for chain in bootstraps(world)]
    with pytest.raises(ShapeRefused) as refused:
        check_shape("it", chains, everything_below(world.store, chains))
    assert any("the repository has no package of the last stage" in flaw for flaw in refused.value.flaws)
    both = [
        _with(chain, world.tree("repository", {"a": "b"}, of(chain), chain.stages[-1]["p"].derivation))
        for chain in chains
    ]
    with pytest.raises(ShapeRefused, match="reaches the seed or an earlier stage without the last one"):
        check_shape("it", both, everything_below(world.store, both))


def _of_one_seed_only(document) -> None:
    del document["chains"]["t"]["repository"]


def _with_two_outputs(document) -> None:
    document["chains"]["t"]["repository"]["outputs"] = ["out", "other"]


def _of_the_seed(document) -> None:
    for chain in document["chains"].values():
        chain["repository"]["derivation"] = chain["toolchain"][0]


def _without_any(document) -> None:
    for chain in document["chains"].values():
        del chain["repository"]


def _with_a_note(document) -> None:
    document["chains"]["s"]["repository"]["note"] = "believe me"


@pytest.mark.parametrize("forge", [_of_one_seed_only, _with_two_outputs, _of_the_seed, _without_any, _with_a_note])
def test_both_readers_refuse_a_forged_repository(world: World, tmp_path: Path, forge) -> None:
    document, _ = world.prove(*bootstraps(world))
    forged = json.loads(json.dumps(document))
    forge(forged)
    text = sign(forged, Signer(world.store.home)).encode()
    with pytest.raises(ProofRefused):
        read(text, "f")
    status, answers = said(tmp_path, text)
    assert status == 1 and any("WRONG" in answer for answer in answers.values()), answers


def test_both_readers_refuse_seeds_that_end_in_different_repositories(
    world: World, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("chx.ops.bootstrap.writing.published", lambda chains, realised: {})
    document, _ = world.prove(*bootstraps(world, {"t": "other packages"}))
    text = sign(document, Signer(world.store.home)).encode()
    with pytest.raises(ProofRefused, match="end in different repositories"):
        read(text, "f")
    status, answers = said(tmp_path, text)
    assert status == 1 and "different products: repository" in "".join(answers.values())
