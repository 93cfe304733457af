"""Limits hold while chx itself works: hashing, copying, unpacking, downloading, removing."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest

from chx.builder import Builder, BuildOptions, process
from chx.builder.builtin import client, debian, git, pypi, web
from chx.builder.builtin.archive import members
from chx.builder.errors import (
    ArchiveRefused,
    ArchiveUnreadable,
    BadAttribute,
    BuilderFailed,
    Cancelled,
    FetchFailed,
    LimitExceeded,
    OutputLimitExceeded,
)
from chx.builder.measure import apparent_size
from chx.builder.process import executable
from chx.store import Derivation, FixedOutput, tree
from chx.store.checkpoint import Stopped, extra_check
from chx.store.exchange import backends
from chx.store.exchange.conversation import Patience

from ..servers import LONGEST, Misbehaving, head
from .conftest import PROGRAMS, programs_root

SOON = 60.0
"""Seconds that nothing here may take; hashing a terabyte takes many times as long."""
HUGE = "truncate -s 1T $out"
SMALL = b"Hello\n"


@pytest.fixture(scope="session")
def shell_tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("shell") / "root"
    programs_root(str(root), (*PROGRAMS, "truncate"))
    return str(root)


@pytest.fixture
def build(store, recorder):
    def run(*derivations, **options):
        drvs = [store.add_derivation(drv) for drv in derivations]
        began = time.monotonic()
        try:
            return Builder(store, BuildOptions(**options), recorder).realise([(drv, ("out",)) for drv in drvs])
        finally:
            assert time.monotonic() - began < SOON

    return run


@pytest.fixture
def is_left_clean(store):
    """Nothing lies in the temporary folders, and nothing but sources and derivations was registered."""

    def check(*known):
        assert [name for _, folders, files in os.walk(store.home + "/tmp/") for name in (*folders[1:], *files)] == []
        assert [path for path in store.objects() if not path.is_derivation and path not in known] == []

    return check


# Hashing


@pytest.mark.sandbox
def test_a_huge_output_is_hashed_no_longer_than_the_build_may_take(build, script, shell, is_left_clean):
    with pytest.raises(LimitExceeded) as caught:
        build(script(HUGE), timeout_seconds=2)
    assert (caught.value.what, caught.value.limit, caught.value.code) == ("time", 2, "B002")
    is_left_clean(shell)


@pytest.mark.sandbox
def test_a_huge_fixed_output_is_too(build, script, promise):
    with pytest.raises(LimitExceeded):
        build(script(HUGE, fixed=promise(SMALL)), timeout_seconds=2)


@pytest.mark.sandbox
def test_a_huge_output_is_not_hashed_after_a_sibling_failed(build, script, recorder):
    failing = script("while test ! -e /build/never && sleep 2; do exit 3; done", name="failing")
    with pytest.raises(BuilderFailed):
        build(script(HUGE, name="huge"), failing, jobs=2)


@pytest.mark.sandbox
@pytest.mark.parametrize("text", [HUGE, "echo $out > $out; truncate -s 1T $out"], ids=["hashing", "scanning"])
def test_cancelling_ends_what_chx_does_with_an_output(store, recorder, script, shell, monkeypatch, text, is_left_clean):
    builder = Builder(store, None, recorder)
    begun = threading.Event()
    plain = tree.hash_and_scan

    def hashed(*arguments):
        begun.set()
        return plain(*arguments)

    monkeypatch.setattr(tree, "hash_and_scan", hashed)
    threading.Thread(target=lambda: (begun.wait(SOON), builder.cancel())).start()
    drv = store.add_derivation(script(text))
    began = time.monotonic()
    with pytest.raises(Cancelled):
        builder.realise([(drv, ("out",))])
    assert begun.is_set() and time.monotonic() - began < SOON
    is_left_clean(shell)


# How large outputs may be


@pytest.mark.sandbox
def test_an_output_that_is_too_large_is_not_even_hashed(build, script, shell, monkeypatch, is_left_clean):
    monkeypatch.setattr(tree, "hash_and_scan", None)
    monkeypatch.setattr(process, "_PACE", SOON)
    with pytest.raises(OutputLimitExceeded) as caught:
        build(script(HUGE), max_output_bytes=1 << 30)
    assert caught.value.code == "B031" and "--max-output-size" in caught.value.hint
    assert "'test'" in caught.value.message and str(1 << 30) in caught.value.message
    with pytest.raises(OutputLimitExceeded):
        build(
            script("mkdir -p $out/a; truncate -s 600M $out/a/b; ln $out/a/b $out/c; chmod 0 $out/a"),
            max_output_bytes=1 << 30,
        )
    is_left_clean(shell)


@pytest.mark.sandbox
def test_outputs_count_together_and_what_fits_is_kept(build, store, script):
    def two(size):
        return script(f"truncate -s {size} $out; truncate -s {size} $dev", outputs=("out", "dev"), env={"size": size})

    drv = store.add_derivation(two("600K"))
    with pytest.raises(OutputLimitExceeded):
        Builder(store, BuildOptions(max_output_bytes=1 << 20)).realise([(drv, ("out",))])
    build(two("500K"), max_output_bytes=1 << 20)


@pytest.mark.sandbox
def test_a_build_is_ended_while_it_writes_too_much(build, script, monkeypatch):
    monkeypatch.setattr(process, "_PACE", 0.05)
    with pytest.raises(OutputLimitExceeded):
        build(script("truncate -s 1T $out; sleep 1000"), max_output_bytes=1 << 20)


@pytest.mark.sandbox
def test_what_a_build_is_changing_can_be_measured(build, script, monkeypatch):
    monkeypatch.setattr(process, "_PACE", 0.0)
    monkeypatch.setattr(process, "_SHARE", 0)
    text = "n=0; while test $n -lt 300; do mkdir -p $out/$n; ln -s / $out/$n/link; rm -r $out/$n; n=$((n+1)); done; : > $out/x"
    build(script(text), max_output_bytes=1 << 20)


def test_apparent_size(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"x" * 10)
    os.link(tmp_path / "a" / "b" / "file", tmp_path / "a" / "again")
    os.truncate(tmp_path / "a" / "again", 1 << 40)
    os.symlink("/usr", tmp_path / "a" / "link")
    assert apparent_size([str(tmp_path / "a")]) == 2 << 40
    assert apparent_size([str(tmp_path / "a" / "again"), str(tmp_path / "none")]) == 1 << 40
    assert apparent_size([str(tmp_path / "a")], 1) > 1
    with pytest.raises(FileNotFoundError):
        apparent_size([str(tmp_path / "none")], is_settled=True)


# Archives


@pytest.fixture
def unpack(build, store, tmp_path):
    def run(archive: bytes, options=None, **env):
        source = store.add_bytes(archive, "archive")
        drv = Derivation("tree", "builtin", "builtin:unpack", env={"src": str(source), **env}, input_srcs=(source,))
        return build(drv, **(options or {}))

    return run


class Endless(io.RawIOBase):
    """Zeros, as many as are asked for."""

    def readable(self):
        return True

    def readinto(self, buffer):
        buffer[:] = bytes(len(buffer))
        return len(buffer)


def bomb(size: int, kind: bytes = tarfile.REGTYPE, name: str = "zeros") -> bytes:
    """A tar with one large member, which takes a thousandth of its size."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=9) as archive:
        info = tarfile.TarInfo(name)
        info.size, info.type = size, kind
        archive.addfile(info, io.BufferedReader(Endless()))
    return packed.getvalue()


