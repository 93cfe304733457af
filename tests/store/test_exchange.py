"""Objects between stores: what arrives is what its name says, and whoever lies is refused with the reason."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chx.store import Digest, Manifest, Realisation, Signer, Store, StorePath
from chx.store.exchange import (
    BrokenArchive,
    CacheIntegrityError,
    Receiver,
    TransferFailed,
    Trust,
    archive,
    export,
    open_cache,
    send,
)
from chx.store.exchange.compression import compressed, expanded
from chx.store.exchange.layout import Description, blob_name, object_name, trace_name
from chx.store.ledger import signed_rows

from .. import zstd as libraries


@pytest.fixture(autouse=True, scope="module", params=libraries.LIBRARIES)
def zstd(request: pytest.FixtureRequest) -> Iterator[None]:
    """Either library of zstd."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        libraries.load(monkeypatch, request.param)
        yield


@pytest.fixture
def other(tmp_path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "other home")) as store:
        yield store


@pytest.fixture
def objects(store: Store, tools) -> list[StorePath]:
    """A text, and two outputs that refer to it, to themselves and to each other, with files of every kind."""
    text = store.add_bytes(b"text", "text")
    trees = {
        "out": {
            "bin/tool": ("run", b"#! @out@ @dev@"),
            "same": b"twice",
            "again/same": b"twice",
            "empty": b"",
            "d": None,
            "ref": str(text).encode(),
            "l": ("link", b"@out@/same"),
            "with space \xff": b"x",
            "%out%-name": b"y",
        },
        "dev": {"include/x.h": b"int x;", "big": os.urandom(700_000)},
    }
    trees = {
        output: {os.fsdecode(k) if isinstance(k, bytes) else k: v for k, v in tree.items()}
        for output, tree in trees.items()
    }
    paths = store.add_outputs(tools.build(store, trees), [text], None)
    store.record([Realisation(Digest.of(b"key"), "out", paths["out"], None, 1.0, 2.0)])
    return [text, paths["dev"], paths["out"]]


@pytest.fixture
def cache(store: Store, objects, tmp_path) -> str:
    path = str(tmp_path / "a cache")
    sent = send(store, open_cache(path, create=True), objects[-1:])
    assert sent.objects == 3 and sent.rows == 1
    return path


def same(one: Store, other: Store, paths: list[StorePath]) -> None:
    for path in paths:
        assert other.verify_object(path) == []
        assert other.info(path)[:4] == one.info(path)[:4]
        assert other.manifest(path) == one.manifest(path)


def test_objects_travel_through_a_directory(store, other, objects, cache) -> None:
    receiver = Receiver(other, open_cache(cache))
    assert receiver.receive(objects[-1])
    same(store, other, objects)
    assert sorted(receiver.received) == sorted(objects) and receiver.received[-1] == objects[-1]
    assert receiver.receive(objects[-1]) and len(receiver.received) == 3
    assert not receiver.receive(StorePath.parse("0" * 32 + "-x"))
    assert [row.realisation.path for row in receiver.rows(Digest.of(b"key"))] == [objects[-1]]
    again = send(store, open_cache(cache, create=True), objects)
    assert again == (0, 0, 0), "what is there does not travel again"


def test_files_that_are_here_do_not_travel(store, other, objects, cache) -> None:
    other.add_bytes(b"twice", "mine")
    receiver = Receiver(other, open_cache(cache))
    os.unlink(f"{cache}/{blob_name(Digest.of(b'twice').raw)}")
    assert receiver.receive(objects[-1])
    assert receiver.reused >= 1
    same(store, other, objects)


def test_a_damaged_file_that_is_here_is_not_taken_for_what_it_was(store, other, objects, cache) -> None:
    mine = other.physical(other.add_bytes(b"twice", "mine"))
    os.chmod(mine, 0o644)
    with open(mine, "wb") as file:
        file.write(b"trice")
    assert Receiver(other, open_cache(cache)).receive(objects[-1])
    same(store, other, objects)


