"""A cache in S3, as a server on this machine speaks it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from chx.store import Store, remove_tree
from chx.store.exchange import CacheIntegrityError, Receiver, TransferFailed, open_cache, send
from chx.store.exchange.layout import blob_name, object_name

pytest.importorskip("obstore")
pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The endpoint's address of a new bucket."""
    import http.client

    for name, value in (("AWS_ACCESS_KEY_ID", "fake"), ("AWS_SECRET_ACCESS_KEY", "fake"), ("no_proxy", "127.0.0.1")):
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    name = "b" + str(abs(hash(request.node.name)))
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=20)
    connection.request("PUT", f"/{name}")
    assert connection.getresponse().status == 200
    connection.close()
    return name


def url(bucket: str, endpoint: str, prefix: str = "some/prefix") -> str:
    return f"s3://{bucket}/{prefix}?endpoint={endpoint}&region=us-east-1"


@pytest.fixture
def other(tmp_path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "other")) as store:
        yield store
    remove_tree(os.fsencode(tmp_path / "other"))


def test_objects_go_there_and_come_back_and_only_missing_files_travel(store, other, bucket, endpoint, tools) -> None:
    base = store.add_bytes(b"base" * 99, "base")
    tree = {"a": b"file" * 999, "run": ("run", b"file" * 999), "with space \xff": b"x", "ref": str(base).encode()}
    top = store.add_outputs(tools.build(store, {"out": tree}), [base], None)["out"]
    place = url(bucket, endpoint)
    sent = send(store, open_cache(place, create=True), [top])
    assert (sent.objects, sent.files) == (2, 4)
    assert send(store, open_cache(place, create=True), [top]) == (0, 0, 0)
    receiver = Receiver(other, open_cache(place))
    assert receiver.receive(top) and receiver.received == [base, top] and receiver.travelled == 4
    tools.check(other)
    assert not receiver.receive(store.add_bytes(b"elsewhere", "elsewhere"))
    with pytest.raises(TransferFailed, match="no object 'chx-cache'"):
        open_cache(url(bucket, endpoint, "some"))
    with pytest.raises(TransferFailed, match="no object 'chx-cache'"):
        open_cache(url(bucket, endpoint, "some"), create=True)


@pytest.mark.parametrize("kept", ["half", "all", "more", "other"])
def test_a_download_goes_on_from_what_was_brought(store, other, bucket, endpoint, tools, kept) -> None:
    import obstore

    path = store.add_bytes(os.urandom(3 << 20), "large")
    place = open_cache(url(bucket, endpoint), create=True)
    send(store, place, [path])
    (entry,) = store.manifest(path)
    name = blob_name(entry.digest)
    whole = bytes(obstore.get(place._bucket, name).bytes())
    parts = {"half": whole[: 1 << 20], "all": whole, "more": whole + b"x", "other": b"other"}
    work = other.home + "/cache/downloads"
    os.makedirs(work, exist_ok=True)
    with open(f"{work}/{name.replace('/', '-')}.part", "wb") as part:
        part.write(parts[kept])
    brought = []
    place = open_cache(url(bucket, endpoint))
    if kept == "other":
        with pytest.raises(CacheIntegrityError):
            Receiver(other, place).receive(path)
        # It is not gone on from again.
        assert Receiver(other, place).receive(path)
        return
    write = os.write

    def counted(descriptor: int, data: bytes) -> int:
        brought.append(len(data))
        return write(descriptor, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", counted)
        file = place.file(name, work, 1 << 30)
    with open(file, "rb") as found:
        content = found.read()
    assert content == whole and sum(brought) == len(whole) - (1 << 20) * (kept == "half")
    assert Receiver(other, place).receive(path)
    tools.check(other)


def test_a_bucket_that_lies_is_refused(store, other, bucket, endpoint) -> None:
    path = store.add_bytes(b"true" * 99, "true")
    place = open_cache(url(bucket, endpoint), create=True)
    send(store, place, [path])
    (entry,) = store.manifest(path)
    place.write(blob_name(entry.digest), [b"lies"])
    with pytest.raises(CacheIntegrityError, match="zstd"):
        Receiver(other, place).receive(path)
    place.write(object_name(path), [b"lies"])
    with pytest.raises(CacheIntegrityError):
        Receiver(other, place).receive(path)
    assert other.objects() == []


def test_what_fails_while_it_is_read_is_not_half_sent(store, bucket, endpoint, monkeypatch) -> None:
    place = open_cache(url(bucket, endpoint), create=True)

    def chunks() -> Iterator[bytes]:
        yield b"x" * 10
        raise CacheIntegrityError("here", "it", "is damaged")

    with pytest.raises(CacheIntegrityError):
        place.write("blobs/00/x.zst", chunks())
    assert not place.has("blobs/00/x.zst")


def test_what_cannot_work_is_told(bucket, endpoint, monkeypatch) -> None:
    with pytest.raises(TransferFailed, match="no cache"):
        open_cache(url(bucket, endpoint))
    with pytest.raises(TransferFailed, match="no parameter 'profile'"):
        open_cache("s3://bucket/x?profile=y")
    with pytest.raises(TransferFailed, match="names no bucket"):
        open_cache("s3:///x")
    with pytest.raises(TransferFailed, match="404"):
        open_cache(f"s3://{bucket}-none/x?endpoint={endpoint}", create=True)
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(TransferFailed, match="obstore") as caught:
        open_cache("s3://bucket/x")
    assert "chx[s3]" in (caught.value.hint or "")


def test_commands_and_builds_use_it(tmp_path, bucket, endpoint) -> None:
    import json

    from ..cli.conftest import _run
    from ..cli.test_store import CHAIN

    (tmp_path / "work").mkdir()
    place = url(bucket, endpoint, "")

    def chx(home: str, *words: str):
        return _run(
            tmp_path / home, tmp_path / "work", *words, **{n: os.environ[n] for n in os.environ if n[:4] == "AWS_"}
        )

    top = chx("here", "build", "-E", CHAIN).stdout.strip()
    run = chx("here", "copy", "--json", "--to", place, top)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["sent"]["objects"] == 3
    run = chx("there", "copy", "--from", place, top)
    assert run.returncode == 0 and run.stdout.split()[-1] == top, run.stderr
    key = chx("here", "store", "key").stdout.strip()
    (tmp_path / "work" / "chx.toml").write_text(
        f"[caches]\nurls = [{json.dumps(place)}]\ntrusted-keys = [{json.dumps(key)}]\n"
    )
    run = chx("elsewhere", "build", "-v", "-E", CHAIN)
    assert run.returncode == 0 and run.stdout.strip() == top and "took top-3 from s3://" in run.stderr, run.stderr
    assert "finished" not in run.stderr and chx("elsewhere", "store", "verify").returncode == 0
