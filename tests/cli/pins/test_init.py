"""A project that was just begun builds, and says what it should when something is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Lock, Run


def test_a_new_project_builds_at_once(chx: Run, work: Path, lock: Lock) -> None:
    run = chx("init")
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [
        ".gitignore", "README.md", "chx.lock", "chx.toml", "default.nix", "greeting/default.nix", "src/main.c",
    ]  # fmt: skip
    assert sorted(lock()["pins"]) == ["letter"] and sorted(lock()["inputs"]) == ["greeting"]
    built = chx("build", "letter")
    assert (built.returncode, built.stderr) == (0, "")
    assert (work / "result/letter.txt").read_text() == "Hello, world!\n"
    assert chx("lock", "check", "--rebuild").returncode == 0


def test_all_of_a_new_project_evaluates(chx: Run) -> None:
    assert chx("init", "game").returncode == 0
    run = chx("eval", "--raw", "-f", "game", "-A", "program.name")
    assert (run.returncode, run.stdout) == (0, "program-1")


def test_nothing_is_overwritten(chx: Run, work: Path) -> None:
    (work / "chx.toml").write_text("")
    run = chx("init")
    assert run.returncode == 1 and "'./chx.toml' is there already" in run.stderr
    assert [path.name for path in work.iterdir()] == ["chx.toml"]
    (work / "file").write_text("")
    assert "cannot write" in chx("init", "file").stderr


@pytest.mark.network
@pytest.mark.sandbox
def test_the_program_of_a_new_project_is_pinned_with_its_seed(chx: Run, work: Path, lock: Lock) -> None:
    assert chx("init").returncode == 0
    run = chx("lock")
    assert run.returncode == 0, run.stderr
    pin = lock()["pins"]["program"]["x86_64-linux"]
    assert pin["seeds"] == ["debian-gcc.amd64"] and "sources" not in pin
    assert len(lock()["seeds"]["debian-gcc.amd64"]) == 48 and lock()["sources"] == {}
    assert chx("build", "program").returncode == 0
