"""What a power cut leaves of what was called finished."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chx.cli import main
from chx.ops import realise
from chx.store import Store

from .test_store import CHAIN


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The programs that were started and not waited for."""
    found: list[list[str]] = []
    monkeypatch.setenv("CHX_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "posix_spawnp", lambda file, words, *rest, **how: found.append(words))
    return found


def unsynced(tmp_path: Path) -> int:
    with Store.open(str(tmp_path / "home")) as store:
        count: int = store._database.value("SELECT count(*) FROM objects WHERE NOT synced")
        return count


def test_long_work_is_on_the_disk_before_its_paths_are_printed(
    tmp_path: Path, started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chx.cli import build

    printed = []
    monkeypatch.setattr(realise, "SYNC_AFTER", 0.0)
    monkeypatch.setattr(build, "put", lambda text: printed.append((text, unsynced(tmp_path))))
    assert main(["build", "-E", CHAIN]) == 0
    ((text, count),) = printed
    assert text.endswith("-top-3\n") and count == 0
    assert started == []


def test_short_work_goes_to_the_disk_at_once_and_nobody_waits(tmp_path: Path, started: list[list[str]]) -> None:
    assert main(["build", "-E", CHAIN]) == 0
    assert started == [["sync", "-f", str(tmp_path / "home" / "store")]] and unsynced(tmp_path) == 6
    started.clear()
    # Nothing came: nothing to write.
    assert main(["build", "--no-out-link", "-E", CHAIN]) == 0
    assert main(["store", "path-info", "result"]) == 0
    assert main(["store", "verify"]) == 0
    assert started == []
    (tmp_path / "file").write_text("x")
    assert main(["store", "add", "file"]) == 0
    assert len(started) == 1
