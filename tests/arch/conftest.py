"""A folder of profiles of one's own, and an evaluator that reads real files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chx.evaluator import Evaluator
from chx.ops.session import Session

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests, so that what is equal in them is compiled once."""
    return tmp_path_factory.mktemp("arch") / "home"


@pytest.fixture
def evaluator(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Evaluator]:
    monkeypatch.setenv("CHX_HOME", str(home))
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
def chx(tmp_path: Path, home: Path):  # type: ignore[no-untyped-def]
    """`chx(WORD...)` from this checkout, in an empty folder."""
    work = tmp_path / "work"
    work.mkdir()
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(work),
        "CHX_HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return lambda *words: subprocess.run(
        [sys.executable, str(ROOT), *map(str, words)],
        cwd=work, env=environment, text=True, capture_output=True, timeout=300,
    )  # fmt: skip
