"""Executions over gRPC: what breaks is taken up again, what waits for ever ends, and what is given up is cancelled there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chx.remote import driver as driver_module
from chx.remote import operation
from chx.remote.digests import Digest, Function
from chx.remote.driver import Driver
from chx.remote.errors import EndpointUnreachable, NotAuthenticated, NothingExecutes, RemoteFailure
from chx.remote.operation import EXECUTIONS, REFILLS, TRIES, Operation, Step
from chx.remote.wire import BLAKE3, SHA256, new
from chx.store.checkpoint import Stopped, extra_check

from .server import QUEUED, Call, FakeServer, Script, failed, failing, finished, packed, refused, running

ACTION = Function(SHA256).of(b"action")
RESULT = new("ActionResult", exit_code=7)
SOON = 0.3


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between steps, in which no time passes."""
    found: list[float] = []
    monkeypatch.setattr(driver_module, "pause", found.append)
    return found


def driven(
    server: FakeServer,
    refill: Callable[[], int] = lambda: 0,
    *,
    queue: float = 60.0,
    is_asked: bool = False,
    function: int = SHA256,
    **settings: Any,
) -> Driver:
    return Driver(server.channel(**settings), function, ACTION, refill, is_asked, queue)


def methods(server: FakeServer) -> list[str]:
    return [call.method for call in server.calls]


@pytest.mark.parametrize("is_asked", [False, True])
@pytest.mark.parametrize(("function", "number"), [(SHA256, 0), (BLAKE3, BLAKE3)])
def test_an_action_is_executed(is_asked: bool, function: int, number: int) -> None:
    with FakeServer(execute=[running(), finished(RESULT)], instance="main") as server:
        response = driven(server, is_asked=is_asked, function=function).run()
        (call,) = server.calls
    assert response.result.exit_code == 7
    assert call.request == new(
        "ExecuteRequest",
        instance_name="main",
        skip_cache_lookup=not is_asked,
        action_digest=ACTION.message,
        digest_function=number,
        inline_stdout=True,
    )


def test_a_stream_that_ends_early_is_taken_up_again(pauses: list[float]) -> None:
    with FakeServer(execute=[running("a")], wait=[running("a"), finished(RESULT, "a")]) as server:
        assert driven(server).run().result.exit_code == 7
        assert methods(server) == ["Execute", "WaitExecution"]
        assert server.of("WaitExecution")[0].request.name == "a"
    assert pauses == [0.0, 0.2]


def test_a_server_says_how_long_to_pause(pauses: list[float]) -> None:
    def script(call: Call) -> Iterator[Any]:
        if call.number <= 2:
            call.abort("UNAVAILABLE", "restarting", retry=4.5)
        yield finished(RESULT)

    with FakeServer(execute=script) as server:
        driven(server).run()
    assert pauses == [0.0, 4.5, 4.5]


def test_a_server_that_restarts_gets_the_action_again(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = threading.Event()
    restarted: list[threading.Thread] = []
    update = Operation.update

    def hear(machine: Operation, news: Any) -> Step | None:
        step = update(machine, news)
        heard.set()
        return step

    def wait(seconds: float) -> None:
        for thread in restarted:
            thread.join()

    def script(call: Call) -> Iterator[Any]:
        yield running(f"operations/{call.number}")
        if call.number == 1:
            heard.wait(10)
            restarted.append(threading.Thread(target=call.server.restart))
            restarted[0].start()
            call.hang()
            return
        yield finished(RESULT)

    def forgotten(call: Call) -> Iterator[Any]:
        call.abort("NOT_FOUND", "no such operation")
        yield

    monkeypatch.setattr(Operation, "update", hear)
    # A restart takes as long as it takes.
    monkeypatch.setattr(driver_module, "pause", wait)
    with FakeServer(execute=script, wait=forgotten) as server:
        assert driven(server).run().result.exit_code == 7
        assert server.of("WaitExecution")[-1].request.name == "operations/1"
        assert len(server.of("Execute")) == 2


def test_what_is_missing_is_sent_and_the_action_executed_again() -> None:
    sent: list[int] = []

    def refill() -> int:
        sent.append(1)
        return 1

    def script(call: Call) -> Iterator[Any]:
        yield refused("INTERNAL", "no such blob") if call.number <= REFILLS else finished(RESULT)

    with FakeServer(execute=script) as server:
        driven(server, refill).run()
    assert len(sent) == REFILLS


@pytest.mark.parametrize("make", [refused, failed])
def test_words_of_the_server_are_told(make: Callable[[str, str], Any]) -> None:
    with FakeServer(execute=[make("FAILED_PRECONDITION", "disk is full")]) as server:
        with pytest.raises(RemoteFailure) as caught:
            driven(server).run()
        assert caught.value.message == f"{server.url} could not run the build (FAILED_PRECONDITION): disk is full"


def test_a_token_that_expires_meanwhile_is_told_at_once() -> None:
    def script(call: Call) -> Iterator[Any]:
        yield running("a")
        call.abort("UNAUTHENTICATED", "the token has expired")

    with FakeServer(execute=script) as server:
        with pytest.raises(NotAuthenticated):
            driven(server).run()
        assert methods(server) == ["Execute", "CancelOperation"]
        assert server.cancelled == ["a"]


def test_a_server_that_is_gone_is_unreachable(pauses: list[float]) -> None:
    with FakeServer(execute=[]) as server:
        server.behave("Execute", failing(1000, "UNAVAILABLE", "no upstream"))
        with pytest.raises(EndpointUnreachable) as caught:
            driven(server).run()
        assert caught.value.message == f"{server.url} cannot be reached: no upstream"
        assert len(server.calls) == TRIES + 1
    assert pauses == [0.0, 0.2, 0.4, 0.8, 1.6, 3.2]


def test_an_action_that_ends_its_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "_HOLDS", 0.0)

    def forgotten(call: Call) -> Iterator[Any]:
        call.abort("UNAVAILABLE" if call.number % 2 else "NOT_FOUND", "killed")
        yield

    with FakeServer(execute=[running("a")], wait=forgotten) as server:
        with pytest.raises(RemoteFailure) as caught:
            driven(server).run()
        assert caught.value.status == "NOT_FOUND"
        assert len(server.of("Execute")) == EXECUTIONS


