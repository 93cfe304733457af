"""The main job: bundled packages are fetched, built in a sandbox, and run."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from .conftest import Run

pytestmark = [pytest.mark.network, pytest.mark.sandbox]

STORE_PATH = re.compile(r"/chx/store/[0-9a-z]{32}-\S+\n")


def test_tinycc_builds_runs_and_is_a_no_op_the_second_time(shared_chx: Run, work: Path) -> None:
    first = shared_chx("build", "tinycc")
    assert first.returncode == 0, first.stderr
    assert STORE_PATH.fullmatch(first.stdout), first.stdout
    version = subprocess.run([work / "result/bin/tcc", "-version"], text=True, capture_output=True, check=True)
    assert "tcc version 0.9.27" in version.stdout

    second = shared_chx("build", "tinycc")
    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, "")


def test_hello_builds_with_its_own_configure_and_make(shared_chx: Run, work: Path) -> None:
    run = shared_chx("build", "hello", "-o", "greeting")
    assert run.returncode == 0, run.stderr
    said = subprocess.run([work / "greeting/bin/hello"], text=True, capture_output=True, check=True)
    assert said.stdout == "Hello, world!\n"
    log = shared_chx("log", "greeting")
    assert "config.status: creating Makefile" in log.stdout


def test_a_package_of_a_stage_refers_to_nothing(shared_chx: Run, work: Path) -> None:
    built = shared_chx("build", "tinycc", "--no-out-link")
    path = built.stdout.strip()
    info = shared_chx("store", "path-info", "--json", path)
    assert json.loads(info.stdout)[path]["references"] == []
    assert not os.path.lexists(work / "result")


def test_a_build_sees_declared_inputs_and_constants_only(shared_chx: Run, work: Path) -> None:
    (work / "look.nix").write_text(
        """
        with import <chx> { };
        mkDerivation {
          pname = "look"; version = "1"; src = writeTree { name = "empty"; entries = [ ]; };
          configurePhase = ""; buildPhase = "";
          installPhase = ''
            { ls /; ls /chx/store | wc -l; id -u; hostname || cat /proc/sys/kernel/hostname; cat /proc/net/dev; env; ls /home /root /mnt; } > $out 2>&1 || true
          '';
        }
        """
    )
    run = shared_chx("build", "-f", "look.nix")
    assert run.returncode == 0, run.stderr
    seen = (work / "result").read_text()
    assert "\n1000\n" in seen
    interfaces = [line.split(":")[0].strip() for line in seen.splitlines() if re.match(r"\s*\w+:\s+\d", line)]
    assert interfaces == ["lo"]
    for name in ("/home", "/root", "/mnt"):
        assert f"'{name}': No such file" in seen
    assert str(work) not in seen
    assert os.environ["PATH"] not in seen
