"""An endpoint that cannot do what builds need is refused with the reason, and all others are used as well as they can."""

from __future__ import annotations

from typing import Any

import pytest

from chx.remote.capabilities import ask, read_capabilities
from chx.remote.errors import EndpointUnreachable, EndpointUnsuitable, NotAuthenticated
from chx.remote.wire import BLAKE3, DISALLOWED, SHA256, new

from .server import Call, FakeServer

SHA1 = 2
LARGEST = (4 << 20) - (64 << 10)


def answer(
    high: tuple[int, int] = (2, 3),
    low: tuple[int, int] = (2, 0),
    executes: list[int] | None = None,
    single: int = SHA256,
    stores: list[int] | None = None,
    enabled: bool = True,
    **cache: Any,
) -> Any:
    return new(
        "ServerCapabilities",
        cache_capabilities=new("CacheCapabilities", digest_functions=[SHA256] if stores is None else stores, **cache),
        execution_capabilities=new(
            "ExecutionCapabilities", digest_function=single, digest_functions=executes or [], exec_enabled=enabled
        ),
        low_api_version=new("SemVer", major=low[0], minor=low[1]),
        high_api_version=new("SemVer", major=high[0], minor=high[1]),
    )


def read(found: Any) -> tuple[int, int]:
    capabilities = read_capabilities("grpc://host:1", found)
    return capabilities.function.number, capabilities.batch_bytes


def refusal(found: Any) -> str:
    with pytest.raises(EndpointUnsuitable) as caught:
        read_capabilities("grpc://host:1", found)
    assert caught.value.code == "R004"
    return caught.value.message


def test_blake3_is_used_where_it_can_be() -> None:
    both = [SHA256, BLAKE3]
    assert read(answer(executes=both, stores=both))[0] == BLAKE3
    assert read(answer(executes=both, stores=[SHA256]))[0] == SHA256
    assert read(answer(executes=[SHA256], stores=both))[0] == SHA256
    assert read(answer(executes=[SHA1, SHA256], stores=[SHA1, *both]))[0] == SHA256


def test_servers_of_old_versions_name_one_function() -> None:
    assert read(answer(executes=[], single=SHA256, stores=[SHA256, BLAKE3]))[0] == SHA256
    assert read(answer(executes=[], single=BLAKE3, stores=[]))[0] == BLAKE3


@pytest.mark.parametrize(
    ("told", "used"),
    [(0, LARGEST), (-1, LARGEST), (1024, 1024), (LARGEST, LARGEST), (LARGEST + 1, LARGEST), (1 << 62, LARGEST)],
)
def test_a_batch_has_no_more_than_the_server_and_grpc_take(told: int, used: int) -> None:
    assert read(answer(max_batch_total_size_bytes=told))[1] == used


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (answer(high=(1, 4)), "it has version 1.4 of the API, and chx version 2"),
        (answer(high=(3, 1), low=(3, 0)), "it has version 3.0 of the API, and chx version 2"),
        (answer(enabled=False), "it executes nothing for this user (perhaps in another instance)"),
        (
            answer(symlink_absolute_path_strategy=DISALLOWED),
            "it forbids links with absolute targets, which most packages have",
        ),
        (answer(executes=[SHA1], stores=[SHA1]), "it has neither SHA-256 nor BLAKE3 as digest function"),
        (answer(executes=[SHA256], stores=[BLAKE3]), "it has neither SHA-256 nor BLAKE3 as digest function"),
        (answer(single=0, stores=[0]), "it has neither SHA-256 nor BLAKE3 as digest function"),
        (new("ServerCapabilities"), "it executes nothing for this user (perhaps in another instance)"),
    ],
)
def test_what_builds_need_and_is_not_there_is_named(found: Any, reason: str) -> None:
    assert refusal(found) == f"grpc://host:1 cannot build for chx: {reason}"


@pytest.mark.parametrize("strategy", [0, 2])
def test_absolute_links_that_are_not_forbidden_are_sent(strategy: int) -> None:
    assert read(answer(symlink_absolute_path_strategy=strategy))[0] == SHA256


def test_versions_that_are_not_told_are_taken() -> None:
    assert read(answer(high=(0, 0), low=(0, 0)))[0] == SHA256
    assert read(answer(high=(3, 0), low=(2, 0)))[0] == SHA256


def test_a_server_is_asked_for_the_instance() -> None:
    with FakeServer(instance="main/linux", function=BLAKE3, batch_bytes=1024) as server:
        capabilities = ask(server.channel())
        assert (capabilities.function.number, capabilities.batch_bytes) == (BLAKE3, 1024)
        (call,) = server.of("GetCapabilities")
        assert call.request.instance_name == "main/linux"


def test_nobody_there_is_one_error() -> None:
    server = FakeServer()
    with server:
        channel = server.channel()
        server.stop()
        with pytest.raises(EndpointUnreachable) as caught:
            ask(channel)
        server.start()
    assert caught.value.message.startswith(f"grpc://127.0.0.1:{server.port} cannot be reached: ")
    assert caught.value.hint == "is the server running, and does it want TLS (grpcs://)?"


def test_a_server_that_wants_a_token_is_one_error() -> None:
    with FakeServer(token="right") as server, pytest.raises(NotAuthenticated) as caught:
        ask(server.channel())
    assert caught.value.message == f"{server.url} does not let this user in: the token has expired"


def test_a_server_without_the_method_is_unsuitable() -> None:
    def lacking(call: Call) -> None:
        call.abort("UNIMPLEMENTED", "Method not found!")

    with FakeServer() as server, pytest.raises(EndpointUnsuitable) as caught:
        server.behave("GetCapabilities", lacking)
        ask(server.channel())
    assert caught.value.message == f"{server.url} cannot build for chx: it lacks a part of the API: Method not found!"
