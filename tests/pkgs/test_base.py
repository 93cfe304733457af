"""The base system of `chimera`: its rule, held against the bundled set and against sets that break it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..cli.conftest import Run, shared_chx  # noqa: F401  # a fixture
from ..cli.test_pkgs import SETS

PKGS = Path(__file__).resolve().parents[2] / "pkgs"
DOCUMENT = (PKGS.parent / "docs" / "base.md").read_text()


def rule(evaluate, packages: str, name: str) -> list[str]:
    return evaluate(
        f"""let
          make = pname: origin: more: {{ inherit pname; name = "${{pname}}-1"; meta = {{ inherit origin; }}; }} // more;
          all = rec {{ {packages} }};
          base = {{ packages = [ ]; gnu = [ "make" "ncurses" ]; }};
        in import <chx/lib/base-rule.nix> base all.{name}"""
    )


def test_the_bundled_base_keeps_its_rule(evaluate) -> None:
    base = evaluate("set.base")
    assert base["gnu"] == ["make", "ncurses"]
    assert all((PKGS / name / "package.nix").exists() for name in base["packages"])
    names = " ".join(f'"{name}"' for name in base["packages"])
    found = evaluate(
        f"""map (name: {{
          inherit name;
          inherit (set.chimera.${{name}}.meta) origin;
          breaches = import <chx/lib/base-rule.nix> set.base set.chimera.${{name}};
        }}) [ {names} ]"""
    )
    assert [one["name"] for one in found] == sorted(base["packages"])
    assert {one["name"]: one["breaches"] for one in found if one["breaches"]} == {}
    assert {one["name"] for one in found if one["origin"] == "GNU"} == {"make", "ncurses"}


def test_a_program_of_gnu_is_refused_but_make_and_ncurses(evaluate) -> None:
    packages = 'hello = make "hello" "GNU" { }; gmake = make "make" "GNU" { }; other = make "other" "OpenBSD" { };'
    refused = ["it is of GNU, and of GNU only make and ncurses may be in the base"]
    assert [rule(evaluate, packages, name) for name in ("hello", "gmake", "other")] == [refused, [], []]
    # Who says nothing is known by the home page.
    packages = 'm4 = { pname = "m4"; name = "m4-1"; meta.homepage = "https://www.gnu.org/software/m4/"; };'
    assert rule(evaluate, packages, "m4") == refused


def test_what_is_linked_in_or_needed_to_run_counts_and_tools_do_not(evaluate) -> None:
    packages = """
      readline = make "readline" "GNU" { libraries = [ (make "ncurses" "GNU" { }) ]; };
      shell = make "shell" "independent" { libraries = [ readline "/usr/lib" ]; tools = [ (make "m4" "GNU" { }) ]; };
      user = make "user" "independent" { runtime = [ shell "/bin/sh" ]; };
      builder = make "builder" "independent" { tools = [ readline ]; };
    """
    only = "which is of GNU, and of GNU only make and ncurses may be in the base"
    assert rule(evaluate, packages, "shell") == [f"it is linked with readline-1, {only}"]
    assert rule(evaluate, packages, "user") == [f"it runs with shell-1, which is linked with readline-1, {only}"]
    assert rule(evaluate, packages, "builder") == []


BROKEN = (
    SETS
    + """rec {
  base = { packages = [ "copier" "keeper" "clean" "silent" ]; gnu = [ ]; sets = [ "other" ]; };
  gnu = { description = "x"; homepage = "https://example.org/"; license = "MIT"; origin = "GNU"; };
  free = gnu // { origin = "independent"; };
  m4 = tree "m4-1" { "usr/bin/m4" = "the program m4"; } { meta = gnu; };
  m5 = tree "m5-1" { "usr/bin/m5" = "of another set"; } { meta = gnu; };
  other.m5 = tree "m5-1" { "usr/bin/m5" = "the program m5"; } { meta = gnu; };
  taker = tree "taker-1" { "usr/bin/x" = "the program m5"; } { meta = free; };
  copier = tree "copier-1" { "usr/bin/m4" = "the program m4"; } { meta = free; };
  keeper = tree "keeper-1" { "usr/bin/x" = "calls ${m4}/usr/bin/m4"; } { meta = free; lints.waive.store-path = "a test"; };
  clean = tree "clean-1" { "usr/bin/x" = "x"; } { meta = free; };
  silent = tree "silent-1" { "usr/bin/x" = "x"; } { };
}"""
)


def test_what_build_tools_left_in_outputs_is_found(chx: Run, work: Path) -> None:
    (work / "set.nix").write_text(BROKEN)
    run = chx("pkgs", "lint", "-f", "set.nix", "--json")
    assert run.returncode == 1, run.stderr
    found = {
        one["name"]: [(it["lint"], it["message"]) for it in one["findings"] if not it["waived"]]
        for one in json.loads(run.stdout)["packages"]
    }
    assert found == {
        "m4": [],
        "m5": [],
        "taker": [],
        "clean": [],
        "copier": [("gnu-in-base", "usr/bin/m4 is a program of m4, which is of GNU")],
        "keeper": [("gnu-in-base", "its output refers to m4-1, which is of GNU")],
        "silent": [("origin", "it is in the base, and has no `meta.origin`")],
    }
    # Programs of any set of the base count, once they are built.
    (work / "set.nix").write_text(BROKEN.replace('"silent" ]', '"silent" "taker" ]'))
    assert chx("pkgs", "lint", "-f", "set.nix", "taker").returncode == 0
    assert chx("build", "-f", "set.nix", "other.m5", "--no-out-link").returncode == 0
    run = chx("pkgs", "lint", "-f", "set.nix", "taker")
    assert run.returncode == 1
    assert "usr/bin/x is a program of m5, which is of GNU" in run.stdout


def test_commands_are_those_of_what_is_built(chx: Run, work: Path) -> None:
    (work / "set.nix").write_text(BROKEN)
    run = chx("pkgs", "base", "-f", "set.nix", "--json")
    assert {one["name"]: one["commands"] for one in json.loads(run.stdout)} == dict.fromkeys(
        ("clean", "copier", "keeper", "silent")
    )
    assert chx("build", "-f", "set.nix", "clean", "copier", "--no-out-link").returncode == 0
    run = chx("pkgs", "base", "-f", "set.nix")
    assert run.stdout == "m4  copier  independent  MIT\nx   clean   independent  MIT\n"
    assert "not built, so that their commands are unknown: keeper, silent" in run.stderr
    (work / "set.nix").write_text(BROKEN.replace('"silent" ]', '"silent" "m4" ]'))
    run = chx("pkgs", "base", "-f", "set.nix")
    assert run.returncode == 1 and "error[gnu-in-base] m4: it is of GNU" in run.stderr
    run = chx("pkgs", "base", "-E", "{ }")
    assert run.returncode == 1 and "the set has no base" in run.stderr


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.sandbox
def test_the_table_of_the_manual_is_what_is_built(shared_chx: Run) -> None:  # noqa: F811
    listed = json.loads(shared_chx("pkgs", "list", "--json").stdout)
    in_base = {one["name"] for one in json.loads(shared_chx("pkgs", "base", "--json").stdout)}
    names = [one["name"] for one in listed if one["name"] in in_base and one["sets"]["tiny"] is True]
    run = shared_chx("build", "--no-out-link", *(f"tiny.{name}" for name in names))
    assert run.returncode == 0, run.stdout + run.stderr
    run = shared_chx("pkgs", "base", "--markdown")
    assert run.returncode == 0, run.stderr
    assert run.stdout in DOCUMENT
