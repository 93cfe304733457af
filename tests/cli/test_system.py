"""What stands in for `os` answers as `os` does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.cli.system import RealPaths, absolute, decoded, encoded

PATHS = st.lists(st.sampled_from(["a", "b", ".", "..", "", "...", ".a"])).map("/".join)


@given(PATHS, st.booleans())
def test_absolute_is_abspath(path: str, rooted: bool) -> None:
    path = "/" + path if rooted else path
    assert absolute(path) == os.path.abspath(path)


@given(st.binary())
def test_bytes_survive(data: bytes) -> None:
    assert decoded(data) == os.fsdecode(data)
    assert encoded(decoded(data)) == data


def test_links_are_resolved_as_realpath_does(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("x")
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "folder" / "other").symlink_to("file")
    real = RealPaths()
    for name in ("folder/file", "folder/file", "link/file", "folder/other", "link/other", "folder", "link", "folder/."):
        path = str(tmp_path / name)
        assert real.of(path, True) == os.path.realpath(path)
    with pytest.raises(FileNotFoundError):
        real.of(str(tmp_path / "folder" / "none"), True)
    assert real.of(str(tmp_path / "folder" / "none"), False) == os.path.realpath(tmp_path / "folder" / "none")
