"""`builtins.fetchGit`, beside Nix: what it gives of repositories on this disk, and what it refuses."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from ..peer import Peer
from . import repositories
from .conftest import Run, _run

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

STORE = ("--store", "dummy://?read-only=false")
PURE = ("--option", "pure-eval", "true")

TREE = """
  let list = p: builtins.mapAttrs (n: t: if t == "directory" then list (p + "/${n}") else
      if t == "symlink" then t else builtins.readFile (p + "/${n}")) (builtins.readDir p);
  in x: [ (builtins.removeAttrs x [ "outPath" ]) (list x.outPath) ]
"""
"""What is known of a tree, and all its files."""

CASES = [
    "./plain",
    "{ url = ./plain; }",
    "{ url = ./plain; exportIgnore = false; }",
    "{ url = ./plain; submodules = true; }",
    '{ url = ./plain; name = "x"; shallow = true; }',
    "{ url = ./plain; lfs = true; allRefs = true; }",
    '{ url = ./plain; rev = "@plain@"; }',
    '{ url = ./plain; rev = "@plain@"; exportIgnore = false; }',
    '{ url = ./plain; ref = "main"; lastModified = 1704164645; revCount = 1; }',
    "(toString ./plain)",
    '"file://${toString ./plain}"',
    '"git+file://${toString ./plain}?ref=none#x"',
    "./changed",
    "{ url = ./changed; shallow = true; exportIgnore = false; }",
    '{ url = ./changed; rev = "@changed@"; }',
    '{ url = ./changed; ref = "HEAD"; }',
    "./none",
    "./added",
    "./branches",
    '{ url = ./branches; ref = "v1"; }',
    '{ url = ./branches; ref = "refs/tags/v1"; }',
    '{ url = ./branches; ref = "side"; }',
    '{ url = ./branches; ref = "refs/heads/side"; rev = "@side@"; }',
    '{ url = ./branches; rev = "@side@"; }',
    '{ url = ./branches; rev = "@lost@"; }',
    '{ url = ./branches; rev = "@tag@"; }',
    "./linked",
    "./bare.git",
    '{ url = ./bare.git; ref = "side"; }',
    "{ url = ./shallow; shallow = true; }",
    "./shallow",
    "{ url = ./outer; submodules = true; }",
    '{ url = ./outer; rev = "@outer@"; }',
    '{ url = ./outer; rev = "@outer@"; submodules = true; }',
]
"""Arguments of `fetchGit`; `@NAME@` is a commit."""

REFUSED = [
    "./away",
    "./none/sub",
    "{ }",
    "1",
    "{ url = 1; }",
    '{ url = ./plain; foo = "x"; }',
    "{ url = ./plain; ref = 1; }",
    '{ url = ./plain; type = "git"; }',
    '{ url = ./plain; ref = "HEAD~1"; }',
    '{ url = ./plain; ref = "-x"; }',
    '{ url = ./plain; ref = "a b"; }',
    '{ url = ./plain; ref = ""; }',
    '{ url = ./plain; rev = "nope"; }',
    '{ url = ./plain; rev = ""; }',
    "{ url = ./plain; rev = null; }",
    "{ url = ./plain; revCount = -3; }",
    '{ url = ./plain; submodules = "1"; }',
    "{ url = ./plain; x = { }; }",
    "{ url = ./plain; verifyCommit = true; }",
    "{ url = ./plain; publicKeys = [ ]; }",
    '{ url = ./plain; narHash = "md5-xx"; }',
    '"${toString ./plain}?ref=main"',
]
"""Arguments that are refused in the same words."""

UNLOCKED = ["./plain", '{ url = ./plain; ref = "main"; submodules = true; shallow = true; lfs = true; }']


class Shared(NamedTuple):
    """Repositories that no test changes, and chx beside them."""

    chx: Run
    folder: Path
    commits: dict[str, str]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    folder = tmp_path_factory.mktemp("repositories")
    home = tmp_path_factory.mktemp("home")
    return Shared(functools.partial(_run, home, folder), folder, repositories.all_of_them(folder))


@pytest.fixture
def made(chx: Run, work: Path) -> dict[str, str]:
    """Repositories in the folder that chx runs in; commits by name."""
    return repositories.all_of_them(work)


def _filled(argument: str, made: dict[str, str]) -> str:
    for name, commit in made.items():
        argument = argument.replace(f"@{name}@", commit)
    return argument


@pytest.mark.peer
@pytest.mark.parametrize("argument", CASES)
def test_trees_are_those_of_nix(shared: Shared, peer: Peer, argument: str) -> None:
    chx, work, made = shared
    expression = f"({TREE}) (builtins.fetchGit {_filled(argument, made)})"
    theirs = peer.answer("--eval", "--strict", *STORE, "-E", expression, folder=work)
    ours = chx("eval", "--impure", "--strict", "-E", expression)
    assert (ours.stdout, ours.returncode) == (theirs.output, 0), ours.stderr
    dirty = [line for line in theirs.errors.splitlines() if line.startswith("warning: Git tree")]
    assert [line for line in ours.stderr.splitlines() if line.startswith("warning: Git tree")] == dirty


@pytest.mark.peer
@pytest.mark.parametrize("argument", REFUSED)
def test_what_nix_refuses_is_refused_in_its_words(shared: Shared, peer: Peer, argument: str) -> None:
    chx, work, _ = shared
    expression = f"builtins.fetchGit {argument}"
    theirs = peer.answer("--eval", "--strict", *STORE, "-E", expression, folder=work)
    ours = chx("eval", "--impure", "--strict", "-E", expression)
    assert (ours.returncode, theirs.status) == (1, 1)
    assert ours.stderr.splitlines()[-1] == theirs.errors.strip().splitlines()[-1].strip()


@pytest.mark.peer
@pytest.mark.parametrize("argument", UNLOCKED)
def test_pure_evaluation_wants_a_commit(shared: Shared, peer: Peer, argument: str) -> None:
    chx, work, made = shared
    expression = f"builtins.fetchGit {argument}"
    theirs = peer.answer("--eval", *STORE, *PURE, "-E", f"builtins.fetchGit {argument}", folder=work)
    ours = chx("eval", "-E", expression)
    assert ours.stderr.splitlines()[-1] == theirs.errors.strip().splitlines()[-1].strip()
    assert (
        chx("eval", "-E", f'(builtins.fetchGit {{ url = ./plain; rev = "{made["plain"]}"; }}).revCount').stdout == "1\n"
    )


def test_a_hash_stands_in_for_a_commit(chx: Run, work: Path, made: dict[str, str]) -> None:
    found = json.loads(
        chx("eval", "--impure", "--json", "-E", "{ inherit (builtins.fetchGit ./branches) narHash; }").stdout
    )
    expression = f'(builtins.fetchGit {{ url = ./branches; narHash = "{found["narHash"]}"; }}).rev'
    held = chx("eval", "-E", expression)
    assert held.returncode == 0 and "is unlocked (e.g. lacks a Git revision) but is checked by NAR hash" in held.stderr
    (work / "branches/f").write_text("other\n")
    moved = chx("eval", "-E", expression)
    assert moved.returncode == 1 and "error[E222]" in moved.stderr
    assert (
        f"NAR hash mismatch in input 'git+file://{work}/branches?exportIgnore=1', expected '{found['narHash']}'"
        in moved.stderr
    )


def test_a_build_is_not_answered_from_memory_when_a_working_tree_changed(
    chx: Run, work: Path, made: dict[str, str]
) -> None:
    found = json.loads(
        chx("eval", "--impure", "--json", "-E", "{ inherit (builtins.fetchGit ./branches) narHash; }").stdout
    )
    (work / "x.nix").write_text(
        f"""derivation {{ name = "x"; system = "builtin"; builder = "builtin:tree"; entries = "[]";
          src = builtins.fetchGit {{ url = ./branches; narHash = "{found["narHash"]}"; }}; }}"""
    )
    words = ("build", "--no-out-link", "-f", "x.nix")
    first = chx(*words)
    assert first.returncode == 0, first.stderr
    assert chx(*words).stdout == first.stdout
    (work / "branches/f").write_text("other\n")
    moved = chx(*words)
    assert moved.returncode == 1 and "error[E222]" in moved.stderr


def test_nothing_of_a_repository_runs(chx: Run, work: Path, made: dict[str, str]) -> None:
    """Hooks, monitors and filters that a repository names are programs of whoever wrote it."""
    script = work / "script"
    script.write_text(f"#!/bin/sh\ntouch {work}/ran\ncat\n")
    script.chmod(0o755)
    settings = f"""
        [core]
            fsmonitor = {script}
            hooksPath = {work}/hooks
            editor = {script}
        [filter "f"]
            clean = {script}
            smudge = {script}
            process = {script}
        [diff]
            external = {script}
    """
    with (work / "branches/.git/config").open("a") as file:
        file.write(settings)
    (work / "hooks").mkdir()
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        shutil.copy(script, work / "hooks" / name)
    (work / "branches/.gitattributes").write_text("* filter=f diff=f\n")
    (work / "branches/f").touch()
    for argument in (
        "./branches",
        f'{{ url = ./branches; rev = "{made["side"]}"; }}',
        "{ url = ./branches; submodules = true; }",
    ):
        assert chx("eval", "--impure", "--strict", "-E", f"builtins.fetchGit {argument}").returncode == 0
    assert not (work / "ran").exists()


def test_nothing_is_written_to_a_repository(chx: Run, work: Path, made: dict[str, str]) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in (work / "changed").rglob("*")}

    (work / "changed/c").touch()
    before = state()
    for argument in ("./changed", f'{{ url = ./changed; rev = "{made["changed"]}"; }}'):
        assert chx("eval", "--impure", "--strict", "-E", f"builtins.fetchGit {argument}").returncode == 0
    assert state() == before


def test_a_link_in_place_of_a_folder_is_not_followed(chx: Run, work: Path, made: dict[str, str]) -> None:
    (work / "secret").mkdir()
    (work / "secret/b").write_text("secret")
    shutil.rmtree(work / "plain/d")
    (work / "plain/d").symlink_to(work / "secret")
    names = "builtins.attrNames (builtins.readDir (builtins.fetchGit { url = ./plain; exportIgnore = false; }))"
    listed = chx("eval", "--impure", "--strict", "-E", names)
    assert '"d"' not in listed.stdout and '"text"' in listed.stdout


def test_a_commit_is_fetched_once(chx: Run, work: Path, made: dict[str, str]) -> None:
    """What a name of a commit determines is remembered as long as the store has it."""
    expression = f'(builtins.fetchGit {{ url = ./branches; rev = "{made["side"]}"; }}).outPath'
    first = chx("eval", "-E", expression)
    shutil.rmtree(work / "branches")
    assert chx("eval", "-E", expression).stdout == first.stdout != ""
    assert chx("gc").returncode == 0
    assert "Git repository" in chx("eval", "-E", expression).stderr


def test_what_is_not_done_is_refused_by_name(chx: Run, work: Path, made: dict[str, str]) -> None:
    (work / "plain/.gitattributes").write_text("*.bin filter=lfs\n")
    (work / "plain/a.bin").write_text("x")
    subprocess.run(["git", "add", "-A"], cwd=work / "plain", check=True)
    large = chx("eval", "--impure", "-E", "builtins.fetchGit { url = ./plain; lfs = true; }")
    assert large.returncode == 1 and "'lfs' is not supported: 'a.bin' has its contents in git-lfs" in large.stderr
    signed = ("--extra-experimental-features", "verified-fetches")
    verified = chx("eval", "--impure", *signed, "-E", "builtins.fetchGit { url = ./plain; verifyCommit = true; }")
    assert verified.returncode == 1 and "signatures of commits are not verified" in verified.stderr
    shutil.rmtree(work / "outer/sub")
    without = chx("eval", "--impure", "-E", "builtins.fetchGit { url = ./outer; submodules = true; }")
    assert without.returncode == 1 and "the submodule 'sub' of" in without.stderr


def test_another_host_is_asked_for_a_commit(chx: Run, work: Path, made: dict[str, str]) -> None:
    subprocess.run(["git", "update-server-info"], cwd=work / "bare.git", check=True)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(work))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/bare.git"
        pinned = f'(builtins.fetchGit {{ url = "{url}"; rev = "{made["side"]}"; }})'
        found = chx("eval", "-E", f'"${{toString {pinned}.revCount}} ${{builtins.readFile ({pinned} + "/f")}}"')
        assert found.stdout == '"2 s\\n"\n', found.stderr
        ref = f'(builtins.fetchGit {{ url = "{url}"; ref = "side"; }}).rev'
        assert chx("eval", "--impure", "--raw", "-E", ref).stdout == made["side"]
        assert "in pure evaluation mode" in chx("eval", "-E", ref).stderr
        away = chx("eval", "--impure", "-E", f'builtins.fetchGit "{url}-away"')
        assert away.returncode == 1 and "not found" in away.stderr
        server.shutdown()
    # What was fetched by its name is not fetched again.
    assert chx("eval", "-E", f"{pinned}.revCount").stdout == "2\n"
