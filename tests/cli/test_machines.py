"""Machines that start, from packages built here, in qemu without KVM: commands, consoles, networks, UEFI."""

from __future__ import annotations

import http.server
import os
import re
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ROOT, Run

SYSTEM = tuple(f"tiny.{name}" for name in ("base-minimal", "linux", "early-init", "efi-stub"))
MACHINE = ("vm", *SYSTEM, "--accel", "tcg", "--time-limit", "300")

pytestmark = [pytest.mark.sandbox, pytest.mark.network]


@pytest.fixture(autouse=True)
def qemu() -> None:
    """Skip where there is no qemu; where CI runs, there has to be one."""
    if shutil.which("qemu-system-x86_64") is None:
        assert not os.environ.get("CI"), "not installed: qemu-system-x86"
        pytest.skip("not installed: qemu-system-x86")


class Console:
    """A machine with its console on pipes, and what it has said."""

    def __init__(self, home: Path, work: Path, *words: str) -> None:
        command = [sys.executable, str(ROOT), *MACHINE, *words]
        environment = {**os.environ, "CHX_HOME": str(home)}
        self.process = subprocess.Popen(
            command, cwd=work, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self.said = ""

    def until(self, pattern: str, seconds: float = 300) -> re.Match[str]:
        """Read until a pattern occurs in what was not waited for yet; return it, and forget what is before it."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.said)):
            assert time.monotonic() < deadline, self.said
            if select.select([self.process.stdout], [], [], 1)[0]:
                data = os.read(self.process.stdout.fileno(), 65536)
                assert data, self.said
                self.said += data.decode("utf-8", "replace").replace("\r", "")
        self.said = self.said[found.end() :]
        return found

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    def answer(self, line: str) -> str:
        """What the shell says of a line."""
        self.type(f"{line}; echo the-'end'")
        return self.until(r"(?s)the-'end'\n(.*?)the-end\n")[1].strip()


@pytest.mark.long
def test_a_command_runs_in_a_machine(shared_chx: Run) -> None:
    """Of all that a machine does, what a check can wait for: kernel, init, services, a command, power-off."""
    script = "cat; test -d /proc/self && test -w /root; uname -s; exit 7"
    run = shared_chx(*MACHINE, "--quiet", "--", "sh", "-c", script)
    assert (run.returncode, run.stdout, run.stderr) == (7, "Linux\n", "")


@pytest.mark.long
def test_a_person_works_at_the_console(shared_home: Path, tmp_path: Path) -> None:
    console = Console(shared_home, tmp_path)
    console.until("# ")
    assert console.answer("id -un; tty") == "root\n/dev/ttyS0"
    assert console.answer("echo $((6 * 7))") == "42"
    console.type("poweroff")
    console.until("Power down")
    assert console.process.wait(60) == 0


@pytest.mark.long
def test_uefi_starts_the_disk(shared_chx: Run) -> None:
    run = shared_chx(*MACHINE, "--quiet", "--firmware", "--", "cat", "/proc/cmdline")
    assert run.returncode == 0 and "root=PARTUUID=" in run.stdout, run.stderr


@pytest.mark.long
def test_packages_are_checked_in_one_machine(shared_chx: Run) -> None:
    run = shared_chx(*MACHINE, "--quiet", "--checks")
    assert run.returncode == 0, run.stdout + run.stderr
    checked = [line.partition("-")[0] for line in run.stdout.splitlines() if line.endswith(": passed")]
    assert {"base", "linux"} <= set(checked)


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a little HTTP server on the loopback device."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"from outside\n")

        def log_message(self, *words: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.long
def test_a_machine_reaches_this_one_by_its_network(shared_chx: Run, port: int) -> None:
    fetch = f"ifconfig eth0 10.0.2.15 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' | netcat 10.0.2.2 {port}"
    run = shared_chx(*MACHINE, "--quiet", "--", "sh", "-c", fetch)
    assert run.returncode == 0 and run.stdout.endswith("from outside\n"), run.stderr
    without = shared_chx(*MACHINE, "--quiet", "--no-network", "--", "sh", "-c", fetch)
    assert without.returncode != 0


@pytest.mark.long
def test_bytes_of_any_number_pass_through(shared_home: Path, tmp_path: Path) -> None:
    data = os.urandom(20_000_000)
    command = [sys.executable, str(ROOT), *MACHINE, "--quiet", "--", "cat"]
    environment = {**os.environ, "CHX_HOME": str(shared_home)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, input=data, capture_output=True)
    assert (run.returncode, run.stdout == data, run.stderr) == (0, True, b"")