def test_objects_travel_in_a_file(store, other, objects) -> None:
    out = io.BytesIO()
    assert export(store, objects[-1:], out) == 3
    for expected in (3, 0):
        reader = archive.ArchiveReader(other, io.BytesIO(out.getvalue()))
        reader.read()
        assert len(reader.received) == expected and len(reader.rows) == 1
    same(store, other, objects)
    assert reader.rows[0].is_genuine()


def test_a_file_that_ends_early_or_is_damaged_brings_whole_objects_only(store, tmp_path, objects, tools) -> None:
    out = io.BytesIO()
    export(store, objects, out)
    data = out.getvalue()
    refused = 0
    for number, cut in enumerate(range(0, len(data), len(data) // 23)):
        changed = bytearray(data)
        changed[cut] ^= 0x55
        for version in (data[:cut], bytes(changed)):
            with Store.open(str(tmp_path / f"home{number}")) as fresh:
                try:
                    archive.ArchiveReader(fresh, io.BytesIO(version)).read()
                except (BrokenArchive, CacheIntegrityError):
                    refused += 1
                tools.check(fresh)
    # Flags of zstd frames that mean nothing may change unnoticed; content may not.
    assert refused >= 44


def repack(path: str, change) -> None:
    with open(path, "rb") as file:
        content = b"".join(expanded(file, 1 << 20))
    with open(path, "wb") as file:
        file.write(b"".join(compressed([change(content)])))


def test_wrong_bytes_are_refused(other, objects, cache, tools) -> None:
    blob = f"{cache}/{blob_name(Digest.of(b'twice').raw)}"
    for change, reason in (
        (lambda data: b"trice", "not that of its name"),
        (lambda data: data + b"!", "longer than 5 bytes"),
        (lambda data: data[:-1], "not that of its name"),
    ):
        repack(blob, change)
        with pytest.raises(CacheIntegrityError, match=reason):
            Receiver(other, open_cache(cache)).receive(objects[-1])
    with open(blob, "wb") as file:
        file.write(b"no zstd")
    with pytest.raises(CacheIntegrityError, match="not zstd"):
        Receiver(other, open_cache(cache)).receive(objects[-1])
    os.unlink(blob)
    with pytest.raises(CacheIntegrityError, match="missing"):
        Receiver(other, open_cache(cache)).receive(objects[-1])
    assert not other.is_valid(objects[-1])
    tools.check(other)


def test_a_description_that_lies_is_refused(store, other, objects, cache) -> None:
    _, dev, out = objects
    place = f"{cache}/{object_name(out)}"
    good = Description.of(store, out)
    entries = good.manifest.entries
    lies = [
        good._replace(references=(dev,)),
        good._replace(self_reference=False),
        good._replace(manifest=Manifest(entries[:-1])),
        good._replace(manifest=Manifest(tuple(e._replace(kind="x") if e.kind == "f" else e for e in entries))),
        Description.of(store, dev)._replace(path=out),
    ]
    for lie in lies:
        repack(place, lambda _, lie=lie: lie.encode())
        with pytest.raises(CacheIntegrityError, match=r"content of|own path"):
            Receiver(other, open_cache(cache)).receive(out)
        assert not other.is_valid(out)
    repack(place, lambda _: Description.of(store, dev).encode())
    with pytest.raises(CacheIntegrityError, match="it describes"):
        Receiver(other, open_cache(cache)).receive(out)
    for garbage in (b"", b"{}", b"[]\n", b'{"format": "chx object 1"}\nx', good.encode()[:-3]):
        repack(place, lambda _, garbage=garbage: garbage)
        with pytest.raises(CacheIntegrityError):
            Receiver(other, open_cache(cache)).receive(out)


def test_what_is_no_cache_is_refused(tmp_path) -> None:
    with pytest.raises(TransferFailed, match="no cache"):
        open_cache(str(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(TransferFailed, match="no cache"):
        open_cache(str(tmp_path), create=True)
    for url in ("ftp://x", "http://x"):
        with pytest.raises(TransferFailed):
            open_cache(url, create=True)


def rows_of(tmp_path, names: str, content: bytes = b"1") -> list:
    """A row for the same derivation from each of several builders."""
    rows = []
    for name in names:
        with Store.open(str(tmp_path / f"builder {name}")) as store:
            path = store.add_bytes(content, "x")
            store.record([Realisation(Digest.of(b"key"), "out", path, None, 1.0, 2.0)])
            rows.append(signed_rows(store._database)[-1][1])
    return rows


def test_rows_count_if_enough_trusted_builders_agree(tmp_path) -> None:
    a, b, c = rows_of(tmp_path, "abc")
    (d,) = rows_of(tmp_path, "d", b"2")
    keys = [row.realisation.builder for row in (a, b, c, d)]

    def judge(rows, trusted, needed=1):
        accepted, refused = Trust(frozenset(trusted), needed).judge(rows, Digest.of(b"key"))
        return accepted, [reason for _, reason in refused]

    assert judge([a, b], keys[:1]) == ([a], [f"its builder's key is not trusted: {keys[1]}"])
    assert judge([a, b], keys, 2) == ([a, b], [])
    assert judge([a], keys, 2) == ([], ["1 of 2 required signatures"])
    assert judge([a, a], keys, 2)[0] == [], "one builder counts once"
    assert judge([a, d], keys) == ([], ["as many builders say something else"] * 2)
    accepted, reasons = judge([a, b, d], keys, 2)
    assert accepted == [a, b] and reasons == ["1 of 2 required signatures"]
    forged = a._replace(realisation=a.realisation._replace(path=d.realisation.path))
    assert judge([forged], keys) == ([], ["its signature is not that of its builder"])
    assert judge([a._replace(signature="x")], keys)[0] == []
    elsewhere, reasons = Trust(frozenset(keys)).judge([a], Digest.of(b"other"))
    assert elsewhere == [] and "another derivation" in reasons[0].reason


def test_rows_that_cannot_be_read_are_refused(other, objects, cache) -> None:
    place = f"{cache}/{trace_name(Digest.of(b'key'))}"
    for text in ("", "{", "[1]", '[{"format": "chx trace row 1"}]', "[" * 100_000):
        with open(place, "w") as file:
            file.write(text)
        with pytest.raises(CacheIntegrityError):
            Receiver(other, open_cache(cache)).rows(Digest.of(b"key"))


def test_of_what_one_witness_says_again_and_again_one_row_travels(store, other, cache) -> None:
    path = store.add_bytes(b"1", "x")
    row = Realisation(Digest.of(b"again"), "out", path, None, 1.0, 2.0)
    here = store.witness()
    store.record([row, row, row._replace(variation="cores=2")])
    store.record([row._replace(witness=here._replace(home="0" * 32)), row._replace(path=store.add_bytes(b"2", "x"))])
    send(store, open_cache(cache), [path])
    rows = Receiver(other, open_cache(cache)).rows(Digest.of(b"again"))
    assert [number for number, kept in signed_rows(store._database) if kept in rows] == [2, 4, 5]
    assert send(store, open_cache(cache), [path]).rows == 0
    trust = Trust(frozenset((store.signer.public,)), 2)
    assert trust.judge(rows)[0] == [], "one key counts once, whatever it says of homes"


def test_rows_of_a_later_format_are_left_out(other, objects, cache) -> None:
    place = f"{cache}/{trace_name(Digest.of(b'key'))}"
    with open(place) as file:
        rows = json.load(file)
    with open(place, "w") as file:
        json.dump([{"format": "chx trace row 9", "what": "?"}, *rows], file)
    assert len(Receiver(other, open_cache(cache)).rows(Digest.of(b"key"))) == len(rows) == 1


def test_a_foreign_row_is_used_and_is_not_part_of_the_chain(store, other, objects, cache) -> None:
    row = Receiver(other, open_cache(cache)).rows(Digest.of(b"key"))[0]
    other.record_foreign([row], cache)
    other.record([Realisation(Digest.of(b"mine"), "out", other.add_bytes(b"m", "m"), None, 1.0, 1.0)])
    assert other.check_ledger() == []
    (known,) = other.realisations(Digest.of(b"key"))
    assert (known.path, known.builder, known.origin) == (objects[-1], Signer(store.home).public, cache)
    other._database.execute("UPDATE realisations SET seconds = 9 WHERE origin != ''")
    assert "came from elsewhere and is not what was signed" in other.check_ledger()[0].what


class Interrupted:
    """A server that gives the layout of a directory and breaks off after some bytes of each first answer."""

    def __init__(self, folder: str, after: int) -> None:
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        from threading import Thread
        from urllib.parse import unquote

        self.ranges = ranges = []
        seen: set[str] = set()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = folder + unquote(self.path)
                if not os.path.isfile(path):
                    self.send_error(404)
                    return
                with open(path, "rb") as file:
                    data = file.read()
                start = int(self.headers.get("Range", "bytes=0-")[6:-1])
                if start:
                    ranges.append(start)
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                first = path not in seen
                seen.add(path)
                self.wfile.write(data[start : start + after] if first else data[start:])
                self.close_connection = True

            def log_message(self, *arguments) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_a_download_that_breaks_off_is_gone_on_from(store, other, objects, cache, monkeypatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Interrupted(cache, 5000)
    try:
        receiver = Receiver(other, open_cache(server.url))
        assert receiver.receive(objects[-1])
        same(store, other, objects)
        assert 5000 in server.ranges
        assert os.listdir(other.home + "/cache/downloads") == []
    finally:
        server.close()
    with pytest.raises(TransferFailed, match="refused"):
        Receiver(other, open_cache(server.url)).describe(objects[0])


NAMES = st.binary(min_size=1, max_size=200).filter(
    lambda n: b"/" not in n and b"\0" not in n and n not in (b".", b"..")
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(NAMES, st.one_of(st.none(), st.binary(max_size=40)), max_size=6), st.integers(0, 40))
def test_any_tree_comes_back_from_an_export(tmp_path_factory, names, depth) -> None:
    top = os.fsencode(tmp_path_factory.mktemp("tree"))
    root = top + b"/t" + b"/d" * depth
    os.makedirs(root)
    for name, content in names.items():
        if content is None:
            os.mkdir(root + b"/" + name)
        else:
            with open(root + b"/" + name, "wb") as file:
                file.write(content)
    with Store.open(os.fsdecode(top) + "/one") as one, Store.open(os.fsdecode(top) + "/other") as other:
        path = one.add_tree(os.fsdecode(top) + "/t", "t")
        out = io.BytesIO()
        export(one, [path], out)
        out.seek(0)
        archive.ArchiveReader(other, out).read()
        same(one, other, [path])
    shutil.rmtree(top, ignore_errors=True)


def test_a_deep_tree_and_long_names_travel(store, other, tmp_path) -> None:
    tree = tmp_path / "deep"
    tree.mkdir()
    here = str(tree)
    for _ in range(12):
        here += "/" + "n" * 250
        os.mkdir(here)
    (tree / "A").write_text("upper")
    (tree / "a").write_text("lower")
    path = store.add_tree(str(tree), "deep")
    out = io.BytesIO()
    export(store, [path], out)
    archive.ArchiveReader(other, io.BytesIO(out.getvalue())).read()
    same(store, other, [path])
    assert json.loads(Description.of(store, path).encode().partition(b"\n")[0])["size"] == 10
