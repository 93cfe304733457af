import errno
import os
import shutil
from pathlib import Path

import pytest

from chx.builder import compose
from chx.builder.compose import compose_objects, compose_proc, compose_root, prune_roots
from chx.builder.errors import InvalidInput, RootConflict
from chx.builder.etc import CONSTANT_ETC
from chx.store import OutputDraft, Store, StorePath, scratch_path
from chx.store.scratch import scratch_hash

from ..work import counted


@pytest.fixture
def tree(store, tmp_path):
    count = 0

    def make(**paths):
        nonlocal count
        count += 1
        root = tmp_path / f"tree{count}"
        root.mkdir()
        for path, content in paths.items():
            place = root / path.replace("__", "/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if content.startswith("->"):
                place.symlink_to(content[2:])
            else:
                place.write_text(content)
        return store.add_tree(str(root), f"tree{count}")

    return make


def inode(path):
    return os.lstat(path).st_ino


def test_a_root_is_hard_links_of_its_inputs(store, tree):
    one, other = tree(usr__bin__a="1", bin="->usr/bin"), tree(bin__b="2")
    root = compose_root(store, [one, other])
    assert inode(f"{root}/usr/bin/a") == inode(store.physical(one) + "/usr/bin/a")
    assert inode(f"{root}/usr/bin/b") == inode(store.physical(other) + "/bin/b")
    assert os.readlink(f"{root}/bin") == "usr/bin"
    for directory in ("dev", "proc", "tmp", "build", "chx/store", "etc", "usr", "."):
        about = os.stat(f"{root}/{directory}")
        assert about.st_mtime == 1 and about.st_mode & 0o777 == 0o755
    for path, content in CONSTANT_ETC.items():
        with open(f"{root}/{path}", "rb") as file:
            assert file.read() == content


def separate(file):
    """Make a file of an object a file of its own, as in a store on a file system without links."""
    folder = os.path.dirname(file)
    os.chmod(folder, 0o755)
    shutil.copy2(file, file + ".copy")
    os.rename(file + ".copy", file)
    os.chmod(folder, 0o555)


@pytest.mark.parametrize("is_shared", [True, False])
def test_equal_files_of_a_root_are_one_whatever_the_store_shares(store, tree, is_shared):
    one, other = tree(a="same", b__c="same", d="", e=""), tree(f="same", g="", h="different")
    if not is_shared:
        for file in (f"{store.physical(one)}/b/c", f"{store.physical(other)}/f"):
            separate(file)
    root = compose_root(store, [one, other])
    assert inode(f"{root}/a") == inode(f"{root}/b/c") == inode(f"{root}/f")
    assert len({inode(f"{root}/{name}") for name in ("d", "e", "g")}) == 3
    assert {os.stat(f"{root}/{name}").st_nlink for name in ("d", "e", "g")} == {1}
    assert os.stat(f"{root}/d").st_mode & 0o777 == 0o444 and os.stat(f"{root}/d").st_mtime == 1
    place = compose_objects(store, [one, other])
    assert inode(f"{place}/{one.base}/a") == inode(f"{place}/{one.base}/b/c") == inode(f"{place}/{other.base}/f")
    assert inode(f"{place}/{one.base}/d") != inode(f"{place}/{one.base}/e")


def test_files_that_refer_to_their_own_objects_are_not_taken_for_equal(store, tmp_path):
    """Before their hashes are filled in they are."""
    found = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "self").write_text(scratch_path("out", "x"))
        (folder / name).write_text(name)
        draft = OutputDraft("out", "x", str(folder), scratch_hash("out"))
        found.append(store.add_outputs([draft], (), None)["out"])
    place = compose_objects(store, found)
    for path in found:
        with open(f"{place}/{path.base}/self") as file:
            assert file.read() == str(path)


def test_what_builds_see_of_proc_is_made_once_and_stays(tmp_path):
    files = {"version": b"1", "sys/kernel/x": b"2"}
    with Store.open(str(tmp_path / "home")) as store:
        place = compose_proc(store, files)
        before = inode(place)
        assert compose_proc(store, files) == place and inode(place) == before
        assert compose_proc(store, {**files, "version": b"3"}) != place
        assert sorted(os.listdir(place)) == ["empty", "sys", "version"] and os.listdir(place + "/empty") == []
        about = os.stat(f"{place}/sys/kernel/x")
        assert (about.st_mode & 0o777, about.st_mtime) == (0o444, 1)
        with Store.open(str(tmp_path / "home")) as other:
            # It is in use.
            assert prune_roots(other, every=True) == (0, 0)
    with Store.open(str(tmp_path / "home")) as store:
        assert prune_roots(store) == (0, 0) and inode(place) == before
        assert prune_roots(store, every=True)[0] == 2 and not os.path.exists(place)
        assert compose_proc(store, files) == place and os.path.exists(place)


