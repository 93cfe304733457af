"""`chx pkgs ...`, as a program: on the bundled set, and on sets of trees that need no building."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chx.builder.lint import LINTS

from .conftest import Run

SETS = """
let
  tree = name: files: more: derivation {
    inherit name; system = "builtin"; builder = "builtin:tree";
    entries = builtins.toJSON (map (path: {
      inherit path; kind = if baseNameOf (dirOf path) == "bin" then "executable" else "file"; content = files.${path};
    }) (builtins.attrNames files));
  } // { pname = "tree"; version = "1"; meta = { description = "a tree"; homepage = "https://example.org/"; license = "MIT"; }; } // more;
in
"""
GOOD = SETS + '{ good = tree "good-1" { "usr/bin/x" = "x"; } { }; ignored = 3; }'
MIXED = (
    SETS
    + """{
  bad = tree "bad-1" { "usr/local/x" = "x"; "usr/bin/x" = "#!/bin/sh"; "usr/lib/x.la" = ""; } { };
  told = tree "told-1" { "usr/bin/x" = "#!/bin/sh"; "opt/x" = ""; } {
    runtime = [ "/bin/sh" ]; lints.waive.fhs = "it is wanted there";
  };
  served = tree "served-1" { "usr/bin/x" = "#!/usr/bin/sh"; } { runtime = [ (tree "sh-1" { "usr/bin/sh" = "x"; } { }) ]; };
  nameless = tree "nameless-1" { "usr/bin/x" = "x"; } { meta = { }; };
  wrong = tree "wrong-1" { "usr/bin/x" = "x"; } { meta = throw "the `meta` is wrong"; };
}"""
)


def told(chx: Run, *words: str, status: int = 0) -> str:
    run = chx("pkgs", *words)
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout


def data(chx: Run, *words: str, status: int = 0):
    return json.loads(told(chx, *words, "--json", status=status))


@pytest.fixture
def written(work: Path):
    """`written(TEXT)`: the name of a file with it."""

    def write(text: str) -> str:
        (work / "set.nix").write_text(text)
        return "set.nix"

    return write


def test_all_folders_are_listed_with_version_licence_and_description(chx: Run) -> None:
    pkgs = Path(__file__).resolve().parents[2] / "pkgs"
    folders = sorted(path.parent.name for path in pkgs.glob("*/package.nix"))
    found = data(chx, "list")
    assert [one["name"] for one in found] == folders
    assert all(one["version"] and one["license"] and one["description"] and one["homepage"] for one in found)
    places = {one["name"]: one["attribute"] for one in found}
    assert (places["hello"], places["dash"]) == ("hello", "tiny.dash")
    lines = told(chx, "list").splitlines()
    assert len(lines) == len(folders)
    (hello,) = (line for line in lines if line.startswith("hello "))
    assert hello.split(None, 3)[1:3] == ["2.10", "GPL-3.0-or-later"] and hello.endswith("example of a package")


def test_listing_builds_and_writes_nothing(chx: Run, tmp_path: Path) -> None:
    told(chx, "list")
    assert not (tmp_path / "home" / "store").exists()


def test_what_cannot_be_built_in_a_set_is_shown_with_the_reason(chx: Run) -> None:
    shown = data(chx, "show", "tiny.ninja")
    assert shown["broken"] == "it is written in C++, and the set has no compiler for that"
    assert shown["derivation"] is None and shown["container"] == [] and shown["license"] == "Apache-2.0"
    assert "broken           it is written in C++" in told(chx, "show", "tiny.ninja")
    whole = data(chx, "show", "ninja")
    assert whole["broken"] is None and whole["derivation"].endswith("-ninja-1.11.1.drv")


def test_search_wants_all_words_and_fails_if_there_is_nothing(chx: Run) -> None:
    assert {"dash", "mksh"} <= {one["name"] for one in data(chx, "search", "SHELL")}
    assert [one["name"] for one in data(chx, "search", "shell", "miros")] == ["mksh"]
    run = chx("pkgs", "search", "shell", "nonsense")
    assert (run.returncode, run.stdout) == (1, "") and "no package has 'shell' and 'nonsense'" in run.stderr


def test_show_tells_parts_by_what_they_are_for(chx: Run) -> None:
    shown = data(chx, "show", "tiny.awk")
    assert shown["attribute"] == "tiny.awk" and shown["license"] == "SMLNJ"
    assert shown["defined"].endswith("/pkgs/awk/package.nix:10")
    assert shown["sources"][0].startswith("debian-source:") and shown["sources"][1].startswith("sha256:")
    assert shown["tools"] == ["byacc-20221106 (stage 2)"]
    assert "tinycc-0.9.27-20200814 (stage 2)" in shown["container"] and shown["seed"] == []
    assert shown["derivation"].endswith("-awk-20220912.drv")
    compiler = data(chx, "show", "tinycc")
    assert compiler["runtime"] == ["/bin/sh"] and "01-named-registers.patch" in compiler["patches"]
    assert any(name.startswith("gcc-12") for name in compiler["seed"])
    text = told(chx, "show", "tiny.awk")
    assert "home page" in text and "awk/package.nix:10" in text and "byacc-20221106 (stage 2)" in text


def test_what_is_not_there_is_an_error_with_a_guess(chx: Run) -> None:
    run = chx("pkgs", "show", "helo")
    assert run.returncode == 1 and "there is no package 'helo'" in run.stderr and "did you mean 'hello'" in run.stderr
    run = chx("pkgs", "show", "tiny")
    assert run.returncode == 1 and "'tiny' is a set of packages" in run.stderr and "tiny.dash" in run.stderr
    run = chx("pkgs", "show", "lib")
    assert run.returncode == 1 and "no package is in it" in run.stderr
    run = chx("pkgs", "graph", "profile.name")
    assert run.returncode == 1 and "there is no package 'profile.name'" in run.stderr
    run = chx("pkgs", "list", "-E", "3")
    assert run.returncode == 1 and "a set of packages is needed" in run.stderr


def test_a_graph_goes_down_to_the_seed_by_stages(chx: Run) -> None:
    graph = data(chx, "graph", "tiny.awk")
    names = {node["derivation"]: (node["package"], node["stage"]) for node in graph["nodes"]}
    assert {stage for package, stage in names.values() if package == "awk"} == {0, 1, 2}
    # Two whole stages, and of the last awk with what it is built by.
    assert len(names) == 2 * 7 + len({"awk", "byacc", "musl", "tinycc"})
    edges = {(names[edge["from"]], names[edge["to"]], edge["role"]) for edge in graph["edges"]}
    assert (("awk", 2), ("byacc", 2), "tool") in edges
    assert (("awk", 2), ("awk", 1), "container") in edges
    assert not any(one[1] < other[1] for one, other, _ in edges)
    assert {names[node["derivation"]][1] for node in graph["nodes"] if node["foreign"]} == {0}
    dot = told(chx, "graph", "tiny.awk", "--dot")
    assert dot.startswith("digraph {\n") and dot.endswith("}\n")
    assert 'label="awk-20220912\\n(stage 2)"' in dot and dot.count("-> seed;") == 7
    assert dot.count(" -> ") == len(graph["edges"]) + 7
    text = told(chx, "graph", "hello")
    assert text.startswith("hello-2.10\n  ") and "trees of a seed" in text


def test_cycles_are_those_of_bootstraps(chx: Run) -> None:
    found = data(chx, "cycles")
    assert found["ordinary packages"] == []
    (cycle,) = found["tiny"]
    assert cycle["packages"] == ["awk", "byacc", "dash", "make", "musl", "tinycc", "toybox"]
    assert cycle["way"][0] == cycle["way"][-1] and len(cycle["way"]) >= 3
    text = told(chx, "cycles")
    assert "ordinary packages: none\n" in text and "tinycc toybox, across stages\n" in text
    assert told(chx, "cycles", "hello") == "hello: none\n"


def test_lints_are_explained(chx: Run) -> None:
    assert [one["name"] for one in data(chx, "lint", "--list")] == [lint.name for lint in LINTS]
    assert all(lint.what in told(chx, "lint", "--list") for lint in LINTS[:1])


def test_a_package_without_faults_passes(chx: Run, written) -> None:
    assert told(chx, "lint", "-f", written(GOOD)) == "good: ok\n1 package: 0 errors, 0 warnings, 0 waived\n"
    found = data(chx, "lint", "-f", "set.nix")
    assert (found["errors"], found["warnings"], found["waived"]) == (0, 0, 0)
    (package,) = found["packages"]
    assert package["name"] == "good" and package["outputs"]["out"].endswith("-good-1") and package["findings"] == []


def test_errors_fail_and_what_is_waived_does_not(chx: Run, written) -> None:
    found = data(chx, "lint", "-f", written(MIXED), status=1)
    lints = {
        package["name"]: [(one["lint"], one["severity"], one["path"]) for one in package["findings"]]
        for package in found["packages"]
    }
    assert lints == {
        "bad": [
            ("fhs", "error", "usr/local"),
            ("interpreter", "error", "usr/bin/x"),
            ("libtool", "warning", "usr/lib/x.la"),
        ],
        "nameless": [("licence", "error", "")],
        "served": [],
        "told": [("fhs", "error", "opt")],
        "wrong": [("meta", "error", "")],
    }
    assert (found["errors"], found["warnings"], found["waived"]) == (4, 1, 1)
    text = told(chx, "lint", "told", "served", "-f", "set.nix")
    assert "told: ok (1 waived)\n  waived[fhs] opt: no package has files there; it is wanted there\n" in text
    text = told(chx, "lint", "bad", "-f", "set.nix", status=1)
    assert "bad: 2 errors, 1 warning\n" in text and "  error[fhs] usr/local: it belongs to who administers" in text
    assert "    = tell configure or make where to install" in text


def test_what_is_not_built_can_be_left_out(chx: Run, written) -> None:
    written(GOOD.replace("ignored = 3;", 'other = tree "other-1" { "opt/x" = ""; } { };'))
    assert chx("build", "-f", "set.nix", "-A", "good", "--no-out-link").returncode == 0
    run = chx("pkgs", "lint", "--built", "-f", "set.nix")
    assert run.returncode == 0 and run.stdout.startswith("good: ok\n1 package:")
    assert "left out, because they are not built: other" in run.stderr
    assert told(chx, "lint", "-f", "set.nix", status=1).startswith("good: ok\nother: 1 error\n")


def test_a_set_with_a_wrong_account_is_listed_all_the_same(chx: Run, written) -> None:
    lines = told(chx, "list", "-f", written(MIXED)).splitlines()
    assert [line.split()[0] for line in lines] == ["bad", "nameless", "served", "told", "wrong"]
    assert lines[-1].endswith("? the `meta` is wrong")


def base_of_tiny(chx: Run) -> list[str]:
    """Attributes of the packages of the base that the tiny set has."""
    base = json.loads(chx("eval", "--json", "-f", "<chx>", "-A", "base.packages").stdout)
    sets = {one["name"]: one["sets"] for one in json.loads(chx("pkgs", "list", "--json").stdout)}
    return [f"tiny.{name}" for name in base if sets[name]["tiny"] is True]


@pytest.mark.network
def test_the_base_in_the_tiny_set_has_no_errors(shared_chx: Run) -> None:
    names = base_of_tiny(shared_chx)
    run = shared_chx("pkgs", "lint", *names, "--json")
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(run.stdout)
    assert len(found["packages"]) == len(names) >= 12 and found["errors"] == 0


@pytest.mark.long
@pytest.mark.network
@pytest.mark.parametrize("place", ["tiny", "sets.debian-gcc"])
def test_all_packages_of_a_set_are_built_and_have_no_errors(shared_chx: Run, place: str) -> None:
    run = shared_chx("pkgs", "lint", place, "--json")
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(run.stdout)
    assert len(found["packages"]) >= 60 and found["errors"] == 0


INSTALLED = (
    SETS
    + """{
  shell = tree "shell-1" { "usr/bin/sh" = "x"; } { };
  daemon = tree "daemon-1" { "usr/bin/d" = "x"; } {
    installation = {
      modes = { "usr/bin/d" = { mode = "4755"; owner = "daemon:root"; }; "usr/bin/e" = { mode = "755"; owner = "root:root"; }; };
      users.daemon = { uid = 1; group = null; groups = [ ]; home = "/"; shell = "/bin/sh"; description = null; };
      groups = { }; tmpfiles = [ ]; services = { }; triggers = { }; alternatives = { }; revision = 3; updateCheck = null;
    };
  };
  other = tree "other-1" { "usr/bin/o" = "x"; } {
    installation.users.other = { uid = 1; group = null; groups = [ ]; home = "/"; shell = "/bin/sh"; description = null; };
  };
  wrong = tree "wrong-1" { "usr/bin/w" = "x"; } { installation = throw "`modes` is wrong"; };
}"""
)


def test_what_roots_are_made_with_is_shown_and_linted(chx: Run, written) -> None:
    shown = data(chx, "show", "daemon", "-f", written(INSTALLED))
    assert shown["installation"]["modes"]["usr/bin/d"] == {"mode": "4755", "owner": "daemon:root"}
    text = told(chx, "show", "daemon", "-f", "set.nix")
    assert "modes            usr/bin/d: mode 4755, owner daemon:root" in text
    assert "users            daemon: home /, shell /bin/sh, uid 1" in text and "revision         3" in text
    assert data(chx, "show", "wrong", "-f", "set.nix")["installation_problem"] == "`modes` is wrong"
    assert "not installable  `modes` is wrong" in told(chx, "show", "wrong", "-f", "set.nix")
    text = told(chx, "lint", "-f", "set.nix", status=1)
    assert "error[modes] usr/bin/e: `modes` names it, and no output has it\n" in text
    assert "error[account-clash] the uid 1 of 'daemon' is that of 'other' in other\n" in text
    assert "error[account-clash] the uid 1 of 'other' is that of 'daemon' in daemon\n" in text
    assert "error[installation] `modes` is wrong\n" in text and "shell: ok\n" in text


@pytest.mark.sandbox
@pytest.mark.parametrize("call", ["chmod u+s x", "chmod 2755 x", "chown root x"])
def test_a_build_that_sets_modes_is_told_where_they_belong(chx: Run, tmp_path: Path, call: str) -> None:
    from ..builder.conftest import SYSTEM, programs_root

    programs_root(str(tmp_path / "root"), ["sh", "chmod", "chown"])
    added = chx("store", "add", tmp_path / "root", "--name", "programs").stdout.strip()
    expression = f"""derivation {{
      name = "x"; system = "{SYSTEM}"; builder = "/bin/sh"; rootfs = [ (builtins.storePath {added}) ];
      args = [ "-e" "-c" "echo > x; {call}; echo done > $out" ];
    }}"""
    run = chx("build", "-E", expression)
    assert run.returncode == 1 and 'as modes."usr/bin/x" = { mode = "4755"; owner = "root:root"; };' in run.stderr
    assert "modes." not in chx("build", "-E", expression.replace(call, "false")).stderr


def test_what_cannot_be_built_in_a_set_is_left_out_of_its_lints(chx: Run, written) -> None:
    text = (
        SETS
        + """{
      inner = { good = tree "good-1" { "usr/bin/x" = "x"; } { }; bad = BAD; };
      good = tree "good-1" { "usr/bin/x" = "x"; } { }; bad = BAD;
    }"""
    )
    bad = """(tree "bad-1" { } { broken = "it needs a compiler"; drvPath = throw "it cannot be built"; })"""
    text = text.replace("BAD", bad)
    run = chx("pkgs", "lint", "-f", written(text), "inner")
    assert (
        run.stdout.startswith("inner.good: ok\n1 package") and "left out: inner.bad, it needs a compiler" in run.stderr
    )
    run = chx("pkgs", "lint", "-f", "set.nix")
    assert run.returncode == 0 and "left out: bad, it needs a compiler" in run.stderr
    run = chx("pkgs", "lint", "-f", "set.nix", "bad")
    assert run.returncode == 1 and "it cannot be built" in run.stderr
