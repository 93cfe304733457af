"""Blobs travel once, in batches that the server takes, and what comes is what was asked for or an error."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from chx.remote import cas as cas_module
from chx.remote.capabilities import ask
from chx.remote.cas import Cas, Source
from chx.remote.digests import Digest, Function
from chx.remote.errors import (
    EndpointUnreachable,
    EndpointUnsuitable,
    FalseBlob,
    NotAuthenticated,
    RemoteFailure,
)
from chx.remote.operation import TRIES
from chx.remote.wire import BLAKE3, SHA256, encode, new
from chx.store.checkpoint import Stopped, extra_check

from .encoding import field
from .server import Behaviour, Call, FakeServer, breaking, failing

SHA = Function(SHA256)
SMALL = b"small"
LARGE = os.urandom(3 << 20)
MOST = 1 << 30


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are moments."""
    monkeypatch.setattr(cas_module, "_PAUSE", 0.001)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def cas(server: FakeServer) -> Cas:
    return opened(server)


def opened(server: FakeServer, **settings: Any) -> Cas:
    channel = server.channel(**settings)
    return Cas(channel, ask(channel))


def blobs(*contents: bytes) -> dict[Digest, Source]:
    return {SHA.of(content): content for content in contents}


def numbered(count: int, size: int = 10) -> list[bytes]:
    return [number.to_bytes(4, "big").ljust(size, b"x") for number in range(count)]


def test_what_is_missing_is_sent_and_nothing_else(server: FakeServer, cas: Cas) -> None:
    server.put(b"there")
    assert cas.ensure(blobs(b"there", SMALL, LARGE, b"")) == 2
    assert server.sent == {SHA.of(SMALL): 1, SHA.of(LARGE): 1}
    assert server.blobs[SHA.of(LARGE)] == LARGE
    assert (cas.sent_blobs, cas.sent_bytes, cas.questions) == (2, len(SMALL) + len(LARGE), 1)


def test_each_blob_is_asked_for_and_sent_once(server: FakeServer, cas: Cas) -> None:
    contents = numbered(300)
    assert cas.ensure(blobs(*contents)) == 300
    assert cas.ensure(blobs(*contents)) == 0
    assert cas.ensure(blobs(*contents, b"one more")) == 1
    assert set(server.sent.values()) == {1}
    first, second = server.of("FindMissingBlobs")
    assert (len(first.request.blob_digests), len(second.request.blob_digests)) == (300, 1)


def test_threads_send_a_blob_once(server: FakeServer, cas: Cas) -> None:
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: cas.ensure(blobs(*numbered(50), LARGE)), range(16)))
    assert sum(counts) == 51
    assert set(server.sent.values()) == {1}


