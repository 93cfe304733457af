"""Equal files become one when objects are added, and damage stays where it is."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chx.store import Store, StorePath, plan_gc, plan_sharing, remove_tree
from chx.store import linking as linking_module
from chx.store.canonical_form import MTIME

BIG = b"equal" * 1000


def status(store: Store, path: StorePath, file: str = "") -> os.stat_result:
    return os.stat(f"{store.physical(path)}/{file}" if file else store.physical(path))


def built(store: Store, tools, tree: object, name: str = "n") -> StorePath:
    return store.add_outputs(tools.build(store, {"out": tree}, name), [], None)["out"]


def imported(store: Store, tools, folder: str, tree: dict[bytes, object], **how: object) -> StorePath:
    tools.write_tree(os.fsencode(folder), tree)
    return store.add_tree(folder, "imported", **how)


def test_equal_files_are_one_whatever_adds_them_and_modes_apart(store, tools, tmp_path) -> None:
    one = built(store, tools, {"a": BIG, "b": ("run", BIG), "own": b"1", "empty": b""})
    two = built(store, tools, {"x/y": BIG, "x/z": BIG, "own": b"2", "empty": b""})
    three = imported(store, tools, str(tmp_path / "tree"), {b"deep/er/\xff": BIG, b"run": ("run", BIG), b"new": b"new"})
    four = imported(store, tools, str(tmp_path / "scanned"), {b"p": BIG, b"q": b"q"}, references=[one], scan=True)
    five = store.add_bytes(BIG, "single")
    single = status(store, five)
    assert single.st_nlink == 6
    for path, file in ((one, "a"), (two, "x/y"), (two, "x/z"), (three, "deep/er/\udcff"), (four, "p")):
        assert status(store, path, file).st_ino == single.st_ino, (path, file)
    assert status(store, one, "b").st_ino == status(store, three, "run").st_ino != single.st_ino
    assert status(store, one, "empty").st_nlink == 1
    assert store.linked == (6, 6 * len(BIG))
    assert plan_sharing(store).files == 0
    tools.check(store)


def test_equal_files_of_one_new_tree_are_one(store, tools, tmp_path) -> None:
    path = imported(store, tools, str(tmp_path / "tree"), {b"a": BIG, b"d/b": BIG, b"d/c": b"other"})
    other = built(store, tools, {"a": b"within" * 99, "d/b": b"within" * 99})
    assert status(store, path, "a").st_ino == status(store, path, "d/b").st_ino
    assert status(store, other, "a").st_ino == status(store, other, "d/b").st_ino
    tools.check(store)


def refused(number: int):
    """A system call that this system does not offer."""

    def refusing(*arguments: object) -> None:
        raise OSError(number, "not here")

    return refusing


@pytest.mark.parametrize("is_kernel", [True, False])
def test_large_files_are_copied_hashed_and_linked(store, tools, tmp_path, monkeypatch, is_kernel) -> None:
    from chx.store import copying

    if not is_kernel:
        monkeypatch.setattr(os, "copy_file_range", refused(errno.EXDEV))
    monkeypatch.setattr(copying, "LARGE", 1 << 20)
    monkeypatch.setattr(copying, "_BUFFER", 1 << 16)
    contents = [os.urandom(size) for size in (1 << 20, (1 << 20) + 1, (3 << 20) + 4095, (1 << 18) + 7)]
    trees = [{b"file": content} for content in contents]
    paths = [store.add_tree(written(tools, tmp_path / str(n), tree), "large") for n, tree in enumerate(trees)]
    again = [store.add_tree(f"{tmp_path}/{n}", "again") for n in range(len(trees))]
    for path, other, content in zip(paths, again, contents):
        with open(store.physical(path) + "/file", "rb") as file:
            assert file.read() == content
        assert status(store, path, "file").st_ino == status(store, other, "file").st_ino
    tools.check(store)


def written(tools, folder, tree) -> str:
    tools.write_tree(os.fsencode(folder), tree)
    return str(folder)


def test_a_file_system_without_direct_writing_or_preallocation_gets_the_same(
    store, tools, tmp_path, monkeypatch
) -> None:
    from chx.store import copying

    monkeypatch.setattr(copying, "LARGE", 1 << 16)
    content = os.urandom((1 << 20) + 77)
    source = written(tools, tmp_path / "tree", {b"file": content})

    monkeypatch.setattr(os, "copy_file_range", refused(errno.ENOSYS))
    monkeypatch.setattr(os, "posix_fallocate", refused(errno.EOPNOTSUPP))
    one = store.add_tree(source, "one")
    monkeypatch.setattr(os, "pwrite", refused(errno.EINVAL))
    monkeypatch.setattr(linking_module.Linker, "link", lambda *arguments: False)
    two = store.add_tree(source, "two")
    assert store.info(one).tree_digest == store.info(two).tree_digest
    assert status(store, one, "file").st_ino != status(store, two, "file").st_ino
    tools.check(store)


def test_where_blocks_can_be_shared_they_are_and_the_copy_is_what_is_hashed(
    store, tools, tmp_path, monkeypatch
) -> None:
    """The file systems that can do it are not everywhere: one that does stands in, with a source that changes meanwhile."""
    import fcntl

    from chx.store import copying

    content = os.urandom((2 << 20) + 3)
    source = written(tools, tmp_path / "tree", {b"large": content, b"small": b"x" * 5000})
    asked = []

    def ioctl(writer: int, request: int, reader: int) -> None:
        asked.append(request)
        os.pwrite(writer, os.pread(reader, len(content), 0), 0)
        with open(source + "/large", "r+b") as file:
            file.write(b"changed")

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    for way in ("copy_direct", "copy_and_hash"):
        monkeypatch.setattr(copying, way, lambda *arguments: pytest.fail("copied"))
    path = store.add_tree(source, "cloned")
    # _IOW(0x94, 9, int) of linux/fs.h.
    assert asked == [1 << 30 | 4 << 16 | 0x94 << 8 | 9]
    with open(store.physical(path) + "/large", "rb") as file:
        assert file.read() == content
    tools.check(store)


def test_a_file_that_grows_or_shrinks_while_it_is_copied_is_one_of_what_it_was(
    store, tools, tmp_path, monkeypatch
) -> None:
    from chx.store import copying

    monkeypatch.setattr(copying, "LARGE", 1 << 16)
    for size in (100, (1 << 20) + 5):
        content = os.urandom(1 << 19)
        source = written(tools, tmp_path / str(size), {b"file": content})

        def allocate(writer: int, length: int, size: int = size, source: str = source) -> None:
            os.truncate(source + "/file", size)

        monkeypatch.setattr(os, "copy_file_range", refused(errno.EXDEV))
        monkeypatch.setattr(copying, "_allocate", allocate)
        path = store.add_tree(source, "moving")
        assert status(store, path, "file").st_size == size
    tools.check(store)


@pytest.mark.parametrize("damage", ["content", "mode", "time", "missing"])
def test_what_is_damaged_is_not_linked_to(store, tools, damage) -> None:
    one = built(store, tools, {"a": BIG, "own": b"1"})
    file = store.physical(one) + "/a"
    os.chmod(file, 0o644)
    if damage == "content":
        with open(file, "r+b") as handle:
            handle.write(b"X")
        os.utime(file, ns=MTIME)
    if damage == "time":
        os.utime(file)
    if damage != "mode":
        os.chmod(file, 0o444)
    if damage == "missing":
        os.chmod(store.physical(one), 0o755)
        os.unlink(file)
    two = built(store, tools, {"b": BIG, "own": b"2"})
    assert store.verify_object(two) == []
    assert status(store, two, "b").st_nlink == 1
    # A whole one is found beside a damaged one.
    three = store.add_bytes(BIG, "three")
    assert status(store, three).st_ino == status(store, two, "b").st_ino


def test_too_many_links_begin_another_file_and_no_links_change_nothing(store, tools, tmp_path, monkeypatch) -> None:
    link = os.link

    def limited(source, target, **named):
        if os.stat(source).st_nlink >= 2:
            raise OSError(errno.EMLINK, "Too many links")
        link(source, target, **named)

    monkeypatch.setattr(os, "link", limited)
    path = imported(store, tools, str(tmp_path / "tree"), {b"%d" % number: BIG for number in range(6)})
    assert sorted(status(store, path, str(number)).st_nlink for number in range(6)) == [2] * 6

    def refuse(*arguments, **named):
        raise OSError(errno.EXDEV, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    other = built(store, tools, {"a": BIG, "b": BIG})
    assert status(store, other, "a").st_nlink == 1
    tools.check(store)


def test_links_that_a_build_made_itself_are_kept(store, tools) -> None:
    drafts = tools.build(store, {"out": {"a": BIG, "d/c": b"x"}})
    os.link(drafts[0].source + "/a", drafts[0].source + "/d/b")
    path = store.add_outputs(drafts, [], None)["out"]
    assert status(store, path, "a").st_nlink == 2 and store.linked == (0, 0)
    assert not any("link" in name for _, _, names in os.walk(store.home + "/tmp") for name in names)
    tools.check(store)


def test_contents_of_one_key_are_told_apart(store, tools, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(linking_module, "content_key", lambda entry: 7 if entry.size else None)
    path = imported(store, tools, str(tmp_path / "tree"), {b"a": b"one", b"b": b"two", b"c": b"one"})
    other = built(store, tools, {"a": b"two", "b": b"one", "c": b"three"})
    assert status(store, path, "a").st_nlink == 3 and store.is_valid(other)
    tools.check(store)


def test_a_collected_object_is_not_looked_at_and_others_are(home, tools, tmp_path) -> None:
    with Store.open(home) as store:
        built(store, tools, {"a": BIG, "own": b"1"})
        two = built(store, tools, {"a": BIG, "own": b"2"})
        store.add_root(str(tmp_path / "root"), two)
    with Store.open(home) as store:
        plan_gc(store).execute(store)
        assert store._database.value("SELECT count(DISTINCT object) FROM files") == 1
        three = built(store, tools, {"b": BIG})
        assert status(store, three, "b").st_ino == status(store, two, "a").st_ino


def test_objects_from_before_the_index_are_found_after_optimising(home, tools) -> None:
    with Store.open(home) as store:
        one = built(store, tools, {"a": BIG})
        store._database.execute("DELETE FROM files")
        two = built(store, tools, {"b": BIG, "own": b"2"})
        assert status(store, one, "a").st_ino != status(store, two, "b").st_ino
        store._database.execute("DELETE FROM files")
        plan_sharing(store).execute(store)
        three = store.add_bytes(BIG, "three")
        assert status(store, three).st_nlink == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
def test_an_ordinary_user_links_too(tmp_path, tools) -> None:
    os.chmod(tmp_path, 0o777)
    for folder in tmp_path.parents:
        if folder != folder.parent and not folder.stat().st_mode & 1:
            folder.chmod(folder.stat().st_mode | 0o11)

    def work() -> None:
        with Store.open(str(tmp_path / "home")) as store:
            one = built(store, tools, {"d/a": BIG, "own": b"1"})
            two = built(store, tools, {"d/b": BIG, "own": b"2"})
            three = imported(store, tools, str(tmp_path / "tree"), {b"d/c": BIG, b"own": b"3"})
            assert status(store, one, "d/a").st_nlink == 3, status(store, one, "d/a")
            assert {oct(status(store, path, "d").st_mode) for path in (one, two, three)} == {"0o40555"}
            tools.check(store)

    assert tools.in_child(work, 65534) == 0


NAMES = st.text(
    st.characters(min_codepoint=1, max_codepoint=300, exclude_characters="/%@"), min_size=1, max_size=8
).filter(lambda name: name not in (".", ".."))
CONTENTS = st.sampled_from([b"", b"one", b"two" * 2000, b"three" * 60000, b"@out@"])
TREES = st.dictionaries(
    st.tuples(NAMES, NAMES).map(lambda parts: "d" + parts[0] + "/" + parts[1]),
    st.one_of(CONTENTS, CONTENTS.map(lambda content: ("run", content)), st.just(("link", b"one")), st.none()),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from(["build", "import", "scan", "text"]), TREES), min_size=1, max_size=5))
def test_whatever_is_added_nothing_is_left_to_share(tmp_path_factory, tools, additions) -> None:
    folder = tmp_path_factory.mktemp("law")
    with Store.open(str(folder / "home")) as store:
        for number, (way, tree) in enumerate(additions):
            source = str(folder / str(number))
            if way == "build":
                built(store, tools, tree)
                continue
            if way == "text":
                store.add_bytes(
                    next((content for content in tree.values() if isinstance(content, bytes)), b"x"), "text"
                )
                continue
            tools.write_tree(os.fsencode(source), {os.fsencode(name): content for name, content in tree.items()})
            path = store.add_tree(source, "tree", scan=way == "scan")
            # The ways differ and what they give does not.
            assert store.add_tree(source, "tree", scan=way != "scan") == path
        tools.check(store)
        assert plan_sharing(store).files == 0
    remove_tree(os.fsencode(folder))


# The last leaves nothing even to who makes a folder, which root alone can do without.
@pytest.mark.parametrize(
    "mask", [0, 0o022, 0o077, pytest.param(0o777, marks=pytest.mark.skipif(os.getuid() != 0, reason="needs root"))]
)
def test_the_umask_takes_nothing(store, tools, tmp_path, mask) -> None:
    tools.write_tree(
        os.fsencode(tmp_path / "tree"), {b"d/a": b"a" * 9, b"d/run": ("run", b"r" * 9), b"big": b"b" * 600_000}
    )
    before = os.umask(mask)
    try:
        path = store.add_tree(str(tmp_path / "tree"), "masked")
    finally:
        os.umask(before)
    assert store.verify_object(path) == []
