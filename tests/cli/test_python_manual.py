"""The examples of docs/python.md, run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text()
LAST = "## Bootstrap"


def run(examples: list[str], home: Path, work: Path) -> None:
    assert examples
    site = work / "site"
    site.mkdir()
    (site / "chx").symlink_to(ROOT)
    environment = {**os.environ, "CHX_HOME": str(home), "PYTHONPATH": str(site)}
    command = [sys.executable, "-c", "\n".join(examples)]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
    assert (done.stderr, done.returncode) == ("", 0), done.stderr


def examples(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_examples_of_the_manual_run(tmp_path: Path) -> None:
    run(examples(PAGE.partition(LAST)[0]), tmp_path / "home", tmp_path)


@pytest.mark.network
@pytest.mark.sandbox
def test_the_bootstrap_of_the_manual_runs(tmp_path: Path, shared_home: Path) -> None:
    first = "from chx.ops import Request, Session\n"
    run([first, *examples(PAGE.partition(LAST)[2])], shared_home, tmp_path)