def test_an_archive_is_unpacked_no_further_than_an_output_may_be_large(unpack, tmp_path, monkeypatch):
    written = []
    plain = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: written.append(len(data)) or plain(descriptor, data))
    with pytest.raises(OutputLimitExceeded):
        unpack(bomb(64 << 20), {"max_output_bytes": 4 << 20})
    assert sum(written) < 5 << 20
    unpack(bomb(4 << 20), {"max_output_bytes": 4 << 20})


def test_an_archive_that_is_fetched_and_unpacked_is_too(build, tmp_path, promise):
    (tmp_path / "bomb.tar.gz").write_bytes(bomb(64 << 20))
    fixed = FixedOutput("sha256", promise(SMALL).digest, "recursive")
    env = {"url": f"file:{tmp_path}/bomb.tar.gz", "unpack": "1"}
    with pytest.raises(OutputLimitExceeded):
        build(Derivation("f", "builtin", "builtin:fetch", env=env, fixed=fixed), max_output_bytes=4 << 20)


def test_what_an_archive_passes_over_obeys_as_well(tmp_path):
    """A member that is not wanted is decompressed all the same."""
    (tmp_path / "archive").write_bytes(bomb(16 << 20))
    asked = []

    def check():
        asked.append(1)
        if len(asked) == 20:
            raise Stopped

    with extra_check(check), pytest.raises(Stopped):
        list(members(str(tmp_path / "archive"), "archive"))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE], ids=["name", "pax"])
