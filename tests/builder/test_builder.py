"""The builder with a fake runner: the real planner and store, and no sandboxes."""

import threading

import pytest

from chx.builder import Builder, BuildOptions
from chx.builder.errors import BuilderDefect, BuilderFailed, Cancelled, SeveralFailures
from chx.builder.execution import Result
from chx.store import Derivation, Realisation


class Runner:
    """Makes the output of a derivation from its name, or fails. Remembers what it was asked for."""

    def __init__(self, contents=None, fails=(), before=None):
        self.contents, self.fails, self.before = contents or {}, fails, before
        self.names: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, world, work):
        with self._lock:
            self.names.append(work.derivation.name)
        world.started(work.path)
        if self.before is not None:
            self.before(world, work)
        if work.derivation.name in self.fails:
            raise BuilderFailed(1)
        content = self.contents.get(work.derivation.name, work.derivation.name.encode())
        path = world.store.add_bytes(content, work.derivation.name)
        digest = work.derivation.resolved_digest()
        world.store.record([Realisation(digest, "out", path, work.path, 0.0, 0.0)])
        return Result({"out": path}, 0.0)


@pytest.fixture
def add(store, uses):
    def make(name, *needs, system="s", fixed=None, **env):
        arguments = uses(*needs)
        arguments["env"] |= env
        return store.add_derivation(Derivation(name, system, "/b", fixed=fixed, **arguments))

    return make


@pytest.fixture
def build(store, recorder):
    def run(runner, *targets, **options):
        builder = Builder(store, BuildOptions(**{"jobs": 2, **options}), recorder, runner)
        return builder.realise([(target, ("out",)) for target in targets])

    return run


def test_inputs_are_built_first_and_everything_once(store, add, build, recorder):
    a = add("a")
    b, c = add("b", a), add("c", a)
    d = add("d", b, c)
    runner = Runner()
    result = build(runner, d, a)
    assert runner.names[0] == "a" and runner.names[-1] == "d" and sorted(runner.names) == ["a", "b", "c", "d"]
    assert set(result) == {(d, "out"), (a, "out")}
    assert store.is_valid(result[d, "out"])
    assert (
        {path for path, _ in recorder.of("started")} == {path for path, _, _ in recorder.of("finished")} == {a, b, c, d}
    )
    assert build(runner, d) == {(d, "out"): result[d, "out"]}
    assert len(runner.names) == 4 and len(recorder.of("planned")) == 1


def test_independent_steps_run_at_the_same_time(add, build):
    meeting = threading.Barrier(2, timeout=10)
    build(Runner(before=lambda world, work: meeting.wait()), add("a"), add("b"), jobs=2)


def test_no_more_jobs_than_allowed(add, build):
    running, most = [], []

    def before(world, work):
        running.append(work)
        most.append(len(running))
        running.remove(work)

    build(Runner(before=before), *[add(f"n{number}") for number in range(6)], jobs=1)
    assert max(most) == 1


def test_a_rebuilt_input_with_equal_content_changes_nothing_downstream(add, build, recorder):
    runner = Runner(contents={"a": b"same"})
    old, new = add("a", version="1"), add("a", version="2")
    first = build(runner, add("top", add("middle", old)))
    assert runner.names == ["a", "middle", "top"]
    second = build(runner, add("top", add("middle", new)))
    assert runner.names == ["a", "middle", "top", "a"]
    assert list(first.values()) == list(second.values())
    assert [path.name for path, _ in recorder.of("reused")] == ["middle.drv", "top.drv"]


def test_different_derivations_that_resolve_equal_are_built_once(add, build, recorder):
    runner = Runner(contents={"a": b"same"})
    one, other = add("b", add("a", version="1")), add("b", add("a", version="2"))
    result = build(runner, one, other)
    assert sorted(runner.names) == ["a", "a", "b"]
    assert result[one, "out"] == result[other, "out"]


def test_equal_promises_are_fetched_once(add, build, promise):
    runner = Runner(contents={"f": b"f"})
    one, other = (add("f", url=url, fixed=promise(b"f")) for url in ("x", "y"))
    result = build(runner, one, other)
    assert runner.names == ["f"] and result[one, "out"] == result[other, "out"]


