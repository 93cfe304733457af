"""A folder of profiles of one's own, and an evaluator that reads real files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chx.cli.session import Session
from chx.evaluator import Evaluator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def evaluator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Evaluator]:
    monkeypatch.setenv("CHX_HOME", str(tmp_path / "home"))
    with Session() as session:
        yield session.evaluator


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of `arch/` with nothing but x86_64 in it."""
    copy = tmp_path / "checkout" / "arch"
    shutil.copytree(ROOT / "arch" / "schema", copy / "schema")
    for name in ("default.nix", "x86_64.nix"):
        shutil.copy(ROOT / "arch" / name, copy / name)
    return copy


@pytest.fixture
def chx(tmp_path: Path):  # type: ignore[no-untyped-def]
    """`chx(WORD...)` from this checkout, in an empty folder with an empty store."""
    work = tmp_path / "work"
    work.mkdir()
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(work),
        "CHX_HOME": str(tmp_path / "home"),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return lambda *words: subprocess.run(
        [sys.executable, str(ROOT), *map(str, words)],
        cwd=work, env=environment, text=True, capture_output=True, timeout=300,
    )  # fmt: skip
