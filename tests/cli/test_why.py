"""`chx why` tells what a build would do, and why, without doing it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from chx.store import StorePath, remove_tree

from .conftest import Run

TREES = """
{ text ? "a", zlib ? "1", name ? "musl-1" }:
let
  tree = name: content: more: derivation ({
    inherit name;
    system = "builtin";
    builder = "builtin:tree";
    entries = builtins.toJSON [ { path = "text"; kind = "file"; inherit content; } ];
  } // more);
in rec {
  musl = tree name text { };
  zlib-package = tree "zlib-1" "${musl}/text" { inherit zlib; };
  hello = tree "hello-1" "${zlib-package} ${musl}" { };
  fresh = tree "fresh-1" "${hello}" { };
}
"""


@pytest.fixture
def trees(chx: Run, work: Path) -> Path:
    (work / "default.nix").write_text(TREES)
    built = chx("build", "-f", ".", "hello")
    assert built.returncode == 0, built.stderr
    return work


def why(chx: Run, *words: str) -> str:
    run = chx("why", "-f", ".", *words)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return run.stdout


def test_what_is_built_would_not_be_rebuilt(chx: Run, trees: Path) -> None:
    assert why(chx, "hello") == "hello-1 would not be rebuilt\n"


def test_the_changed_attribute_is_the_cause_and_the_rest_waits(chx: Run, trees: Path) -> None:
    text = why(chx, "hello", "--argstr", "text", "b")
    assert "hello-1 would be rebuilt if an input comes out otherwise" in text
    assert "musl-1: entries changed" in text
    assert '-  "content": "a",' in text and '+  "content": "b",' in text
    assert "zlib-1: only waits for input: musl-1" in text
    assert "hello-1: only waits for inputs: musl-1, zlib-1" in text
    assert "early cutoff" in text


def test_another_version_is_compared_with_the_last_one(chx: Run, trees: Path) -> None:
    assert 'name: "musl-1" -> "musl-2"' in why(chx, "musl", "--argstr", "name", "musl-2")


def test_what_was_never_built_is_said(chx: Run, trees: Path) -> None:
    assert "fresh-1: never built before" in why(chx, "fresh")


def test_an_output_that_is_gone_is_said(chx: Run, trees: Path) -> None:
    remove_tree(os.fsencode(os.path.realpath(trees / "result")))
    text = why(chx, "hello")
    assert "hello-1: its output was removed and is needed" in text
    assert "musl" not in text


def test_an_input_that_is_built_and_differs_leads_to_its_cause(chx: Run, trees: Path) -> None:
    assert chx("build", "-f", ".", "musl", "--argstr", "text", "b", "--no-out-link").returncode == 0
    text = why(chx, "zlib-package", "--argstr", "text", "b")
    assert "zlib-1 > musl-1" in text
    assert '+  "content": "b",' in text


def test_nothing_is_built(chx: Run, trees: Path) -> None:
    store = trees.parent / "home/store"
    before = {name for name in os.listdir(store) if not name.endswith(".drv")}
    why(chx, "fresh", "--argstr", "text", "c")
    assert {name for name in os.listdir(store) if not name.endswith(".drv")} == before


def test_everything_is_data(chx: Run, trees: Path) -> None:
    found = json.loads(why(chx, "hello", "--argstr", "text", "b", "--json"))
    told = {StorePath.parse(reason["derivation"]).name: reason["verdict"] for reason in found["reasons"]}
    assert told == {"musl-1.drv": "changed", "zlib-1.drv": "waits", "hello-1.drv": "waits"}
    assert json.loads(why(chx, "hello", "--json"))["reasons"] == []


def test_derivations_and_links_can_be_named(chx: Run, trees: Path) -> None:
    run = chx("why", "./result")
    assert run.stdout == "hello-1 would not be rebuilt\n"


def test_bad_input_is_an_error(chx: Run, trees: Path) -> None:
    for words, told in {
        ("-f", ".", "helo"): "hello",
        ("-E", "1"): "not a derivation",
        ("./none",): "there is no",
    }.items():
        run = chx("why", *words)
        assert run.returncode == 1 and told in run.stderr
        assert "Traceback" not in run.stderr