def test_what_somebody_else_did_meanwhile_is_not_taken_for_early_cutoff(store, add, build, promise, recorder):
    one, other = (add("f", url=url, fixed=promise(b"f")) for url in ("x", "y"))
    build(Runner(contents={"f": b"f"}), one, other)
    assert len(recorder.of("joined")) == 1 and not recorder.of("reused")

    def quicker(world, work):
        return Result({"out": store.add_bytes(b"g", "g")}, 0.0, was_known=True)

    build(quicker, add("g"))
    assert [path.name for path, _ in recorder.of("joined")] == ["f.drv", "g.drv"] and not recorder.of("reused")


def test_a_failure_is_raised_once_with_its_derivation(add, build, recorder):
    a = add("a")
    top = add("top", add("b", a), a)
    with pytest.raises(BuilderFailed) as caught:
        build(Runner(fails=("a",)), top)
    assert caught.value.derivation == a
    assert "'a' failed with exit status 1" in caught.value.message
    assert recorder.of("failed") == [(caught.value,)]
    assert [path.name for path in recorder.of("skipped")[0][0]] == ["b.drv", "top.drv"]


def test_after_a_failure_nothing_new_is_started(add, build):
    runner = Runner(fails=("a",))
    with pytest.raises(BuilderFailed):
        build(runner, add("z", add("a")), add("y", add("x", add("w"))), jobs=1)
    assert "y" not in runner.names


def test_keep_going_builds_what_does_not_depend_on_the_failure(add, build, store):
    runner = Runner(fails=("a", "b"))
    good = add("good", add("fine"))
    with pytest.raises(SeveralFailures) as caught:
        build(runner, add("x", add("a"), add("b")), good, keep_going=True)
    assert sorted(error.derivation.name for error in caught.value.failures) == ["a.drv", "b.drv"]
    assert [path.name for path in caught.value.skipped] == ["x.drv"]
    assert {"fine", "good"} <= set(runner.names)
    assert build(Runner(), good)


def test_a_follower_of_failed_work_is_skipped(add, build, promise):
    runner = Runner(fails=("f",))
    one, other = (add("f", url=url, fixed=promise(b"f")) for url in ("x", "y"))
    with pytest.raises(BuilderFailed):
        build(runner, add("t", one), add("u", other), keep_going=True)
    assert runner.names == ["f"]


def test_cancelling_ends_what_runs_and_keeps_what_is_done(store, add, recorder):
    done = add("done")

    def before(world, work):
        if work.derivation.name == "slow":
            builder.cancel()
            world.cancellation.check()

    builder = Builder(store, BuildOptions(jobs=1), recorder, Runner(before=before))
    with pytest.raises(Cancelled):
        builder.realise([(add("after", add("slow", done)), ("out",))])
    assert Builder(store, runner=Runner(fails=("done",))).realise([(done, ("out",))])


def test_an_interrupt_ends_what_runs_and_is_raised_again(store, add):
    ended = threading.Event()

    def before(world, work):
        import select

        poll = select.poll()
        poll.register(world.cancellation.descriptor)
        assert poll.poll(10_000)
        ended.set()
        world.cancellation.check()

    class Interrupting:
        def __getattr__(self, name):
            def tell(*arguments):
                if name == "started":
                    raise KeyboardInterrupt

            return tell

    with pytest.raises(KeyboardInterrupt):
        Builder(store, BuildOptions(), Interrupting(), Runner(before=before)).realise([(add("a"), ("out",))])
    assert ended.is_set()


def test_our_own_mistakes_say_so(add, build):
    def before(world, work):
        raise ZeroDivisionError("oops")

    with pytest.raises(BuilderDefect, match=r"defect of chx.*oops"):
        build(Runner(before=before), add("a"))


def test_an_output_that_differs_from_an_earlier_one_is_told(store, add, recorder, build):
    a = add("a")
    first = build(Runner(), a)[a, "out"]
    other = store.add_bytes(b"other", "a")

    def runner(world, work):
        assert work.again
        return Result({"out": other}, 0.0, earlier=(("out", first),))

    assert build(runner, a, rebuild=True) == {(a, "out"): other}
    assert recorder.of("differs") == [(a, "out", first, other)]


def test_cores_are_shared_among_the_jobs_that_run(store, add, recorder, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(8)))
    seen = {}

    def before(world, work):
        seen[work.derivation.name] = world.cores()

    Builder(store, BuildOptions(jobs=4), recorder, Runner(before=before)).realise([(add("alone"), ("out",))])
    assert seen == {"alone": 8}
    Builder(store, BuildOptions(jobs=4, cores=3), recorder, Runner(before=before)).realise([(add("fixed"), ("out",))])
    assert seen["fixed"] == 3
