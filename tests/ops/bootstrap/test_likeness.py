"""Whether the set of a proof is the local one: fetched files count by what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chx.ops.bootstrap import read_proof
from chx.ops.bootstrap.likeness import Identities, compare_with_set
from chx.ops.request import Request
from chx.ops.session import Session
from chx.store import Derivation, Digest, FixedOutput, StorePath, upstream_placeholder

CHIMERA = Path(__file__).resolve().parents[3] / "docs" / "proofs" / "chimera.json"


@dataclass
class Graph:
    """Derivations by names that follow from what is in them."""

    known: dict[StorePath, Derivation] = field(default_factory=dict)

    def add(self, derivation: Derivation) -> StorePath:
        letters = f"{int(str(Digest.of(derivation.to_json())), 16) % 10**32:032}"
        path = StorePath.parse(f"/chx/store/{letters}-{derivation.name}.drv")
        self.known[path] = derivation
        return path

    def fetched(self, url: str, digest: bytes = b"1", name: str = "x.tar") -> StorePath:
        fixed = FixedOutput("sha256", digest * 32, "flat")
        return self.add(Derivation(name, "builtin", "builtin:fetchurl", env={"url": url}, fixed=fixed))

    def made(self, source: StorePath, name: str = "p", more: str = "") -> StorePath:
        words = f"{upstream_placeholder(source, 'out')} {more}"
        return self.add(
            Derivation(name, "builtin", "builtin:unpack", env={"src": words}, input_drvs={source: ("out",)})
        )

    def name(self, path: StorePath) -> str:
        return Identities(self.known)(path)


def test_the_place_of_a_file_is_nothing_to_what_is_made_of_it() -> None:
    graph = Graph()
    here, there = (graph.made(graph.made(graph.fetched(url))) for url in ("https://a/x", "debian:x/x"))
    assert here != there
    assert graph.name(here) == graph.name(there)


def test_all_else_is() -> None:
    graph = Graph()
    source = graph.fetched("https://a/x")
    paths = [
        graph.made(source),
        graph.made(source, more="-v"),
        graph.made(source, name="q"),
        graph.made(graph.fetched("https://a/x", digest=b"2")),
        graph.made(graph.fetched("https://a/x", name="y.tar")),
        graph.made(graph.made(source)),
    ]
    assert len({graph.name(path) for path in paths}) == len(paths)


def test_a_tree_that_no_derivation_makes_goes_by_its_name() -> None:
    path = StorePath.parse(f"/chx/store/{'0' * 32}-tree")
    assert Graph().name(path) == str(path)


def test_long_chains_need_no_deep_stack() -> None:
    graph = Graph()
    path = graph.fetched("https://a/x")
    for _ in range(3000):
        path = graph.made(path)
    assert graph.name(path)


def test_the_published_proof_is_of_the_bundled_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHX_HOME", str(tmp_path))
    with Session() as session:
        found = compare_with_set(session, Request(), read_proof(str(CHIMERA), None))
    assert found.set_is_same is True
    assert found.set_words.startswith("as in this chx")
    assert set(found.seeds.values()) == {True}
