"""The wheel holds every module and every data file of the checkout, and the parser's table."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("lang", "evaluator", "store", "builder", "arch", "ops", "cli", "pkgs", "templates")
KINDS = (".py", ".lark", ".nix", ".json", ".patch", ".h", ".toml", ".md", ".c", "gitignore")

BESIDE = ("setup.py", "pyproject.toml", "README.md")
"""What belongs to the making of the wheel, and not into it."""


def tracked() -> list[str]:
    """The files of the checkout that git knows, or all of them where there is no git."""
    run = subprocess.run(["git", "ls-files", *ROOMS], cwd=ROOT, text=True, capture_output=True)
    if run.returncode == 0 and run.stdout:
        return run.stdout.split()
    return [
        os.path.relpath(os.path.join(base, name), ROOT)
        for room in ROOMS
        for base, _, names in os.walk(ROOT / room)
        for name in names
        if "__pycache__" not in base
    ]


SOURCES = ("runtime",)
"""What is compiled into the wheel."""


def wheel_of(folder: Path, environment: dict[str, str]) -> tuple[set[str], list[str]]:
    """The names in a wheel made of the checkout, and the files of the checkout."""
    # Built from a copy, because a build leaves folders of its own behind.
    source = folder / "any name"
    source.mkdir()
    files = [
        *tracked(),
        "pyproject.toml",
        "setup.py",
        "README.md",
        "LICENSE",
        "__init__.py",
        "__main__.py",
        "frozen.py",
        "native.py",
    ]
    for name in (*files, *[str(path.relative_to(ROOT)) for room in SOURCES for path in (ROOT / room).iterdir()]):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder / "out"), str(source)]
    run = subprocess.run(command, text=True, capture_output=True, env={**os.environ, **environment})
    assert run.returncode == 0, run.stderr
    (wheel,) = (folder / "out").iterdir()
    return set(zipfile.ZipFile(wheel).namelist()), files


@pytest.mark.network
def test_the_wheel_holds_the_whole_tree(tmp_path: Path) -> None:
    inside, files = wheel_of(tmp_path, {})
    wanted = {f"chx/{name}" for name in files if name.endswith(KINDS) and name not in BESIDE and (ROOT / name).exists()}
    assert wanted - inside == set()
    assert "chx/lang/table.bin" in inside
    assert any(name.endswith(".data/scripts/chx") for name in inside)
    stray = {
        name for name in inside if name.split("/")[0] != "chx" and ".dist-info/" not in name and ".data/" not in name
    }
    assert stray == set()
    compiled = {name for name in inside if name.endswith(".so")}
    knows_runtime = sys.version_info[:2] == (3, 11) and sys.implementation.name == "cpython" and has_compiler()
    assert len(compiled) == knows_runtime, compiled


def has_compiler() -> bool:
    """Whether a program for Python can be compiled here."""
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    command = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    return shutil.which(command) is not None and headers.exists()


@pytest.mark.network
def test_without_a_compiler_the_wheel_is_made_of_python_alone(tmp_path: Path) -> None:
    inside, _ = wheel_of(tmp_path, {"CC": "/bin/false"})
    assert not [name for name in inside if name.endswith(".so")]
    assert "chx/native.py" in inside
