"""`chx build --all`: what is built, failed and was skipped, and the report of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT, Run

SET = """
let
  tree = name: text: derivation {
    inherit name; system = "builtin"; builder = "builtin:tree";
    entries = builtins.toJSON [ { path = "text"; kind = "file"; content = text; } ];
  };
  lost = derivation {
    name = "lost-source"; system = "builtin"; builder = "builtin:fetch"; url = "file:///nonexistent/x";
    outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; outputHashMode = "flat";
  };
in
rec {
  good = tree "good-1" "x";
  twice = good;
  needs = tree "needs-1" "${good}";
  unfetched = tree "unfetched-1" "${lost}";
  above = tree "above-1" "${unfetched} ${good}";
  broken = good // { broken = "it needs </td><script>"; drvPath = throw "broken"; };
  fixed = good // { broken = null; };
  wrong = throw "no <value>";
  late = tree "late" (throw "no text");
  number = 1;
  function = x: x;
  inner = { recurseForDerivations = true; deep = tree "deep-1" "deep"; };
  hidden = { not = throw "never looked at"; };
}
"""


@pytest.fixture
def project(work: Path, chx: Run) -> Path:
    (work / "set.nix").write_text(SET)
    return work


def read(work: Path, name: str = "s.json") -> tuple[dict[str, Any], dict[str, Any]]:
    data = json.loads((work / name).read_text())
    return data, {package["attribute"]: package for package in data["packages"]}


def test_each_package_has_a_verdict_and_a_reason(chx: Run, project: Path) -> None:
    run = chx("build", "-f", "set.nix", "--all", "-k", "--report", "s.json")
    assert run.returncode == 1
    data, packages = read(project)
    assert {name: (one["verdict"], one["reason"]) for name, one in packages.items()} == {
        "good": ("built", None), "twice": ("built", None), "fixed": ("built", None), "needs": ("built", None),
        "inner.deep": ("built", None),
        "unfetched": ("skipped", "its input lost-source failed"),
        "above": ("skipped", "its input lost-source failed"),
        "broken": ("broken", "it needs </td><script>"),
        "wrong": ("not evaluated", "no <value>"), "late": ("not evaluated", "no text"),
    }  # fmt: skip
    assert data["format"] == "chx status 1" and data["set"] == "set.nix" and data["holds"] is False
    assert data["counts"] == {"built": 5, "present": 0, "failed": 0, "skipped": 2, "broken": 1, "not evaluated": 2}
    (failure,) = data["failures"]
    assert failure["name"] == "lost-source" and failure["code"] == "B005" and "cannot fetch" in failure["message"]
    assert failure["affected"] == ["above", "unfetched"]
    assert packages["good"]["neededBy"] == ["above", "needs"]
    assert packages["good"]["seconds"] is not None and packages["above"]["seconds"] is None
    # Paths of what is built go to standard output, each once.
    assert sorted(line.partition("-")[2] for line in run.stdout.splitlines()) == ["deep-1", "good-1", "needs-1"]
    assert "error[B005]" in run.stderr and "late: cannot be evaluated: no text" in run.stderr
    assert (
        "10 packages in " in run.stderr
        and "5 built, 2 skipped, 1 cannot be built here, 2 cannot be evaluated; see s.json" in run.stderr
    )
    assert not os.path.lexists(project / "result")
    again = chx("build", "-f", "set.nix", "--all", "-k", "--report", "s.json")
    assert again.returncode == 1 and read(project)[0]["counts"]["present"] == 5


def test_a_set_whose_packages_are_built_or_broken_holds(chx: Run, project: Path) -> None:
    run = chx("build", "-f", "set.nix", "--all", "good", "broken", "inner", "-o", "one", "--report", "s.json")
    assert run.returncode == 0, run.stderr
    data, packages = read(project)
    assert data["holds"] is True and sorted(packages) == ["broken", "good", "inner.deep"]
    assert (project / "one").is_symlink() and (project / "one-2").is_symlink()


class Page(HTMLParser):
    """The text of a page; fails for tags that are not closed, and for what is loaded from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.words = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "img", "iframe") and not {name for name, _ in attrs} & {
            "src",
            "href",
            "onload",
        }
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_is_whole_and_loads_nothing(chx: Run, project: Path) -> None:
    assert chx("build", "-f", "set.nix", "--all", "-k", "--report", "a.html", "--report", "s.json").returncode == 1
    text = (project / "a.html").read_text()
    page = Page(text)
    assert page.ids[0] == "failures" and {"not-evaluated", "skipped", "broken", "packages"} <= set(page.ids)
    for said in (
        "lost-source", "Affected: above, unfetched", "no <value>", "it needs </td><script>",
        "its input lost-source failed", "inner.deep", "Not all built",
    ):  # fmt: skip
        assert said in page.words
    assert "<script" not in text and "url(" not in text


def test_without_keep_going_the_first_failure_ends_it(chx: Run, project: Path) -> None:
    (project / "few.nix").write_text(
        SET.replace("in\nrec {", 'in rec { a = lost; b = tree "b" "${lost}";').split("twice")[0] + "}"
    )
    run = chx("build", "-f", "few.nix", "--all", "-j", "1", "--report", "s.json")
    assert run.returncode == 1
    _, packages = read(project)
    assert packages["a"]["verdict"] == "failed" and packages["b"]["verdict"] == "skipped"


