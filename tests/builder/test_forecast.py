"""How long steps will take, and which goes first because of it."""

from chx.builder.forecast import expected, remaining, urgency
from chx.builder.planning import Lane, Step
from chx.builder.schedule import Schedule
from chx.store import Derivation, StorePath


def path(name: str) -> StorePath:
    return StorePath(name[0] * 32, name + ".drv")


def steps(**needs: str) -> list[Step]:
    """`name="needs of it"`, inputs first."""
    return [
        Step(path(name), Derivation(name, "s", "b"), tuple(map(path, words.split())), Lane.BUILD, True)
        for name, words in needs.items()
    ]


def test_what_was_never_built_takes_as_long_as_the_middle_one():
    found = expected(steps(a="", b="", c="", d=""), {"a.drv": 1.0, "b.drv": 5.0, "c.drv": 9.0})
    assert found == {path("a"): 1.0, path("b"): 5.0, path("c"): 9.0, path("d"): 5.0}


def test_a_slow_step_alone_is_more_urgent_than_a_chain_of_quick_ones():
    plan = steps(a="", b="", c="b", d="c")
    seconds = {path("a"): 60.0}
    assert urgency(plan, seconds)[path("b")] == 3.0
    schedule = Schedule(plan, seconds)
    for item in schedule.fresh():
        schedule.queue(item)
    assert schedule.take(Lane.BUILD) == path("a")


def test_what_remains_is_the_longest_chain_or_the_work_divided():
    plan = steps(a="", b="a", c="", d="")
    seconds = dict.fromkeys(map(path, "abcd"), 10.0)
    assert remaining(plan, seconds, {}, {Lane.BUILD: 2}) == 20
    assert remaining(plan, seconds, {}, {Lane.BUILD: 1}) == 40
    assert remaining(plan, seconds, {path("a"): 4.0}, {Lane.BUILD: 4}) == 16
    assert remaining(plan[1:], seconds, {}, {Lane.BUILD: 9}) == 10
    assert remaining([], {}, {}, {}) == 0