# Queues.


def hanging(*stages: int | None) -> Script:
    def script(call: Call) -> Iterator[Any]:
        for stage in stages:
            yield running("a", stage)
        call.hang()

    return script


@pytest.mark.parametrize("stages", [(), (QUEUED,), (1, QUEUED), (3, QUEUED)], ids=["silent", "queued", "asked", "lost"])
def test_an_action_that_no_worker_has_is_given_up(stages: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "_NAME_SECONDS", 0.1)
    with FakeServer(execute=hanging(*stages)) as server:
        with pytest.raises(NothingExecutes) as caught:
            driven(server, queue=SOON).run()
        assert caught.value.message == f"{server.url} has not begun the build in 0.3 seconds"
        assert server.cancelled == (["a"] if stages else [])
        assert server.of("Execute")[0].ended.wait(10), "the stream is closed"


@pytest.mark.parametrize("stages", [(3,), (None,), (QUEUED, 3)])
def test_an_action_that_a_worker_has_may_take_its_time(stages: tuple[int | None, ...]) -> None:
    def script(call: Call) -> Iterator[Any]:
        for stage in stages:
            yield running("a", stage)
        call.ended.wait(3 * SOON)
        yield finished(RESULT, "a")

    with FakeServer(execute=script) as server:
        assert driven(server, queue=SOON).run().result.exit_code == 7


# Ends.


class Told(Stopped):
    """The work is cancelled."""


@pytest.mark.parametrize("begins_late", [False, True])
def test_who_is_cancelled_ends_the_job_there(begins_late: bool) -> None:
    has_begun = threading.Event()

    def script(call: Call) -> Iterator[Any]:
        if begins_late:
            has_begun.set()
            call.ended.wait(0.2)
        yield running("a")
        has_begun.set()
        call.hang()

    def check() -> None:
        if has_begun.is_set():
            raise Told

    with FakeServer(execute=script) as server:
        with extra_check(check), pytest.raises(Told):
            driven(server).run()
        assert server.cancelled == ["a"]
        assert server.of("Execute")[0].ended.wait(10), "the stream is closed"


def test_a_server_that_cannot_cancel_does_not_hold_anybody_up() -> None:
    def unable(call: Call) -> None:
        call.abort("UNIMPLEMENTED", "")

    with FakeServer(execute=hanging(QUEUED)) as server:
        server.behave("CancelOperation", unable)
        with pytest.raises(NothingExecutes):
            driven(server, queue=SOON).run()
        assert len(server.of("CancelOperation")) == 1


def test_a_result_without_a_report_is_asked_for_once_more() -> None:
    with FakeServer(execute=[finished(RESULT)]) as server:
        driver = driven(server)
        driver.run()
        assert driver.again() is not None
        assert driver.again() is None
        assert len(server.of("Execute")) == 2


# Nonsense.


@pytest.mark.parametrize("field", ["metadata", "response"])
def test_a_message_that_is_none_is_the_server_s_failure(field: str) -> None:
    name = "ExecuteOperationMetadata" if field == "metadata" else "ExecuteResponse"
    value = new("Any", type_url=f"type.googleapis.com/build.bazel.remote.execution.v2.{name}", value=b"\xff")
    nonsense = new("Operation", name="a", done=field == "response", **{field: value})
    with FakeServer(execute=[nonsense]) as server:
        with pytest.raises(RemoteFailure) as caught:
            driven(server).run()
        assert caught.value.status == "DATA_LOSS"


def test_an_end_without_a_response_is_the_server_s_failure() -> None:
    for nonsense in (new("Operation", done=True), new("Operation", done=True, response=packed(ACTION.message))):
        with FakeServer(execute=[nonsense]) as server, pytest.raises(RemoteFailure) as caught:
            driven(server).run()
        assert caught.value.reason == "the operation is done and has no response"


def test_bytes_that_are_no_operation_are_the_server_s_failure() -> None:
    with FakeServer(execute=[b"\xff" * 9]) as server:
        with pytest.raises(RemoteFailure) as caught:
            driven(server).run()
        assert caught.value.status == "INTERNAL"
        assert len(server.of("Execute")) == REFILLS + 1


def test_no_answer_is_too_long_to_be_refused() -> None:
    log = b"x" * (8 << 20)
    with FakeServer(execute=[finished(new("ActionResult", stdout_raw=log))]) as server:
        assert driven(server).run().result.stdout_raw == log


def test_digests_in_details_are_not_needed() -> None:
    missing = [Digest("0" * 64, 1)]

    def script(call: Call) -> Iterator[Any]:
        yield refused("FAILED_PRECONDITION", "blobs", missing=missing) if call.number == 1 else finished(RESULT)

    with FakeServer(execute=script) as server:
        assert driven(server, lambda: 1).run().result.exit_code == 7
