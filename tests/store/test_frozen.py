"""Store values behave as the dataclasses they stand for; the short ways give what the long ones give."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.store import Derivation, Digest, Entry, FixedOutput, Kind, Manifest, StorePath, file_path, object_path

A = StorePath("0" * 32, "a")
B = StorePath("1" * 32, "b.drv")
# Any text that UTF-8 with surrogate escapes can hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.binary().map(
    lambda data: data.decode("utf-8", "surrogateescape")
)


def test_fields_have_names_defaults_and_an_order() -> None:
    assert (A.hash, A.name) == ("0" * 32, "a")
    assert StorePath(name="a", hash="0" * 32) == A
    assert sorted([B, A]) == [A, B]
    assert repr(A) == f"StorePath(hash='{'0' * 32}', name='a')"
    assert Derivation("n", "s", "b").outputs == ("out",)
    with pytest.raises(TypeError):
        StorePath("0" * 32)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        StorePath("0" * 32, "a", other=1)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        A.name = "b"  # type: ignore[misc]


def test_copies_are_equal() -> None:
    derivation = Derivation("n", "s", "b", env={"a": "b"}, fixed=FixedOutput("sha256", b"x", "flat"))
    assert pickle.loads(pickle.dumps(derivation)) == copy.deepcopy(derivation) == derivation
    assert derivation.replace(name="m").name == "m"
    assert derivation.replace(name="m").replace(name="n") == derivation
    with pytest.raises(TypeError):
        derivation.replace(nothing=1)
    with pytest.raises(ValueError):
        Digest(b"short")


@given(TEXTS, st.lists(TEXTS), st.dictionaries(TEXTS, TEXTS), st.none() | st.lists(TEXTS))
def test_a_derivation_is_written_as_sorted_json(
    text: str, args: list[str], env: dict[str, str], rootfs: list[str] | None
) -> None:
    for fixed in (None, FixedOutput("sha256", b"\x01" * 32, "recursive")):
        derivation = Derivation(
            text, text, text, tuple(args), env, ("out", "dev"), fixed, {B: ("out", "dev"), A: ()}, (B, A),
            None if rootfs is None else tuple(rootfs),
        )  # fmt: skip
        data = derivation.to_json()
        assert data == json.dumps(derivation.to_dict(), sort_keys=True, separators=(",", ":")).encode("ascii")


@given(st.binary(), st.booleans())
def test_a_file_has_the_path_of_its_manifest(content: bytes, executable: bool) -> None:
    kind = Kind.EXECUTABLE if executable else Kind.FILE
    manifest = Manifest((Entry("", kind, Digest.of(content).raw, len(content)),))
    long = object_path(manifest.tree_digest, "name", [A, B])
    assert file_path(content, "name", [B, A], executable=executable) == long
