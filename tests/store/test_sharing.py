"""Equal files become one file; objects stay what they are."""

from __future__ import annotations

import errno
import os
import signal
from unittest import mock

import pytest

from chx.store import Store, StorePath, plan_gc, plan_sharing
from chx.store.linking import Linker


def objects(store: Store, tools) -> list[StorePath]:
    big = b"equal" * 1000
    trees = [
        {"a": big, "b": ("run", big), "own": b"1", "empty": b""},
        {"x/y": big, "x/z": big, "own": b"2", "empty": b""},
    ]
    # As they were before equal files were made one when objects are added.
    with mock.patch.object(Linker, "link", lambda *arguments: False):
        return [store.add_outputs(tools.build(store, {"out": tree}, "n"), [], None)["out"] for tree in trees] + [
            store.add_bytes(big, "single")
        ]


def inode(store: Store, path: StorePath, file: str = "") -> int:
    return os.stat(f"{store.physical(path)}/{file}" if file else store.physical(path)).st_ino


def test_equal_files_become_one_and_modes_apart(store, tools) -> None:
    one, two, single = objects(store, tools)
    plan = plan_sharing(store)
    assert (plan.files, plan.bytes) == (3, 3 * 5000)
    shared = plan.execute(store)
    assert shared.files == 3 and shared.freed >= 3 * 5000
    assert len({inode(store, one, "a"), inode(store, two, "x/y"), inode(store, two, "x/z"), inode(store, single)}) == 1
    assert inode(store, one, "b") != inode(store, one, "a")
    tools.check(store)
    assert plan_sharing(store).files == 0
    assert not os.path.exists(store.home + "/db/sharing")


def test_a_collection_frees_a_file_with_its_last_link(home, tools, tmp_path) -> None:
    with Store.open(home) as store:
        one, two, _ = objects(store, tools)
        plan_sharing(store).execute(store)
        store.add_root(str(tmp_path / "result"), two)
    with Store.open(home) as store:
        before = os.stat(store.physical(two) + "/x/y").st_nlink
        collected = plan_gc(store).execute(store)
        assert before == 4 and os.stat(store.physical(two) + "/x/y").st_nlink == 2
        assert collected.objects == 2 and collected.freed < 4 * 4096 + 5000 + 8192
        tools.check(store)
        assert not store.is_valid(one)


def test_damage_is_not_spread(store, tools) -> None:
    one, two, single = objects(store, tools)
    # The first place is the one that others would become links to.
    first = plan_sharing(store).groups[-1][3][0]
    file = f"{store.physical(first.path)}/{first.file}".rstrip("/")
    os.chmod(file, 0o644)
    with open(file, "r+b") as handle:
        handle.write(b"X")
    os.chmod(file, 0o444)
    plan_sharing(store).execute(store)
    damaged = [path for path in (one, two, single) if store.verify_object(path)]
    assert damaged in ([], [first.path])


def test_too_many_links_begin_another_file_and_no_links_change_nothing(store, tools, monkeypatch) -> None:
    objects(store, tools)
    link = os.link

    def limited(source, target, **named):
        if os.stat(source).st_nlink >= 2:
            raise OSError(errno.EMLINK, "Too many links")
        link(source, target, **named)

    monkeypatch.setattr(os, "link", limited)
    assert plan_sharing(store).execute(store).files == 2
    tools.check(store)

    def refuse(*arguments, **named):
        raise OSError(errno.EXDEV, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert plan_sharing(store).execute(store).files == 0
    tools.check(store)


@pytest.mark.parametrize("step", ["rename", "chmod", "link"])
def test_killed_at_any_step_every_object_is_whole(home, tools, step) -> None:
    with Store.open(home) as store:
        objects(store, tools)
    for count in range(1, 30):

        def work(count: int = count) -> None:
            with Store.open(home) as store:
                plan = plan_sharing(store)
                real, calls = getattr(os, step), 0

                def deadly(*arguments, **named):
                    nonlocal calls
                    calls += 1
                    if calls == count:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return real(*arguments, **named)

                setattr(os, step, deadly)
                plan.execute(store)

        status = tools.in_child(work)
        with Store.open(home) as store:
            tools.check(store)
        if status == 0:
            return
    pytest.fail("never finished")
