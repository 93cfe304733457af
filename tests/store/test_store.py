"""Derivations, the build trace, fixed outputs, closures and roots."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chx.store import (
    Derivation,
    Digest,
    FixedOutput,
    InvalidDerivation,
    InvalidStorePath,
    Realisation,
    Store,
    StorePath,
    output_placeholder,
    upstream_placeholder,
)

# No text of an expression holds a NUL, and no program could be given one.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("\udc80\udcff"), max_size=12)


@given(
    st.builds(
        Derivation,
        name=st.just("x"),
        system=TEXTS,
        builder=TEXTS,
        args=st.lists(TEXTS, max_size=3).map(tuple),
        env=st.dictionaries(TEXTS, TEXTS, max_size=3),
        rootfs=st.none() | st.lists(TEXTS, max_size=2).map(tuple),
        fixed=st.none()
        | st.builds(FixedOutput, st.just("sha256"), st.binary(min_size=32, max_size=32), st.just("flat")),
    )
)
def test_a_derivation_comes_back_from_its_text(derivation: Derivation) -> None:
    text = derivation.to_json()
    again = Derivation.from_json(text)
    assert again == derivation
    assert again.to_json() == text


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"version": 2}', b"\xff"])
def test_what_is_no_derivation_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidDerivation):
        Derivation.from_json(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "/nix/store/" + "0" * 32 + "-x",
        "/chx/store/" + "0" * 32,
        "/chx/store/" + "e" * 32 + "-x",
        "0" * 32 + "-a/b",
        "0" * 32 + "-a b",
    ],
)
def test_what_is_no_store_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidStorePath):
        StorePath.parse(text)


def test_placeholders_are_those_of_nix_and_tell_outputs_apart() -> None:
    assert output_placeholder("out") == "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"
    one, two = (StorePath.parse(digit * 32 + "-x.drv") for digit in "01")
    assert (
        len({upstream_placeholder(one, "out"), upstream_placeholder(two, "out"), upstream_placeholder(one, "dev")}) == 3
    )


def test_a_derivation_is_an_object_that_refers_to_its_inputs(store: Store) -> None:
    source = store.add_bytes(b"source", "source")
    inner = store.add_derivation(Derivation("inner", "s", "b", input_srcs=(source,)))
    outer = store.add_derivation(Derivation("outer", "s", "b", input_drvs={inner: ("out",)}))
    assert store.closure([outer]) == [source, inner, outer]
    assert store.referrers(source) == [inner]
    assert store.derivation(outer).input_drvs == {inner: ("out",)}
    assert outer.is_derivation and outer.name == "outer.drv"


def test_several_outputs_of_one_resolved_derivation_are_kept(store: Store) -> None:
    key = Digest.of(b"resolved")
    first, second = store.add_bytes(b"1", "x"), store.add_bytes(b"2", "x")
    for path in (first, second, first):
        store.record([Realisation(key, "out", path, None, 1.0, 2.0)])
    assert [row.path for row in store.realisations(key)] == [first, second, first]
    assert store.realisation(key, "out") == first
    assert store.realisation(key, "dev") is None
    os.unlink(store.physical(first))
    assert store.realisation(key, "out") == second


def test_a_fixed_output_is_known_by_name_and_promise(store: Store) -> None:
    path = store.add_bytes(b"x", "x")
    promise = FixedOutput("sha256", b"\0" * 32, "flat")
    assert store.fixed_output("x", promise) is None
    store.record_fixed_output("x", promise, path)
    assert store.fixed_output("x", promise) == path
    assert store.fixed_output("y", promise) is None
    assert store.fixed_output("x", FixedOutput("sha256", b"\0" * 32, "recursive")) is None


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 7), st.sets(st.integers(0, 7)), max_size=8))
def test_a_closure_is_closed_and_has_what_is_referred_to_first(tmp_path_factory, edges) -> None:  # type: ignore[no-untyped-def]
    with Store.open(str(tmp_path_factory.mktemp("closure") / "home")) as store:
        paths: list[StorePath] = []
        for number in range(8):
            references = [paths[other] for other in edges.get(number, ()) if other < number]
            paths.append(store.add_bytes(b"%d" % number, "n", references))
        closure = store.closure(paths[-1:])
        for index, path in enumerate(closure):
            assert set(store.info(path).references) <= set(closure[:index])


def test_a_root_is_a_link_and_is_remembered(store: Store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path, other = store.add_bytes(b"x", "x"), store.add_bytes(b"y", "y")
    link = str(tmp_path / "result")
    store.add_root(link, path)
    assert os.readlink(link) == store.physical(path)
    store.add_root(link, other)
    assert os.readlink(link) == store.physical(other)
    assert [(place, target) for place, target in store.roots() if place == link] == [(link, other)]


def test_a_tree_is_added_without_being_changed(store: Store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "run").write_text("x")
    (tree / "run").chmod(0o700)
    before = (tree / "run").stat().st_mtime_ns
    path = store.add_tree(str(tree), "tree")
    assert store.add_tree(str(tree), "tree") == path
    assert (tree / "run").stat().st_mtime_ns == before
    assert os.stat(store.physical(path) + "/run").st_mode & 0o777 == 0o555
    assert store.verify_object(path) == []


def test_derivations_that_were_realised_are_listed_the_last_one_first(store: Store) -> None:
    one, other = (store.add_derivation(Derivation(name, "s", "b")) for name in ("one-1", "other-2"))
    path = store.add_bytes(b"1", "x")
    for number, drv in enumerate((one, other, None, one)):
        store.record([Realisation(Digest.of(b"%d" % number), "out", path, drv, 1.0, 2.0)])
    assert store.realised_derivations() == [one, other]