def test_a_header_is_not_read_whatever_its_length(tmp_path, kind):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("first"))
        info = tarfile.TarInfo("x")
        info.size, info.type = 64 << 20, kind
        archive.addfile(info, io.BufferedReader(Endless()))
    (tmp_path / "archive").write_bytes(gzip.compress(packed.getvalue()))
    with pytest.raises(ArchiveUnreadable, match="a header of 67108864 bytes"):
        list(members(str(tmp_path / "archive"), "archive"))


def test_the_target_of_a_link_is_not_read_whatever_its_length(tmp_path):
    with zipfile.ZipFile(tmp_path / "archive", "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, b"x" * (1 << 20))
    with pytest.raises(ArchiveRefused, match="too long"):
        list(members(str(tmp_path / "archive"), "archive"))


def test_trees_of_data_are_no_larger_than_an_output_may_be(build, store, tmp_path):
    large = store.add_bytes(b"x" * 1000, "large")
    entries = f'[{{"path": "a", "source": "{large}"}}, {{"path": "b", "source": "{large}"}}]'
    tree = Derivation("t", "builtin", "builtin:tree", env={"entries": entries}, input_srcs=(large,))
    with pytest.raises(OutputLimitExceeded):
        build(tree, max_output_bytes=1999)
    build(tree, max_output_bytes=2000)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"x" * 1000)
    folder = store.add_tree(str(tmp_path / "folder"), "folder")
    merged = Derivation("m", "builtin", "builtin:merge", env={"trees": str(folder)}, input_srcs=(folder,))
    with pytest.raises(OutputLimitExceeded):
        build(merged, max_output_bytes=999)
    build(merged, max_output_bytes=1000)


