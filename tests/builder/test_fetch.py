"""Fetching from files and from a server on this machine."""

import errno
import gzip
import hashlib
import http.server
import io
import os
import tarfile
import threading
import types

import pytest

from chx.builder import Builder, BuildOptions, log
from chx.builder.builtin import debian, pypi, web
from chx.builder.builtin.pypi import parse_wheel
from chx.builder.errors import BadAttribute, BadConfiguration, FetchFailed, HashMismatch, MachineFailure, UnsupportedUrl
from chx.builder.fixed import sri
from chx.builder.nar import nar_digest
from chx.store import Derivation, FixedOutput, copying

CONTENT = bytes(range(256)) * 5000


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        kind = self.path.strip("/")
        failures = self.server.failures
        if kind == "missing" or kind.startswith("missing?"):
            self.send_error(404)
        elif kind == "moved":
            self.send_response(302)
            self.send_header("Location", "/good")
            self.end_headers()
        elif kind == "flaky" and failures.pop("flaky", False):
            self.send_error(503)
        elif kind == "broken" and failures.pop("broken", False):
            self.answer(CONTENT, cut=len(CONTENT) // 2)
        else:
            self.answer(CONTENT)

    def answer(self, content, cut=None):
        start = 0
        asked = self.headers.get("Range")
        if asked:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:cut])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(web, "_PAUSE", 0.01)
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.asked, running.failures = [], {"flaky": True, "broken": True}
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    running.url = f"http://127.0.0.1:{running.server_port}"
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def fetch(store, recorder, promise):
    def run(urls, fixed=None, content=CONTENT, options=None, **env):
        drv = store.add_derivation(
            Derivation("f", "builtin", "builtin:fetch", env={"urls": urls, **env}, fixed=fixed or promise(content))
        )
        path = Builder(store, options, recorder).realise([(drv, ("out",))])[drv, "out"]
        return store.physical(path)

    return run


def read(path):
    with open(path, "rb") as file:
        return file.read()


def test_a_local_file(fetch, tmp_path):
    (tmp_path / "a b").write_bytes(CONTENT)
    assert read(fetch(f"file://{tmp_path}/a%20b")) == CONTENT
    assert read(fetch(f"file:{tmp_path}/a%20b")) == CONTENT


def test_http_with_progress_and_redirects(fetch, server, recorder):
    assert read(fetch(f"{server.url}/moved")) == CONTENT
    told = recorder.of("fetched")
    assert told[-1][2:] == (len(CONTENT), len(CONTENT))


def test_a_passing_failure_is_tried_again(fetch, server):
    assert read(fetch(f"{server.url}/flaky")) == CONTENT


def test_a_broken_transfer_is_resumed(fetch, server):
    assert read(fetch(f"{server.url}/broken")) == CONTENT
    assert server.asked == [("/broken", None), ("/broken", f"bytes={len(CONTENT) // 2}-")]


def test_mirrors_are_tried_in_order_and_only_the_hash_decides(fetch, server, tmp_path):
    (tmp_path / "portal").write_bytes(b"log in here")
    urls = [f"{server.url}/missing", f"file:{tmp_path}/none", f"file:{tmp_path}/portal", f"{server.url}/good"]
    assert read(fetch(" ".join(urls))) == CONTENT
    assert [path for path, _ in server.asked] == ["/missing", "/good"]


def test_the_configured_archives_are_followed_after_wrong_bytes(fetch, server, monkeypatch, tmp_path):
    """apt's downloader is played by a script that brings the page of a captive portal."""
    script = tmp_path / "apt-helper"
    script.write_text('#!/bin/sh\necho log in here > "$3"\n')
    script.chmod(0o755)
    monkeypatch.setattr(debian, "apt_bases", lambda *_: ("http://127.0.0.1:1/debian/",))
    monkeypatch.setattr(debian, "_HELPER", str(script))
    monkeypatch.setattr(debian, "configured_mirror", lambda directory: server.url)
    assert read(fetch("debian:x/y.deb")) == CONTENT
    assert [path for path, _ in server.asked] == ["/pool/main/x/x/y.deb"]


