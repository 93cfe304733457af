"""A cache that does not behave is given up in bounded time, with the reason, and brings no more than it may."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chx.store import Digest, Realisation, Store, StorePath
from chx.store.checkpoint import Stopped, within
from chx.store.exchange import CacheIntegrityError, Receiver, TransferFailed, backends, open_cache, receiving, send
from chx.store.exchange.conversation import Patience
from chx.store.exchange.layout import blob_name, object_name, trace_name

from ..servers import Connection, Misbehaving, head

SOON = 60.0
"""Seconds that nothing here may take."""
KEY = Digest.of(b"key")
CONTENT = os.urandom(300_000)

Answer = Callable[[Connection, bytes], None]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What takes a minute takes a moment, and no proxy is asked."""
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(backends, "_PAUSE", 0.01)
    monkeypatch.setattr(backends, "_PATIENCE", Patience(1.0, 1024))
    monkeypatch.setattr(receiving, "LARGEST_DESCRIPTION", 1 << 24)
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SOON


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "other")) as store:
        yield store


@pytest.fixture
def path(store: Store) -> StorePath:
    return store.add_bytes(CONTENT, "content")


@pytest.fixture
def cache(store: Store, path: StorePath, tmp_path: Path) -> str:
    store.record([Realisation(KEY, "out", path, None, 1.0, 2.0)])
    send(store, open_cache(str(tmp_path / "cache"), create=True), [path])
    return str(tmp_path / "cache")


def wanted(what: str, path: StorePath) -> str:
    """The name of a file in the cache."""
    return {
        "object": object_name(path),
        "blob": blob_name(Digest.of(CONTENT).raw),
        "trace": trace_name(KEY),
    }[what]


def spoiled(cache: str, name: str, answer: Answer) -> Misbehaving:
    """A server that gives the cache, except that it answers with `answer` when it is asked for `name`."""

    def serve(connection: Connection) -> None:
        asked = connection.path.lstrip("/")
        file = Path(cache, asked)
        content = file.read_bytes() if file.is_file() else b""
        if asked == name:
            answer(connection, content)
        else:
            connection.send(head("200 OK" if content else "404 Not Found", Content_Length=len(content)) + content)

    return Misbehaving(serve)


def silent(connection: Connection, content: bytes) -> None:
    connection.wait()


def silent_after_the_head(connection: Connection, content: bytes) -> None:
    connection.send(head(Content_Length=len(content)))
    connection.wait()


def slow(connection: Connection, content: bytes) -> None:
    connection.send(head(Content_Length=len(content)))
    connection.trickle(content)


def slow_in_the_head(connection: Connection, content: bytes) -> None:
    connection.trickle(head(Content_Length=len(content)))


def steady(connection: Connection, content: bytes) -> None:
    """Never silent, and never at the end."""
    connection.send(head())
    while connection.wait(0.05):
        connection.send(bytes(2048))


def cut_off(connection: Connection, content: bytes) -> None:
    connection.send(head(Content_Length=len(content)) + content[:-1])


def too_long(connection: Connection, content: bytes) -> None:
    connection.send(head(Content_Length=1 << 40))
    connection.pour(bytes(65536))


def too_short(connection: Connection, content: bytes) -> None:
    connection.send(head(Content_Length=len(content) // 2) + content)


def endless(connection: Connection, content: bytes) -> None:
    connection.send(head())
    connection.pour(bytes(65536))


def endless_in_chunks(connection: Connection, content: bytes) -> None:
    connection.send(head(Transfer_Encoding="chunked"))
    connection.pour(b"10000\r\n" + bytes(65536) + b"\r\n")


def endless_head(connection: Connection, content: bytes) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\n")
    connection.pour(b"X: " + b"y" * 1000 + b"\r\n")


def in_a_circle(connection: Connection, content: bytes) -> None:
    connection.send(head("302 Found", Location=connection.path, Content_Length=0))


def endless_error(connection: Connection, content: bytes) -> None:
    connection.send(head("422 Unprocessable Content"))
    connection.pour(b"x" * 65536)


def no_number(connection: Connection, content: bytes) -> None:
    connection.send(head(Content_Length="many") + content[: len(content) // 2])


SILENT = (silent, silent_after_the_head, slow, slow_in_the_head)
BROKEN = (cut_off, endless_head, in_a_circle, endless_error)
LYING = (too_long, too_short, endless, endless_in_chunks, no_number)


def ask(store: Store, server: Misbehaving, what: str, path: StorePath) -> object:
    receiver = Receiver(store, open_cache(server.url))
    return receiver.rows(KEY) if what == "trace" else receiver.receive(path)


@pytest.mark.parametrize("what", ["object", "blob", "trace"])
def test_a_server_that_behaves_is_believed(cache, path, other, what) -> None:
    with spoiled(cache, "", silent) as server:
        assert ask(other, server, what, path)


@pytest.mark.parametrize("what", ["object", "blob", "trace"])
@pytest.mark.parametrize("answer", SILENT)
def test_a_silent_server_is_given_up(cache, path, other, what, answer) -> None:
    with (
        spoiled(cache, wanted(what, path), answer) as server,
        pytest.raises(TransferFailed, match="gave nothing more for 1 seconds"),
    ):
        ask(other, server, what, path)
    assert not list(other.objects())


@pytest.mark.parametrize("what", ["object", "blob", "trace"])
@pytest.mark.parametrize("answer", [*BROKEN, *LYING])
def test_a_server_that_says_something_wrong_is_given_up(cache, path, other, what, answer) -> None:
    with spoiled(cache, wanted(what, path), answer) as server:
        with pytest.raises((TransferFailed, CacheIntegrityError)) as caught:
            ask(other, server, what, path)
        assert server.url in caught.value.message and len(caught.value.message) < 5000
    assert not list(other.objects())
    kept = [file.stat().st_size for file in Path(other.home, "cache").rglob("*.part")]
    assert sum(kept) <= 1 << 24


@pytest.mark.parametrize("what", ["object", "blob", "trace"])
@pytest.mark.parametrize("answer", SILENT)
def test_waiting_for_a_server_can_be_ended(cache, path, other, what, answer, monkeypatch) -> None:
    monkeypatch.setattr(backends, "_PATIENCE", Patience(SOON * 2))
    with spoiled(cache, wanted(what, path), answer) as server, pytest.raises(Stopped), within(0.5):
        ask(other, server, what, path)


@pytest.mark.parametrize("what", ["object", "blob", "trace"])
def test_what_comes_slowly_has_to_come_in_time(cache, path, other, what, monkeypatch) -> None:
    monkeypatch.setattr(backends, "_PATIENCE", Patience(SOON * 2))
    with spoiled(cache, wanted(what, path), steady) as server:
        receiver = Receiver(other, open_cache(server.url), seconds=1)
        with pytest.raises(TransferFailed, match="did not come in 1 seconds") as caught:
            receiver.rows(KEY) if what == "trace" else receiver.receive(path)
        assert caught.value.hint == "raise --timeout"
    assert not list(other.objects())
