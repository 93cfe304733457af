"""What a person sees while something is built: the live view, lines, JSON, and what is offered after a failure."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ..builder.conftest import programs_root
from .conftest import ROOT, Run

EXPRESSION = """
{ good ? "1", wait ? "0" }:
let
  build = name: text: derivation {
    inherit name;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-euc" text ];
    rootfs = [ "${./root}" ];
  };
in rec {
  slow = build "slow-1" ''
    echo '@nix { "action": "setPhase", "phase": "buildPhase" }' >&2
    echo compiling everything
    sleep ${wait}
    echo ${good} > $out
  '';
  upper = build "upper-1" "read x < ${slow}; echo $x > $out";
  quick = build "quick-1" "echo > $out";
  bad = build "bad-1" "echo something is wrong; exit 3";
}
"""


@pytest.fixture
def package(chx: Run, work: Path) -> Path:
    (work / "default.nix").write_text(EXPRESSION)
    programs_root(str(work / "root"))
    return work


class Terminal:
    """chx on a pseudo-terminal of 100 columns and 24 lines."""

    def __init__(self, home: Path, work: Path, *words: str, **variables: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(work),
            "CHX_HOME": str(home),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            **variables,
        }
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT), *words],
            cwd=work,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            # Opening it makes it the terminal of the session, so that Ctrl-C is a signal.
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        )
        os.close(slave)
        self.said = ""

    def until(self, text: str, seconds: float = 60) -> None:
        """Read until the terminal was told `text`."""
        deadline = time.monotonic() + seconds
        while text not in self.said:
            assert time.monotonic() < deadline, self.said
            if not self._read():
                raise AssertionError(self.said)

    def _read(self) -> bool:
        if not select.select([self.master], [], [], 1)[0]:
            return True
        try:
            chunk = os.read(self.master, 65536)
        except OSError:
            return False
        self.said += chunk.decode()
        return bool(chunk)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        while self._read():
            if self.process.poll() is not None and not select.select([self.master], [], [], 0)[0]:
                break
        os.close(self.master)
        return self.process.wait(30)


@pytest.fixture
def terminal(tmp_path: Path, package: Path):
    def start(*words: str, **variables: str) -> Terminal:
        return Terminal(tmp_path / "home", package, *words, **variables)

    return start


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.sandbox
def test_the_live_view_shows_phase_time_and_totals(terminal, package: Path) -> None:
    screen = terminal("build", "-f", ".", "upper", "--argstr", "wait", "1.5")
    screen.until("compiling everything")
    assert screen.end() == 0
    text = plain(screen.said)
    assert re.search(r"chx: 0 of 2 built · 1 running, 1 waiting · \d\.\d s", text)
    assert re.search(r"• slow-1 +buildPhase +\d\.\d s +compiling everything", text)
    assert "finished slow-1 in" in text
    assert (package / "result").read_text() == "1\n"


def test_a_download_shows_bytes_and_speed(terminal) -> None:
    content = bytes(1 << 20)

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            for start in range(0, len(content), 1 << 16):
                self.wfile.write(content[start : start + (1 << 16)])
                time.sleep(0.1)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        digest = hashlib.sha256(content).hexdigest()
        text = f"""derivation {{
          name = "file"; system = "builtin"; builder = "builtin:fetch"; url = "http://127.0.0.1:{server.server_port}/file";
          outputHash = "{digest}"; outputHashAlgo = "sha256"; outputHashMode = "flat";
        }}"""
        screen = terminal("build", "-E", text, no_proxy="127.0.0.1")
        assert screen.end() == 0
        server.shutdown()
    text = plain(screen.said)
    assert re.search(r"chx: 0 of 1 fetched \(\d+\.\d kB\) · 1 running, 0 waiting · \d\.\d s", text)
    assert re.search(r"↓ file +\d+\.\d kB of 1\.0 MB +\d\.\d s +\d+\.\d [kM]B/s", text)
    assert re.search(r"chx: fetched file \(1\.0 MB, \d+\.\d [kM]B/s, \d\.\d s\)", text)


@pytest.mark.sandbox
def test_an_interrupt_ends_all_at_once_and_what_is_finished_stays(terminal, chx: Run) -> None:
    screen = terminal("build", "-f", ".", "quick", "slow", "--argstr", "wait", "60", "-j", "2", "-v")
    screen.until("finished quick-1")
    screen.until("compiling everything")
    screen.type("\x03")
    assert screen.end() == 130
    assert "chx: interrupted; what was finished stays finished" in screen.said
    run = chx("build", "-f", ".", "quick", "-v")
    assert run.returncode == 0 and "building" not in run.stderr


@pytest.mark.sandbox
def test_the_second_time_it_says_how_long_it_will_take(terminal) -> None:
    assert terminal("build", "-f", ".", "slow", "--argstr", "wait", "1.2").end() == 0
    screen = terminal("build", "-f", ".", "slow", "--argstr", "wait", "1.3", NO_COLOR="1")
    assert screen.end() == 0
    assert re.search(r"about \d\.\d s left", plain(screen.said))
    assert re.search(r"\d\.\d s / 1\.\d s", plain(screen.said))
    # Without colours it is a view all the same.
    assert not re.search(r"\x1b\[(\d+;)*[34]\d", screen.said)


@pytest.mark.sandbox
@pytest.mark.usefixtures("told")
def test_what_a_build_of_a_moment_prints_is_lines(chx: Run, package: Path) -> None:
    run = chx("build", "-f", ".", "upper", "-v")
    assert run.returncode == 0, run.stderr
    assert [re.sub(r"\d\.\d s", "T", line) for line in run.stderr.splitlines()] == [
        "chx: to do: 0 fetches, 2 builds",
        "chx: building slow-1",
        "chx: slow-1 is in buildPhase",
        "slow-1> compiling everything",
        "chx: finished slow-1 in T",
        "chx: building upper-1",
        "chx: finished upper-1 in T",
    ]
    assert chx("log", "--file", ".", "slow").stdout == "compiling everything\n"


@pytest.mark.sandbox
def test_early_cutoff_is_called_so(chx: Run, package: Path) -> None:
    assert chx("build", "-f", ".", "upper").returncode == 0
    run = chx("build", "-f", ".", "upper", "--argstr", "wait", "0.01")
    assert "chx: spared upper-1: its inputs came out as before (early cutoff)" in run.stderr


@pytest.mark.sandbox
@pytest.mark.parametrize("words", [(), ("-v",), ("-q",), ("-v", "-k")])
def test_the_last_lines_are_printed_once(chx: Run, package: Path, words: tuple[str, ...]) -> None:
    run = chx("build", "-f", ".", "bad", *words)
    assert run.returncode == 1
    assert run.stderr.count("something is wrong") == 1
    assert "the build of 'bad-1' failed with exit status 3" in run.stderr


@pytest.mark.sandbox
def test_two_processes_build_a_thing_once_and_the_second_says_why(chx: Run, package: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: chx("build", "-f", ".", "slow", "--argstr", "wait", "3", "-v"), range(2)))
    said = sorted((run.stderr for run in runs), key=lambda text: "chx: waiting" in text)
    assert "chx: finished slow-1" in said[0] and "spared" not in said[0]
    assert "chx: waiting for another chx that builds slow-1" in said[1]
    assert "chx: spared slow-1: the same was just built elsewhere" in said[1]
    assert "finished" not in said[1] and runs[0].stdout == runs[1].stdout


@pytest.mark.sandbox
def test_the_command_that_is_named_after_a_failure_builds_the_same(chx: Run, package: Path) -> None:
    run = chx("build", "-f", ".", "bad")
    (again,) = re.findall(r"the same build again: chx (build \S+-bad-1\.drv)\n", run.stderr)
    run = chx(*again.split())
    assert run.returncode == 1 and "the build of 'bad-1' failed with exit status 3" in run.stderr
    run = chx("build", "-f", ".", "upper")
    drv = re.sub("/chx/store", str(package.parent / "home" / "store"), again.split()[1])
    assert chx("build", drv, "upper", "-f", ".", "-q").returncode == 1
    built = chx("store", "path-info", "--json", run.stdout.strip())
    (deriver,) = re.findall(r"/chx/store/\S+-upper-1\.drv", built.stdout)
    assert chx("build", deriver, "-o", "again").stdout == run.stdout
    assert (package / "again").read_text() == "1\n"
    run = chx("build", deriver.replace("upper", "under"))
    assert run.returncode == 1 and "is not a valid store path" in run.stderr


@pytest.mark.sandbox
def test_every_line_of_json_is_an_event(chx: Run, package: Path) -> None:
    run = chx("build", "-f", ".", "upper", "bad", "--log-format", "json", "-k")
    assert run.returncode == 1
    events = [json.loads(line) for line in run.stderr.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds[0] == "planned" and kinds[-1] == "error"
    assert {"started", "phase", "logged", "finished", "failed"} <= set(kinds)
    (failed,) = (event for event in events if event["event"] == "failed")
    assert failed["code"] == "B001" and failed["derivation"].endswith("-bad-1.drv")


@pytest.mark.sandbox
def test_after_a_failure_a_person_may_read_look_and_try_again(terminal, package: Path) -> None:
    screen = terminal("build", "-f", ".", "bad", PAGER="cat")
    screen.until("[q]uit? ")
    assert "something is wrong" in screen.said and "exit status 3" in screen.said
    screen.said = ""
    screen.type("l\n")
    screen.until("something is wrong")
    screen.until("[q]uit? ")
    screen.type("s\n")
    screen.until("in the container of bad-1")
    screen.type("echo here is $PWD; exit\n")
    screen.until("here is /build")
    screen.until("[q]uit? ")
    (package / "default.nix").write_text(EXPRESSION.replace("exit 3", "echo mended > $out"))
    screen.type("r\n")
    assert screen.end() == 0
    assert (package / "result").read_text() == "mended\n"


@pytest.mark.sandbox
def test_who_quits_gets_the_failure(terminal) -> None:
    screen = terminal("build", "-f", ".", "bad")
    screen.until("[q]uit? ")
    screen.type("q\n")
    assert screen.end() == 1
    assert screen.said.count("something is wrong") == 1