def test_no_advice_hides_another(fetch, server, monkeypatch, tmp_path):
    """One archive is not there, and another one has dropped the file."""
    monkeypatch.setattr(debian, "apt_bases", lambda *_: ())
    monkeypatch.setattr(debian, "configured_mirror", lambda directory: server.url + "/missing?")
    with pytest.raises(FetchFailed) as caught:
        fetch("http://127.0.0.1:1/y.deb debian:x/y.deb")
    assert "is the network there?" in caught.value.hint and "the pin may need renewing" in caught.value.hint


def test_nixs_builder_knows_several_urls_as_well(store, server, promise):
    env = {"url": f"{server.url}/missing", "urls": f"{server.url}/missing {server.url}/good"}
    drv = store.add_derivation(Derivation("f", "builtin", "builtin:fetchurl", env=env, fixed=promise(CONTENT)))
    assert read(store.physical(Builder(store).realise([(drv, ("out",))])[drv, "out"])) == CONTENT
    assert [path for path, _ in server.asked] == ["/missing", "/good"]


def test_a_wrong_hash_tells_both_and_the_url(fetch, store, server):
    expected = hashlib.sha256(b"other").digest()
    with pytest.raises(HashMismatch) as caught:
        fetch(f"{server.url}/good", content=b"other")
    message = caught.value.message
    assert sri("sha256", expected) in message
    assert sri("sha256", hashlib.sha256(CONTENT).digest()) in message
    assert f"{server.url}/good" in message
    assert caught.value.derivation.name == "f.drv"


def test_every_place_is_named_when_none_has_it(fetch, server, tmp_path):
    with pytest.raises(FetchFailed) as caught:
        fetch(f"{server.url}/missing file:{tmp_path}/none")
    assert "404" in caught.value.message and "No such file" in caught.value.message


def test_nobody_listens(fetch, server, monkeypatch):
    url = server.url
    server.socket.close()
    monkeypatch.setattr(web, "_TRIES", 1)
    with pytest.raises(FetchFailed, match="Connection re") as caught:
        fetch(f"{url}/good")
    assert "Errno" not in caught.value.message and "network" in caught.value.hint


def test_executable_and_unpacked_trees_have_recursive_hashes(fetch, tmp_path):
    (tmp_path / "run").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "run").chmod(0o755)
    fixed = FixedOutput("sha256", nar_digest(str(tmp_path / "run"), hashlib.sha256()), "recursive")
    assert os.access(fetch(f"file:{tmp_path}/run", fixed, executable="1"), os.X_OK)

    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").write_bytes(b"1")
    fixed = FixedOutput("sha256", nar_digest(str(tree), hashlib.sha256()), "recursive")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(tree / "a", "pkg-1/a")
    (tmp_path / "t.tar.gz").write_bytes(gzip.compress(out.getvalue()))
    assert read(fetch(f"file:{tmp_path}/t.tar.gz", fixed, unpack="1") + "/a") == b"1"


def test_what_is_there_is_not_fetched_again(fetch, store, server, promise):
    fetch(f"{server.url}/good")
    fetch(f"{server.url}/other")
    assert len(server.asked) == 1


def test_offline_fetches_local_files_only(fetch, server, tmp_path):
    with pytest.raises(FetchFailed, match="switched off"):
        fetch(f"{server.url}/good", options=BuildOptions(offline=True))
    (tmp_path / "f").write_bytes(CONTENT)
    fetch(f"file:{tmp_path}/f", options=BuildOptions(offline=True))


def test_requests_that_make_no_sense(store, fetch):
    with pytest.raises(UnsupportedUrl, match="known schemes"):
        fetch("gopher://x/y")
    with pytest.raises(UnsupportedUrl):
        fetch("/etc/passwd")
    with pytest.raises(BadAttribute, match="url"):
        fetch("")
    with pytest.raises(BadAttribute, match="recursive"):
        fetch("file:/x", executable="1")
    drv = store.add_derivation(Derivation("f", "builtin", "builtin:fetch", env={"url": "file:/x"}))
    with pytest.raises(BadAttribute, match="outputHash"):
        Builder(store).realise([(drv, ("out",))])