FAILING = """
let
  root = builtins.path { path = ./root; name = "root"; };
  make = name: script: more: derivation ({
    inherit name; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-euc" script ]; rootfs = [ root ];
  } // more);
in
rec {
  bad = make "bad-1" ''echo '@nix { "action": "setPhase", "phase": "checkPhase" }'; echo first; echo '<b>last</b>'; exit 3'' { };
  user = make "user-1" "mkdir $out" { inherit bad; };
  good = make "good-1" "mkdir $out" { };
}
"""


@pytest.mark.sandbox
def test_a_failure_has_its_phase_and_last_lines(chx: Run, work: Path) -> None:
    from ..builder.conftest import programs_root

    programs_root(str(work / "root"))
    (work / "default.nix").write_text(FAILING)
    # Nothing is named: ./default.nix, as without --all.
    run = chx("build", "--all", "-k", "--report", "s.json", "--report", "s.html")
    assert run.returncode == 1
    data, packages = read(work)
    assert {name: one["verdict"] for name, one in packages.items()} == {
        "bad": "failed",
        "good": "built",
        "user": "skipped",
    }
    (failure,) = data["failures"]
    assert (failure["phase"], failure["lastLines"]) == ("checkPhase", ["first", "<b>last</b>"])
    assert failure["affected"] == ["bad", "user"] and failure["seconds"] > 0 and failure["log"].startswith("/")
    page = Page((work / "s.html").read_text())
    assert "phase checkPhase" in page.words and "<b>last</b>" in page.words
    assert "error[B001]: the build of 'bad-1' failed in checkPhase" in run.stderr


@pytest.mark.sandbox
def test_an_interrupted_build_leaves_its_report(work: Path, tmp_path: Path) -> None:
    from ..builder.conftest import programs_root

    work.mkdir()
    programs_root(str(work / "root"), ("sh", "mkdir", "sleep"))
    text = (
        FAILING.split("rec {")[0]
        + 'rec { a = make "a" "mkdir $out" { }; b = make "b" "sleep 600; mkdir $out" { inherit a; }; }'
    )
    (work / "default.nix").write_text(text)
    running = subprocess.Popen(
        [sys.executable, str(ROOT), "build", "--all", "--report", "s.json"],
        cwd=work, env={**os.environ, "CHX_HOME": str(tmp_path / "home")}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert running.stderr is not None
    while "building b" not in running.stderr.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    told = running.communicate(timeout=120)[1]
    assert running.returncode == 130, told
    _, packages = read(work)
    assert packages["a"]["verdict"] == "built"
    assert (packages["b"]["verdict"], packages["b"]["reason"]) == ("skipped", "the build was interrupted")


def test_what_cannot_be_asked_for(chx: Run, project: Path) -> None:
    for words, told in (
        (("--all", "--dry-run"), "--all and --dry-run exclude each other"),
        (("--all", "--check"), "--all and --check exclude each other"),
        (("--all", "--pinned"), "--all and --pinned exclude each other"),
        (("--report", "x.html"), "--report is for --all"),
        (("--all", "--report", "nowhere/x.html"), "there is no folder"),
        (("--all", "--report", "."), "cannot be written"),
        (("--all", "number"), "there is no package in number of set.nix"),
        (("--all", "missing"), "attribute 'missing' in selection path"),
    ):
        run = chx("build", "-f", "set.nix", *words)
        assert run.returncode == 1 and told in run.stderr, words
    assert not (project / "x.html").exists()


def test_a_report_goes_through_links_and_into_pipes(chx: Run, project: Path) -> None:
    """What is no file is not replaced by one."""
    (project / "real").mkdir()
    (project / "link.json").symlink_to("real/s.json")
    os.mkfifo(project / "pipe.json")
    reader = os.open(project / "pipe.json", os.O_RDONLY | os.O_NONBLOCK)
    try:
        run = chx("build", "-f", "set.nix", "--all", "good", "--report", "link.json", "--report", "pipe.json")
        assert run.returncode == 0, run.stderr
        assert json.loads(os.read(reader, 1 << 16))["holds"] is True
    finally:
        os.close(reader)
    assert (project / "link.json").is_symlink() and read(project / "real")[0]["holds"] is True
    assert (project / "pipe.json").is_fifo()


def test_a_bulk_build_is_compared_with_the_lock(chx: Run, work: Path) -> None:
    (work / "default.nix").write_text(SET.split("twice")[0] + "}")
    assert chx("lock").returncode == 0
    assert chx("build", "--all").returncode == 0
    (work / "default.nix").write_text(SET.split("twice")[0].replace('"x"', '"y"') + "}")
    run = chx("build", "--all")
    assert run.returncode == 0 and "warning[L020]: 'good'" in run.stderr
    run = chx("build", "--all", "--locked", "--report", "s.json")
    assert run.returncode == 1 and "error[L020]: 'good'" in run.stderr and (work / "s.json").exists()


def test_the_bundled_set_and_its_sets_have_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is built: every package of the sets evaluates, or says why not."""
    from chx.ops import Request, Session
    from chx.ops.packages.members import members_of

    monkeypatch.setenv("CHX_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with Session() as session:
        found = members_of(session, Request(attributes=("tiny",))).members
    assert {"tiny.hello", "tiny.zlib", "tiny.make"} <= {one.attribute for one in found if one.target is not None}
    assert all(one.target is not None or one.broken is not None for one in found)
    with Session() as session:
        found = members_of(session, Request()).members
    assert {"hello", "zlib"} <= {one.attribute for one in found if one.target is not None}
    assert [one.attribute for one in found if one.error is not None] == []
