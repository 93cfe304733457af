"""Stores, caches and servers, as programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ROOT, Run, _run
from .test_store import CHAIN


@pytest.fixture
def other(tmp_path: Path) -> Run:
    """chx with another store, in another folder."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return lambda *words, **variables: _run(tmp_path / "other", folder, *words, **variables)


@pytest.fixture
def top(chx: Run) -> str:
    run = chx("build", "-E", CHAIN)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def configure(tmp_path: Path, chx: Run, url: str | Path, **more: object) -> None:
    key = chx("store", "key").stdout.strip()
    settings = {"urls": [str(url)], "trusted-keys": [key], **more}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (tmp_path / "elsewhere" / "chx.toml").write_text("[caches]\n" + "\n".join(lines) + "\n")


def test_an_export_is_imported_elsewhere(chx: Run, other: Run, top: str, work: Path) -> None:
    run = chx("store", "export", "-o", "all.chx", "result")
    assert run.returncode == 0 and "exported 3 objects" in run.stderr
    told = json.loads(other("store", "import", "--json", work / "all.chx").stdout)
    assert len(told["objects"]) == 3 and told["objects"][-1] == top
    assert told["rows"] == 0 and "not trusted" in told["refused"][0]
    key = chx("store", "key").stdout.strip()
    told = json.loads(other("store", "import", "--json", "--trust", key, work / "all.chx").stdout)
    assert told["objects"] == [] and told["rows"] == 3
    assert other("store", "verify").returncode == 0
    # The rows say what the derivations give, so nothing is built.
    run = other("build", "-v", "-E", CHAIN)
    assert run.stdout.strip() == top and "building" not in run.stderr
    (work / "broken").write_bytes((work / "all.chx").read_bytes()[:-20])
    run = other("store", "import", work / "broken")
    assert run.returncode == 1 and "S062" in run.stderr


