"""Proofs: what is written can be read, what was changed is refused, what was claimed can be done again."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chx.builder import Builder, BuildOptions
from chx.ops.bootstrap import ProofRefused, outcome_of, targets_of
from chx.ops.bootstrap.document import read, sign
from chx.store import InvalidKey, Store
from chx.store.keys import Signer, is_signed_by

from .forgeries import FORGERIES, HOLDS, resigned

ROOT = Path(__file__).resolve().parents[3]


def test_what_was_written_is_read(proved):
    text, chains, outcomes = proved
    proof = read(text, "f")
    assert proof.set == "set"
    assert list(proof.chains) == chains
    assert list(proof.outcomes) == outcomes
    assert proof.claims == (True, True, True)
    assert proof.kinship is not None and proof.kinship.toolchains == (("s",), ("t",))


def test_the_first_line_says_what_is_shown(world, proved):
    assert proved[0].splitlines()[0] == f'{{"shows": "{HOLDS}",'.encode()
    chain = world.bootstrap("s", "the compiler called s", "0", "1", "1")
    document, _ = world.prove(chain)
    text = sign(document, Signer(world.store.home))
    assert text.splitlines()[0].startswith('{"shows": "nothing: host independence could not be shown')
    assert read(text.encode(), "f").claims == (True, None, True)


def test_the_published_proof_is_whole_and_says_what_the_manual_says(tmp_path):
    proof = read((ROOT / "docs" / "proofs" / "chimera.json").read_bytes(), "chimera.json")
    assert proof.claims == (True, True, True)
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


FIELDS = [
    "shows", "set", "chains", "derivations", "files", "sources", "realisations", "objects", "shared", "toolchains",
    "suspicions", "verdicts",
]  # fmt: skip


@pytest.mark.parametrize("part", FIELDS)
def test_whatever_is_changed_breaks_the_signature(proved, part):
    document = json.loads(proved[0])
    document[part] = "other"
    with pytest.raises(ProofRefused, match="was changed after it was signed"):
        read(json.dumps(document).encode(), "f")


def test_spaces_and_order_are_no_change(proved):
    document = json.loads(proved[0])
    text = json.dumps(dict(reversed(document.items())))
    assert read(text.encode(), "f").set == "set"


@pytest.mark.parametrize(
    "text",
    [b"", b"\0\xff", b"[]", b"{}", b"null", b'{"format": "chx bootstrap proof 3"}', b"[" * 200_000, b"1" * 5000,
     b'{"format": 1, "format": 2}', b'{"format": ["chx bootstrap proof 2"]}'],
)  # fmt: skip
def test_what_is_no_proof_is_refused_by_name(text):
    with pytest.raises(ProofRefused, match="'some-file' is no proof"):
        read(text, "some-file")


@pytest.mark.parametrize("change", FORGERIES, ids=lambda change: change.__name__)
def test_a_stranger_who_signs_a_document_that_contradicts_itself_is_refused(world, proved, change):
    with pytest.raises(ProofRefused, match="the proof 'f' is not what a proof is"):
        read(resigned(world, proved[0], change), "f")


@pytest.mark.parametrize(
    ("verdict", "value"),
    [("fixedPoint", False), ("fixedPoint", None), ("hostIndependence", None), ("hostIndependence", False)],
)
def test_verdicts_that_do_not_follow_are_refused(world, proved, verdict, value):
    def change(document):
        document["verdicts"][verdict] = value

    with pytest.raises(ProofRefused, match=f"verdicts.{verdict}"):
        read(resigned(world, proved[0], change), "f")


def test_a_proof_of_one_seed_cannot_claim_independence(world):
    chain = world.bootstrap("s", "the compiler called s", "0", "1", "1")
    document, _ = world.prove(chain)
    document["verdicts"]["hostIndependence"] = True
    document["shows"] = HOLDS
    with pytest.raises(ProofRefused, match=r"verdicts\.hostIndependence"):
        read(sign(document, Signer(world.store.home)).encode(), "f")


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_wrong_document_ends_in_an_internal_error(world, proved, data):
    document = json.loads(proved[0])
    del document["signature"]
    place: object = document
    while True:
        assert isinstance(place, dict | list) and place
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]  # type: ignore[index]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        place = inner
    junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([]) | st.just({})
    new = data.draw(junk | st.lists(junk, max_size=2) | st.dictionaries(st.text(max_size=3), junk, max_size=2))
    place[key] = new  # type: ignore[index]
    assume(new != inner or type(new) is not type(inner))
    try:
        text = sign(document, Signer(world.store.home)).encode()
    except (ValueError, TypeError):
        assume(False)
    try:
        proof = read(text, "f")
    except ProofRefused:
        return
    # A name is what its author calls it.
    assert key == "set" and proof.name == "f"


def test_a_derivation_under_a_wrong_name_is_refused_though_signed(world, proved):
    def change(document):
        name = next(path for path in document["derivations"] if path.endswith("-p.drv"))
        document["derivations"][name]["env"]["extra"] = "1"

    with pytest.raises(ProofRefused, match="is not what its name says"):
        read(resigned(world, proved[0], change), "f")


def test_a_source_under_a_wrong_name_is_refused_though_signed(world, proved):
    def change(document):
        (name,) = document["files"]
        document["files"][name]["entries"][0]["content"] = "AAAA"

    with pytest.raises(ProofRefused, match="is not what its name says"):
        read(resigned(world, proved[0], change), "f")


@pytest.mark.parametrize("path", ["../escaped", "/etc/escaped", "a/../../escaped"])
def test_a_source_cannot_be_written_outside(world, proved, path):
    def change(document):
        (name,) = document["files"]
        document["files"][name]["entries"] = [{"path": "", "kind": "d"}, {"path": path, "kind": "f", "content": "AAAA"}]

    with pytest.raises(ProofRefused, match="lies in no directory of the tree"):
        read(resigned(world, proved[0], change), "f")


def test_a_derivation_that_is_missing_is_named(world, proved):
    def change(document):
        document["derivations"] = {}

    with pytest.raises(ProofRefused, match=r"derivations: lacks '/chx/store/.*\.drv'"):
        read(resigned(world, proved[0], change), "f")


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
