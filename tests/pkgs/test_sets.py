"""Which package can be built in which set, and why not in the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..cli.conftest import Run
from ..cli.test_pkgs import SETS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sets.md").read_text()


@pytest.fixture
def listed(chx: Run):
    """`listed(TEXT...)`: the `sets` of each package by name."""

    def of(*words: str) -> dict[str, dict[str, bool | str]]:
        run = chx("pkgs", "list", "--json", *words)
        assert run.returncode == 0, run.stderr
        return {one["name"]: one["sets"] for one in json.loads(run.stdout)}

    return of


def test_the_table_of_the_manual_is_what_is_listed(chx: Run, listed) -> None:
    run = chx("pkgs", "list", "--markdown")
    assert run.returncode == 0 and run.stdout in PAGE, "docs/sets.md says how its table is written anew"
    found = listed()
    assert len(found) >= 29
    assert {frozenset(sets) for sets in found.values()} == {frozenset({"chimera", "cross", "debian-gcc", "tiny"})}
    assert found["zlib"] == {"chimera": True, "cross": True, "debian-gcc": True, "tiny": True}
    assert "C++" in str(found["ninja"]["tiny"])
    assert found["llvm"]["debian-gcc"] == "it is not in the set"


def test_what_is_said_to_be_built_can_be_instantiated(evaluate, listed) -> None:
    found = listed()
    wanted = [f"set.sets.{place}.{name}" for name, sets in found.items() for place, can in sets.items() if can is True]
    paths = evaluate(f"map (package: package.drvPath) [ {' '.join(wanted)} ]")
    assert len(paths) == len(wanted) > 80 and all(path.endswith(".drv") for path in paths)


TEXT = (
    SETS
    + """rec {
  good = tree "good-1" { } { broken = null; };
  sour = tree "sour-1" { } { broken = "it is\nsour | bitter"; };
  sets = { here = { inherit good sour; thrown = throw "no luck"; old = tree "old-1" { } { }; }; there = throw "all of it"; };
  thrown = good; old = good;
}"""
)


def test_a_reason_is_what_is_said_or_the_error_of_evaluation(chx: Run, work: Path, listed) -> None:
    (work / "set.nix").write_text(TEXT)
    found = listed("-f", "set.nix")
    assert {name: sets["here"] for name, sets in found.items()} == {
        "good": True,
        "old": True,
        "sour": "it is\nsour | bitter",
        "thrown": "no luck",
    }
    assert {sets["there"] for sets in found.values()} == {"all of it"}
    table = chx("pkgs", "list", "-f", "set.nix", "--markdown").stdout
    assert table.startswith("| package | here | there |\n| --- | --- | --- |\n| good | yes | all of it |\n")
    assert "| sour | it is sour \\| bitter | all of it |\n" in table


def test_a_set_without_sets_has_none(listed) -> None:
    assert listed("-E", SETS + '{ good = tree "good-1" { } { }; }') == {"good": {}}