@pytest.mark.parametrize(
    "url, pool",
    [
        ("debian:hello/hello_1_amd64.deb", "pool/main/h/hello/hello_1_amd64.deb"),
        ("debian:libzip/libzip_1.deb", "pool/main/libz/libzip/libzip_1.deb"),
        ("debian-source:lib/lib_1.tar", "pool/main/l/lib/lib_1.tar"),
        ("debian:contrib/a/b.deb", "pool/contrib/a/a/b.deb"),
    ],
)
def test_where_a_pool_keeps_a_file(url, pool):
    assert debian.pool_paths(url) == (pool, pool.replace("pool/", "pool/updates/"))


@pytest.mark.parametrize("url", ["debian:x", "debian:a/b/c", "debian:/x", "debian:../x", "debian:x/"])
def test_debian_urls_that_make_no_sense(url):
    with pytest.raises(UnsupportedUrl):
        debian.pool_paths(url)


def test_a_mirror_is_used_where_there_is_no_apt(fetch, tmp_path, monkeypatch, server):
    monkeypatch.setattr(debian, "apt_bases", lambda *_: ())
    monkeypatch.delenv("CHX_DEBIAN_MIRROR", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FetchFailed) as caught:
        fetch("debian:x/y.deb")
    assert "CHX_DEBIAN_MIRROR" in caught.value.hint
    (tmp_path / "chx.toml").write_text(f'[fetch]\ndebian-mirror = "{server.url}/mirror/"\n')
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    for text, reason in (
        ("[fetch]\nx = = 1\n", "line 2, column 5"),
        ("fetch = 1", "must be a table"),
        ("[fetch]\ndebian-mirror = 1\n", "must be a string"),
    ):
        (tmp_path / "inner" / "chx.toml").write_text(text)
        with pytest.raises(BadConfiguration, match=reason) as refused:
            fetch("debian:x/y.deb")
        assert str(tmp_path / "inner" / "chx.toml") in refused.value.message
    (tmp_path / "inner" / "chx.toml").unlink()
    assert read(fetch("debian:x/y.deb")) == CONTENT
    assert server.asked[-1][0] == "/mirror/pool/main/x/x/y.deb"
    monkeypatch.setenv("CHX_DEBIAN_MIRROR", "named")
    assert debian.configured_mirror("/") == "named"


def test_a_security_archive_is_asked_for_both_places(monkeypatch, store, recorder, fetch):
    asked = []

    def download(task, uri, work):
        asked.append(uri)
        raise FetchFailed(((uri, "not there"),))

    monkeypatch.setattr(
        debian, "apt_bases", lambda *_: ("http://127.0.0.1/debian/", "http://127.0.0.1/debian-security/")
    )
    monkeypatch.setattr(debian, "configured_mirror", lambda directory: None)
    monkeypatch.setattr(debian, "_retrieve_with_apt", download)
    with pytest.raises(FetchFailed, match="not there"):
        fetch("debian:x/y_1+b~2:3.deb")
    assert [uri.removeprefix("http://127.0.0.1/") for uri in asked] == [
        "debian/pool/main/x/x/y_1+b~2:3.deb",
        "debian-security/pool/main/x/x/y_1+b~2:3.deb",
        "debian-security/pool/updates/main/x/x/y_1+b~2:3.deb",
    ]


@pytest.mark.parametrize(
    "file, options",
    [
        ("zig-1-py3-none-any.whl", "--implementation py --python-version 3.99 --abi none --platform any"),
        ("x-1-py2.py3-none-any.whl", "--implementation py --python-version 3.99 --abi none --platform any"),
        (
            "x-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "--implementation cp --python-version 3.11 --abi cp311"
            " --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64",
        ),
        (
            "x-1-2build-cp38-abi3-linux_aarch64.whl",
            "--implementation cp --python-version 3.99 --abi abi3 --platform linux_aarch64",
        ),
    ],
)
def test_pip_is_asked_for_the_tags_of_the_wheel(file, options):
    wheel = parse_wheel(f"pypi:x==1/{file}")
    assert wheel.requirement == "x==1" and wheel.file == file
    assert " ".join(wheel.options) == options


