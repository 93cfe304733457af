"""Hosts that do not answer are asked once, and not once for every file."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chx.builder import Builder, BuildOptions
from chx.builder.builtin import debian, git, hosts, pypi, web
from chx.builder.errors import FetchFailed
from chx.store import Derivation, FixedOutput, Store
from chx.store.exchange.conversation import Patience

FILES = {f"/{number}": f"file {number}\n".encode() for number in range(8)}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(FILES[self.path])))
        self.end_headers()
        self.wfile.write(FILES[self.path])

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def good(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a server that has the files."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(web, "_PAUSE", 0.01)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names that are looked up. `nobody` and what ends with `.down` are unknown, `slow` never ends; the rest is as always."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, *arguments: Any, **more: Any) -> Any:
        asked.append(host)
        if host == "slow.example":
            time.sleep(3)
        if host.endswith(".example"):
            raise socket.gaierror(socket.EAI_AGAIN if host.startswith("again") else socket.EAI_NONAME, "unknown name")
        return real(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def fetch_all(store: Store, urls: Callable[[str], str], options: BuildOptions | None = None) -> None:
    """Fetch all files in one command; `urls` gives the URLs of one."""
    wanted = []
    for path, content in FILES.items():
        fixed = FixedOutput("sha256", hashlib.sha256(content).digest(), "flat")
        env = {"urls": urls(path)}
        drv = store.add_derivation(Derivation(path[1:], "builtin", "builtin:fetch", env=env, fixed=fixed))
        wanted.append((drv, ("out",)))
    built = Builder(store, options or BuildOptions()).realise(wanted)
    assert [Path(store.physical(built[drv, "out"])).read_bytes() for drv, _ in wanted] == list(FILES.values())


def test_a_name_that_is_unknown_is_looked_up_once(store: Store, good: str, lookups: list[str]) -> None:
    fetch_all(store, lambda path: f"https://gone.example{path} {good}{path}")
    assert lookups.count("gone.example") == 1


def test_a_host_that_refuses_is_asked_once(store: Store, good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = socket.create_connection

    def connect(address: tuple[str, int], *arguments: Any, **more: Any) -> Any:
        asked.append(address[1])
        return real(address, *arguments, **more)

    monkeypatch.setattr(socket, "create_connection", connect)
    fetch_all(store, lambda path: f"http://127.0.0.1:1{path} {good}{path}")
    assert asked.count(1) == 1


def test_a_host_that_stalls_is_waited_for_once(store: Store, good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_PATIENCE", Patience(1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        fetch_all(store, lambda path: f"http://127.0.0.1:{port}{path} {good}{path}")
        silent.settimeout(0)
        silent.accept()
        with pytest.raises(BlockingIOError):
            silent.accept()


@pytest.mark.parametrize("first", ["again.example", "slow.example"])
def test_in_a_closed_network_one_host_is_waited_for_and_no_other(
    store: Store, good: str, lookups: list[str], monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Each package has a host of its own."""
    monkeypatch.setattr(web, "HURRY", 1.0)
    names = {path: first if path == "/0" else f"host-{path[1:]}.example" for path in FILES}
    fetch_all(store, lambda path: f"https://{names[path]}{path} {good}{path}", BuildOptions(fetches=1))
    assert [name for name in lookups if name.endswith(".example")] == [first]


def test_a_host_that_was_left_out_is_asked_when_there_is_no_other_way(
    store: Store, good: str, lookups: list[str]
) -> None:
    """The network is not closed after all."""
    hosts.HOSTS.find("web", good).answered()
    hosts.HOSTS.closed = "Temporary failure in name resolution"
    fetch_all(store, lambda path: f"https://gone.example{path} {good}{path}")
    assert lookups.count("gone.example") == 0
    hosts.HOSTS.forget()
    hosts.HOSTS.closed = "Temporary failure in name resolution"
    with pytest.raises(FetchFailed) as failure:
        fetch_missing(store, f"https://gone.example/a {good.replace('127.0.0.1', 'missing.example')}/0")
    assert [reason for _, reason in failure.value.attempts] == ["unknown name", "unknown name"]


def fetch_missing(store: Store, urls: str, name: str = "missing") -> None:
    fixed = FixedOutput("sha256", hashlib.sha256(name.encode()).digest(), "flat")
    drv = store.add_derivation(Derivation(name, "builtin", "builtin:fetch", env={"urls": urls}, fixed=fixed))
    Builder(store, BuildOptions()).realise([(drv, ("out",))])


def test_patience_comes_to_an_end(store: Store, good: str, lookups: list[str]) -> None:
    """A host that is the only way is asked several times, for one file; then the error says so."""
    with pytest.raises(FetchFailed) as failure:
        fetch_missing(store, "https://gone.example/a")
    tries = len(lookups)
    assert tries > 1 and failure.value.attempts == (("https://gone.example/a", "unknown name"),)
    with pytest.raises(FetchFailed) as failure:
        fetch_missing(store, "https://gone.example/b", "another")
    assert len(lookups) == tries
    assert failure.value.attempts == (("https://gone.example/b", "unknown name (not asked again)"),)


def test_a_host_that_answered_once_is_always_asked(store: Store, good: str) -> None:
    fetch_all(store, lambda path: f"{good}{path}")
    host = hosts.HOSTS.find("web", good)
    host.did_not_answer("Connection refused", False, is_closed=True)
    host.check(good, 2)
    assert hosts.HOSTS.closed is None


def test_what_is_known_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts.HOSTS.find("web", "http://a/x").did_not_answer("stalled", True, is_closed=True)
    with pytest.raises(FetchFailed, match="stalled"):
        hosts.HOSTS.find("web", "http://b/x").check("http://b/x", 2)
    now = time.monotonic() + 1000
    monkeypatch.setattr(hosts, "monotonic", lambda: now)
    hosts.HOSTS.find("web", "http://a/y").check("http://a/y", 2)
    hosts.HOSTS.find("web", "http://b/y").check("http://b/y", 2)


@pytest.mark.parametrize(
    "url, said",
    [
        ("debian:x/{}.deb", "E: Failed to fetch http://x/ Could not resolve 'x'"),
        ("pypi:x==1/x-{}-py3-none-any.whl", "WARNING: Retrying after connection broken by 'x'\\nERROR: none"),
        (f"git+https://x.example/{{}}?rev={'0' * 40}", "fatal: unable to access: Could not resolve host: x.example"),
    ],
)
def test_a_client_whose_host_does_not_answer_is_run_once(
    store: Store, good: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    """apt, pip and git are played by a script."""
    script, log = tmp_path / "client", tmp_path / "log"
    script.write_text(f'#!/bin/sh\ncase "$*" in *init*) exit 0;; esac\necho run >> {log}\nprintf "{said}\\n"\nexit 1\n')
    script.chmod(0o755)
    monkeypatch.setattr(debian, "apt_bases", lambda *_: ("http://127.0.0.1:1/debian/",))
    monkeypatch.setattr(debian, "_HELPER", str(script))
    monkeypatch.setattr(pypi, "pip_command", lambda: (str(script),))
    real = git.executable
    monkeypatch.setattr(git, "executable", lambda name: str(script) if name == "git" else real(name))
    fetch_all(store, lambda path: f"{url.format(path[1:])} {good}{path}", BuildOptions(fetches=1))
    assert log.read_text() == "run\n"