def test_equal_inputs_share_a_root_whatever_their_order(store, tree):
    one, other = tree(a="1"), tree(b="2")
    root = compose_root(store, [one, other])
    assert compose_root(store, [other, one, other]) == root
    assert compose_root(store, [tree(a="1"), other]) == root
    assert compose_root(store, [one]) != root


def test_a_root_depends_on_which_trees_are_preferred(store, tree):
    one, other = tree(a="1"), tree(a="2", b="3")
    roots = {compose_root(store, [one, other], {one}): "1", compose_root(store, [other, one], {other}): "2"}
    assert len(roots) == 2
    for root, content in roots.items():
        assert Path(root, "a").read_text() == content and Path(root, "b").read_text() == "3"


def test_files_of_etc_that_inputs_bring_stay(store, tree):
    root = compose_root(store, [tree(etc__passwd="mine")])
    with open(f"{root}/etc/passwd") as file:
        assert file.read() == "mine"
    assert os.path.exists(f"{root}/etc/group")


def test_an_empty_root_has_the_same_shape(store):
    root = compose_root(store, [])
    assert sorted(os.listdir(root)) == ["build", "chx", "dev", "etc", "proc", "tmp"]


def test_a_disagreement_names_the_store_paths_and_leaves_nothing(store, tree):
    one, other = tree(a="1"), tree(a="2")
    with pytest.raises(RootConflict) as caught:
        compose_root(store, [one, other])
    assert {caught.value.first, caught.value.second} == {str(one), str(other)}
    assert os.listdir(store.home + "/roots") == []


def test_a_file_where_something_is_mounted_is_refused(store, tree):
    with pytest.raises(RootConflict, match="proc"):
        compose_root(store, [tree(proc="1")])


def test_an_input_that_is_not_there_is_named(store):
    with pytest.raises(InvalidInput, match="none"):
        compose_root(store, [StorePath("0" * 32, "none")])


def test_files_are_copied_where_they_cannot_be_linked(store, tree, monkeypatch):
    one = tree(a="1")

    def refuse(*arguments, **options):
        raise OSError(errno.EMLINK, "too many links")

    monkeypatch.setattr(os, "link", refuse)
    root = compose_root(store, [one])
    about = os.stat(f"{root}/a")
    assert about.st_ino != inode(store.physical(one) + "/a")
    assert about.st_mtime == 1 and about.st_mode & 0o777 == 0o444


def test_trees_that_contain_their_own_path_are_told_apart(store, tmp_path):
    from chx.store import OutputDraft, scratch_hash

    paths = []
    for name in ("one", "two"):
        folder = store.temporary("test") + "/t"
        os.mkdir(folder)
        with open(folder + "/self", "w") as file:
            file.write(scratch_hash("out"))
        paths.append(store.add_outputs([OutputDraft("out", name, folder, scratch_hash("out"))], (), None)["out"])
    assert store.info(paths[0]).tree_digest == store.info(paths[1]).tree_digest
    assert compose_root(store, paths[:1]) != compose_root(store, paths[1:])


def test_roots_of_objects_that_are_gone_are_removed(store, tree, monkeypatch):
    one, other = tree(a="1"), tree(b="2")
    gone, stays = compose_root(store, [one]), compose_root(store, [other])
    valid = Store.is_valid
    monkeypatch.setattr(Store, "is_valid", lambda self, path: path != one and valid(self, path))
    assert prune_roots(store) == (0, 0), "this process may be using it"
    with Store.open(store.home) as later:
        store.close()
        assert prune_roots(later)[0] == 1
    assert not os.path.exists(gone) and os.path.exists(stays)
    assert sorted(os.listdir(store.home + "/roots")) == sorted(
        [os.path.basename(stays), os.path.basename(stays) + ".inputs"]
    )


def test_a_root_is_composed_once_with_a_link_for_each_file(store, tmp_path, monkeypatch):
    root = tmp_path / "large"
    for directory in range(100):
        os.makedirs(root / f"d{directory}")
        for number in range(60):
            (root / f"d{directory}" / f"f{number}").write_text(f"{directory} {number}")
    large = store.add_tree(str(root), "large")
    linked = []
    link = os.link
    monkeypatch.setattr(os, "link", lambda *names, **options: (linked.append(names[1]), link(*names, **options)))
    monkeypatch.setattr(compose, "copy_file", None)
    with counted() as cold:
        compose_root(store, [large])
    assert len(linked) == 6000 and cold.calls < 50 * 6000
    with counted() as warm:
        compose_root(store, [large])
    assert len(linked) == 6000 and warm.calls < 6000 // 10