def test_what_a_cache_has_is_not_built(chx: Run, other: Run, top: str, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    run = chx("copy", "--to", cache, "result")
    assert run.returncode == 0 and "copied 3 objects" in run.stderr, run.stderr
    configure(tmp_path, chx, cache)
    run = other("build", "-v", "-E", CHAIN)
    assert run.returncode == 0 and run.stdout.strip() == top, run.stderr
    assert f"took top-3 from {cache}" in run.stderr and "finished" not in run.stderr
    assert other("store", "verify").returncode == 0
    rows = json.loads(other("ledger", "--json").stdout)
    assert {row["origin"] for row in rows} == {str(cache)}


@pytest.mark.parametrize("lie", ["bytes", "row", "key", "signatures", "nothing"])
def test_a_cache_that_lies_is_refused_and_the_build_goes_on(
    chx: Run, other: Run, top: str, tmp_path: Path, lie: str
) -> None:
    cache = tmp_path / "cache"
    assert chx("copy", "--to", cache, "result").returncode == 0
    configure(tmp_path, chx, cache)
    reason = ""
    if lie == "bytes":
        for blob in (cache / "blobs").glob("*/*.zst"):
            blob.write_bytes(b"lies")
        reason = "not zstd"
    elif lie == "row":
        for trace in (cache / "trace").iterdir():
            trace.write_text(trace.read_text().replace("top-3", "top-4").replace("base-1.0", "base-1.1"))
        reason = "its signature is not that of its builder"
    elif lie == "key":
        configure(tmp_path, chx, cache, **{"trusted-keys": []})
        reason = "key is not trusted"
    elif lie == "signatures":
        configure(tmp_path, chx, cache, signatures=2)
        reason = "1 of 2 required signatures"
    else:
        configure(tmp_path, chx, tmp_path / "nowhere")
        reason = "it is no cache"
    run = other("build", "-v", "-E", CHAIN)
    assert run.returncode == 0 and run.stdout.strip() == top
    assert reason in run.stderr and "refused from" in run.stderr, run.stderr
    assert other("store", "verify").returncode == 0


def test_a_damaged_object_is_repaired_from_a_cache(chx: Run, top: str, tmp_path: Path, work: Path) -> None:
    cache = tmp_path / "cache"
    (work / "source").write_text("source")
    path = chx("store", "add", "source").stdout.strip()
    assert chx("copy", "--to", cache, path).returncode == 0
    (work / "chx.toml").write_text(f"[caches]\nurls = [{json.dumps(str(cache))}]\n")
    place = tmp_path / "home" / "store" / path[11:]
    os.chmod(place, 0o644)
    place.write_text("damage")
    run = chx("store", "verify", "--repair")
    assert run.returncode == 0 and "taken from" in run.stdout, run.stdout + run.stderr
    assert place.read_text() == "source"


@pytest.fixture
def server(chx: Run, top: str, tmp_path: Path) -> Iterator[str]:
    yield from serving(tmp_path)


def serving(tmp_path: Path, *options: str, **variables: str) -> Iterator[str]:
    environment = {**os.environ, "CHX_HOME": str(tmp_path / "home"), **variables}
    running = subprocess.Popen(
        [sys.executable, str(ROOT), "serve", "--port", "0", *options],
        cwd=tmp_path / "work",
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert running.stdout is not None
    try:
        yield running.stdout.readline().strip()
    finally:
        running.terminate()
        assert running.wait(20) == 143


def test_a_store_is_served_and_copied_from(chx: Run, other: Run, top: str, server: str, tmp_path: Path) -> None:
    run = other("copy", "--from", server, top, no_proxy="127.0.0.1")
    assert run.returncode == 0 and run.stdout.split()[-1] == top, run.stderr
    assert other("store", "verify").returncode == 0
    assert other("copy", "--from", server, top, no_proxy="127.0.0.1").stdout == ""
    run = other("copy", "--from", server, "/chx/store/" + "0" * 32 + "-x", no_proxy="127.0.0.1")
    assert run.returncode == 1 and "does not have" in run.stderr


def test_a_server_gives_and_makes_nothing_under_other_names(server: str, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    import http.client

    host = server.removeprefix("http://")
    digest = __import__("blake3").blake3(b"x").hexdigest()
    for name, status in (
        (f"blobs/{digest[:2]}/{digest}.zst", 200),
        (f"blobs/../../../escaped/{digest}.zst", 404),
        (f"blobs/{digest}.zst", 404),
        ("../db/store.sqlite", 404),
        ("objects/../../db/store.sqlite.zst", 404),
        ("trace/../x.json", 404),
        ("keys/ed25519", 404),
        ("", 404),
    ):
        connection = http.client.HTTPConnection(host, timeout=20)
        connection.request("GET", "/" + name)
        assert connection.getresponse().status == status, name
        connection.close()
    assert not (tmp_path / "escaped").exists() and not (tmp_path / "home" / "escaped").exists()


def test_builds_are_taken_from_a_server(chx: Run, other: Run, top: str, server: str, tmp_path: Path) -> None:
    configure(tmp_path, chx, server)
    run = other("build", "-E", CHAIN, no_proxy="127.0.0.1")
    assert run.returncode == 0 and run.stdout.strip() == top and f"from {server}" in run.stderr, run.stderr
    assert other("build", "-E", CHAIN.replace("nothing", "x"), "--offline").returncode == 0


TOKEN = {"CHX_CACHE_TOKEN": "correct-horse-battery"}


@pytest.fixture
def takes(chx: Run, tmp_path: Path) -> Iterator[str]:
    """A server that can be written to."""
    yield from serving(tmp_path, "--writable", **TOKEN)


def test_objects_are_sent_to_a_server_and_are_in_its_store(chx: Run, other: Run, takes: str, tmp_path: Path) -> None:
    top = other("build", "-E", CHAIN).stdout.strip()
    run = other("copy", "--to", takes, "result", no_proxy="127.0.0.1", **TOKEN)
    # What builds gave is another matter: that has to be believed.
    assert run.returncode == 1 and "S061" in run.stderr and "key is not trusted" in run.stderr
    assert chx("store", "verify").returncode == 0
    assert len(chx("store", "closure", top).stdout.split()) == 3
    tree = tmp_path / "elsewhere" / "tree"
    tree.mkdir()
    (tree / "a").write_bytes(os.urandom(600_000))
    (tree / "b").write_bytes(b"")
    (tree / "with space").write_bytes((tree / "a").read_bytes())
    path = other("store", "add", "tree").stdout.strip()
    run = other("copy", "--json", "--to", takes, path, no_proxy="127.0.0.1", **TOKEN)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["sent"] == {"objects": 1, "files": 1, "rows": 0}
    assert chx("store", "verify", path).returncode == 0
    run = other("copy", "--json", "--to", takes, path, no_proxy="127.0.0.1", **TOKEN)
    assert json.loads(run.stdout)["sent"]["objects"] == 0
    assert [name for _, _, names in os.walk(tmp_path / "home" / "cache" / "uploads") for name in names] == ["chx-cache"]


def test_rows_of_a_trusted_builder_are_taken(chx: Run, other: Run, tmp_path: Path, work: Path) -> None:
    (work / "chx.toml").write_text(f"[caches]\ntrusted-keys = [{json.dumps(other('store', 'key').stdout.strip())}]\n")
    other("build", "-E", CHAIN)
    for address in serving(tmp_path, "--writable", **TOKEN):
        run = other("copy", "--json", "--to", address, "result", no_proxy="127.0.0.1", **TOKEN)
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout)["sent"] == {"objects": 3, "files": 4, "rows": 3}
    assert {row["origin"] for row in json.loads(chx("ledger", "--json").stdout)} == {"upload"}
    run = chx("build", "-v", "-E", CHAIN)
    assert run.returncode == 0 and "finished" not in run.stderr


def test_who_may_not_write_is_told_so(chx: Run, other: Run, takes: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "x").write_bytes(os.urandom(5_000_000))
    path = other("store", "add", "x").stdout.strip()
    for variables in ({}, {"CHX_CACHE_TOKEN": "wrong-horse-battery"}):
        run = other("copy", "--to", takes, path, no_proxy="127.0.0.1", **variables)
        assert run.returncode == 1 and "another token" in run.stderr and "CHX_CACHE_TOKEN" in run.stderr
    for address in serving(tmp_path):
        run = other("copy", "--to", address, path, no_proxy="127.0.0.1", **TOKEN)
        assert run.returncode == 1 and "the server only gives" in run.stderr
    assert chx("store", "closure", path).returncode == 1
    run = chx("serve", "--port", "0", "--writable", CHX_CACHE_TOKEN="short")
    assert run.returncode == 1 and "16 characters" in run.stderr


def test_what_is_not_what_it_is_called_is_not_taken(chx: Run, other: Run, takes: str, tmp_path: Path) -> None:
    import http.client

    (tmp_path / "elsewhere" / "x").write_text("true")
    path = other("store", "add", "x").stdout.strip()
    cache = tmp_path / "cache"
    assert other("copy", "--to", cache, path).returncode == 0
    (blob,) = (cache / "blobs").glob("*/*.zst")
    blob_name = str(blob.relative_to(cache))
    description = next((cache / "objects").iterdir())

    def put(name: str, body: bytes) -> tuple[int, str]:
        connection = http.client.HTTPConnection(takes.removeprefix("http://"), timeout=20)
        connection.request("PUT", f"/{name}", body, {"Authorization": "Bearer " + TOKEN["CHX_CACHE_TOKEN"]})
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found

    object_name = f"objects/{description.name}"
    assert put(object_name, description.read_bytes())[0] == 422
    assert put(blob_name, b"lies")[0] == 201
    status, text = put(object_name, description.read_bytes())
    assert status == 422 and "zstd" in text
    assert put(object_name, b"lies")[0] == 422
    for name in (
        "blobs/../../x.zst",
        "objects/../x.zst",
        "keys/ed25519",
        f"{blob_name}x",
        "trace/../x.json",
        "chx-cache",
    ):
        assert put(name, b"x")[0] == 422, name
    assert put("trace/" + "0" * 64 + ".json", b"[{}]")[0] == 422
    assert chx("store", "closure", path).returncode == 1 and chx("store", "verify").returncode == 0
    assert put(blob_name, blob.read_bytes())[0] == 201 and put(object_name, description.read_bytes())[0] == 201
    assert chx("store", "verify", path).returncode == 0
