"""Whatever takes long in the store can be ended between two pieces of it, and leaves nothing half done."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from contextlib import contextmanager

import pytest

from chx.store import OutputDraft, Store, copying, remove_tree, scan_tree, scratch_hash, scratch_path
from chx.store.checkpoint import Stopped, checkpoint, extra_check, in_threads, no_checks, pause, within
from chx.store.copying import copy_file, copy_tree
from chx.store.exchange import Receiver, open_cache, send
from chx.store.exchange.archive import ArchiveReader, export
from chx.store.importing import tree_size

SIZE = 3 << 20
"""Of a file: enough for several pieces, however it is read."""


@contextmanager
def ended_after(count: int):
    """A context in which the work is ended when it has asked so often."""
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked > count:
            raise Stopped

    with extra_check(check):
        yield


def times_asked(work: Callable[[], object]) -> int:
    asked = []
    with extra_check(lambda: asked.append(1)):
        work()
    return len(asked)


@pytest.fixture
def tree(tmp_path) -> str:
    """Three files, of which one is large, and two directories."""
    top = tmp_path / "tree"
    (top / "inner").mkdir(parents=True)
    (top / "large").write_bytes(os.urandom(SIZE))
    (top / "inner" / "a").write_bytes(b"a" * 100)
    (top / "inner" / "b").write_bytes(b"b" * 100)
    return str(top)


def temporary_files(home: str) -> list[str]:
    return [name for _, folders, files in os.walk(home + "/tmp/") for name in (*folders, *files)]


# The question


def test_who_heeds_nothing_goes_on():
    checkpoint()


def test_questions_add_up_and_end_with_their_context():
    asked = []
    with extra_check(lambda: asked.append("outer")):
        with extra_check(lambda: asked.append("inner")):
            checkpoint()
            with no_checks():
                checkpoint()
        checkpoint()
    checkpoint()
    assert asked == ["inner", "outer", "outer"]


def test_a_question_is_one_of_its_thread():
    with ended_after(0):
        other = threading.Thread(target=checkpoint)
        other.start()
        other.join()
        with pytest.raises(Stopped):
            checkpoint()


def test_time_is_over_sooner_or_later():
    with within(60):
        checkpoint()
    with within(0), pytest.raises(Stopped):
        while True:
            checkpoint()
    with within(0.05), pytest.raises(Stopped):
        pause(60)


def test_threads_heed_what_their_caller_does_and_end_together():
    done = []
    in_threads(3, done.append, range(10))
    assert sorted(done) == list(range(10))
    with ended_after(5), pytest.raises(Stopped):
        in_threads(2, lambda item: pause(60), range(10))

    def work(item: int) -> None:
        if item == 3:
            raise ValueError("three")
        pause(60)
        slept.append(item)

    slept: list[int] = []
    with pytest.raises(ValueError, match="three"):
        in_threads(4, work, range(100))
    assert slept == []


# The work


@pytest.mark.parametrize("way", ["kernel", "kernel and hash", "direct", "by hand"])
def test_copying_asks_for_every_piece(tmp_path, store, monkeypatch, way):
    monkeypatch.setattr(copying, "_WINDOW", 1 << 18)
    monkeypatch.setattr(copying, "_BUFFER", 1 << 18)
    monkeypatch.setattr(copying, "LARGE", 1 << 20 if "hash" in way or way == "direct" else 1 << 40)
    monkeypatch.setattr(copying, "clone_file", lambda *arguments: False)
    if way in ("direct", "by hand"):
        monkeypatch.setattr(copying, "copy_and_hash", lambda *arguments: None)
    if way == "by hand":

        def refuse(*arguments):
            raise OSError(38, "Function not implemented")

        monkeypatch.setattr(os, "copy_file_range", refuse)
    (tmp_path / "file").write_bytes(os.urandom(SIZE))
    source = os.fsencode(tmp_path / "file")
    work = (
        (lambda: copy_file(source, source + b".copy")) if way == "kernel" else (lambda: store.add_tree(source, "file"))
    )
    with ended_after(3), pytest.raises(Stopped):
        work()
    remove_tree(source + b".copy")
    assert store.objects() == [] and len(temporary_files(store.home)) <= 1
    assert times_asked(work) >= SIZE >> 18


def test_scanning_measuring_and_removing_ask_for_every_piece(tree):
    assert times_asked(lambda: scan_tree(tree)) >= (SIZE >> 18) + 4
    assert times_asked(lambda: scan_tree(tree, {"0" * 32})) >= (SIZE >> 18) + 4
    assert times_asked(lambda: tree_size(tree)) == 4
    assert times_asked(lambda: copy_tree(os.fsencode(tree), os.fsencode(tree + ".copy"))) >= 4
    assert times_asked(lambda: remove_tree(os.fsencode(tree + ".copy"))) >= 4
    with ended_after(2), pytest.raises(Stopped):
        remove_tree(os.fsencode(tree))
    assert os.path.isdir(tree)
    remove_tree(os.fsencode(tree))
    assert not os.path.exists(tree)


@pytest.mark.parametrize("way", [{}, {"scan": True}, {"consume": True}], ids=["copied", "scanned", "consumed"])
def test_adding_a_tree_can_be_ended_at_every_question(store, tools, tree, way):
    count = 0
    while True:
        source = tree
        if way.get("consume"):
            source = store.temporary("source") + "/tree"
            copy_tree(os.fsencode(tree), os.fsencode(source))
        try:
            with ended_after(count):
                path = store.add_tree(source, "tree", **way)
            break
        except Stopped:
            assert store.objects() == [] and os.listdir(store.directory) == []
            count += 1
    assert count > 4
    assert store.verify_object(path) == []
    tools.check(store)


def test_adding_outputs_can_be_ended_at_every_question(store, tools):
    """Also while hashes are replaced, which is done in the transaction."""
    name = scratch_path("out", "thing").encode()
    tree = {"large": os.urandom(SIZE) + name, "other": b"@dev@" + os.urandom(SIZE)}
    count, settled = 0, None
    while settled is None:
        drafts: list[OutputDraft] = tools.build(store, {"out": tree, "dev": {"file": b"x" * 100}})
        try:
            with ended_after(count):
                settled = store.add_outputs(drafts, [], None)
        except Stopped:
            assert store.objects() == [] and os.listdir(store.directory) == []
        for draft in drafts:
            remove_tree(os.fsencode(draft.source))
        count += 1 if count < 20 else 7
    assert count > 40
    assert scratch_hash("out") not in str(settled)
    tools.check(store)


def test_verifying_asks_for_every_piece(store, tree):
    path = store.add_tree(tree, "tree")
    assert times_asked(lambda: store.verify_object(path)) >= SIZE >> 18


def test_what_travels_asks_for_every_piece(store, home, tmp_path, tree, tools):
    path = store.add_tree(tree, "tree")
    place = str(tmp_path / "cache")
    open_cache(place, create=True)
    empty = sorted(os.listdir(place))
    with ended_after(5), pytest.raises(Stopped):
        send(store, open_cache(place), [path])
    assert [name for _, _, files in os.walk(place) for name in files if name.endswith(".tmp")] == []
    assert sorted(os.listdir(place)) in (empty, [*("blobs",), *empty])
    assert times_asked(lambda: send(store, open_cache(place), [path])) >= SIZE >> 18
    assert times_asked(lambda: export(store, [path], io.BytesIO())) >= SIZE >> 18
    packed = io.BytesIO()
    export(store, [path], packed)
    with Store.open(str(tmp_path / "other")) as other:
        for count in (0, 3, 10):
            with ended_after(count), pytest.raises(Stopped):
                Receiver(other, open_cache(place)).receive(path)
            packed.seek(0)
            with ended_after(count), pytest.raises(Stopped):
                ArchiveReader(other, packed).read()
            assert other.objects() == [] and os.listdir(other.directory) == []
        assert times_asked(lambda: Receiver(other, open_cache(place)).receive(path)) >= SIZE >> 18
        tools.check(other)
    remove_tree(os.fsencode(tmp_path / "other"))


def test_what_may_not_be_waited_for_is_left_to_the_next(home, tree):
    first = Store.open(home)
    folder = first.temporary("work")
    copy_tree(os.fsencode(tree), os.fsencode(folder + "/tree"))
    own = os.path.dirname(folder)
    with ended_after(0):
        first.close()
    assert os.path.isdir(own)
    # As if its process were gone.
    os.rename(own, f"{home}/tmp/{1 << 30}-1-0")
    with Store.open(home) as second:
        assert len(second.clean_temporary()) == 1
        assert temporary_files(home) == []


# Holes


@pytest.mark.parametrize("way", ["kernel", "by hand"])
def test_a_hole_stays_a_hole(store, tmp_path, monkeypatch, way):
    monkeypatch.setattr(copying, "LARGE", 1 << 20 if way == "kernel" else 1 << 40)
    monkeypatch.setattr(copying, "clone_file", lambda *arguments: False)
    if way == "by hand":
        monkeypatch.setattr(os, "copy_file_range", lambda *arguments: 0)
    for name, parts in {"middle": [(0, b"a" * 5000), (10 << 20, b"b" * 5000)], "end": [(0, b"a" * 70000)]}.items():
        with open(tmp_path / name, "wb") as file:
            for offset, data in parts:
                file.seek(offset)
                file.write(data)
            file.truncate(16 << 20)
        if os.stat(tmp_path / name).st_blocks > 2048:
            pytest.skip("there are no holes on this file system")
        whole, _ = scan_tree(str(tmp_path / name))
        path = store.add_tree(str(tmp_path / name), name)
        assert store.manifest(path) == whole
        assert os.stat(store.physical(path)).st_blocks <= 2048
        copy_file(os.fsencode(tmp_path / name), os.fsencode(tmp_path / "copy"))
        assert scan_tree(str(tmp_path / "copy"))[0] == whole
        assert os.stat(tmp_path / "copy").st_blocks <= 2048
        os.unlink(tmp_path / "copy")
