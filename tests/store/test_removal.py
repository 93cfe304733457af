"""Removing trees: whatever is in them, however deep, and whoever changes them meanwhile."""

from __future__ import annotations

import os

import pytest

from chx.store import remove_tree

from ..work import counted


@pytest.fixture
def victim(tmp_path):
    """A folder outside of what is removed."""
    folder = tmp_path / "victim"
    (folder / "inner").mkdir(parents=True)
    (folder / "file").write_text("mine")
    (folder / "inner" / "file").write_text("mine")
    os.chmod(folder, 0o755)
    return folder


def deepen(folder: str, levels: int) -> None:
    """A chain of directories below `folder`, made from within because it soon has no path any more."""
    place = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=place)
        below = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)


@pytest.mark.parametrize("count", range(1, 13))
def test_a_link_in_the_place_of_a_directory_is_never_followed(tmp_path, victim, monkeypatch, count):
    """Who kept a descriptor of a folder may put links into it while it is removed: here before the `count`th call."""
    doomed, hidden = tmp_path / "doomed", tmp_path / "hidden"
    hidden.mkdir()
    for name in ("a", "b", "c"):
        (doomed / name / "inner").mkdir(parents=True)
        (doomed / name / "file").write_text("")
    (doomed / "file").write_text("")
    left = [count]

    def swapping(real):
        def call(*arguments, **options):
            left[0] -= 1
            if left[0] == 0:
                for name in ("a", "b", "c"):
                    place = doomed / name
                    if place.exists():
                        place.rename(hidden / name)
                        place.symlink_to(victim)
            return real(*arguments, **options)

        return call

    for name in ("chmod", "fchmod", "open", "scandir", "unlink"):
        monkeypatch.setattr(os, name, swapping(getattr(os, name)))
    remove_tree(os.fsencode(doomed))
    monkeypatch.undo()
    assert left[0] <= 0
    assert (victim / "file").read_text() == (victim / "inner" / "file").read_text() == "mine"
    assert os.stat(victim).st_mode & 0o777 == 0o755
    assert not doomed.exists()


def test_what_cannot_be_entered_or_written_to_goes_too(tmp_path):
    doomed = tmp_path / "doomed"
    (doomed / "closed" / "inner").mkdir(parents=True)
    (doomed / "closed" / "inner" / "file").write_text("")
    (doomed / "link").symlink_to(tmp_path)
    os.chmod(doomed / "closed" / "inner", 0o500)
    os.chmod(doomed / "closed", 0)
    os.chmod(doomed, 0o500)
    remove_tree(os.fsencode(doomed))
    assert os.listdir(tmp_path) == []


def test_depth_costs_work_in_proportion(tmp_path):
    """Far deeper than a path can name, and than a process has descriptors; ten times as deep takes ten times the work."""
    taken = []
    for levels in (500, 5_000):
        doomed = tmp_path / "doomed"
        doomed.mkdir()
        deepen(str(doomed), levels)
        with counted() as work:
            remove_tree(os.fsencode(doomed))
        taken.append(work.calls)
        assert os.listdir(tmp_path) == []
    assert taken[0] > 500 and taken[1] < 11 * taken[0]


def test_an_interrupted_removal_can_be_repeated(tmp_path, monkeypatch):
    doomed = tmp_path / "doomed"
    doomed.mkdir()
    deepen(str(doomed), 200)
    real, left = os.rmdir, [3]

    def failing(*arguments, **options):
        if not left[0]:
            raise OSError("interrupted")
        left[0] -= 1
        return real(*arguments, **options)

    monkeypatch.setattr(os, "rmdir", failing)
    with pytest.raises(OSError, match="interrupted"):
        remove_tree(os.fsencode(doomed))
    monkeypatch.undo()
    remove_tree(os.fsencode(doomed))
    assert not doomed.exists()


def test_what_is_not_there_and_what_is_no_directory(tmp_path):
    remove_tree(os.fsencode(tmp_path / "nothing"))
    (tmp_path / "link").symlink_to(tmp_path)
    remove_tree(os.fsencode(tmp_path / "link"))
    assert os.listdir(tmp_path) == []
