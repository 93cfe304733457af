"""The wheel holds every module and every data file of the checkout, and the parser's table."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("lang", "evaluator", "store", "builder", "cli", "pkgs", "arch", "templates")
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


@pytest.mark.network
def test_the_wheel_holds_the_whole_tree(tmp_path: Path) -> None:
    # Built from a copy, because a build leaves folders of its own behind.
    source = tmp_path / "any name"
    source.mkdir()
    files = [*tracked(), "pyproject.toml", "setup.py", "README.md", "LICENSE", "__init__.py", "__main__.py"]
    for name in files:
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path / "out"), str(source)]
    run = subprocess.run(command, text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
    (wheel,) = (tmp_path / "out").iterdir()
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"chx/{name}" for name in files if name.endswith(KINDS) and name not in BESIDE and (ROOT / name).exists()}
    assert wanted - inside == set()
    assert "chx/lang/table.bin" in inside
    assert any(name.endswith(".data/scripts/chx") for name in inside)
    stray = {
        name for name in inside if name.split("/")[0] != "chx" and ".dist-info/" not in name and ".data/" not in name
    }
    assert stray == set()