# Downloads


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """What takes a minute takes a moment, and no proxy is asked."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(web, "_PAUSE", 0.01)
    monkeypatch.setattr(web, "_PATIENCE", Patience(1.0, 1024))
    monkeypatch.setattr(client, "_PATIENCE", Patience(1.0, 1024))


@pytest.fixture
def fetch(build, promise):
    def run(urls, options=None, content=SMALL, **env):
        drv = Derivation("f", "builtin", "builtin:fetch", env={"urls": urls, **env}, fixed=promise(content))
        return build(drv, **(options or {}))

    return run


def endless(connection):
    connection.send(head())
    connection.pour(b"x" * 65536)


def endless_chunks(connection):
    connection.send(head(Transfer_Encoding="chunked"))
    connection.pour(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def endless_and_says_so(connection):
    connection.send(head(Content_Length=1 << 40))
    connection.pour(b"x" * 65536)


@pytest.mark.parametrize("answer", [endless, endless_chunks, endless_and_says_so])
def test_no_more_is_fetched_than_is_declared_or_allowed(fetch, answer, recorder):
    with Misbehaving(answer) as server:
        with pytest.raises(FetchFailed, match="larger than the 6 bytes that are declared") as caught:
            fetch(server.url, size="6")
        assert "`size`" in caught.value.hint
        with pytest.raises(FetchFailed, match="larger than 100000 bytes") as caught:
            fetch(server.url, {"max_download_bytes": 100000})
        assert "--max-download-size" in caught.value.hint
        assert not server.sent_all and len(server.requests) == 2
    assert all(done <= 100000 for _, _, done, _ in recorder.of("fetched"))


def test_a_length_that_is_a_lie_brings_no_more(fetch):
    def short(connection):
        connection.send(head(Content_Length=6) + SMALL)
        connection.pour(b"x" * 65536)

    with Misbehaving(short) as server:
        fetch(server.url, size="6")


def test_a_place_that_brings_too_much_is_no_reason_to_give_up(fetch, tmp_path):
    (tmp_path / "good").write_bytes(SMALL)
    with Misbehaving(endless) as server:
        fetch(f"{server.url} file:{tmp_path}/good", size="6")


def test_there_is_a_limit_without_any_option():
    assert BuildOptions().max_download_bytes == 16 << 30


@pytest.mark.parametrize("size", ["x", "-1", "1.5", "9" * 30])
def test_a_size_that_makes_no_sense(fetch, size):
    with pytest.raises(BadAttribute, match="size"):
        fetch("file:/etc/passwd", size=size)


def test_a_local_file_has_a_size_as_well_and_an_end(fetch, tmp_path):
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 1 << 40)
    os.mkfifo(tmp_path / "pipe")
    for options, env in (({}, {"size": "6"}), ({"max_download_bytes": 6}, {}), ({}, {})):
        with pytest.raises(FetchFailed, match="larger than"):
            fetch(f"file:{tmp_path}/huge", options, **env)
    for name in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(FetchFailed, match="ordinary file"):
            fetch(f"file:{name}")


def test_hashing_a_file_that_was_fetched_obeys(fetch, tmp_path):
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 1 << 40)
    with pytest.raises(LimitExceeded):
        fetch(f"file:{tmp_path}/huge", {"timeout_seconds": 1, "max_download_bytes": 0})
    with pytest.raises(OutputLimitExceeded):
        fetch(f"file:{tmp_path}/huge", {"max_output_bytes": 1 << 30, "max_download_bytes": 0})


def silent(connection):
    connection.wait()


def silent_in_the_head(connection):
    connection.send(head(Content_Length=6)[:-2])
    connection.wait()


def slow_in_the_head(connection):
    connection.send(head()[:-2])
    connection.trickle(b"X-Field: 1\r\n")


def silent_in_the_body(connection):
    connection.send(head(Content_Length=6) + b"H")
    connection.wait()


def slow_in_the_body(connection):
    connection.send(head(Content_Length=6 << 20))
    connection.trickle(b"x")


def slow_in_chunks(connection):
    connection.send(head(Transfer_Encoding="chunked"))
    connection.trickle(b"1\r\nx\r\n")


def redirects(connection):
    connection.wait(0.3)
    connection.send(head("302 Found", Location=f"/{len(connection.path)}{connection.path[1:]}", Content_Length=0))


def redirects_with_a_body(connection):
    connection.send(head("302 Found", Location=f"/{len(connection.path)}{connection.path[1:]}"))
    connection.trickle(b"x")


@pytest.mark.parametrize(
    "answer",
    [
        silent,
        silent_in_the_head,
        slow_in_the_head,
        silent_in_the_body,
        slow_in_the_body,
        slow_in_chunks,
        redirects,
        redirects_with_a_body,
    ],
)
def test_a_server_that_brings_nothing_is_given_up(fetch, answer):
    with Misbehaving(answer) as server:
        with pytest.raises(FetchFailed, match=r"gave nothing more for 1 seconds|redirects without an end"):
            fetch(f"{server.url}/")
        assert not server.sent_all or answer in (redirects,)


def test_a_handshake_without_an_end_is_given_up(fetch):
    with Misbehaving(silent, reads_first=False) as server, pytest.raises(FetchFailed, match="gave nothing more"):
        fetch(f"https://127.0.0.1:{server.port}/")


def test_a_server_that_nobody_can_reach_is_given_up(fetch, monkeypatch):
    """The search for its name does not end either."""
    import socket

    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **more: time.sleep(LONGEST))
    with pytest.raises(FetchFailed, match="gave nothing more"):
        fetch("http://nowhere.invalid/")


def test_redirects_end(fetch):
    def turn(connection):
        connection.send(head("302 Found", Location="/", Content_Length=0))

    with Misbehaving(turn) as server, pytest.raises(FetchFailed, match="redirects without an end"):
        fetch(f"{server.url}/")


def test_a_connection_that_brought_something_and_stalls_is_gone_on_from(fetch, store, monkeypatch):
    class UntilHalfIsThere:
        least = 1024

        @property
        def seconds(self):
            is_there = any(file.stat().st_size == 5000 for file in Path(store.home, "tmp").rglob("file"))
            return 0.5 if is_there and len(server.requests) == 1 else SOON

    monkeypatch.setattr(web, "_PATIENCE", UntilHalfIsThere())
    content = b"0123456789" * 1000

    def answer(connection):
        if b"range: bytes=5000-" in connection.request.lower():
            connection.send(head("206 Partial Content", Content_Length=5000) + content[5000:])
        else:
            connection.send(head(Content_Length=10000) + content[:5000])
            connection.wait()

    with Misbehaving(answer) as server:
        fetch(server.url, content=content)
        assert len(server.requests) == 2


@pytest.mark.parametrize("answer", [silent, slow_in_the_body, slow_in_the_head])
def test_waiting_for_a_server_ends_with_the_build(fetch, answer, monkeypatch):
    monkeypatch.setattr(web, "_PATIENCE", Patience(SOON * 2))
    with Misbehaving(answer) as server, pytest.raises(LimitExceeded):
        fetch(server.url, {"timeout_seconds": 1})


def test_waiting_for_a_server_ends_when_it_is_cancelled(store, promise, monkeypatch):
    monkeypatch.setattr(web, "_PATIENCE", Patience(SOON * 2))
    builder = Builder(store, BuildOptions())
    with Misbehaving(lambda connection: (builder.cancel(), connection.wait())) as server:
        fixed = promise(SMALL)
        drv = store.add_derivation(Derivation("f", "builtin", "builtin:fetch", env={"url": server.url}, fixed=fixed))
        began = time.monotonic()
        with pytest.raises(Cancelled):
            builder.realise([(drv, ("out",))])
        assert time.monotonic() - began < SOON


# Clients


@pytest.fixture
def played(monkeypatch, tmp_path):
    """Have apt, pip and git played by a script."""

    def play(text):
        script = tmp_path / "client"
        script.write_text(f"#!/bin/sh\n{text}\n")
        script.chmod(0o755)
        monkeypatch.setattr(process, "_PACE", 0.05)
        monkeypatch.setattr(debian, "apt_bases", lambda *_: ("http://127.0.0.1:1/debian/",))
        monkeypatch.setattr(debian, "_HELPER", str(script))
        monkeypatch.setattr(pypi, "pip_command", lambda: (str(script),))
        monkeypatch.setattr(git, "executable", lambda name: str(script) if name == "git" else executable(name))

    return play


CLIENTS = ["debian:x/y.deb", "pypi:x==1/x-1-py3-none-any.whl", f"git+https://127.0.0.1:1/x?rev={'0' * 40}"]


@pytest.mark.parametrize("url", CLIENTS)
def test_a_client_that_writes_without_an_end_is_killed(fetch, played, url):
    played("truncate -s 100M $TMPDIR/file; sleep 1000")
    with pytest.raises(FetchFailed, match="larger than 6 bytes"):
        fetch(url, {"max_download_bytes": 6})
    if not url.startswith("git"):
        with pytest.raises(FetchFailed, match="larger than the 6 bytes"):
            fetch(url, size="6")


def test_what_a_client_brings_is_no_larger_than_is_declared(fetch, played):
    played('printf Hello,world > "$3"')
    with pytest.raises(FetchFailed, match="larger than the 6 bytes"):
        fetch("debian:x/y.deb", size="6")


@pytest.mark.parametrize("url", CLIENTS)
@pytest.mark.parametrize("text", ["sleep 1000 & sleep 1000", "while sleep 0.1; do echo waiting; done"])
def test_a_client_that_only_waits_is_killed(fetch, played, url, text):
    played(text)
    with pytest.raises(FetchFailed, match="nothing for 1 seconds"):
        fetch(url)


def test_a_client_that_computes_or_writes_goes_on(fetch, played, monkeypatch):
    monkeypatch.setattr(client, "_BUSY", 0.05)
    monkeypatch.setattr(client, "_PATIENCE", Patience(1.5, 1024))
    computing = "n=0; while test $n -lt 1000000; do n=$((n+1)); done"
    writing = (
        "n=0; while test $n -lt 25; do truncate -s ${n}M $TMPDIR/half; sleep 0.1; n=$((n+1)); done; rm $TMPDIR/half"
    )
    played(f'{computing}; {writing}; echo Hello > "$3"')
    fetch("debian:x/y.deb")


def test_a_client_ends_with_the_build(fetch, played, monkeypatch):
    monkeypatch.setattr(client, "_PATIENCE", Patience(SOON * 2))
    played("sleep 1000")
    with pytest.raises(LimitExceeded):
        fetch("debian:x/y.deb", {"timeout_seconds": 0.5})


# Caches


def test_a_build_goes_on_without_a_cache_that_takes_too_long(build, store, recorder, monkeypatch):
    monkeypatch.setattr(backends, "_PATIENCE", Patience(SOON * 2))

    def steady(connection):
        connection.send(head())
        while connection.wait(0.05):
            connection.send(bytes(2048))

    with Misbehaving(steady) as server:
        drv = Derivation("x", "builtin", "builtin:tree", env={"entries": "[]"})
        ((_, path),) = build(drv, caches=(server.url,), timeout_seconds=3).items()
        assert store.verify_object(path) == []
        ((place, reason),) = recorder.of("refused")
        assert place == server.url and "did not come in 3 seconds" in reason
