"""`chx build --dry-run` tells what would be done and why, and does nothing."""

from __future__ import annotations

import re
from pathlib import Path

from .conftest import Run

TREES = """
{ text ? "a" }:
let
  tree = name: content: derivation {
    inherit name;
    system = "builtin";
    builder = "builtin:tree";
    entries = builtins.toJSON [ { path = "text"; kind = "file"; inherit content; } ];
  };
in rec {
  lower = tree "lower-1" text;
  upper = tree "upper-1" "${lower}/text";
  source = derivation {
    name = "source-1";
    system = "builtin";
    builder = "builtin:fetch";
    url = "file:///nowhere";
    outputHash = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    outputHashAlgo = "sha256";
  };
}
"""


def test_nothing_is_built_and_all_that_would_be_is_told(chx: Run, work: Path, tmp_path: Path) -> None:
    (work / "default.nix").write_text(TREES)
    run = chx("build", "-f", ".", "--dry-run", "upper", "source")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[:2] == ["would be fetched: 1 derivation", "  source-1"]
    assert "would be unpacked or written: 2 derivations" in lines
    assert "never built before" in run.stdout
    assert not (work / "result").exists()
    assert not any(path.suffix != ".drv" for path in (tmp_path / "home" / "store").iterdir())


def test_the_reason_and_earlier_times_are_told(chx: Run, work: Path) -> None:
    (work / "default.nix").write_text(TREES)
    assert chx("build", "-f", ".", "upper").returncode == 0
    assert chx("build", "-f", ".", "upper", "--dry-run").stdout == "upper-1 would not be rebuilt\n"
    run = chx("build", "-f", ".", "upper", "--dry-run", "--argstr", "text", "b")
    assert re.search(r"  upper-1 \(took \d\.\d s; unless its inputs come out as before\)", run.stdout)
    assert "lower-1: entries changed" in run.stdout
    assert re.search(r"about \d\.\d s, by earlier builds", run.stdout)
