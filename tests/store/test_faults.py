"""What is true at every moment stays true: processes killed at each step, full disks, two writers, damage."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

from chx.store import DatabaseFailure, NotValid, Store, StoreError, StoreIO
from chx.store.database import Database

TREES = {
    "out": {"bin/tool": ("run", b"\x7fELF @out@ @dev@"), "d": None},
    "dev": {"include/x.h": b"int x;", "l": ("link", b"x")},
}
STEPS = ("rename", "chmod", "utime", "unlink", "rmdir", "mkdir", "write", "fchmod", "open")


def add_everything(store: Store, tools, killer=None) -> None:
    """A derivation's worth of writing: a text, a tree with references, a record, a root."""
    text = store.add_bytes(b"text", "text")
    drafts = tools.build(store, {"out": {**TREES["out"], "ref": str(text).encode()}, "dev": TREES["dev"]})
    if killer is not None:
        killer()
    store.add_outputs(drafts, [text], None)


def kill_at(step: str, count: int):
    """Replace `os.STEP` by one that kills this process at its `count`-th call."""

    def arm() -> None:
        real = getattr(os, step)
        calls = 0

        def deadly(*arguments, **named):
            nonlocal calls
            calls += 1
            if calls == count:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        setattr(os, step, deadly)

    return arm


@pytest.mark.parametrize("step", STEPS)
def test_a_process_killed_at_any_step_leaves_a_whole_store(home, tools, step: str) -> None:
    with Store.open(home):
        pass
    killed = 0
    for count in range(1, 40):

        def work(count: int = count) -> None:
            with Store.open(home) as store:
                add_everything(store, tools, kill_at(step, count))

        status = tools.in_child(work)
        with Store.open(home) as store:
            tools.check(store)
        if status == 0:
            break
        assert status == tools.KILLED
        killed += 1
    else:
        pytest.fail("the work never came to its end")
    with Store.open(home) as store:
        store.clean_temporary()
        add_everything(store, tools)
        tools.check(store)
        assert len(os.listdir(store.directory)) == 3
        own = [name for name in os.listdir(home + "/tmp") if not name.startswith(f"{os.getpid()}-")]
        assert own == []
    print(f"killed at {killed} calls of os.{step}")


def test_a_process_killed_between_placing_and_committing_leaves_no_object(home, tools) -> None:
    def work() -> None:
        with Store.open(home) as store:
            drafts = tools.build(store, TREES)
            type(store._database).commit = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
            store.add_outputs(drafts, [], None)

    assert tools.in_child(work) == tools.KILLED
    with Store.open(home) as store:
        assert store._database.rows("SELECT base FROM objects") == []
        paths = store.add_outputs(tools.build(store, TREES), [], None)
        for path in paths.values():
            assert store.verify_object(path) == []


def test_an_error_inside_a_transaction_takes_files_and_rows_back(store) -> None:
    with pytest.raises(RuntimeError), store.transaction():
        store.add_bytes(b"a", "a")
        raise RuntimeError
    assert os.listdir(store.directory) == []
    assert not store.is_valid(store.add_bytes(b"b", "b").__class__.parse("0" * 32 + "-a"))


def test_two_processes_add_the_same_and_different_objects_at_once(home, tools) -> None:
    with Store.open(home):
        pass

    def work(seed: int) -> None:
        with Store.open(home) as store:
            for number in range(25):
                store.add_bytes(b"shared %d" % number, "shared")
                store.add_bytes(b"own %d %d" % (seed, number), "own")
                add_everything(store, tools)

    children = [tools.start_child(lambda seed=seed: work(seed)) for seed in range(4)]
    assert [tools.finish(child) for child in children] == [0] * 4
    with Store.open(home) as store:
        tools.check(store)
        assert len(os.listdir(store.directory)) == 25 + 4 * 25 + 3


def test_a_new_database_waits_for_whoever_reads_the_empty_one(tmp_path) -> None:
    path = str(tmp_path / "store.sqlite")
    reading = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        sqlite3.connect(path).execute("PRAGMA journal_mode = WAL")
    let_go = threading.Timer(0.2, lambda: reading.execute("COMMIT"))
    let_go.start()
    database = Database.open(path)
    let_go.join()
    assert database.value("PRAGMA journal_mode") == "wal"
    database.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
def test_an_ordinary_user_can_keep_a_store(tmp_path, tools) -> None:
    home = tmp_path / "home of nobody"
    home.mkdir()
    os.chown(home, 65534, 65534)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and str(folder) not in ("/", "/tmp"):
            folder.chmod(0o755)

    def work() -> None:
        with Store.open(str(home)) as store:
            for _ in range(2):
                add_everything(store, tools)
            tools.check(store)

    assert tools.in_child(work, 65534) == 0
    with pytest.raises(StoreError, match="belongs to user 65534"):
        Store.open(str(home))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount a small file system")