def test_a_server_is_believed_for_a_while(server: FakeServer, cas: Cas, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(cas_module, "monotonic", lambda: now[0])
    cas.ensure(blobs(SMALL))
    now[0] += 599
    cas.ensure(blobs(SMALL))
    assert cas.questions == 1
    now[0] += 2
    cas.ensure(blobs(SMALL))
    assert cas.questions == 2
    assert server.sent == {SHA.of(SMALL): 1}


def test_what_is_forgotten_is_asked_for_and_sent_again(server: FakeServer, cas: Cas) -> None:
    cas.ensure(blobs(SMALL, b"other"))
    del server.blobs[SHA.of(SMALL)]
    cas.forget([SHA.of(SMALL), SHA.of(b"never heard of")])
    assert cas.ensure(blobs(SMALL, b"other")) == 1
    assert server.sent == {SHA.of(SMALL): 2, SHA.of(b"other"): 1}


@pytest.mark.parametrize("function", [SHA256, BLAKE3])
@pytest.mark.parametrize("instance", ["", "main/linux"])
def test_names_of_resources_are_those_of_instance_and_function(function: int, instance: str, tmp_path: Path) -> None:
    with FakeServer(function=function, instance=instance) as server:
        cas = opened(server)
        digest = server.function.of(LARGE)
        small = server.function.of(SMALL)
        cas.ensure({digest: LARGE, small: SMALL})
        assert cas.read(digest, MOST) == LARGE
        cas.fetch({small: str(tmp_path / "small")})
        prefix = f"{instance}/" if instance else ""
        middle = "" if function == SHA256 else "blake3/"
        assert server.of("Read")[0].request.resource_name == f"{prefix}blobs/{middle}{digest}"
        # Servers of old versions know only the default.
        number = 0 if function == SHA256 else BLAKE3
        for method in ("FindMissingBlobs", "BatchUpdateBlobs", "BatchReadBlobs"):
            (call,) = server.of(method)
            assert (call.request.instance_name, call.request.digest_function) == (instance, number)


@pytest.mark.parametrize("limit", [1024, 5000, 0])
def test_batches_have_no_more_than_the_server_takes(limit: int, tmp_path: Path) -> None:
    contents = [*numbered(40, 30), *numbered(3, 700), os.urandom(1000), os.urandom(1100), os.urandom(5000), b""]
    with FakeServer(batch_bytes=limit) as server:
        cas = opened(server)
        assert cas.ensure(blobs(*contents)) == len(contents) - 1
        assert set(server.sent.values()) == {1}
        assert all(call.request.ByteSize() <= (limit or 1 << 22) for call in server.of("BatchUpdateBlobs"))
        if limit == 1024:
            assert len(server.of("Write")) == 3
            assert len(server.of("BatchUpdateBlobs")) >= 13
        if not limit:
            assert (len(server.of("Write")), len(server.of("BatchUpdateBlobs"))) == (0, 1)
        places = {SHA.of(content): str(tmp_path / str(number)) for number, content in enumerate(contents)}
        cas.fetch(places)
        for content in contents:
            assert Path(places[SHA.of(content)]).read_bytes() == content
        assert all(
            sum(one.size_bytes for one in call.request.digests) <= (limit or 1 << 22)
            for call in server.of("BatchReadBlobs")
        )


def test_files_are_sent_from_where_they_are(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    for name, content in (("small", SMALL), ("large", LARGE), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
    server.blobs.clear()
    sources: dict[Digest, Source] = {
        SHA.of(content): str(tmp_path / name) for name, content in (("small", SMALL), ("large", LARGE), ("empty", b""))
    }
    assert cas.ensure(sources) == 3
    assert (server.blobs[SHA.of(SMALL)], server.blobs[SHA.of(LARGE)]) == (SMALL, LARGE)


def test_thousands_of_questions_are_several_calls(server: FakeServer, cas: Cas) -> None:
    wanted: dict[Digest, Source] = {Digest(f"{number:064x}", 1): b"" for number in range(9000)}
    server.behave("FindMissingBlobs", lambda call: new("FindMissingBlobsResponse"))
    assert cas.ensure(wanted) == 0
    assert [len(call.request.blob_digests) for call in server.of("FindMissingBlobs")] == [8000, 1000]


def test_a_server_that_says_it_has_all_is_believed_and_one_that_wants_more_is_not(server: FakeServer, cas: Cas) -> None:
    def liar(call: Call) -> Any:
        return new("FindMissingBlobsResponse", missing_blob_digests=[SHA.of(b"never asked for").message])

    server.behave("FindMissingBlobs", liar)
    assert cas.ensure(blobs(SMALL)) == 0
    assert not server.sent


@pytest.mark.parametrize("method", ["FindMissingBlobs", "BatchUpdateBlobs", "Write"])
@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED", "DEADLINE_EXCEEDED"])
def test_sending_is_tried_again(server: FakeServer, cas: Cas, method: str, code: str) -> None:
    server.behave(method, failing(TRIES, code))
    assert cas.ensure(blobs(SMALL, LARGE)) == 2
    assert server.sent == {SHA.of(SMALL): 1, SHA.of(LARGE): 1}
    assert len(server.of(method)) == TRIES + 1


def test_each_try_to_send_a_large_blob_is_another_upload(server: FakeServer, cas: Cas) -> None:
    names: list[str] = []

    def broken(call: Call) -> Any:
        if call.number == 1:
            names.append(next(call.request).resource_name)
            call.abort("UNAVAILABLE")
        first = next(call.request)
        names.append(first.resource_name)
        return call.proceed(itertools.chain([first], call.request))

    server.behave("Write", broken)
    cas.ensure(blobs(LARGE))
    assert server.blobs[SHA.of(LARGE)] == LARGE
    assert len(set(names)) == 2


def test_a_large_blob_that_somebody_else_sent_meanwhile_is_there(server: FakeServer, cas: Cas) -> None:
    # The API lets a server answer before it has read everything.
    server.behave("Write", lambda call: new("WriteResponse", committed_size=len(LARGE)))
    assert cas.ensure(blobs(LARGE)) == 1


READERS = ("read", "fetch small", "fetch large")


def reader(cas: Cas, server: FakeServer, how: str, folder: Path) -> tuple[str, Callable[[], bytes], bytes]:
    """Return the method of a way to read, a function that reads by it, and what it should return."""
    content = SMALL if how == "fetch small" else LARGE
    digest = server.put(content)
    place = folder / "place"

    def fetched() -> bytes:
        cas.fetch({digest: str(place)})
        return place.read_bytes()

    method = "BatchReadBlobs" if how == "fetch small" else "Read"
    return method, (lambda: cas.read(digest, MOST)) if how == "read" else fetched, content


@pytest.mark.parametrize("how", READERS)
@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED"])
def test_reading_is_tried_again(server: FakeServer, cas: Cas, tmp_path: Path, how: str, code: str) -> None:
    method, act, content = reader(cas, server, how, tmp_path)
    server.behave(method, failing(TRIES, code))
    assert act() == content


@pytest.mark.parametrize("how", ["read", "fetch large"])
@pytest.mark.parametrize("after", [0, 1, 20])
def test_a_stream_that_breaks_begins_again(server: FakeServer, cas: Cas, tmp_path: Path, how: str, after: int) -> None:
    method, act, content = reader(cas, server, how, tmp_path)
    server.behave(method, breaking(after, times=3))
    assert act() == content
    assert len(server.of("Read")) == 4


@pytest.mark.parametrize("how", READERS)
def test_a_server_that_never_answers_is_given_up(server: FakeServer, cas: Cas, tmp_path: Path, how: str) -> None:
    method, act, _ = reader(cas, server, how, tmp_path)
    server.behave(method, failing(1000, "UNAVAILABLE", "too busy"))
    with pytest.raises(EndpointUnreachable) as caught:
        act()
    assert caught.value.message == f"{server.url} cannot be reached: too busy"
    assert len(server.of(method)) == TRIES + 1


ENDS: list[tuple[str, type[Exception], str]] = [
    ("UNAUTHENTICATED", NotAuthenticated, "{url} does not let this user in: words"),
    ("PERMISSION_DENIED", NotAuthenticated, "{url} does not let this user in: words"),
    ("UNIMPLEMENTED", EndpointUnsuitable, "{url} cannot build for chx: it lacks a part of the API: words"),
    ("INVALID_ARGUMENT", RemoteFailure, "{url} could not run the build (INVALID_ARGUMENT): words"),
    ("INTERNAL", RemoteFailure, "{url} could not run the build (INTERNAL): words"),
    ("NOT_FOUND", RemoteFailure, "{url} could not run the build (NOT_FOUND): words"),
]


@pytest.mark.parametrize(("code", "kind", "message"), ENDS)
def test_what_no_second_try_mends_is_told_at_once(
    server: FakeServer, cas: Cas, tmp_path: Path, code: str, kind: type[Exception], message: str
) -> None:
    readers = [reader(cas, server, how, tmp_path) for how in READERS]
    attempts: list[tuple[str, Callable[[], object]]] = [
        ("FindMissingBlobs", lambda: cas.ensure(blobs(b"1"))),
        ("BatchUpdateBlobs", lambda: cas.ensure(blobs(b"2"))),
        ("Write", lambda: cas.ensure(blobs(LARGE + b"3"))),
        *((method, act) for method, act, _ in readers),
    ]
    for method, act in attempts:
        before = len(server.of(method))
        server.behave(method, failing(1000, code, "words"))
        with pytest.raises(kind) as caught:
            act()
        assert caught.value.message == message.format(url=server.url)  # type: ignore[attr-defined]
        assert len(server.of(method)) == before + 1
        server.behave(method, server.honest)
        (tmp_path / "place").unlink(missing_ok=True)


def test_a_token_that_expires_in_the_middle_may_be_renewed(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one")
    with FakeServer(token="one") as server:
        cas = opened(server, token_file=str(token))
        cas.ensure(blobs(SMALL))
        server.token = "two"
        with pytest.raises(NotAuthenticated) as caught:
            cas.ensure(blobs(b"other"))
        assert caught.value.message.endswith("does not let this user in: the token has expired")
        token.write_text("two")
        assert cas.ensure(blobs(b"other")) == 1


# What a server sends.


def edited(change: Callable[[Any], object]) -> Behaviour:
    """Answer to BatchReadBlobs with a change in its first response."""

    def behaviour(call: Call) -> Any:
        answer = call.proceed()
        change(answer.responses[0])
        return answer

    return behaviour


def set_data(data: bytes) -> Callable[[Any], object]:
    return lambda response: setattr(response, "data", data)


def compress(response: Any) -> None:
    response.compressor = 1


def rename(response: Any) -> None:
    response.digest.CopyFrom(SHA.of(b"never asked for").message)
    response.data = b"never asked for"


def enlarge(response: Any) -> None:
    response.digest.size_bytes += 1


OTHER = "they are others"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (set_data(b"smaLl"), OTHER),
        (set_data(b"smal"), OTHER),
        (set_data(b"small "), OTHER),
        (set_data(b""), OTHER),
        (set_data(b"x" * (2 << 20)), OTHER),
        (compress, "they are compressed, which nobody asked for"),
        (rename, "nobody asked for it"),
        (enlarge, "nobody asked for it"),
    ],
)
def test_a_batch_with_other_bytes_is_refused(
    server: FakeServer, cas: Cas, tmp_path: Path, change: Callable[[Any], object], reason: str
) -> None:
    digest = server.put(SMALL)
    server.behave("BatchReadBlobs", edited(change))
    with pytest.raises(FalseBlob) as caught:
        cas.fetch({digest: str(tmp_path / "place")})
    assert caught.value.code == "R005"
    assert caught.value.message.startswith(f"{server.url} sent bytes under the digest ")
    assert caught.value.message.endswith(f", and {reason}")
    assert not (tmp_path / "place").exists()
    assert len(server.of("BatchReadBlobs")) == 1 and not server.sent, "it is not asked again, and not repaired"


def test_a_batch_that_has_a_blob_twice_is_refused(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    def twice(call: Call) -> Any:
        answer = call.proceed()
        answer.responses.append(answer.responses[0])
        return answer

    server.behave("BatchReadBlobs", twice)
    with pytest.raises(FalseBlob):
        cas.fetch({server.put(SMALL): str(tmp_path / "place")})


def test_a_batch_that_lacks_a_blob_is_a_failure(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    def fewer(call: Call) -> Any:
        answer = call.proceed()
        del answer.responses[0]
        return answer

    digest = server.put(SMALL)
    server.behave("BatchReadBlobs", fewer)
    with pytest.raises(RemoteFailure) as caught:
        cas.fetch({digest: str(tmp_path / "place")})
    assert caught.value.message == (
        f"{server.url} could not run the build (reading outputs): {digest} is missing in the answer"
    )


def test_a_batch_may_come_in_any_order_and_with_more_in_it(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    contents = numbered(20)
    places = {server.put(content): str(tmp_path / str(number)) for number, content in enumerate(contents)}

    def reversed_with_unknown_fields(call: Call) -> bytes:
        answer = call.proceed()
        return encode(new("BatchReadBlobsResponse", responses=reversed(answer.responses))) + field(99, "new")

    server.behave("BatchReadBlobs", reversed_with_unknown_fields)
    cas.fetch(places)
    assert [(tmp_path / str(number)).read_bytes() for number in range(20)] == contents


def test_an_answer_that_is_no_message_is_a_failure(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    server.behave("BatchReadBlobs", lambda call: b"\xff" * 20)
    with pytest.raises(RemoteFailure) as caught:
        cas.fetch({server.put(SMALL): str(tmp_path / "place")})
    assert caught.value.status == "INTERNAL"


@pytest.mark.parametrize("how", ["read", "fetch large"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (LARGE[:-1], OTHER),
        (b"", OTHER),
        (LARGE[:-1] + bytes([LARGE[-1] ^ 1]), OTHER),
        (LARGE + b"x", "they are more"),
        (LARGE * 2, "they are more"),
    ],
    ids=["short", "empty", "bit", "long", "twice"],
)
def test_a_stream_with_other_bytes_is_refused(
    server: FakeServer, cas: Cas, tmp_path: Path, how: str, content: bytes, reason: str
) -> None:
    method, act, _ = reader(cas, server, how, tmp_path)
    server.blobs[SHA.of(LARGE)] = content
    with pytest.raises(FalseBlob) as caught:
        act()
    assert caught.value.reason == reason
    assert len(server.of(method)) == 1 and not server.sent


def test_a_stream_without_end_is_cut_when_it_has_too_much(server: FakeServer, cas: Cas) -> None:
    sent = [0]

    def endless(call: Call) -> Iterator[Any]:
        while not call.ended.is_set():
            sent[0] += 1
            yield new("ReadResponse", data=b"x" * 65536)

    digest = Digest("0" * 64, 2 << 20)
    server.behave("Read", endless)
    with pytest.raises(FalseBlob) as caught:
        cas.read(digest, MOST)
    assert caught.value.reason == "they are more"
    (call,) = server.of("Read")
    assert call.ended.wait(10)


def test_what_claims_to_be_larger_than_such_a_message_is_not_read(server: FakeServer, cas: Cas) -> None:
    with pytest.raises(FalseBlob) as caught:
        cas.read(Digest("0" * 64, 1001), 1000)
    assert caught.value.reason == "no such message has more than 1000 bytes"
    assert not server.of("Read")


def test_the_empty_blob_is_not_asked_for(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    assert cas.read(SHA.of(b""), 0) == b""
    cas.fetch({SHA.of(b""): str(tmp_path / "empty")})
    assert (tmp_path / "empty").read_bytes() == b""
    assert not server.of("Read") and not server.of("BatchReadBlobs")
    for act in (lambda: cas.read(Digest("0" * 64, 0), 0), lambda: cas.fetch({Digest("0" * 64, 0): "/nowhere"})):
        with pytest.raises(FalseBlob):
            act()


def test_what_is_not_there_is_a_failure(server: FakeServer, cas: Cas, tmp_path: Path) -> None:
    for digest, reason in (
        (SHA.of(SMALL), "(reading outputs): {} is not there: no such blob"),
        (SHA.of(LARGE), "(NOT_FOUND): no such blob"),
    ):
        with pytest.raises(RemoteFailure) as caught:
            cas.fetch({digest: str(tmp_path / digest.hash)})
        assert caught.value.message == f"{server.url} could not run the build {reason.format(digest)}"


@pytest.mark.parametrize("content", [SMALL, b"", LARGE], ids=["small", "empty", "large"])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_nothing_that_is_there_is_written_to(
    server: FakeServer, cas: Cas, tmp_path: Path, content: bytes, kind: str
) -> None:
    precious, place = tmp_path / "precious", tmp_path / "place"
    precious.write_text("precious")
    if kind == "link":
        place.symlink_to(precious)
    else:
        place.hardlink_to(precious)
    with pytest.raises(FileExistsError):
        cas.fetch({server.put(content): str(place)})
    assert precious.read_text() == "precious"


# What a server does not take.


def test_bytes_that_are_not_their_digest_are_not_taken(server: FakeServer, cas: Cas) -> None:
    digest = SHA.of(SMALL)
    with pytest.raises(RemoteFailure) as caught:
        cas.ensure({digest: b"other"})
    assert caught.value.message == (
        f"{server.url} could not run the build (sending inputs): it does not take {digest}: another digest"
    )
    with pytest.raises(RemoteFailure) as caught:
        cas.ensure({SHA.of(LARGE): LARGE[::-1]})
    assert caught.value.message == f"{server.url} could not run the build (INVALID_ARGUMENT): another digest"
    # And it is not believed to be there.
    assert cas.ensure({digest: SMALL}) == 1


def test_a_blob_that_is_not_confirmed_is_not_taken(server: FakeServer, cas: Cas) -> None:
    server.behave("BatchUpdateBlobs", lambda call: new("BatchUpdateBlobsResponse"))
    with pytest.raises(RemoteFailure) as caught:
        cas.ensure(blobs(SMALL))
    assert caught.value.reason == f"it does not take {SHA.of(SMALL)}: it is missing in the answer"
    server.behave("Write", lambda call: new("WriteResponse", committed_size=7))
    with pytest.raises(RemoteFailure) as caught:
        cas.ensure(blobs(LARGE))
    assert caught.value.reason == f"it does not take {SHA.of(LARGE)}: of its bytes it has 7"


# Ends.


class Told(Stopped):
    """The work is cancelled."""


@pytest.mark.parametrize("method", ["FindMissingBlobs", "Write", "Read"])
def test_cancelled_work_makes_no_further_try(
    server: FakeServer, cas: Cas, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cas_module, "_PAUSE", 60.0)
    server.behave(method, failing(1000))
    digest = server.put(LARGE[::-1])

    def check() -> None:
        if server.of(method):
            raise Told

    began = time.monotonic()
    with extra_check(check), pytest.raises(Told):
        if method == "Read":
            cas.read(digest, MOST)
        else:
            cas.ensure(blobs(LARGE))
    assert time.monotonic() - began < 10
    assert len(server.of(method)) == 1


def test_a_server_that_restarts_is_reached_again(server: FakeServer, cas: Cas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cas_module, "_PAUSE", 0.1)
    digest = server.put(LARGE)

    def killed(call: Call) -> Iterator[Any]:
        for count, response in enumerate(call.proceed()):
            if count == 3 and call.number == 1:
                restarted.append(Thread(target=server.restart))
                restarted[0].start()
                call.hang()
            yield response

    restarted: list[Thread] = []
    server.behave("Read", killed)
    assert cas.read(digest, MOST) == LARGE
    restarted[0].join()
    assert len(server.of("Read")) == 2
