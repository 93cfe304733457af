"""`chx gc` and `chx store roots`, as programs."""

from __future__ import annotations

import json
import os
from pathlib import Path

from .conftest import Run

TREE = (
    'derivation { name = "%s"; system = "builtin"; builder = "builtin:tree";'
    ' entries = builtins.toJSON [ { path = "f"; kind = "file"; content = "%s"; } ]; }'
)


def build(chx: Run, name: str, *words: str) -> str:
    run = chx("build", "-E", TREE % (name, name), *words)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def physical(home: Path, path: str) -> Path:
    return home / "store" / path.rpartition("/")[2]


def test_a_result_link_keeps_a_build_and_without_it_everything_goes(chx: Run, work: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    kept, loose = build(chx, "kept"), build(chx, "loose", "--no-out-link")
    planned = json.loads(chx("gc", "--dry-run", "--json").stdout)
    assert loose in {item["path"] for item in planned["dead"]}
    assert [(root["kind"], root["path"]) for root in planned["roots"]] == [("link", kept)]
    assert loose in chx("gc", "-n").stdout.split()
    assert physical(home, loose).exists()
    assert chx("store", "roots", kept).stdout == f"link {work}/result -> {kept}\n"
    assert chx("store", "roots", loose).stdout == ""

    run = chx("gc")
    assert run.returncode == 0 and "removed 2 objects" in run.stderr, run.stderr
    assert physical(home, kept).exists() and not physical(home, loose).exists()
    assert build(chx, "kept") == kept
    assert build(chx, "loose", "--no-out-link") == loose, "an answer from before must not be given"
    assert physical(home, loose).exists()

    os.unlink(work / "result")
    counts = json.loads(chx("gc", "--json").stdout)
    assert counts["objects"] == 4
    assert os.listdir(home / "store") == os.listdir(home / "gcroots") == os.listdir(home / "cache" / "noop") == []
    assert [name for _, _, names in os.walk(home / "logs") for name in names] == []


def test_age_and_amount_are_understood(chx: Run) -> None:
    path = build(chx, "young", "--no-out-link")
    assert path not in chx("gc", "-n", "--max-age", "1h").stdout
    assert chx("gc", "-n", "--max-free", "1").stdout.count("\n") == 1
    for words in (("--max-age", "soon"), ("--max-free", "-1"), ("--max-free", "1x")):
        assert chx("gc", *words).returncode == 2


def test_the_configuration_says_what_is_kept(chx: Run, work: Path) -> None:
    build(chx, "one")
    assert chx("gc", "-n").stdout == ""
    (work / "chx.toml").write_text("[gc]\nkeep-derivations = false\n")
    assert chx("gc", "-n").stdout.strip().endswith(".drv")
    assert chx("gc", "-n", "--keep-derivations").stdout == ""
    (work / "chx.toml").write_text("[gc]\nkeep-derivations = 1\n")
    run = chx("gc", "-n")
    assert run.returncode == 1 and "true or false" in run.stderr