def test_a_full_disk_is_told_and_nothing_half_done_is_kept(tmp_path, tools) -> None:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("may not mount")
    try:
        with Store.open(str(place / "home")) as store:
            kept: list[object] = []
            with pytest.raises(StoreError) as caught:
                kept.extend(store.add_bytes(os.urandom(60_000), f"file{number}") for number in range(100))
            assert kept
            assert "space" in f"{caught.value.message} {caught.value.hint}" or "full" in caught.value.message
            tools.check(store)
            assert len(os.listdir(store.directory)) == len(kept)
    finally:
        subprocess.run(["umount", "-l", place], check=False)


def test_damage_is_found_and_named_by_file(store, tools) -> None:
    path = store.add_outputs(tools.build(store, {"out": {"a": b"1" * 100, "b/c": b"@out@"}}), [], None)["out"]
    assert store.verify_object(path) == []
    file = store.physical(path) + "/a"
    os.chmod(file, 0o644)
    with open(file, "r+b") as handle:
        handle.write(b"2")
    found = {problem.file for problem in store.verify_object(path)}
    assert "a" in found and "b/c" not in found


def test_an_object_removed_by_hand_is_not_there_and_can_come_back(store) -> None:
    path = store.add_bytes(b"x", "x")
    referrer = store.add_bytes(str(path).encode(), "y", [path])
    os.unlink(store.physical(path))
    assert not store.is_valid(path)
    assert store.add_bytes(b"x", "x") == path
    assert store.is_valid(path)
    assert store.closure([referrer]) == [path, referrer]


def test_what_a_full_database_does_not_register_leaves_no_place(home, tools) -> None:
    with Store.open(home) as store:
        kept = store.add_bytes(b"kept", "kept")
        pages = store._database.value("PRAGMA page_count")
        # SQLite says of this what it says of a full disk, and gives up the transaction by itself.
        store._database.execute(f"PRAGMA max_page_count = {pages + 2}")
        trees = {"out": {b"f%d" % number: b"%d" % number for number in range(2000)}, "dev": {"x": b"@out@"}}
        trees["out"] = {name.decode(): content for name, content in trees["out"].items()}
        with pytest.raises(DatabaseFailure, match="full"):
            store.add_outputs(tools.build(store, trees), [], None)
        with pytest.raises(DatabaseFailure, match="full"), store.transaction(), store.transaction():
            for number in range(2000):
                store.add_bytes(b"%d" % number * 50, "x")
        assert os.listdir(store.directory) == [kept.base] and store.objects() == [kept]
        store._database.execute("PRAGMA max_page_count = 100000")
        path = store.add_outputs(tools.build(store, trees), [], None)["out"]
        assert store.is_valid(path)
        tools.check(store)


def test_after_another_boot_torn_files_that_objects_share_take_all_of_them(home, tools, monkeypatch) -> None:
    """A power cut after a file was linked and before it was written: nobody who has it stays, and who has another does."""
    with Store.open(home) as store:
        whole = store.add_bytes(b"whole" * 900, "whole")
        torn = [store.add_bytes(b"torn" * 900, name) for name in ("a", "b")]
        built = store.add_outputs(tools.build(store, {"out": {"x": b"torn" * 900, "y": b"whole" * 900}}), [], None)[
            "out"
        ]
        file = store.physical(torn[0])
        os.chmod(file, 0o644)
        with open(file, "r+b") as handle:
            handle.write(bytes(3600))
        os.chmod(file, 0o444)
        os.utime(file, ns=(10**9, 10**9))
    from chx.store import recovery

    monkeypatch.setattr(recovery, "current_boot", lambda: "another boot")
    with Store.open(home) as store:
        assert store.is_valid(whole) and not any(map(store.is_valid, (*torn, built)))
        assert store.add_bytes(b"torn" * 900, "a") == torn[0] and store.verify_object(torn[0]) == []
        tools.check(store)


def test_after_another_boot_unsynced_objects_are_read_and_damaged_ones_go(home, tools, monkeypatch) -> None:
    with Store.open(home) as store:
        good = store.add_bytes(b"good", "good")
        bad = store.add_bytes(b"bad", "bad")
        above = store.add_bytes(str(bad).encode(), "above", [bad])
        file = store.physical(bad)
        os.chmod(file, 0o644)
        with open(file, "wb"):
            pass
        before = store.gc_epoch()
    from chx.store import recovery

    monkeypatch.setattr(recovery, "current_boot", lambda: "another boot")
    with Store.open(home) as store:
        assert store.is_valid(good)
        assert not store.is_valid(bad) and not store.is_valid(above)
        assert store.gc_epoch() != before
        tools.check(store)


