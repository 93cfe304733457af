"""What stands in for `os` answers as `os` does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.ops.paths import RealPaths, absolute, decoded, encoded, read_whole

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


def test_a_folder_that_is_a_link_is_resolved_however_deep(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c" / "file").write_text("x")
    (tmp_path / "a" / "link").symlink_to("b")
    real = RealPaths()
    for name in ("a/b/c/file", "a/link/c/file", "a/b/c/file", "a/link/c/none", "a/none/c/file"):
        assert real.of(str(tmp_path / name), False) == os.path.realpath(tmp_path / name)


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_a_file_is_read_whole(tmp_path: Path, size: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * size)
    assert read_whole(str(file)) == (b"x" * size, True)


def test_what_has_no_size_is_read_whole(tmp_path: Path) -> None:
    assert read_whole("/proc/self/status")[0].startswith(b"Name:")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    if os.fork() == 0:
        pipe.write_bytes(b"y" * 200_000)
        os._exit(0)
    assert read_whole(str(pipe)) == (b"y" * 200_000, False)
    os.wait()


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, kind in ((tmp_path, IsADirectoryError), (tmp_path / "none", FileNotFoundError)):
        with pytest.raises(kind) as caught:
            read_whole(str(path))
        assert caught.value.filename == str(path)
