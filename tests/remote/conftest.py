"""A real server for all tests of a process, and folders that do not wait for a disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .casd import Casd, programs

_MEMORY = "/dev/shm"
_NEEDED = 2 << 30
"""Bytes that there must be for a server."""


def _folder() -> Path:
    """Make a folder, in memory if there is enough: a server that writes thousands of files takes long on a busy disk."""
    is_there = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _NEEDED
    return Path(tempfile.mkdtemp(prefix="chx-remote-", dir=_MEMORY if is_there else None))


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, if there can be one."""
    folder = _folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def casd() -> Iterator[Casd]:
    """buildbox-casd on this machine, with the blobs and results of earlier tests."""
    found = programs()
    folder = _folder()
    with Casd(folder, found) as server:
        yield server
    shutil.rmtree(folder)
