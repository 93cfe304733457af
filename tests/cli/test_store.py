"""`chx store ...` and `chx why-depends`, as programs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .conftest import Run
from .test_gc import physical

CHAIN = """
let
  make = name: content: derivation {
    inherit name; system = "builtin"; builder = "builtin:tree";
    entries = builtins.toJSON [
      { path = "d/file"; kind = "file"; inherit content; }
      { path = "tool"; kind = "executable"; content = "x"; }
    ];
  };
  base = make "base-1.0" "nothing";
  middle = make "middle-2.1" "needs ${base}";
in make "top-3" "needs ${middle}"
"""


@pytest.fixture
def top(chx: Run) -> str:
    run = chx("build", "-E", CHAIN)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def lines(chx: Run, *words: str) -> list[str]:
    run = chx(*words)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def test_closures_references_and_referrers(chx: Run, top: str) -> None:
    base, middle, last = lines(chx, "store", "closure", "result")
    assert last == top and base.endswith("base-1.0") and middle.endswith("middle-2.1")
    assert lines(chx, "store", "references", top) == [middle]
    assert lines(chx, "store", "referrers", base) == [middle]
    assert set(lines(chx, "store", "referrers", "-r", base)) == {middle, top}
    graph = json.loads(chx("store", "closure", "--json", top).stdout)
    assert graph[top]["references"] == [middle]
    dot = chx("store", "closure", "--dot", top).stdout
    assert dot.startswith("digraph {") and f'"{top[11:]}" -> "{middle[11:]}";' in dot


def test_a_graph_shows_objects_without_edges_too(chx: Run, top: str) -> None:
    base = lines(chx, "store", "closure", top)[0]
    for question in ("closure", "referrers"):
        run = chx("store", question, "--dot", base)
        assert run.stdout.startswith("digraph {\n  ") and "label=" in run.stdout, run.stdout
    assert chx("store", "references", "--dot", top).stdout.count("label=") == 1


def test_an_export_tells_what_it_wrote_as_json(chx: Run, top: str, work: Path) -> None:
    told = json.loads(chx("store", "export", "--json", "-o", "all of it", top).stdout)
    assert told == {"objects": 3, "bytes": (work / "all of it").stat().st_size, "file": "all of it"}
    run = chx("store", "export", "--json", top)
    assert run.returncode == 1 and "-o" in run.stderr


def test_why_depends_names_files(chx: Run, top: str) -> None:
    base, middle, _ = lines(chx, "store", "closure", "result")
    text = chx("why-depends", "result", base).stdout
    assert text.splitlines()[0] == top and f"-> {middle}\n      in d/file\n" in text and f"-> {base}" in text
    edges = json.loads(chx("why-depends", "--json", "--all", top, base).stdout)
    assert [(edge["from"], edge["to"], edge["files"]) for edge in edges] == [
        (top, middle, ["d/file"]),
        (middle, base, ["d/file"]),
    ]
    assert "->" in chx("why-depends", "--dot", top, base).stdout
    run = chx("why-depends", base, top)
    assert run.returncode == 1 and "does not depend" in run.stderr


def test_sizes_and_differences_of_closures(chx: Run, top: str) -> None:
    usage = json.loads(chx("store", "du", "--json", top).stdout)
    assert usage["objects"][0]["closureSize"] == usage["total"] > usage["objects"][0]["size"]
    assert " in all, " in lines(chx, "store", "du")[-1]
    other = chx("build", "-E", CHAIN.replace("base-1.0", "base-1.1"), "--no-out-link").stdout.strip()
    changed = json.loads(chx("store", "diff-closures", "--json", top, other).stdout)
    assert {item["name"]: (item["before"], item["after"]) for item in changed}["base"] == (["1.0"], ["1.1"])
    assert "base: 1.0 -> 1.1, +0 B" in lines(chx, "store", "diff-closures", top, other)


def test_closures_are_compared_by_the_rules_of_diff(chx: Run, work: Path) -> None:
    paths = []
    for name, text in (("odd-.5", "1"), ("odd-.6", "22"), ("bare", "333")):
        (work / "file").write_text(text)
        paths += lines(chx, "store", "add", "file", "--name", name)
    old, new, bare = paths
    assert lines(chx, "store", "diff-closures", old, new) == ["odd: .5 -> .6, +1 B"]
    assert lines(chx, "store", "diff-closures", old, bare) == [
        "bare: none -> (no version), +3 B",
        "odd: .5 -> none, -1 B",
    ]


def test_files_with_any_names_are_added_and_deleted(chx: Run, work: Path, tmp_path: Path) -> None:
    tree = os.fsencode(work) + b"/tree"
    os.mkdir(tree)
    with open(tree + b"/with space \xff", "wb"):
        pass
    (path,) = lines(chx, "store", "add", "tree")
    assert os.listdir(os.fsencode(physical(tmp_path / "home", path))) == [b"with space \xff"]
    assert lines(chx, "store", "add", "tree", "--name", "other", "--root", "kept")[0].endswith("-other")
    run = chx("store", "delete", "kept")
    assert run.returncode == 1 and f"link {work}/kept" in run.stderr
    assert chx("store", "delete", path).returncode == 0
    assert not physical(tmp_path / "home", path).exists()
    assert chx("store", "delete", path).returncode == 1


def test_damage_is_named_by_file_and_repaired_by_building(chx: Run, top: str, tmp_path: Path) -> None:
    assert chx("store", "verify").returncode == 0
    _, middle, _ = lines(chx, "store", "closure", top)
    file = physical(tmp_path / "home", middle) / "d" / "file"
    os.chmod(file, 0o644)
    file.write_text("damaged")
    os.chmod(file, 0o444)
    run = chx("store", "verify")
    assert run.returncode == 1 and f"{middle}: d/file: " in run.stdout
    run = chx("store", "verify", "--repair")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "repaired: built again from" in run.stdout
    assert chx("store", "verify").returncode == 0
    assert "needs /chx/store" in file.read_text()
    assert os.listdir(tmp_path / "home" / "damaged") == []


def test_what_cannot_be_repaired_is_missing_and_comes_back_with_its_maker(chx: Run, work: Path, tmp_path: Path) -> None:
    (work / "source").write_text("source")
    (path,) = lines(chx, "store", "add", "source")
    place = physical(tmp_path / "home", path)
    os.chmod(place, 0o644)
    place.write_text("damage")
    run = chx("store", "verify", "--repair", "--json")
    assert run.returncode == 1
    (found,) = json.loads(run.stdout)["damaged"]
    assert found["repair"]["done"] is False and "no deriver" in found["repair"]["how"]
    assert not place.exists() and (tmp_path / "home" / "damaged" / place.name).read_text() == "damage"
    assert lines(chx, "store", "add", "source") == [path]
    assert chx("store", "verify").returncode == 0


def test_the_ledger_says_who_built_what_and_what_came_out_differently(chx: Run, top: str, tmp_path: Path) -> None:
    rows = json.loads(chx("ledger", "--json").stdout)
    assert [row["path"] for row in rows][-1] == top and len(rows) == 3
    assert all(row["builder"].startswith("ed25519:") for row in rows)
    assert chx("ledger", "result").stdout.count("->") == 1
    head = chx("ledger", "--head").stdout.strip()
    assert head.startswith("3:")
    assert chx("ledger", "--check", "--expect", head).returncode == 0
    assert chx("ledger", "--check", "--expect", "9:00").returncode == 1
    assert chx("store", "verify", "--reproducible").returncode == 0

    from chx.store import Digest, Realisation, Store

    with Store.open(str(tmp_path / "home")) as store:
        other = store.add_bytes(b"other", "top-3")
        store.record([Realisation(Digest.parse(rows[-1]["resolved"]), "out", other, None, 1.0, 1.0)])
    assert chx("ledger", "--differing").stdout.count("->") == 2
    run = chx("store", "verify", "--reproducible")
    assert run.returncode == 1 and f"gave {top}, {other}" in run.stdout
    assert chx("store", "verify").returncode == 0

    import sqlite3

    with sqlite3.connect(tmp_path / "home" / "db" / "store.sqlite") as database:
        database.execute("DELETE FROM realisations WHERE id = 2")
    database.close()
    run = chx("store", "verify")
    assert run.returncode == 1 and "ledger: row 3 does not follow" in run.stdout


NAMES = [b"a\nb", b"tab\there", b"\x1b[31mred", b"\xff\xfe", b"a.chx-split", b"cr\rx", b"\xc2\x9b31m"]


def test_names_of_files_forge_no_line_and_steer_no_terminal(chx: Run, top: str, work: Path, tmp_path: Path) -> None:
    base = lines(chx, "store", "closure", "result")[0]
    for tree in ("one", "two"):
        os.mkdir(work / tree)
        for name in NAMES:
            with open(os.fsencode(work / tree) + b"/" + name, "wb") as file:
                file.write(f"{tree} {base if tree == 'two' else ''}".encode() + name)
    one, two = (
        lines(chx, "store", "add", tree, "--name", "odd", "--root", f"{tree}-link")[0] for tree in ("one", "two")
    )
    assert chx("store", "verify", one, two).returncode == 0
    shown = chx("diff", one, two)
    assert shown.returncode == 0 and "a\\nb" in shown.stdout and "\x1b" not in shown.stdout
    assert chx("store", "export", "-o", "export", one, two).returncode == 0
    assert chx("copy", "--to", str(tmp_path / "cache"), one).returncode == 0
    elsewhere = str(tmp_path / "elsewhere")
    assert chx("store", "import", "export", CHX_HOME=elsewhere).stdout.split() == sorted((one, two))
    third = str(tmp_path / "third")
    assert chx("copy", "--from", str(tmp_path / "cache"), one, CHX_HOME=third).returncode == 0
    for home in (elsewhere, third):
        assert chx("store", "verify", CHX_HOME=home).returncode == 0
        assert sorted(os.listdir(os.fsencode(f"{home}/store/{one[11:]}"))) == sorted(NAMES)
    for name in NAMES:
        file_path = os.fsencode(physical(tmp_path / "home", one)) + b"/" + name
        os.chmod(file_path, 0o644)
        with open(file_path, "wb") as file:
            file.write(b"damaged")
    seen = chx("store", "verify", one)
    assert seen.returncode == 1
    assert all(line.startswith(f"{one}: ") for line in seen.stdout.removesuffix("\n").split("\n")), seen.stdout
    assert not any(character in seen.stdout for character in "\x1b\r\x9b")
    os.mkfifo(work / "one/a\nfifo")
    refused = chx("store", "add", "one")
    assert refused.returncode == 1 and "fifo" in refused.stderr
    assert "\n" not in refused.stderr.partition("fifo")[0], refused.stderr


def test_outputs_of_builds_hold_files_of_any_name(chx: Run) -> None:
    expression = """derivation {
      name = "odd"; system = "builtin"; builder = "builtin:tree";
      entries = builtins.toJSON [
        { path = "a\\nb"; kind = "file"; content = "1"; }
        { path = "a.chx-split"; kind = "file"; content = "1"; }
        { path = "a.chx-split2/tab\\t"; kind = "symlink"; target = "../a\\nb"; }
      ];
    }"""
    run = chx("build", "-E", expression)
    assert run.returncode == 0, run.stderr
    assert chx("store", "verify").returncode == 0


def test_an_attribute_stands_for_its_outputs(chx: Run, work: Path, tmp_path: Path) -> None:
    """In a project, as in other commands; where there is a file of that name, the word is the file."""
    set_ = CHAIN.replace("in make", "in { inherit base middle; top = make").replace(
        '"needs ${middle}"\n', '"needs ${middle}"; }\n'
    )
    (work / "default.nix").write_text(set_)
    (work / "chx.lock").write_text(
        '{"expression": "default.nix", "format": "chx lock 1", "inputs": {}, "pins": {}, "seeds": {}, "sources": {}}'
    )
    unbuilt = chx("store", "path-info", "top")
    assert (
        unbuilt.returncode == 1
        and "'top' is not built" in unbuilt.stderr
        and "chx build top builds it" in unbuilt.stderr
    )
    top, middle, base = (chx("build", name, "--no-out-link").stdout.strip() for name in ("top", "middle", "base"))
    assert lines(chx, "store", "path-info", "top")[0] == top
    assert sorted(json.loads(chx("store", "path-info", "--json", "-r", "top").stdout)) == sorted([top, middle, base])
    assert lines(chx, "store", "closure", "top") == lines(chx, "store", "closure", top)
    assert lines(chx, "store", "references", "top", "middle") == [middle, base]
    assert lines(chx, "store", "referrers", "base") == [middle]
    assert lines(chx, "store", "roots", "base") == []
    assert base in chx("store", "du", "base").stdout
    assert chx("store", "diff-closures", "base", "top").returncode == 0
    assert "verified 3 objects" in chx("store", "verify", "-r", "top").stderr
    assert "exported 3 objects" in chx("store", "export", "top", "-o", "export").stderr
    assert "copied 2 objects" in chx("copy", "--to", tmp_path / "cache", "middle").stderr
    assert lines(chx, "why-depends", "top", "base")[0] == top
    assert "base-1.0!out" in chx("ledger", "base").stdout
    assert "would remove" in chx("store", "delete", "-n", "top").stderr
    assert "removed 1 objects" in chx("store", "delete", "top").stderr
    assert chx("store", "path-info", "top").returncode == 1
    guess = chx("store", "path-info", "bass")
    assert guess.returncode == 1 and "did you mean base?" in guess.stderr
    for word in ("./nothing", "nothing/x", "nothing.nix", ""):
        assert f"there is no '{word}'" in chx("store", "path-info", word).stderr
    (work / "base").write_text("")
    assert "'base' does not lead into the store" in chx("store", "path-info", "base").stderr
