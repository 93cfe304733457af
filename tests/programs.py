"""Programs that tests compare with: what is not on a machine is a reason to skip, and in the check a failure."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(program: str) -> str:
    """Return the path of a program, or skip the test."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"there is no {program}")
        pytest.skip(f"there is no {program}")
    return found
