"""The state machine of an execution: its table row by row, and whatever a server does it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.remote import operation
from chx.remote.operation import (
    EXECUTIONS,
    LOSSES,
    NAMES,
    REFILLS,
    TRIES,
    Execute,
    Failed,
    Finished,
    Operation,
    Step,
    Wait,
    retry_delay,
)
from chx.remote.wire import new

from .server import EXECUTING, QUEUED, failed, finished, packed, refused, running

CODES = {code.name: code.value[0] for code in grpc.StatusCode}
OK, UNAVAILABLE, NOT_FOUND, INTERNAL = (CODES[name] for name in ("OK", "UNAVAILABLE", "NOT_FOUND", "INTERNAL"))
EXHAUSTED = CODES["RESOURCE_EXHAUSTED"]
MISSING = ["FAILED_PRECONDITION", "INTERNAL", "NOT_FOUND"]
FINAL = ["UNAUTHENTICATED", "PERMISSION_DENIED", "INVALID_ARGUMENT", "UNIMPLEMENTED"]
PAUSES = [0.2, 0.4, 0.8, 1.6, 3.2]
RESULT = new("ActionResult", exit_code=7)


def known(name: str = "operations/1") -> Operation:
    """An operation whose name was told."""
    found = Operation()
    assert found.update(running(name)) is None
    return found


def test_the_codes_are_those_of_grpc() -> None:
    assert {name: number for number, name in NAMES.items()}.items() <= CODES.items()
    assert {"UNAVAILABLE", "INTERNAL", "FAILED_PRECONDITION", *FINAL} <= set(NAMES.values())
    assert all(getattr(operation, name) == number for number, name in NAMES.items())


# A broken stream, UNAVAILABLE: wait for the operation again, or execute again; five times, with growing pauses.


@pytest.mark.parametrize("code", ["UNAVAILABLE", "ABORTED", "UNKNOWN", "CANCELLED", "DATA_LOSS", "DEADLINE_EXCEEDED"])
def test_a_broken_stream_is_waited_for_again(code: str) -> None:
    machine = known()
    for pause in PAUSES:
        assert machine.broken(CODES[code], "gone") == Wait("operations/1", pause)
    assert machine.broken(CODES[code], "gone") == Failed(CODES[code], "gone")


def test_a_call_that_broke_before_there_was_a_name_is_made_again() -> None:
    machine = Operation()
    for pause in PAUSES:
        assert machine.broken(UNAVAILABLE, "gone") == Execute(pause)
    assert machine.broken(UNAVAILABLE, "gone") == Failed(UNAVAILABLE, "gone")


@pytest.mark.parametrize("make", [refused, failed])
def test_an_operation_that_ends_as_unavailable_is_executed_again(make: Callable[[str, str], Any]) -> None:
    machine = Operation()
    for pause in PAUSES:
        assert machine.update(make("UNAVAILABLE", "no worker")) == Execute(pause)
    assert machine.update(make("UNAVAILABLE", "no worker")) == Failed(UNAVAILABLE, "no worker")


@pytest.mark.parametrize(("asked", "kept"), [(0.0, 0.0), (2.5, 2.5), (29.0, 29.0), (1e9, 30.0), (-3.0, 0.0)])
def test_the_server_may_say_how_long_to_pause(asked: float, kept: float) -> None:
    assert known().broken(UNAVAILABLE, "", asked) == Wait("operations/1", kept)
    assert Operation().broken(UNAVAILABLE, "", asked) == Execute(kept)


def test_a_response_may_say_how_long_to_pause() -> None:
    info = packed(new("RetryInfo", retry_delay=new("Duration", seconds=2, nanos=500_000_000)))
    status = new("Status", code=UNAVAILABLE, message="later", details=[info])
    for answer in (
        new("Operation", name="n", done=True, error=status),
        new("Operation", name="n", done=True, response=packed(new("ExecuteResponse", status=status))),
    ):
        assert Operation().update(answer) == Execute(2.5)


def test_a_stream_that_held_is_no_failure_of_the_action() -> None:
    machine = known()
    for _ in range(100):
        assert machine.broken(UNAVAILABLE, "cut", held=10.0) == Wait("operations/1", 0.2)
    for pause in PAUSES[1:]:
        assert machine.broken(UNAVAILABLE, "cut", held=9.9) == Wait("operations/1", pause)
    assert machine.broken(UNAVAILABLE, "cut", held=9.9) == Failed(UNAVAILABLE, "cut")


def test_a_stream_that_held_and_told_no_name_is_one() -> None:
    # Else each cut of a silent stream would be one more execution, for ever.
    machine = Operation()
    for pause in PAUSES:
        assert machine.broken(UNAVAILABLE, "cut", held=60.0) == Execute(pause)
    assert machine.broken(UNAVAILABLE, "cut", held=60.0) == Failed(UNAVAILABLE, "cut")


# NOT_FOUND for an operation waited for: execute again.


def test_an_operation_that_is_not_found_is_executed_again() -> None:
    machine = known()
    assert machine.broken(NOT_FOUND, "no such operation") == Execute(0.2)
    assert machine.name == ""
    assert machine.update(running("operations/2")) is None
    assert machine.broken(UNAVAILABLE, "gone") == Wait("operations/2", 0.4)


def test_a_server_that_forgets_each_operation_is_given_up() -> None:
    # Each stream holds, and the operation is gone after it: perhaps it is the action that ends the server.
    machine = Operation()
    for number in range(1, EXECUTIONS):
        assert machine.update(running(f"operations/{number}")) is None
        assert machine.broken(UNAVAILABLE, "killed", held=60.0) == Wait(f"operations/{number}", 0.2)
        assert machine.broken(NOT_FOUND, "no such operation") == Execute(0.4)
    assert machine.update(running("operations/0")) is None
    machine.broken(UNAVAILABLE, "killed", held=60.0)
    assert machine.broken(NOT_FOUND, "no such operation") == Failed(NOT_FOUND, "no such operation")


# FAILED_PRECONDITION, INTERNAL, NOT_FOUND: send what is missing and execute again, twice.


@pytest.mark.parametrize("code", MISSING)
@pytest.mark.parametrize("make", [refused, failed])
def test_what_is_missing_is_sent_twice(code: str, make: Callable[[str, str], Any]) -> None:
    machine = Operation()
    for _ in range(REFILLS):
        assert machine.update(make(code, "no such blob")) == Execute(refill=True)
    assert machine.update(make(code, "no such blob")) == Failed(CODES[code], "no such blob")


@pytest.mark.parametrize("code", MISSING)
def test_a_response_is_final_if_nothing_is_missing(code: str) -> None:
    machine = Operation()
    assert machine.update(refused(code, "words")) == Execute(refill=True)
    assert machine.nothing_missing() == Failed(CODES[code], "words")


@pytest.mark.parametrize("code", MISSING)
def test_a_call_that_fails_so_is_a_broken_stream_if_nothing_is_missing(code: str) -> None:
    machine = Operation()
    for pause in PAUSES[:REFILLS]:
        assert machine.broken(CODES[code], "words") == Execute(refill=True)
        assert machine.nothing_missing() == Execute(pause)
    assert machine.broken(CODES[code], "words") == Failed(CODES[code], "words")


# RESOURCE_EXHAUSTED: the same, after a longer pause.


def test_an_exhausted_server_gets_time() -> None:
    machine = Operation()
    for pause in (1.0, 1.0, 1.0, 1.6, 3.2):
        assert machine.broken(EXHAUSTED, "quota") == Execute(pause, is_throttled=True)
    assert machine.broken(EXHAUSTED, "quota") == Failed(EXHAUSTED, "quota")
    assert Operation().broken(EXHAUSTED, "quota", 5.0) == Execute(5.0, is_throttled=True)
    assert Operation().update(refused("RESOURCE_EXHAUSTED", "quota")) == Execute(1.0, is_throttled=True)


def test_what_runs_at_an_exhausted_server_is_not_executed_a_second_time() -> None:
    assert known().broken(EXHAUSTED, "quota") == Wait("operations/1", 1.0)


# DEADLINE_EXCEEDED in a response: final.


def test_a_response_that_took_too_long_is_the_end() -> None:
    step = Operation().update(refused("DEADLINE_EXCEEDED", "timeout"))
    assert isinstance(step, Finished)
    assert (step.response.status.code, step.response.status.message) == (CODES["DEADLINE_EXCEEDED"], "timeout")


# UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT, UNIMPLEMENTED: final.


@pytest.mark.parametrize("code", FINAL)
def test_what_no_second_try_mends_is_final(code: str) -> None:
    end = Failed(CODES[code], "words")
    assert Operation().broken(CODES[code], "words") == end
    assert known().broken(CODES[code], "words", held=100.0) == end
    assert Operation().update(refused(code, "words")) == end
    assert Operation().update(failed(code, "words")) == end


def test_what_runs_when_a_call_is_final_can_be_cancelled() -> None:
    machine = known()
    machine.broken(CODES["UNAUTHENTICATED"], "expired")
    assert machine.name == "operations/1"


# Updates.


def test_a_result_is_the_end() -> None:
    step = Operation().update(finished(RESULT))
    assert isinstance(step, Finished)
    assert step.response.result.exit_code == 7


def test_only_done_decides() -> None:
    machine = Operation()
    for stage in (1, 2, 3, 2, 4, 3, 0, 99, None):
        assert machine.update(running(stage=stage)) is None
    # Even a result is none before.
    early = finished(RESULT)
    early.done = False
    assert machine.update(early) is None
    assert isinstance(machine.update(finished(RESULT)), Finished)


@pytest.mark.parametrize(
    ("stage", "is_executing"), [(None, True), (0, True), (1, False), (2, False), (3, True), (4, True)]
)
def test_a_worker_has_it_if_the_server_says_so_or_tells_no_stage(stage: int | None, is_executing: bool) -> None:
    machine = Operation()
    assert not machine.is_executing
    machine.update(running(stage=stage))
    assert machine.is_executing is is_executing


def test_an_action_may_go_back_to_the_queue() -> None:
    machine = known()
    for stage, is_executing in ((QUEUED, False), (EXECUTING, True), (QUEUED, False)):
        machine.update(running(stage=stage))
        assert machine.is_executing is is_executing


def test_what_is_executed_again_waits_again() -> None:
    events: list[Callable[[Operation], Step | None]] = [
        lambda machine: machine.broken(NOT_FOUND, ""),
        lambda machine: machine.update(refused("UNAVAILABLE")),
        lambda machine: machine.update(refused("INTERNAL")),
        lambda machine: machine.lost(),
    ]
    for event in events:
        machine = known()
        assert machine.is_executing
        assert isinstance(event(machine), Execute)
        assert not machine.is_executing


def test_an_operation_without_a_name_keeps_the_one_it_had() -> None:
    machine = known("first")
    machine.update(running(""))
    assert machine.name == "first"
    machine.update(running("second"))
    assert machine.name == "second"


@pytest.mark.parametrize(
    "done",
    [
        new("Operation", name="n", done=True),
        new("Operation", name="n", done=True, response=new("Any")),
        new("Operation", name="n", done=True, response=packed(new("Status"))),
    ],
)
def test_an_end_without_a_response_is_a_failure(done: Any) -> None:
    assert Operation().update(done) == Failed(CODES["DATA_LOSS"], "the operation is done and has no response")


def test_a_response_that_is_no_message_is_an_error() -> None:
    packed_badly = new("Any", type_url="x/build.bazel.remote.execution.v2.ExecuteResponse", value=b"\xff")
    with pytest.raises(ValueError, match="it is no ExecuteResponse"):
        Operation().update(new("Operation", done=True, response=packed_badly))


def test_a_lost_worker_is_tried_once_more() -> None:
    machine = known()
    for _ in range(LOSSES):
        assert machine.lost() == Execute()
    assert machine.lost() is None


def test_the_delay_that_a_server_asks_for_is_found() -> None:
    info = packed(new("RetryInfo", retry_delay=new("Duration", seconds=1, nanos=250_000_000)))
    other = packed(new("PreconditionFailure"))
    broken = new("Any", type_url="type.googleapis.com/google.rpc.RetryInfo", value=b"\xff")
    assert retry_delay([]) is retry_delay([other, broken]) is None
    assert retry_delay([other, broken, info]) == 1.25


# Whatever comes.

codes = st.sampled_from(sorted(CODES.values()))
ends = st.one_of(
    st.builds(refused, st.sampled_from(sorted(set(CODES) - {"OK"})), st.just("words"), st.sampled_from(["", "a"])),
    st.builds(failed, st.sampled_from(sorted(CODES)), st.just("words"), st.sampled_from(["", "a"])),
    st.builds(lambda name: finished(RESULT, name), st.sampled_from(["", "a"])),
    st.just(new("Operation", done=True)),
)
updates = st.one_of(
    ends, st.builds(running, st.sampled_from(["", "a", "b"]), st.sampled_from([None, 0, 1, 2, 3, 4, 99]))
)
breaks = st.tuples(
    codes.filter(bool), st.one_of(st.none(), st.floats(-10, 1e6)), st.sampled_from([0.0, 9.0, 10.0, 1e5])
)
mild = st.one_of(
    st.builds(running, st.sampled_from(["", "a", "b"]), st.sampled_from([None, QUEUED, EXECUTING])),
    st.tuples(
        st.sampled_from([UNAVAILABLE, UNAVAILABLE, NOT_FOUND, EXHAUSTED]), st.none(), st.sampled_from([0.0, 10.0, 1e5])
    ),
)
"""Events that need not be the end, however many there are."""
HELD = 10.0


@given(
    st.one_of(st.lists(st.one_of(updates, breaks)), st.lists(mild, min_size=50, max_size=150)),
    st.lists(st.booleans(), min_size=20, max_size=20),
)
def test_whatever_a_server_does_it_ends_and_only_done_gives_a_result(events: list[Any], missing: list[bool]) -> None:
    machine = Operation()
    executions, waits, refills = 1, 0, 0
    for event in events:
        held = False
        step: Step | None
        if isinstance(event, tuple):
            code, pause, seconds = event
            held = seconds >= HELD and bool(machine.name)
            step = machine.broken(code, "words", pause, seconds)
        else:
            step = machine.update(event)
            assert step is None or event.done
        if isinstance(step, Execute) and step.refill:
            refills += 1
            if not missing[refills]:
                step = machine.nothing_missing()
        match step:
            case None:
                assert not event.done
            case Finished(response):
                assert not isinstance(event, tuple) and event.WhichOneof("result") == "response"
                assert response.status.code in (OK, CODES["DEADLINE_EXCEEDED"])
                return
            case Failed(_, text):
                assert text in ("words", "the operation is done and has no response")
                return
            case Execute(seconds):
                executions += 1
                assert 0 <= seconds <= 30
                assert machine.name == "" and not machine.is_executing
            case Wait(name, seconds):
                assert name == machine.name != ""
                assert 0 <= seconds <= 30
                waits = 1 if held else waits + 1
        assert executions <= EXECUTIONS and refills <= REFILLS
        assert waits <= TRIES * (EXECUTIONS + 1)


@given(st.lists(st.one_of(ends, breaks), min_size=20, max_size=40))
def test_ends_and_breaks_are_counted(events: list[Any]) -> None:
    """Without streams that hold, there are no more calls than tries, refills and the first."""
    machine = Operation()
    for number, event in enumerate(events):
        step = machine.broken(event[0], "", event[1]) if isinstance(event, tuple) else machine.update(event)
        if isinstance(step, Failed | Finished):
            assert number <= TRIES + REFILLS
            return
    raise AssertionError("it has not ended")
