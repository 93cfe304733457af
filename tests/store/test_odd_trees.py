"""Trees of many levels, and files of unusual names."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chx.store import Store, StoreIO, TooDeep, remove_tree, scan_tree
from chx.store.errors import UnsupportedFile


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, if there can be one: a disk takes long for many levels, and tells nothing more."""
    place = "/dev/shm"
    if not os.access(place, os.W_OK):
        yield tmp_path
        return
    folder = tempfile.mkdtemp(dir=place)
    yield Path(folder)
    remove_tree(os.fsencode(folder))


def make_deep(root: Path, levels: int) -> None:
    root.mkdir()
    folder = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=folder))
    os.close(folder)


@pytest.mark.parametrize("levels", [1500, 3000, 30_000])
def test_a_tree_of_too_many_levels_is_refused_and_leaves_nothing(memory: Path, levels: int) -> None:
    root = memory / "deep"
    make_deep(root, levels)
    with Store.open(str(memory / "home")) as store:
        refused(store, root)
    assert os.listdir(memory / "home/tmp") == []
    remove_tree(os.fsencode(root))
    assert not root.exists()


def test_what_is_added_can_be_walked_whatever_calls(memory: Path) -> None:
    make_deep(memory / "most", 900)
    make_deep(memory / "more", 901)
    before = sys.getrecursionlimit()
    with Store.open(str(memory / "home")) as store:
        path = store.add_tree(str(memory / "most"), "most")
        sys.setrecursionlimit(20_000)
        try:
            with pytest.raises(TooDeep):
                store.add_tree(str(memory / "more"), "more")
            with pytest.raises(TooDeep):
                scan_tree(str(memory / "more"))
        finally:
            sys.setrecursionlimit(before)
        assert store.verify_object(path) == []


def refused(store: Store, root: Path) -> None:
    for act in (
        lambda: store.add_tree(str(root), "deep"),
        lambda: store.add_tree(str(root), "deep", scan=True),
        lambda: scan_tree(str(root)),
    ):
        with pytest.raises((TooDeep, StoreIO)) as caught:
            act()
        assert len(str(caught.value)) < 1000
    assert store.objects() == [] and os.listdir(store.directory) == []


def test_steps_of_a_removal_are_in_proportion_to_the_levels(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0

    def counted(name: str) -> None:
        act = getattr(os, name)

        def instead(*arguments: object, **named: object) -> object:
            nonlocal count
            count += 1
            return act(*arguments, **named)

        monkeypatch.setattr(os, name, instead)

    steps = {}
    for levels in (10_000, 30_000):
        make_deep(memory / "deep", levels)
        with monkeypatch.context():
            for name in ("open", "close", "rmdir", "unlink", "rename", "scandir", "fchmod", "chmod", "lstat"):
                counted(name)
            count = 0
            remove_tree(os.fsencode(memory / "deep"))
            steps[levels] = count
        monkeypatch.undo()
        assert not (memory / "deep").exists()
    assert steps[30_000] < 3.2 * steps[10_000] and steps[30_000] < 10 * 30_000, steps


def test_a_file_may_be_called_as_a_draft_of_ours_was(store: Store, tools, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    draft = store.temporary("tree")
    outside = tmp_path / "outside"
    outside.write_text("shared")
    os.makedirs(f"{draft}/t")
    # A file that is also linked from elsewhere gets its own copy, under a name that nothing has.
    os.link(outside, f"{draft}/t/a")
    os.link(outside, f"{draft}/t/{'n' * 255}")
    for name in ("a.chx-split", "a.tmp"):
        Path(f"{draft}/t/{name}").write_text("lawful")
    path = store.add_tree(f"{draft}/t", "t", consume=True)
    place = Path(store.physical(path))
    assert sorted(os.listdir(place)) == ["a", "a.chx-split", "a.tmp", "n" * 255]
    assert (place / "a").read_text() == "shared" and (place / "a.chx-split").read_text() == "lawful"
    outside.chmod(0o644)
    outside.write_text("changed")
    assert store.verify_object(path) == []
    (built,) = store.add_outputs(
        tools.build(store, {"out": {"a.chx-split": b"lawful", "a": b"@out@"}}), (), None
    ).values()
    assert store.verify_object(built) == []


ODD = [b"a\nb", b"tab\there", b"\x1b[31mred\x1b[0m", b"\xff\xfe", "ü".encode(), b" ", b"-n", b"a\\nb", b"\r"]


def test_any_name_of_a_file_is_kept_and_verified(store: Store, tools, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    source = os.fsencode(tmp_path / "odd")
    tools.write_tree(source, {name: b"content of " + name for name in ODD})
    for name in ODD:
        os.symlink(name, source + b"/link-" + name)
    path = store.add_tree(os.fsdecode(source), "odd")
    assert store.verify_object(path) == []
    assert {entry.path.encode("utf-8", "surrogateescape") for entry in store.manifest(path)} >= set(ODD)
    place = os.fsencode(store.physical(path))
    for name in ODD:
        with open(place + b"/" + name, "rb") as file:
            assert file.read() == b"content of " + name
    os.chmod(place + b"/a\nb", 0o644)
    with open(place + b"/a\nb", "wb") as file:
        file.write(b"damaged")
    assert {problem.file for problem in store.verify_object(path)} == {"a\nb", ""}


def test_what_is_no_file_at_all_is_refused_with_its_name(store: Store, tmp_path: Path) -> None:
    os.makedirs(tmp_path / "t")
    os.mkfifo(tmp_path / "t/a\nfifo")
    with pytest.raises(UnsupportedFile):
        store.add_tree(str(tmp_path / "t"), "t")
