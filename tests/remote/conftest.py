"""A real server for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .casd import Casd, programs


@pytest.fixture(scope="session")
def casd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Casd]:
    """buildbox-casd on this machine, with the blobs and results of earlier tests."""
    with Casd(tmp_path_factory.mktemp("casd"), programs()) as server:
        yield server