def test_what_was_synced_is_not_read_again(home, monkeypatch) -> None:
    from chx.store import recovery

    with Store.open(home) as store:
        path = store.add_bytes(b"kept", "kept")
        store.sync()
    monkeypatch.setattr(recovery, "current_boot", lambda: "another boot")
    monkeypatch.setattr(recovery, "scan_tree", lambda *_: pytest.fail("read again"))
    with Store.open(home) as store:
        assert store.is_valid(path)


def test_a_closed_home_is_refused_with_its_name(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        Store.open(str(tmp_path / "file"))
    assert str(tmp_path / "file") in str(caught.value)
    with pytest.raises(StoreError, match="not absolute"):
        Store.open("relative")


def test_asking_for_what_is_not_there_is_an_error_of_its_own(store) -> None:
    path = store.add_bytes(b"x", "x")
    missing = path.__class__.parse("0" * 32 + "-gone")
    for ask in (store.info, store.manifest, store.verify_object):
        with pytest.raises(NotValid, match="gone"):
            ask(missing)
    with pytest.raises(StoreIO):
        store.add_tree("/no such file", "x")


def test_a_store_that_is_closed_leaves_no_temporary_files(tmp_path):
    home = tmp_path / "home"
    with Store.open(str(home)) as store:
        folder = Path(store.temporary("build"))
        (folder / "deep" / "er").mkdir(parents=True)
        (folder / "deep" / "file").write_text("x")
        (folder / "deep").chmod(0o555)
    assert os.listdir(home / "tmp") == []


def test_the_folder_of_a_killed_process_that_nobody_waited_for_is_removed(tmp_path):
    home = str(tmp_path / "home")
    with Store.open(home) as store:
        child = os.fork()
        if child == 0:
            try:
                Store.open(home).temporary("build")
            finally:
                os.kill(os.getpid(), signal.SIGKILL)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert len(os.listdir(home + "/tmp")) == 1
        store.clean_temporary()
        assert os.listdir(home + "/tmp") == []
        os.waitpid(child, 0)


def test_rows_are_gone_on_the_disk_before_files_go(home, monkeypatch) -> None:
    """The commit that removes rows is forced to the disk, and no place is emptied before that."""
    from chx.store import collection, plan_gc

    with Store.open(home) as store:
        path = store.add_bytes(b"x", "x")
    with Store.open(home) as store:
        seen = []
        database = store._database
        real = type(database).commit

        def commit(self) -> None:
            here = os.path.lexists(store.physical(path))
            if self.value("SELECT count(*) FROM objects") == 0:
                seen.append((self.value("PRAGMA synchronous"), here))
            real(self)

        monkeypatch.setattr(type(database), "commit", commit)
        plan_gc(store).execute(store)
        assert seen[0] == (2, True) and not os.path.lexists(store.physical(path))
        assert database.value("PRAGMA synchronous") == 1
        assert collection.BATCH > 1


def test_what_sharing_links_to_is_on_the_disk(store, tools, monkeypatch) -> None:
    from unittest import mock

    from chx.store import plan_sharing
    from chx.store.linking import Linker

    with mock.patch.object(Linker, "link", lambda *arguments: False):
        for name in ("a", "b"):
            store.add_bytes(b"equal" * 99, name)
    unsynced = []
    real = os.link

    def link(*arguments, **named) -> None:
        unsynced.append(store._database.value("SELECT count(*) FROM objects WHERE NOT synced"))
        real(*arguments, **named)

    monkeypatch.setattr(os, "link", link)
    plan_sharing(store).execute(store)
    assert unsynced == [0]


def test_an_epoch_that_a_power_cut_emptied_is_none(store) -> None:
    store.add_bytes(b"x", "x")
    with open(store.home + "/db/epoch", "wb"):
        pass
    assert store.gc_epoch() == 0
    from chx.store import gc_epoch

    assert gc_epoch.advance(store.home) == store.gc_epoch() > 0


def test_the_disk_is_not_waited_for_but_written_to_soon(store, monkeypatch) -> None:
    started = []
    monkeypatch.setattr(os, "posix_spawnp", lambda *words, **how: started.append((words[1], how["setsid"])))
    assert store.added == 0
    store.add_bytes(b"x", "x.drv")
    assert store.added == 0
    store.add_bytes(b"x", "x")
    assert store.added == 1
    store.flush_soon()
    assert started == [(["sync", "-f", store.directory], True)]
    store.sync()
    assert store.added == 0

    def none(*words: object, **how: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(os, "posix_spawnp", none)
    store.flush_soon()
