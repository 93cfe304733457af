"""Builds on a real server of the Remote Execution API, from the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chx.store.scratch import scratch_path

from ..remote.casd import Casd, programs
from ..remote.server import FakeServer, finished
from .conftest import ROOT, _run

pytestmark = [pytest.mark.network, pytest.mark.sandbox, pytest.mark.slow]

EXPRESSION = """
let
  pkgs = import <chx> { };
  one = name: buildPhase: installPhase: pkgs.tiny.mkDerivation {
    pname = name;
    version = "STAMP";
    unpackPhase = "";
    configurePhase = "";
    inherit buildPhase installPhase;
  };
in
{
  good = {
    folder = one "folder" "" "mkdir -p $out/e; echo x > $out/f; ln -s f $out/l; cp /bin/sh $out/run; echo $out > $out/me";
    link = one "link" "" "ln -s /nowhere $out";
    file = one "file" "echo out; echo err >&2; echo out again" "echo STAMP > $out";
    empty = one "empty" "" "mkdir $out";
    stray = one "stray" "" "mkdir $out; mkdir -p /chx/store/stray/d";
  };
  fifo = one "fifo" "" "mkdir $out; mkfifo $out/p";
  missing = one "missing" "" "true";
  fails = one "fails" "echo last words; exit 3" "";
  killed = one "killed" "kill -9 $$" "";
  silent = one "silent" "sleep 1000" "";
  loud = one "loud" "while true; do echo loud; done" "";
  leaves = one "leaves" "" "touch $out; sleep 1000 & true";
  long = one "long" "sleep SECONDS" "";
}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Casd]:
    with Casd(tmp_path_factory.mktemp("casd"), programs()) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project; its derivations are new in each run, since the shared store may be an old one."""
    place = tmp_path_factory.mktemp("project")
    seconds = str(time.time_ns() % 10**6 + 10**6)
    (place / "seconds").write_text(seconds)
    (place / "stamp").write_text(str(time.time_ns()))
    text = EXPRESSION.replace("STAMP", (place / "stamp").read_text()).replace("SECONDS", seconds)
    (place / "default.nix").write_text(text)
    (place / "chx.toml").write_text('[remote]\nproperties = { unixUID = "1000", unixGID = "1000" }\n')
    return place


@pytest.fixture
def remote(shared_home: Path, server: Casd, folder: Path):  # type: ignore[no-untyped-def]
    """Run chx in the project, with the store that tests share."""

    def run(*words: str, elsewhere: bool = True) -> subprocess.CompletedProcess[str]:
        where = ("--remote", server.url) if elsewhere else ()
        return _run(shared_home, folder, *words, *where)

    return run


def test_a_build_there_sees_what_it_sees_here(remote) -> None:  # type: ignore[no-untyped-def]
    run = remote("remote", "check", "--json")
    found = json.loads(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    assert found["alike"] and {"identity", "environment", "inputs", "rights"} <= set(found["topics"])
    assert "layout=carried" in found["witness"]
    # What is compared is real: each side has written something about each topic.
    assert all(one["expected"] for one in found["differences"])


def test_outputs_of_every_kind_come_out_as_here(remote) -> None:  # type: ignore[no-untyped-def]
    names = [word for name in ("folder", "link", "file", "empty", "stray") for word in ("-A", f"good.{name}")]
    here = remote("build", "-f", ".", "--no-out-link", *names, elsewhere=False)
    assert here.returncode == 0, here.stderr
    there = remote("build", "-f", ".", "--check", *names)
    assert there.returncode == 0, there.stdout + there.stderr
    rows = json.loads(remote("ledger", "--json", *here.stdout.split(), elsewhere=False).stdout)
    for path in here.stdout.split():
        kinds = sorted("remote=" in row["variation"] for row in rows if row["path"] == path)
        assert kinds == [False, True], path


@pytest.mark.long
def test_a_compiler_comes_out_as_here(remote) -> None:  # type: ignore[no-untyped-def]
    here = remote("build", "--no-out-link", "-f", "<chx>", "tinycc", elsewhere=False)
    assert here.returncode == 0, here.stderr
    there = remote("build", "--check", "-f", "<chx>", "tinycc")
    assert there.returncode == 0, there.stdout + there.stderr


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("fifo", (), "'$out/p' is a fifo"),
        ("missing", (), "without making its output 'out'"),
        ("fails", (), "failed in buildPhase with exit status 3"),
        ("killed", (), "SIGKILL"),
        ("silent", ("--max-silent-time", "2"), "2 seconds without output"),
        ("loud", ("--max-log-size", "10K"), "its log exceeded 10240 bytes"),
        ("silent", ("--timeout", "3"), "was ended after 3 seconds"),
    ],
)
def test_what_fails_here_fails_there(remote, name: str, options: tuple[str, ...], words: str) -> None:  # type: ignore[no-untyped-def]
    run = remote("build", "-f", ".", "--no-out-link", "-A", name, *options)
    assert run.returncode == 1 and words in run.stderr, run.stderr
    assert "Traceback" not in run.stderr
    if name == "fails":
        assert "last words" in run.stderr


def test_what_a_build_leaves_behind_is_ended(remote) -> None:  # type: ignore[no-untyped-def]
    began = time.monotonic()
    run = remote("build", "-f", ".", "--no-out-link", "-A", "leaves")
    assert run.returncode == 0, run.stderr
    assert time.monotonic() - began < 500


def test_an_interrupt_ends_the_job_there(shared_home: Path, server: Casd, folder: Path) -> None:
    seconds = (folder / "seconds").read_text()
    words = [sys.executable, str(ROOT), "build", "-f", ".", "--no-out-link", "-A", "long", "--remote", server.url]
    with subprocess.Popen(
        words, cwd=folder, env={**os.environ, "CHX_HOME": str(shared_home)}, stderr=subprocess.PIPE
    ) as process:
        try:
            assert _appears(seconds), "the job has not begun"
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        finally:
            process.kill()
    assert _disappears(seconds), "the job goes on"


def test_a_liar_is_found_and_what_differs_is_shown(shared_home: Path, folder: Path, tmp_path: Path) -> None:
    name = f"file-{(folder / 'stamp').read_text()}2"
    below = scratch_path("out", name).rpartition("/")[2]

    def gives(content: bytes) -> FakeServer:
        return FakeServer(execute=lambda call: iter([finished(call.server.result({below: content}))]))

    text = (folder / "default.nix").read_text().replace((folder / "stamp").read_text(), name.removeprefix("file-"))
    (tmp_path / "default.nix").write_text(text)
    with gives(b"honest\n") as honest, gives(b"forged\n") as liar:
        also = f'[remote]\nendpoint = "{honest.url}"\n[[remote.also]]\nendpoint = "{liar.url}"\n'
        (tmp_path / "chx.toml").write_text(also)
        run = _run(shared_home, tmp_path, "build", "-f", ".", "-A", "good.file", "--no-out-link", "--agree", "2")
        assert run.returncode == 1 and "error[B034]" in run.stderr, run.stderr
        assert honest.url in run.stderr and liar.url in run.stderr and "chx: diff /chx/store/" in run.stderr
        assert "honest" in run.stdout and "forged" in run.stdout, run.stdout


def _sleepers(seconds: str) -> bool:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cmdline").read_bytes().split(b"\0")[1:2] == [seconds.encode()]:
                return True
        except OSError:
            continue
    return False


def _appears(seconds: str) -> bool:
    return _awaited(lambda: _sleepers(seconds))


def _disappears(seconds: str) -> bool:
    return _awaited(lambda: not _sleepers(seconds))


def _awaited(is_so) -> bool:  # type: ignore[no-untyped-def]
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.1)
    return False
