"""Garbage collection: what is used stays, what is dead goes, whatever happens at the same time."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chx.store import (
    Derivation,
    Digest,
    NotValid,
    Policy,
    Realisation,
    StillUsed,
    Store,
    StorePath,
    find_roots,
    plan_gc,
)

from ..work import counted

ROUNDS = int(os.environ.get("CHX_GC_ROUNDS", "12"))
"""How often each of those who use a store that is being collected goes about it."""


def dead(store: Store, **policy) -> set[StorePath]:
    return {item.path for item in plan_gc(store, Policy(**policy)).dead}


def chain(home: str, *names: str) -> list[StorePath]:
    """Objects, each referring to the one before, made by a process that has ended: nothing pins them."""
    with Store.open(home) as store:
        paths: list[StorePath] = []
        for name in names:
            paths.append(store.add_bytes(name.encode(), name, paths[-1:]))
    return paths


def test_what_nothing_keeps_goes_and_what_a_link_keeps_stays_with_its_closure(home, tmp_path, tools) -> None:
    a, b, c = chain(home, "a", "b", "c")
    with Store.open(home) as store:
        store.add_root(str(tmp_path / "result"), b)
        plan = plan_gc(store)
        assert set(plan.live) == {a, b} and [item.path for item in plan.dead] == [c]
        assert plan.bytes == 1
        before = store.gc_epoch()
        assert plan.execute(store).objects == 1
        assert store.gc_epoch() != before
        assert store.is_valid(a) and store.is_valid(b) and not store.is_valid(c)
        assert not os.path.lexists(store.physical(c))
        tools.check(store)
        os.unlink(tmp_path / "result")
        assert plan_gc(store).execute(store).objects == 2
        assert os.listdir(store.directory) == []
        assert os.listdir(home + "/gcroots") == []


def test_a_plan_changes_nothing(home) -> None:
    (a,) = chain(home, "a")
    with Store.open(home) as store:
        assert dead(store) == {a}
        assert store.is_valid(a)


def test_a_link_that_is_moved_keeps_its_object_until_it_is_removed(home, tmp_path) -> None:
    a, b = chain(home, "a")[0], chain(home, "b")[0]
    link = tmp_path / "result"
    with Store.open(home) as store:
        store.add_root(str(link), a)
        os.rename(link, tmp_path / "elsewhere")
        assert dead(store) == {b}
        store.add_root(str(link), b)
        assert dead(store) == set()
        plan_gc(store).execute(store)
    with Store.open(home) as store:
        os.unlink(tmp_path / "elsewhere")
        assert dead(store) == {a}
        os.unlink(link)
        assert dead(store) == {a, b}


def test_a_link_that_was_replaced_by_hand_keeps_what_it_points_to_now(home, tmp_path) -> None:
    a, b = chain(home, "a")[0], chain(home, "b")[0]
    link = tmp_path / "result"
    with Store.open(home) as store:
        store.add_root(str(link), a)
        os.unlink(link)
        link.symlink_to(store.physical(b))
        assert dead(store) == {a}


def test_a_link_counts_whatever_the_home_was_called_when_it_was_made(home, tmp_path) -> None:
    (a,) = chain(home, "a")
    os.symlink(home, tmp_path / "alias")
    with Store.open(str(tmp_path / "alias")) as store:
        store.add_root(str(tmp_path / "result"), a)
    with Store.open(home) as store:
        assert dead(store) == set()


def test_what_a_living_process_made_or_found_stays_and_what_a_dead_one_did_goes(home, tools) -> None:
    (found,) = chain(home, "found")
    ready, go = os.pipe(), os.pipe()

    def work() -> None:
        with Store.open(home) as store:
            store.add_bytes(b"made", "made")
            assert store.claim(found)
            os.write(ready[1], b"x")
            os.read(go[0], 1)
            os.kill(os.getpid(), signal.SIGKILL)

    child = tools.start_child(work)
    os.read(ready[0], 1)
    with Store.open(home) as store:
        assert {(root.kind, root.source) for root in find_roots(store)} == {("process", str(child))}
        assert plan_gc(store).execute(store).objects == 0
        os.write(go[1], b"x")
        assert tools.finish(child) == tools.KILLED
        assert plan_gc(store).execute(store).objects == 2
        assert os.listdir(home + "/pins") == []


def test_a_pin_that_comes_between_plan_and_execution_counts(home, tools) -> None:
    a, b, c = chain(home, "a", "b", "c")
    with Store.open(home) as store, Store.open(home) as user:
        plan = plan_gc(store)
        assert len(plan.dead) == 3
        assert user.claim(b)
        assert plan.execute(store).objects == 1
        assert user.is_valid(a) and user.is_valid(b) and not user.is_valid(c)
        tools.check(store)


def test_a_link_and_an_object_that_come_after_the_plan_count(home, tmp_path, tools) -> None:
    a, b, c = chain(home, "a", "b", "c")
    with Store.open(home) as store:
        plan = plan_gc(store)
        with Store.open(home) as other:
            other.add_root(str(tmp_path / "l"), a)
            late = other.add_bytes(b"late", "late", [b])
        # Its maker has ended, so nothing pins it, but it was not there when the plan was made.
        assert plan.execute(store).objects == 1
        assert store.closure([late]) == [a, b, late] and not store.is_valid(c)
        tools.check(store)


def test_a_program_that_runs_from_the_store_keeps_its_object(home) -> None:
    import shutil

    with Store.open(home) as store:
        path = store.add_tree(os.path.realpath(shutil.which("sleep") or "/bin/sleep"), "sleep")
    with Store.open(home) as store:
        running = subprocess.Popen([store.physical(path), "60"])
        try:
            time.sleep(0.1)
            assert ("program", str(running.pid), path) in find_roots(store)
            assert dead(store) == set()
        finally:
            running.kill()
            running.wait()
        assert dead(store) == {path}


def test_derivations_are_kept_and_outputs_are_not_unless_told_otherwise(home, tmp_path) -> None:
    with Store.open(home) as store:
        source = store.add_bytes(b"source", "source")
        inner = store.add_derivation(Derivation("inner", "s", "b"))
        drv = store.add_derivation(Derivation("x", "s", "b", input_srcs=(source,), input_drvs={inner: ("out",)}))
        tool, out = store.add_bytes(b"tool", "inner"), store.add_bytes(b"out", "x")
        store.record([Realisation(Digest.of(b"1"), "out", tool, inner, 1.0, 1.0)])
        store.record([Realisation(Digest.of(b"2"), "out", out, drv, 1.0, 1.0)])
        store.add_root(str(tmp_path / "result"), out)
    with Store.open(home) as store:
        assert dead(store) == {tool}
        assert dead(store, keep_outputs=True) == set()
        assert dead(store, keep_derivations=False) == {tool, source, inner, drv}
        plan_gc(store).execute(store)
        # The trace still says what the tool would be.
        assert store.realisations(Digest.of(b"1"))[0].path == tool
        assert store.realisation(Digest.of(b"1"), "out") is None


def test_age_and_amount_limit_what_goes(home) -> None:
    old = chain(home, "old1", "old22")
    with Store.open(home) as store:
        store._database.execute("UPDATE objects SET registered = registered - 1000")
    (young,) = chain(home, "young")
    with Store.open(home) as store:
        assert dead(store, max_age=500) == set(old)
        assert [item.path for item in plan_gc(store, Policy(max_free=1)).dead] == [old[1]], "referrers first"
        assert [item.path for item in plan_gc(store, Policy(max_free=6)).dead] == [old[1], old[0]]
        assert dead(store, max_free=0) == set()
        assert dead(store) == {*old, young}


def test_what_was_used_is_young_again_and_written_down_once_a_day(home) -> None:
    old, used = chain(home, "old", "used")
    with Store.open(home) as store:
        store._database.execute("UPDATE objects SET registered = registered - 200000")
    with Store.open(home) as store:
        assert store.claim(used)
        # Asking whether it is there, or keeping it while one looks, is no use.
        assert store.is_valid(old)
        store.add_temp_roots([old])
    with Store.open(home) as store:
        before = store.info(used).used
        assert before > store.info(used).registered + 100000 and store.info(old).used == store.info(old).registered
        assert dead(store, max_age=500) == set(), "what is used uses what it refers to"
        store.note_uses([used.base], before + 80000)
        assert store.info(used).used == before
        store.note_uses([used.base], before + 90000)
        assert store.info(used).used == before + 90000
        store.note_uses([used.base], before)
        assert store.info(used).used == before + 90000


def test_nobody_is_waited_for_to_write_down_a_use(home) -> None:
    (path,) = chain(home, "used")
    with Store.open(home) as store, Store.open(home) as other:
        store._database.execute("UPDATE objects SET registered = 1")
        with other.transaction():
            store.note_uses([path.base])
        assert store.info(path).used == 1
        assert store._database.value("PRAGMA busy_timeout") > 1000
        store.note_uses([path.base])
        assert store.info(path).used > 1


def test_one_object_can_be_deleted_if_nothing_needs_it(home, tmp_path) -> None:
    a, b, c = chain(home, "a", "b", "c")
    with Store.open(home) as store:
        with pytest.raises(StillUsed, match="-b"):
            plan_gc(store, only=[a])
        store.add_root(str(tmp_path / "result"), c)
        with pytest.raises(StillUsed, match="result"):
            plan_gc(store, only=[c])
        os.unlink(tmp_path / "result")
        plan_gc(store, only=[c, b]).execute(store)
        assert store.is_valid(a) and not store.is_valid(b)
        with pytest.raises(NotValid):
            plan_gc(store, only=[c])


def test_places_without_a_row_are_swept(home, tools) -> None:
    with Store.open(home) as store:
        os.mkdir(store.directory + "/x")
        os.mkdir(store.directory + "/x/y", 0o555)
        os.chmod(store.directory + "/x", 0o555)
        with open(store.directory + "/file", "w"):
            pass
        kept = store.add_bytes(b"kept", "kept")
        assert plan_gc(store).execute(store).swept == 2
        assert os.listdir(store.directory) == [kept.base]


def test_a_file_that_is_shared_keeps_its_mode_when_one_of_its_places_goes(home, tmp_path) -> None:
    (a,) = chain(home, "a")
    with Store.open(home) as store:
        os.link(store.physical(a), tmp_path / "shared")
        assert plan_gc(store).execute(store).freed == 0
        assert os.stat(tmp_path / "shared").st_mode & 0o777 == 0o444


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sets(st.integers(0, 11)), min_size=1, max_size=12), st.sets(st.integers(0, 11)))
def test_a_live_path_is_never_taken_and_all_else_goes(tmp_path_factory, edges, rooted) -> None:  # type: ignore[no-untyped-def]
    top = tmp_path_factory.mktemp("gc")
    with Store.open(str(top / "home")) as store:
        paths: list[StorePath] = []
        for number, references in enumerate(edges):
            chosen = [paths[other] for other in sorted(references) if other < number]
            paths.append(store.add_bytes(b"%d" % number, "n", chosen))
        roots = [paths[number] for number in sorted(rooted) if number < len(paths)]
        for number, path in enumerate(roots):
            store.add_root(str(top / f"root{number}"), path)
        live = set(store.closure(roots))
    with Store.open(str(top / "home")) as store:
        plan = plan_gc(store)
        assert set(plan.live) == live
        assert {item.path for item in plan.dead} == set(paths) - live
        plan.execute(store)
        assert {path for path in paths if store.is_valid(path)} == live
        assert {StorePath.parse(name) for name in os.listdir(store.directory)} == live


def test_building_and_collecting_at_once_takes_nothing_that_is_used(home, tools) -> None:
    """Three processes make and use objects of a small set, two collect; whoever has claimed an object has it."""
    with Store.open(home):
        pass
    over = f"{home}/over"

    def use(seed: int) -> None:
        choice = random.Random(seed)
        for _ in range(ROUNDS):
            with Store.open(home) as store:
                used: list[StorePath] = []
                for _ in range(20):
                    name = f"n{choice.randrange(8)}"
                    references = choice.sample(used, min(len(used), 2))
                    what = choice.randrange(3)
                    if what == 0:
                        used.append(store.add_bytes(name.encode(), name, references))
                    elif what == 1:
                        used.extend(
                            store.add_outputs(tools.build(store, {"out": {name: b"@out@"}}, name), [], None).values()
                        )
                    else:
                        there = choice.choice(store.objects() or [StorePath.parse("0" * 32 + "-x")])
                        if store.claim(there):
                            used.append(there)
                    for path in store.closure(used):
                        assert os.path.lexists(store.physical(path)), path
                        assert store.verify_object(path) == []

    def collect() -> None:
        while not os.path.exists(over):
            with Store.open(home) as store:
                plan_gc(store).execute(store)

    collectors = [tools.start_child(collect) for _ in range(2)]
    users = [tools.start_child(lambda seed=seed: use(seed)) for seed in range(3)]
    ended = [tools.finish(child) for child in users]
    open(over, "x").close()
    assert [*ended, *[tools.finish(child) for child in collectors]] == [0] * 5
    with Store.open(home) as store:
        tools.check(store)
        plan_gc(store).execute(store)
        assert os.listdir(store.directory) == []
        assert store.objects() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount a small file system")
def test_a_full_disk_can_be_collected(tmp_path, tools) -> None:
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("may not mount")
    try:
        home = str(place / "home")

        def fill() -> None:
            with Store.open(home) as store:
                for number in range(10000):
                    store.add_bytes(os.urandom(3000), f"file{number}")

        assert tools.in_child(fill) == 1
        last = os.open(place / "last", os.O_WRONLY | os.O_CREAT)
        with pytest.raises(OSError):
            while os.write(last, b"x" * 4096):
                pass
        os.close(last)
        with Store.open(home) as store:
            assert len(store.objects()) > 300
            plan_gc(store).execute(store)
            assert store.objects() == [] and os.listdir(store.directory) == []
    finally:
        subprocess.run(["umount", "-l", place], check=False)


def test_deciding_about_ten_times_as_many_objects_is_ten_times_the_work(tmp_path) -> None:
    """`bench/store.py` measures how long it takes."""
    calls, steps = [], []
    for count in (2_000, 20_000):
        with Store.open(str(tmp_path / str(count))) as store:
            fill(store, count)
            stepped: list[int] = []
            store._database._connection.set_progress_handler(lambda stepped=stepped: stepped.append(100), 100)
            with counted() as work:
                plan = plan_gc(store)
            assert len(plan.dead) == count
        calls.append(work.calls)
        steps.append(sum(stepped))
    assert min(calls) > 2_000 and calls[1] < 12 * calls[0]
    assert min(steps) > 2_000 and steps[1] < 12 * steps[0]


def fill(store: Store, count: int, references: int = 5) -> None:
    """Rows without files, as if there were so many objects."""
    choice = random.Random(7)
    with store.transaction():
        store._database.execute_many(
            "INSERT INTO objects (id, base, tree, size, self, registered) VALUES (?, ?, ?, ?, 0, 1)",
            (
                (number, f"{str(Digest.of(b'%d' % number))[:32].replace('e', 'z')}-n{number}", b"\0" * 32, 1)
                for number in range(1, count + 1)
            ),
        )
        store._database.execute_many(
            "INSERT OR IGNORE INTO refs VALUES (?, ?)",
            (
                (number, choice.randrange(1, number))
                for number in range(2, count + 1)
                for _ in range(min(references, number - 1))
            ),
        )
