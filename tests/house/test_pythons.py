"""Which Pythons run chx, and what the others are told."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import setuptools

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "cli" / "chx"
PRETEND = """
import os, runpy, sys
version, name, path = eval(sys.argv[1]), sys.argv[2], sys.argv[3]
sys.version_info = type("V", (tuple,), {"major": version[0], "minor": version[1]})(version)
sys.implementation.name = name
sys.argv = [path, "eval", "-E", "1"]
runpy.run_path(path, run_name="__main__")
"""
"""Run a program as if Python were another."""


def pretend(path: Path, version: tuple[int, int, int], name: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PRETEND, repr(version), name, str(path)]
    return subprocess.run(command, capture_output=True, text=True, env=variables, cwd="/")


@pytest.mark.parametrize(("version", "name"), [((3, 10, 4), "cpython"), ((3, 11, 13), "pypy"), ((3, 12, 8), "graalpy")])
@pytest.mark.parametrize("way", ["checkout", "script"])
def test_another_python_is_refused_in_a_sentence(
    tmp_path: Path, way: str, version: tuple[int, int, int], name: str
) -> None:
    (tmp_path / "chx").symlink_to(ROOT)
    path = ROOT if way == "checkout" else SCRIPT
    run = pretend(path, version, name, PYTHONPATH=str(tmp_path) if way == "script" else "")
    found = f"{sys.executable} is {name} {version[0]}.{version[1]}"
    assert (run.returncode, run.stdout, run.stderr) == (1, "", f"error: chx needs CPython 3.11 or newer, and {found}\n")


def test_this_python_is_not_refused(tmp_path: Path) -> None:
    run = pretend(ROOT, sys.version_info[:3], sys.implementation.name, HOME=str(tmp_path))
    assert (run.returncode, run.stdout, run.stderr) == (0, "1\n", "")


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py", "cli/chx"])
def test_older_pythons_can_read_what_refuses_them(name: str) -> None:
    """Python 3.7 is the oldest whose grammar is known here."""
    ast.parse((ROOT / name).read_text(), feature_version=(3, 7))


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run setup.py; what it would give to setuptools."""

    def run() -> dict[str, Any]:
        given: dict[str, Any] = {}
        monkeypatch.setattr(setuptools, "setup", lambda **words: given.update(words))
        runpy.run_path(str(ROOT / "setup.py"))
        return given

    return run


@pytest.mark.parametrize(
    ("is_free_threaded", "platform", "compiles"),
    [(0, "linux", True), (None, "linux", True), (1, "linux", False), (0, "darwin", False)],
)
def test_the_runtime_is_compiled_for_linux_with_the_global_lock(
    set_up: Any, monkeypatch: pytest.MonkeyPatch, is_free_threaded: int | None, platform: str, compiles: bool
) -> None:
    known = sysconfig.get_config_var
    monkeypatch.setattr(
        sysconfig, "get_config_var", lambda name: is_free_threaded if name == "Py_GIL_DISABLED" else known(name)
    )
    monkeypatch.setattr(sys, "platform", platform)
    assert [extension.name for extension in set_up()["ext_modules"]] == ["chx._runtime"] * compiles


def test_another_implementation_is_told_when_it_installs(set_up: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.implementation, "name", "pypy")
    with pytest.raises(SystemExit, match=r"^chx needs CPython 3\.11 or newer, and .* is pypy$"):
        set_up()
