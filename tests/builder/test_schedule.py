import pytest

from chx.builder.planning import Lane, Step
from chx.builder.schedule import Schedule, State
from chx.store import Derivation, StorePath


def path(name: str) -> StorePath:
    return StorePath(name[0] * 32, name + ".drv")


def schedule(**needs: str) -> Schedule:
    """`name="needs of it"`, inputs first."""
    return Schedule(
        Step(path(name), Derivation(name, "s", "b"), tuple(map(path, words.split())), Lane.BUILD, True)
        for name, words in needs.items()
    )


def names(paths) -> str:
    return " ".join(item.name.removesuffix(".drv") for item in paths)


def test_a_step_is_ready_when_its_last_input_is_done():
    plan = schedule(a="", b="", c="a b")
    assert names(plan.fresh()) == "a b"
    assert plan.fresh() == []
    plan.done(path("a"))
    assert plan.fresh() == []
    plan.done(path("b"))
    assert names(plan.fresh()) == "c"
    plan.done(path("c"))
    assert plan.is_finished


def test_the_longest_chain_goes_first():
    plan = schedule(a="", b="", c="b", d="c")
    for item in plan.fresh():
        plan.queue(item)
    assert plan.take(Lane.BUILD) == path("b")
    assert plan.take(Lane.BUILD) == path("a")
    assert plan.take(Lane.BUILD) is None
    assert plan.take(Lane.FETCH) is None


def test_what_needs_a_failed_step_is_skipped_and_the_rest_is_not():
    plan = schedule(a="", b="", c="a", d="c b", f="b")
    for item in plan.fresh():
        plan.queue(item)
    assert plan.take(Lane.BUILD) == path("a")
    assert names(plan.failed(path("a"))) == "c d"
    assert plan.state(path("d")) is State.SKIPPED
    assert plan.take(Lane.BUILD) == path("b")
    plan.done(path("b"))
    assert names(plan.fresh()) == "f"
    assert not plan.is_finished
    plan.done(path("f"))
    assert plan.is_finished


def test_a_transition_that_makes_no_sense_is_a_defect():
    plan = schedule(a="", b="a")
    plan.done(path("a"))
    with pytest.raises(ValueError):
        plan.done(path("a"))