@pytest.mark.parametrize(
    "url", ["pypi:x/y.whl", "pypi:x==1", "pypi:x==1/x-1.tar.gz", "pypi:x==1/x.whl", "pypi:-r==1/x"]
)
def test_pypi_urls_that_make_no_sense(url):
    with pytest.raises(UnsupportedUrl):
        parse_wheel(url)


def test_why_a_source_distribution_is_refused():
    with pytest.raises(UnsupportedUrl, match="build code"):
        parse_wheel("pypi:x==1/x-1.tar.gz")


def leftovers(store):
    """What lies in temporary folders; the folder of this process is there."""
    return [name for _, folders, files in os.walk(store.home + "/tmp/") for name in (*folders[1:], *files)]


@pytest.mark.parametrize("url", ["file:/etc/passwd", "debian:x/y.deb", "pypi:x==1/x-1-py3-none-any.whl"])
def test_a_full_disk_is_no_fault_of_the_network(fetch, store, tmp_path, monkeypatch, url):
    """Apt and pip, played by a script, say it in their words; for a copy the kernel does."""

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    client = tmp_path / "client"
    client.write_text("#!/bin/sh\n: > $TMPDIR/half\necho 'E: write (28: No space left on device)'\nexit 100\n")
    client.chmod(0o755)
    monkeypatch.setattr(debian, "apt_bases", lambda *_: ("http://127.0.0.1:1/debian/",))
    monkeypatch.setattr(debian, "_HELPER", str(client))
    monkeypatch.setattr(pypi, "pip_command", lambda: (str(client),))
    monkeypatch.setattr(copying, "_write", full)
    monkeypatch.setattr(os, "copy_file_range", full)
    monkeypatch.setattr(log, "write_all", lambda *arguments: None)
    with pytest.raises(MachineFailure, match="No space left on device") as caught:
        fetch(url)
    assert store.home in caught.value.hint and "CHX_HOME" in caught.value.hint
    monkeypatch.undo()
    assert leftovers(store) == []


@pytest.mark.network
def test_a_wheel_from_the_index(fetch):
    digest = bytes.fromhex("c2276486b02f0f1b90be155f2c8ba4a8e194d42775786db622faccd652d8e80c")
    fetch("pypi:lark==1.2.2/lark-1.2.2-py3-none-any.whl", FixedOutput("sha256", digest, "flat"))


@pytest.mark.network
def test_a_package_from_the_pool(fetch):
    if not debian.apt_bases():
        pytest.skip("apt is not configured here")
    digest = bytes.fromhex("31e066137a962676e89f69d1b65382de95a7ef7d914b8cb956f41ea72e0f516b")
    fetch("debian-source:hello/hello_2.10.orig.tar.gz", FixedOutput("sha256", digest, "flat"))


def test_apt_is_asked_once_however_many_fetches_begin_at_once(monkeypatch):
    questions, asked = [], threading.Event()

    def answer(command, environment, sink):
        asked.wait(10)
        sink(b"http://127.0.0.1/debian/\n")
        return types.SimpleNamespace(status=0)

    monkeypatch.setattr(debian, "_answers", [])
    monkeypatch.setattr(debian, "executable", lambda name: "/usr/bin/apt-get")
    monkeypatch.setattr(debian, "run", answer)
    found = []
    threads = [threading.Thread(target=lambda: found.append(debian.apt_bases(questions.append))) for _ in range(4)]
    for thread in threads:
        thread.start()
    asked.set()
    for thread in threads:
        thread.join()
    assert found == [("http://127.0.0.1/debian/",)] * 4
    assert questions == ["asking apt which archives it is configured for"]
