"""Programs of the machine that check what chx writes."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


def needed(name: str) -> str:
    """The path of a program; without it the test is skipped, but under CI it fails."""
    found = shutil.which(name)
    if not found:
        assert not os.environ.get("CI"), f"there is no {name}"
        pytest.skip(f"there is no {name}")
    return found


def run(name: str, *words: object, input: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a program of the machine."""
    return subprocess.run([needed(name), *map(str, words)], input=input, capture_output=True)
