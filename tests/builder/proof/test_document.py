"""Proofs: what is written can be read, what was changed is refused, what was claimed can be done again."""

import json
from pathlib import Path

import pytest

from chx.builder import Builder, BuildOptions
from chx.builder.proof import ProofRefused, judge, outcome_of, targets_of
from chx.builder.proof.document import compose, read, sign
from chx.store import InvalidKey, Store
from chx.store.keys import Signer, is_signed_by

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def proved(world):
    """A signed proof of two chains, and what it is about."""
    source = world.store.add_bytes(b"int main;\n", "main.c")
    same = {"p": world.tree("p", {"x": "1"}, sources=[source])}
    chains = [world.chain(seed, f"the compiler called {seed}", same, same) for seed in ("s", "t")]
    outcomes = world.realise(*chains)
    verdicts = judge(world.store, chains, outcomes)
    text = sign(compose(world.store, "set", chains, outcomes, verdicts, "0"), Signer(world.store.home))
    return text.encode(), chains, outcomes


def test_what_was_written_is_read(proved):
    text, chains, outcomes = proved
    proof = read(text, "f")
    assert proof.set == "set"
    assert list(proof.chains) == chains
    assert list(proof.outcomes) == outcomes
    assert proof.verdicts == {"fixedPoint": True, "hostIndependence": True, "noResidue": True}


def test_the_published_proof_is_whole_and_says_what_the_manual_says(tmp_path):
    proof = read((ROOT / "docs" / "proofs" / "chimera.json").read_bytes(), "chimera.json")
    assert proof.verdicts == {"fixedPoint": True, "hostIndependence": True, "noResidue": True}
    assert [outcome.seed for outcome in proof.outcomes] == ["debian-clang", "debian-gcc"]
    first, second = proof.outcomes
    assert first.last == second.last and len(first.last) == 28
    assert first.stages[0]["llvm"] != second.stages[0]["llvm"]
    page = (ROOT / "docs" / "bootstrap.md").read_text()
    for outcome in proof.outcomes:
        row = "  ".join(str(stage["llvm"]).rpartition("/")[2][:8] for stage in outcome.stages)
        assert f"{outcome.seed:<12}  {row}" in page
    with Store.open(str(tmp_path / "elsewhere")) as other:
        proof.restore(other)
        for chain in proof.chains:
            assert all(other.is_valid(package.derivation) for stage in chain.stages for package in stage.values())


def test_a_proof_is_done_again_in_an_empty_store(proved, tmp_path):
    text, _, outcomes = proved
    proof = read(text, "f")
    with Store.open(str(tmp_path / "elsewhere")) as other:
        proof.restore(other)
        realised = Builder(other, BuildOptions(jobs=1, rebuild=True)).realise(targets_of(proof.chains))
        assert [outcome_of(chain, realised) for chain in proof.chains] == outcomes


@pytest.mark.parametrize("part", ["set", "stages", "outcomes", "derivations", "files", "verdicts", "realisations"])
def test_whatever_is_changed_breaks_the_signature(proved, part):
    document = json.loads(proved[0])
    document[part] = "other"
    with pytest.raises(ProofRefused, match="was changed after it was signed"):
        read(json.dumps(document).encode(), "f")


def test_spaces_and_order_are_no_change(proved):
    document = json.loads(proved[0])
    text = json.dumps(dict(reversed(document.items())))
    assert read(text.encode(), "f").set == "set"


@pytest.mark.parametrize("text", [b"", b"\0\xff", b"[]", b"{}", b"null", b'{"format": "chx bootstrap proof 2"}'])
def test_what_is_no_proof_is_refused_by_name(text):
    with pytest.raises(ProofRefused, match="'some-file' is no proof"):
        read(text, "some-file")


def resigned(world, text: bytes, **changes) -> bytes:
    """A proof whose author lies."""
    document = {**json.loads(text), **changes}
    del document["signature"]
    return sign(document, Signer(world.store.home)).encode()


def test_a_derivation_under_a_wrong_name_is_refused_though_signed(world, proved, tmp_path):
    document = json.loads(proved[0])
    derivations = dict(document["derivations"])
    name = next(path for path in derivations if path.endswith("-p.drv"))
    derivations[name] = {**derivations[name], "env": {**derivations[name]["env"], "extra": "1"}}
    proof = read(resigned(world, proved[0], derivations=derivations), "f")
    with Store.open(str(tmp_path / "elsewhere")) as other, pytest.raises(ProofRefused, match="not what its name says"):
        proof.restore(other)


def test_a_source_under_a_wrong_name_is_refused_though_signed(world, proved, tmp_path):
    files = json.loads(proved[0])["files"]
    (name,) = files
    files[name][0]["content"] = "AAAA"
    proof = read(resigned(world, proved[0], files=files), "f")
    with Store.open(str(tmp_path / "elsewhere")) as other, pytest.raises(ProofRefused, match="not what its name says"):
        proof.restore(other)


@pytest.mark.parametrize("path", ["../escaped", "/etc/escaped", "a/../../escaped"])
def test_a_source_cannot_be_written_outside(world, proved, tmp_path, path):
    files = json.loads(proved[0])["files"]
    (name,) = files
    files[name] = [{"path": "", "kind": "d"}, {"path": path, "kind": "f", "content": "AAAA"}]
    proof = read(resigned(world, proved[0], files=files), "f")
    with Store.open(str(tmp_path / "elsewhere")) as other, pytest.raises(ProofRefused, match="has the path"):
        proof.restore(other)


def test_a_derivation_that_is_missing_is_named(world, proved, tmp_path):
    proof = read(resigned(world, proved[0], derivations={}), "f")
    with Store.open(str(tmp_path / "elsewhere")) as other:
        proof.restore(other)
        with pytest.raises(Exception, match="not a valid store path"):
            Builder(other, BuildOptions(jobs=1)).realise(targets_of(proof.chains))


def test_a_store_has_one_key_readable_by_its_owner_only(store):
    one, other = Signer(store.home), Signer(store.home)
    assert one.public == other.public
    place = f"{store.home}/keys/ed25519"
    import os

    assert os.stat(place).st_mode & 0o777 == 0o600
    assert is_signed_by(one.public, b"text", one.sign(b"text"))
    assert not is_signed_by(one.public, b"texts", one.sign(b"text"))


@pytest.mark.parametrize("key", ["", "rsa:AAAA", "ed25519:", "ed25519:????", "ed25519:AAAA"])
def test_what_is_no_key_is_refused(store, key):
    with pytest.raises(InvalidKey):
        is_signed_by(key, b"text", Signer(store.home).sign(b"text"))


def test_a_damaged_key_file_is_an_error_and_not_replaced(store):
    Signer(store.home)
    place = f"{store.home}/keys/ed25519"
    with open(place, "w") as file:
        file.write("damaged")
    with pytest.raises(InvalidKey, match="holds no Ed25519 key"):
        Signer(store.home)
