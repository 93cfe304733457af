"""Run chx as its users do: as a program, from this checkout, with a store of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

Run = Callable[..., subprocess.CompletedProcess[str]]


def _run(home: Path, cwd: Path, *words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(cwd),
        "CHX_HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        **{name: value for name, value in os.environ.items() if name.lower().endswith(("_proxy", "_bundle", "_file"))},
        **variables,
    }
    return subprocess.run(
        [sys.executable, str(ROOT), *map(str, words)],
        cwd=cwd,
        env=environment,
        text=True,
        capture_output=True,
        errors="surrogateescape",
        timeout=900,
    )


@pytest.fixture
def chx(tmp_path: Path) -> Run:
    """`chx(WORD...)` in an empty folder with an empty store."""
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    return lambda *words, **variables: _run(tmp_path / "home", work, *words, **variables)


@pytest.fixture
def told(tmp_path: Path) -> None:
    """The store of `chx` is one in which an old bubblewrap was told of, which happens once: whatever there is here."""
    (tmp_path / "home/tools").mkdir(parents=True)
    (tmp_path / "home/tools/told-old-bubblewrap").touch()


@pytest.fixture
def shared_chx(tmp_path: Path, shared_home: Path) -> Run:
    """The same with the shared store."""
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    return lambda *words, **variables: _run(shared_home, work, *words, **variables)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder that `chx` runs in."""
    return tmp_path / "work"
