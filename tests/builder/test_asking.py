"""Asking whether a file can still be had, without fetching it."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chx.builder.asking import Asked, ask_ways
from chx.builder.builtin import debian, pypi, web
from chx.builder.errors import BadConfiguration
from chx.builder.prefetch import fetching_task
from chx.store import FixedOutput, Store
from chx.store.exchange.conversation import Patience

CONTENT = b"0123456789" * 1000
FIXED = FixedOutput("sha256", hashlib.sha256(CONTENT).digest(), "flat")
TIME = "20261125T192147Z"
WHEEL = "pypi:x==1.0/x-1.0-py3-none-any.whl"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Any

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        if self.answer():
            self.server.sent = True
            self.wfile.write(CONTENT)

    def answer(self) -> bool:
        self.server.asked.append((self.command, self.path))
        kind = self.path.strip("/").partition("/")[0]
        if kind == "gone" or (kind == "no-head" and self.command == "HEAD"):
            self.send_error(404 if kind == "gone" else 405)
            return False
        self.send_response(503 if kind == "busy" else 200)
        if kind != "untold":
            self.send_header("Content-Length", "5" if kind == "other" else str(len(CONTENT)))
        self.end_headers()
        return True

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(web, "_PAUSE", 0.01)
    monkeypatch.setattr(debian, "apt_bases", lambda *_: ())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("CHX_DEBIAN_SNAPSHOTS", "")
    monkeypatch.delenv("CHX_DEBIAN_MIRROR", raising=False)
    monkeypatch.chdir(tmp_path)
    running: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.asked, running.sent = [], False
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    running.url = f"http://127.0.0.1:{running.server_port}"
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def ask(store: Store, *urls: str, size: int | None = len(CONTENT)) -> list[Asked]:
    with fetching_task(store, lambda text: None, None) as task:
        return list(ask_ways(replace(task, archive_time=TIME), urls, FIXED, size))


@pytest.mark.parametrize(
    "kind, reason",
    [
        ("good", ""),
        ("untold", ""),
        ("no-head", ""),
        ("other", "it has 5 bytes there, and not 10000"),
        ("gone", "the server answered 404 Not Found"),
        ("busy", "the server answered 503 Service Unavailable"),
    ],
)
def test_a_server_is_asked_for_the_head(store: Store, server: Any, kind: str, reason: str) -> None:
    url = f"{server.url}/{kind}/a.tar"
    assert ask(store, url) == [Asked("upstream", url, reason)]
    assert server.asked[0] == ("HEAD", f"/{kind}/a.tar")
    if kind not in ("no-head", "busy"):
        assert len(server.asked) == 1 and not server.sent


def test_a_file_of_unknown_size_is_there_if_the_server_has_any(store: Store, server: Any) -> None:
    assert ask(store, f"{server.url}/other/a.tar", size=None)[0].is_there


def test_every_kind_of_way_is_asked_until_a_place_has_the_file(
    store: Store, server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "files" / "sha256").mkdir(parents=True)
    (tmp_path / "files" / "sha256" / FIXED.digest.hex()).write_bytes(CONTENT)
    (tmp_path / "chx.toml").write_text(f'[fetch]\nhashed-mirrors = ["{tmp_path}/files", "{server.url}/gone"]\n')
    monkeypatch.setattr(debian, "apt_bases", lambda *_: (f"file:{tmp_path}/archive", f"{server.url}/good/debian/"))
    monkeypatch.setenv("CHX_DEBIAN_MIRROR", f"{server.url}/gone")
    monkeypatch.setenv("CHX_DEBIAN_SNAPSHOTS", f"{server.url}/good")
    found = ask(store, f"{server.url}/gone/a.tar", "debian:a/a_1.deb", f"file:{tmp_path}/none")
    assert [(one.kind, one.is_there) for one in found] == [
        ("upstream", False),
        ("archive", False),
        ("archive", True),
        ("snapshot", True),
        ("file", False),
        ("mirror", True),
    ]
    assert found[3].place == f"{server.url}/good/debian/{TIME}/pool/main/a/a/a_1.deb"
    assert not server.sent


def test_a_host_that_does_not_answer_is_asked_with_patience_once(
    store: Store, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "_PATIENCE", Patience(2))
    monkeypatch.setattr(web, "HURRY", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        reasons = [one.reason for one in ask(store, url + "a", url + "b", url + "c")]
        silence = "the server gave nothing more for 2 seconds"
        assert reasons == [silence, *[f"{silence} (not asked again)"] * 2]
        silent.settimeout(0)
        for _ in range(2):
            silent.accept()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_without_any_archive_that_is_told(store: Store, server: Any) -> None:
    (one,) = ask(store, "debian:a/a_1.deb")
    assert "no Debian archive is known" in one.reason


def test_what_cannot_be_asked_is_told(store: Store, server: Any) -> None:
    (one,) = ask(store, f"git+https://example.org/x?rev={'0' * 40}")
    assert one.kind == "repository" and "cannot be asked without fetching" in one.reason


def test_a_broken_configuration_is_an_error(store: Store, server: Any, tmp_path: Path) -> None:
    (tmp_path / "chx.toml").write_text("[fetch]\nhashed-mirrors = 1\n")
    with pytest.raises(BadConfiguration):
        ask(store, f"{server.url}/good")


@pytest.mark.parametrize(
    "script, reason",
    [
        ("echo 'Available versions: 1.1, 1.0, 0.9'", ""),
        ("echo 'Available versions: 1.1, 1.0.1'", "the index does not list this version for these tags"),
        (
            "echo 'ERROR: No matching distribution found for x'; exit 1",
            "the index does not list this version for these tags",
        ),
        ("echo 'ERROR: unknown command \"index\"'; exit 1", 'unknown command "index"'),
        (
            "echo 'WARNING: after connection broken by x'; echo 'ERROR: No matching distribution found for x'; exit 1",
            "the package index does not answer: No matching distribution found for x",
        ),
    ],
)
def test_an_index_is_asked_for_its_versions(
    store: Store, server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, reason: str
) -> None:
    pip = tmp_path / "pip"
    pip.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/words\n{script}\n')
    pip.chmod(0o755)
    monkeypatch.setattr(pypi, "pip_command", lambda: (str(pip),))
    assert ask(store, WHEEL) == [Asked("index", WHEEL, reason)]
    words = (tmp_path / "words").read_text().split()
    assert words[:2] == ["index", "versions"] and words[-1] == "x" and "any" in words


@pytest.mark.network
def test_the_real_index_knows_a_wheel(store: Store) -> None:
    (known,) = ask(store, "pypi:lark==1.2.2/lark-1.2.2-py3-none-any.whl")
    (unknown,) = ask(store, "pypi:lark==0.0.77/lark-0.0.77-py3-none-any.whl")
    assert (known.reason, unknown.is_there) == ("", False)
