"""What `chx build` builds, links and prints, with builtin builders alone: no fetch, no sandbox."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Run

TREES = """
let
  tree = name: text: derivation {
    inherit name;
    system = "builtin";
    builder = "builtin:tree";
    entries = builtins.toJSON [ { path = "text"; kind = "file"; content = text; } ];
  };
in
{ suffix ? "" }: rec {
  a = tree "a" "first${suffix}";
  b = tree "b" "second";
  nested = { inherit a b; };
  read = tree "read" (builtins.readFile "${a}/text" + "!");
  uses = derivation {
    name = "uses";
    system = "builtin";
    builder = "builtin:tree";
    entries = builtins.toJSON [ { path = "link"; kind = "symlink"; target = "${a}/text"; } ];
  };
}
"""


@pytest.fixture
def trees(work: Path) -> Path:
    (work / "default.nix").write_text(TREES)
    return work


def test_one_line_and_one_link_per_derivation(chx: Run, trees: Path) -> None:
    run = chx("build", "-f", ".", "-A", "a", "-A", "b")
    assert run.returncode == 0, run.stderr
    first, second = run.stdout.split()
    assert first.endswith("-a") and second.endswith("-b")
    assert (trees / "result/text").read_text() == "first"
    assert (trees / "result-2/text").read_text() == "second"
    assert os.readlink(trees / "result").endswith(first.removeprefix("/chx/store"))


def test_a_set_means_the_derivations_in_it(chx: Run, trees: Path) -> None:
    run = chx("build", "-f", ".", "nested", "--no-out-link")
    assert [line[-2:] for line in run.stdout.split()] == ["-a", "-b"]
    assert not os.path.lexists(trees / "result")


def test_functions_are_called_with_what_the_command_line_gives(chx: Run, trees: Path) -> None:
    plain = chx("build", "-f", ".", "-A", "a", "--argstr", "suffix", " and more")
    assert plain.returncode == 0, plain.stderr
    assert (trees / "result/text").read_text() == "first and more"
    same = chx("build", "-f", ".", "-A", "a", "--arg", "suffix", '" and" + " more"', "--no-out-link")
    assert same.stdout == plain.stdout


def test_a_name_for_the_link(chx: Run, trees: Path) -> None:
    assert chx("build", "-f", ".", "-A", "b", "-o", "out/b").returncode == 1
    assert chx("build", "-f", ".", "-A", "b", "-o", "bee").returncode == 0
    assert (trees / "bee/text").read_text() == "second"


def test_a_link_is_never_put_over_a_file(chx: Run, trees: Path) -> None:
    (trees / "result").write_text("precious")
    run = chx("build", "-f", ".", "-A", "b")
    assert run.returncode == 1
    assert "in the way" in run.stderr
    assert (trees / "result").read_text() == "precious"


def test_evaluation_may_read_what_was_built(chx: Run, trees: Path) -> None:
    run = chx("build", "-f", ".", "-A", "read")
    assert run.returncode == 0, run.stderr
    assert (trees / "result/text").read_text() == "first!"


def test_references_are_found_and_make_the_closure(chx: Run, trees: Path) -> None:
    built = chx("build", "-f", ".", "-A", "uses")
    assert built.returncode == 0, built.stderr
    a = chx("build", "-f", ".", "-A", "a", "--no-out-link").stdout.strip()
    closure = chx("store", "path-info", "--closure", "./result")
    assert [line for line in closure.stdout.splitlines() if line.startswith("/chx/store")] == [a, built.stdout.strip()]


def test_equal_content_has_one_store_path_whatever_the_derivation(chx: Run, work: Path) -> None:
    for index, extra in enumerate(("", "unused = 1;")):
        (work / f"{index}.nix").write_text(
            f'derivation {{ name = "same"; system = "builtin"; builder = "builtin:tree"; {extra}'
            ' entries = builtins.toJSON [ { path = "x"; kind = "executable"; content = "x"; } ]; }'
        )
    drvs = [chx("eval", "--raw", "-E", f"(import ./{index}.nix).drvPath").stdout for index in (0, 1)]
    outs = [chx("build", "-f", f"{index}.nix").stdout for index in (0, 1)]
    assert drvs[0] != drvs[1]
    assert outs[0] == outs[1] != ""


def test_a_derivation_is_shown_with_its_inputs(chx: Run, trees: Path) -> None:
    import json

    run = chx("derivation", "show", "-f", ".", "uses", "-r")
    assert run.returncode == 0, run.stderr
    shown = json.loads(run.stdout)
    assert sorted(path[44:] for path in shown) == ["a.drv", "uses.drv"]
    (uses,) = (value for path, value in shown.items() if path.endswith("-uses.drv"))
    assert [path[44:] for path in uses["inputDrvs"]] == ["a.drv"]


def test_what_is_built_can_be_named_by_its_link(chx: Run, trees: Path) -> None:
    chx("build", "-f", ".", "-A", "b")
    run = chx("derivation", "show", "./result")
    assert run.returncode == 0, run.stderr
    assert "second" in run.stdout


def test_a_file_from_the_disk_is_fetched_by_hash(chx: Run, work: Path) -> None:
    (work / "data").write_text("hello\n")
    run = chx(
        "build",
        "-E",
        f'(import <chx> {{ }}).fetchurl {{ url = "file://{work}/data";'
        ' sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"; }',
    )
    assert run.returncode == 0, run.stderr
    assert (work / "result").read_text() == "hello\n"
    assert "chx: fetched data (" in run.stderr
    assert chx("build", "-q", "-E", "1").returncode == 1


def test_nothing_is_fetched_offline(chx: Run) -> None:
    run = chx("build", "tinycc", "--offline")
    assert run.returncode == 1
    assert "offline" in run.stderr


def test_a_missing_file_to_fetch_is_named(chx: Run, work: Path) -> None:
    run = chx(
        "build",
        "-E",
        f'(import <chx> {{ }}).fetchurl {{ url = "file://{work}/absent"; sha256 = "{"0" * 64}"; }}',
    )
    assert run.returncode == 1
    assert f"file://{work}/absent" in run.stderr


def test_without_anything_named_the_default_is_built(chx: Run, trees: Path) -> None:
    run = chx("build", "--no-out-link")
    assert run.returncode == 0, run.stderr
    assert sorted(line[44:] for line in run.stdout.split()) == ["a", "b", "read", "uses"]


def test_without_anything_to_build_the_packages_are_named(chx: Run) -> None:
    run = chx("build")
    assert run.returncode == 1
    assert "no default.nix here" in run.stderr and "bzip2, " in run.stderr and "hello, " in run.stderr


def test_a_number_is_a_number(chx: Run) -> None:
    run = chx("build", "-j", "many", "hello")
    assert run.returncode == 2
    assert "'many' is not a whole number" in run.stderr


def test_who_means_the_expression_that_is_here_is_told_how(chx: Run, trees: Path) -> None:
    run = chx("build", "-A", "uses")
    assert run.returncode == 1
    assert "while selecting 'uses' in the bundled package set (./default.nix is meant by -f .)" in run.stderr
    assert chx("build", "-f", ".", "-A", "uses", "--no-out-link").returncode == 0
