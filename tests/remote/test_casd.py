"""The storage of a real server, buildbox-casd."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chx.remote.capabilities import ask
from chx.remote.cas import Cas, Source
from chx.remote.digests import Digest, Function
from chx.remote.errors import EndpointUnreachable, FalseBlob, RemoteFailure
from chx.remote.wire import SHA256

from .casd import Casd, programs

SHA = Function(SHA256)
MOST = 1 << 30


@pytest.fixture
def cas(casd: Casd) -> Cas:
    return opened(casd)


@pytest.fixture
def own(memory: Path) -> Iterator[Casd]:
    """A server that a test may damage."""
    with Casd(memory, programs()) as server:
        yield server


def opened(server: Casd) -> Cas:
    channel = server.channel()
    return Cas(channel, ask(channel))


def blobs(*contents: bytes) -> dict[Digest, Source]:
    return {SHA.of(content): content for content in contents}


def test_it_can_what_builds_need(casd: Casd) -> None:
    capabilities = ask(casd.channel())
    assert capabilities.function.number == SHA256
    assert 1 << 20 <= capabilities.batch_bytes <= 4 << 20


def test_thousands_of_small_blobs_and_some_large_ones_come_back(cas: Cas, memory: Path) -> None:
    small = [os.urandom(number % 3000 + 8) for number in range(2000)]
    large = [os.urandom(size) for size in ((1 << 20) - 1, 1 << 20, (4 << 20) + 1, 9 << 20)]
    assert cas.ensure(blobs(*small, *large, b"")) in (2004, 2005)
    assert cas.sent_blobs in (2004, 2005)
    places = {SHA.of(content): str(memory / str(number)) for number, content in enumerate([*small, *large, b""])}
    cas.fetch(places)
    for content in (*small, *large, b""):
        assert Path(places[SHA.of(content)]).read_bytes() == content
    assert [cas.read(SHA.of(content), MOST) for content in large] == large


def test_another_client_sends_nothing_of_it_again(casd: Casd, cas: Cas) -> None:
    contents = [os.urandom(100) for _ in range(50)] + [os.urandom(2 << 20)]
    assert cas.ensure(blobs(*contents)) == 51
    other = opened(casd)
    assert other.ensure(blobs(*contents, b"and one more")) == 1
    assert other.sent_bytes == len(b"and one more")


def test_it_refuses_bytes_that_are_not_their_digest(cas: Cas) -> None:
    for content in (os.urandom(100), os.urandom(2 << 20)):
        with pytest.raises(RemoteFailure):
            cas.ensure({SHA.of(content): content[::-1]})
        assert cas.ensure(blobs(content)) == 1


def test_what_is_missing_is_a_failure(cas: Cas, tmp_path: Path) -> None:
    for content in (os.urandom(100), os.urandom(2 << 20)):
        with pytest.raises(RemoteFailure):
            cas.fetch({SHA.of(content): str(tmp_path / SHA.of(content).hash)})
        with pytest.raises(RemoteFailure):
            cas.read(SHA.of(content), MOST)


@pytest.mark.parametrize("size", [100, 2 << 20])
def test_a_blob_that_is_damaged_on_its_disk_is_refused(casd: Casd, cas: Cas, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    digest = SHA.of(content)
    cas.ensure(blobs(content))
    file = casd.blob(digest)
    file.chmod(0o644)
    damaged = content[:-1] + bytes([content[-1] ^ 1])
    file.write_bytes(damaged)
    # The server says that all is well.
    for act in (lambda: cas.read(digest, MOST), lambda: cas.fetch({digest: str(tmp_path / "place")})):
        with pytest.raises(FalseBlob) as caught:
            act()
        assert caught.value.message == f"{casd.url} sent bytes under the digest {digest}, and they are others"
    assert cas.sent_blobs == 1 and file.read_bytes() == damaged, "it is not repaired by sending"


@pytest.mark.parametrize("size", [100, 2 << 20])
def test_a_blob_that_was_cut_on_its_disk_is_refused(casd: Casd, cas: Cas, tmp_path: Path, size: int) -> None:
    # This server notices some of them by itself, and has no such blob any more.
    content = os.urandom(size)
    digest = SHA.of(content)
    cas.ensure(blobs(content))
    file = casd.blob(digest)
    file.chmod(0o644)
    os.truncate(file, size - 1)
    with pytest.raises((FalseBlob, RemoteFailure)):
        cas.fetch({digest: str(tmp_path / "place")})
    assert cas.sent_blobs == 1


def test_a_server_that_was_killed_has_what_was_sent(own: Casd) -> None:
    contents = [os.urandom(100) for _ in range(20)] + [os.urandom(2 << 20)]
    cas = opened(own)
    cas.ensure(blobs(*contents))
    own.stop(signal.SIGKILL)
    own.start()
    assert [cas.read(SHA.of(content), MOST) for content in contents] == contents
    assert opened(own).ensure(blobs(*contents)) == 0


def test_a_server_that_is_gone_is_unreachable(own: Casd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chx.remote.cas._PAUSE", 0.01)
    cas = opened(own)
    own.stop()
    with pytest.raises(EndpointUnreachable) as caught:
        cas.ensure(blobs(b"content"))
    assert caught.value.message.startswith(f"{own.url} cannot be reached: ")
