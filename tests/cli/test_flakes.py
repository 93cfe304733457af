"""Flakes with a lock: `builtins.getFlake`, beside Nix, and outputs of flakes as words."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from ..peer import Peer
from .conftest import Run, _run
from .repositories import Repository

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

STORE = ("--store", "dummy://?read-only=false")
FEATURE = ("--extra-experimental-features", "flakes")
SYSTEM = "x86_64-linux"

DEP = f"""{{
  description = "dep";
  outputs = {{ self }}: {{ value = 42; lib.f = x: x + 1; packages.{SYSTEM}.default = "d"; }};
}}
"""
SUB = '{ inputs.d.url = "path:/nonexistent"; outputs = { self, d }: { d = d.value; here = self.outPath != ""; }; }\n'
MAIN = f"""{{
  inputs.dep.url = "git+file://@/dep";
  inputs.plain = {{ url = "path:@/plain"; flake = false; }};
  inputs.sub = {{ url = "path:./sub"; inputs.d.follows = "dep"; }};
  outputs = inputs@{{ self, dep, plain, sub }}: {{
    packages.{SYSTEM} = rec {{
      x = derivation {{
        name = "x"; system = "x"; builder = "builtin:tree";
        entries = builtins.toJSON [ {{ path = "f"; kind = "file"; content = builtins.readFile ./text + toString dep.value; }} ];
      }};
      default = x;
    }};
    legacyPackages.{SYSTEM}.old = "old";
    v = dep.lib.f dep.value;
    text = builtins.readFile "${{plain}}/file";
    s = [ sub.d sub.here ];
    names = builtins.attrNames self;
    info = builtins.attrNames self.sourceInfo;
    of = builtins.attrNames dep.sourceInfo;
    plain = builtins.attrNames plain;
    ins = [ (builtins.attrNames inputs) (builtins.attrNames self.inputs) ];
  }};
}}
"""
EXPRESSIONS = [
    "v",
    "text",
    "s",
    "names",
    "info",
    "of",
    "plain",
    "ins",
    "outputs.v",
    "_type",
    "inputs.dep.rev",
    "sourceInfo.lastModified",
]


class Shared(NamedTuple):
    chx: Run
    folder: Path


def _lock(folder: Path, dep: Repository, plain: str) -> str:
    commit = dep("rev-parse", "HEAD")
    url = f"file://{folder}/dep"
    nodes = {
        "root": {"inputs": {"dep": "dep", "plain": "plain", "sub": "sub"}},
        "dep": {
            "locked": {"type": "git", "url": url, "rev": commit, "lastModified": 1704164645, "revCount": 1, "ref": "refs/heads/main"},
            "original": {"type": "git", "url": url},
        },
        "plain": {
            "flake": False,
            "locked": {"type": "path", "path": f"{folder}/plain", "lastModified": 7, "narHash": plain},
            "original": {"type": "path", "path": f"{folder}/plain"},
        },
        "sub": {
            "inputs": {"d": ["dep"]},
            "locked": {"type": "path", "path": "./sub"},
            "original": {"type": "path", "path": "./sub"},
            "parent": [],
        },
    }  # fmt: skip
    return json.dumps({"nodes": nodes, "root": "root", "version": 7}, indent=2)


PLAIN = "sha256-bD3v16teE2SpiEBqTsuswHMnFoaIgaGhaiIcr6Nrsk4="


def _make(folder: Path) -> Repository:
    """Write a flake with a lock in `main`, and its inputs."""
    dep = Repository(folder / "dep")
    (dep.place / "flake.nix").write_text(DEP)
    dep.commit()
    (folder / "plain").mkdir()
    (folder / "plain/file").write_text("hi\n")
    main = Repository(folder / "main")
    (main.place / "sub").mkdir()
    (main.place / "sub/flake.nix").write_text(SUB)
    (main.place / "flake.nix").write_text(MAIN.replace("@/", f"{folder}/"))
    (main.place / "text").write_text("one ")
    (main.place / "flake.lock").write_text(_lock(folder, dep, PLAIN))
    main.commit()
    return main


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    folder = tmp_path_factory.mktemp("flakes")
    _make(folder)
    return Shared(functools.partial(_run, tmp_path_factory.mktemp("home"), folder), folder)


@pytest.fixture
def main(chx: Run, work: Path) -> Repository:
    return _make(work)


@pytest.mark.peer
@pytest.mark.parametrize("kind", ["git+file://", "path:", ""])
def test_a_flake_has_the_values_that_nix_gives_it(shared: Shared, peer: Peer, kind: str) -> None:
    wanted = [one for one in EXPRESSIONS if one != "sourceInfo.lastModified" or kind == "git+file://"]
    parts = " ".join(f"(f.{one})" for one in wanted)
    expression = f'let f = builtins.getFlake "{kind}${{toString ./main}}"; in [ {parts} ]'
    theirs = peer.answer("--eval", "--strict", *STORE, *FEATURE, "-E", expression, folder=shared.folder)
    ours = shared.chx("eval", "--impure", "--strict", *FEATURE, "-E", expression)
    assert (ours.stdout, ours.returncode) == (theirs.output, 0), ours.stderr


def test_a_word_names_an_output(chx: Run, work: Path, main: Repository) -> None:
    """Of the working tree as it is, in pure evaluation too: the word, not an expression, says which."""
    for word, value in (("v", "43"), ("old", '"old"'), ("s", "[ 42 true ]"), ("inputs.dep.value", "42")):
        run = chx("eval", "--strict", *FEATURE, f"./main#{word}")
        assert (run.stdout, run.returncode) == (f"{value}\n", 0), run.stderr
    missing = chx("eval", *FEATURE, "./main/sub/..#nope")
    assert missing.stderr.splitlines()[-1] == (
        f"error[C001]: flake './main/sub/..' does not provide attribute 'packages.{SYSTEM}.nope', "
        f"'legacyPackages.{SYSTEM}.nope' or 'nope'"
    )
    assert "there is no flake.nix" in chx("eval", *FEATURE, "./plain#x").stderr
    assert "names no output of a flake" in chx("build", *FEATURE, "./main#x", "hello").stderr


def test_a_build_of_an_output_sees_what_changed(chx: Run, work: Path, main: Repository) -> None:
    words = ("build", "--no-out-link", *FEATURE, "./main#x")

    def content() -> str:
        run = chx(*words)
        assert run.returncode == 0, run.stderr
        return (work.parent / "home/store" / Path(run.stdout.strip()).name / "f").read_text()

    assert content() == content() == "one 42"
    (main.place / "text").write_text("two ")
    assert content() == "two 42"
    main("commit", "-qam", "two")
    assert content() == "two 42"
    main("reset", "-q", "--hard", "HEAD~1")
    assert content() == "one 42"
    (main.place / "text").unlink()
    assert chx(*words).returncode == 1
    main("checkout", "text")
    (work / "default.nix").write_text("{ }")
    assert chx("build", "--no-out-link", *FEATURE, "./main#").stdout == chx(*words).stdout != ""


def test_a_setting_enables_flakes(chx: Run, work: Path, main: Repository) -> None:
    assert chx("eval", "./main#v").returncode == 1
    (work / "chx.toml").write_text("[evaluation]\nflakes = true\n")
    assert chx("eval", "./main#v").stdout == "43\n"
    built = chx("build", "--no-out-link", "./main#x")
    assert built.returncode == 0
    (work / "chx.toml").write_text("[evaluation]\nflakes = false\n")
    assert "flakes are not enabled" in chx("build", "--no-out-link", "./main#x").stderr


def _changed(main: Repository, change: str) -> None:
    lock = main.place / "flake.lock"
    document = json.loads(lock.read_text())
    nodes = document["nodes"]
    match change:
        case "version":
            document["version"] = 99
        case "missing":
            del nodes["root"]["inputs"]["dep"]
        case "moved":
            nodes["dep"]["original"]["url"] = "file:///elsewhere"
        case "node":
            nodes["root"]["inputs"]["dep"] = "nothing"
        case "circle":
            nodes["root"]["inputs"]["dep"] = ["dep"]
            flake = (main.place / "flake.nix").read_text()
            (main.place / "flake.nix").write_text(flake.replace("inputs.dep.url", "inputs.dep.follows"))
        case "hash":
            nodes["plain"]["locked"]["narHash"] = f"sha256-{'A' * 43}="
        case "loose":
            del nodes["dep"]["locked"]["rev"]
        case "outside":
            nodes["sub"]["locked"]["path"] = "../../../etc"
        case "text":
            nodes["dep"]["locked"] = "x"
    lock.write_text("{" if change == "syntax" else json.dumps(document))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("syntax", "cannot read lock file"),
        ("version", "has unsupported version 99"),
        ("missing", "has an input 'dep' that flake.lock does not have"),
        ("moved", "the input 'dep' of flake"),
        ("node", "has no node 'nothing'"),
        ("circle", "is not locked as flake.nix declares it"),
        ("hash", "NAR hash mismatch in input 'path:"),
        ("loose", "cannot call 'getFlake' on unlocked flake reference"),
        ("outside", "'../../../etc' leads out of the tree of a flake"),
        ("text", "a node of a lock file has no attributes"),
    ],
)
def test_a_lock_that_does_not_hold_is_refused(
    chx: Run, work: Path, main: Repository, change: str, message: str
) -> None:
    _changed(main, change)
    run = chx("eval", "--strict", *FEATURE, "./main#text", "./main#s")
    assert run.returncode == 1 and message in run.stderr, run.stderr
    assert "Traceback" not in run.stderr


def test_pure_evaluation_wants_a_locked_flake(chx: Run, work: Path, main: Repository) -> None:
    url = f"git+file://{work}/main"
    assert "on unlocked flake reference" in chx("eval", *FEATURE, "-E", f'(builtins.getFlake "{url}").v').stderr
    commit = main("rev-parse", "HEAD")
    assert chx("eval", *FEATURE, "-E", f'(builtins.getFlake "{url}?rev={commit}").v').stdout == "43\n"


def test_files_that_git_does_not_track_are_no_part_of_a_flake(chx: Run, work: Path, main: Repository) -> None:
    main("rm", "-q", "--cached", "flake.nix")
    run = chx("eval", *FEATURE, "./main#v")
    assert run.returncode == 1 and "git add" in run.stderr
