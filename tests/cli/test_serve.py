"""A server is not moved by clients that go away, say nothing, or make no sense."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chx.cli.listening import MOST_CONNECTIONS

from .conftest import ROOT, Run, _run

TOKEN = "correct-horse-battery"


class Served:
    """A running server and what it says."""

    def __init__(self, home: Path, said: Path) -> None:
        with said.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT), "serve", "--port", "0", "--writable"],
                env={**os.environ, "CHX_HOME": str(home), "CHX_CACHE_TOKEN": TOKEN},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rpartition(":")[2])
        self._said = said

    def said(self) -> str:
        return self._said.read_text()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def ask(self, method: str, name: str, **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, name, skip_accept_encoding=True)
            for header, value in headers.items():
                connection.putheader(header.replace("_", "-"), value)
            connection.endheaders()
            return connection.getresponse().status
        finally:
            connection.close()

    def send(self, data: bytes) -> bytes:
        """What comes back until the server ends the connection."""
        with self.connect() as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := client.recv(65536):
                answer += chunk
            return answer

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/task"))


@pytest.fixture
def served(chx: Run, tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path / "home", tmp_path / "said")
    yield server
    server.process.terminate()
    assert server.process.wait(30) == 143


def drop(client: socket.socket) -> None:
    """Break a connection off with a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_clients_that_go_away_are_no_news(served: Served) -> None:
    clients = []
    for number in range(300):
        client = served.connect()
        client.sendall(
            (
                b"",
                b"GET /chx-c",
                b"GET /chx-cache HTTP/1.1\r\n\r\n" * 3,
                b"PUT /x HTTP/1.1\r\nContent-Length: 9\r\n\r\n1",
            )[number % 4]
        )
        clients.append(client)
    for client in clients:
        drop(client)
    assert served.ask("GET", "/chx-cache") == 200
    deadline = time.monotonic() + 60
    while served.threads() > 5 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert served.threads() <= 5
    assert served.said() == ""


def test_clients_that_say_nothing_give_way_to_those_that_ask(served: Served) -> None:
    clients = [served.connect() for _ in range(MOST_CONNECTIONS + 50)]
    for client in clients[::3]:
        client.sendall(b"GET /chx-cache HTTP/1.1\r\nHost: ")
    assert served.ask("GET", "/chx-cache") == 200
    assert served.threads() <= MOST_CONNECTIONS + 5
    # The oldest were let go, the newest are still listened to.
    assert clients[0].recv(1) == b""
    clients[-1].sendall(b"GET /chx-cache HTTP/1.1\r\n\r\n")
    assert clients[-1].recv(15) == b"HTTP/1.1 200 OK"
    assert served.said() == ""


BEARER = b"Authorization: Bearer " + TOKEN.encode()
SENSELESS = [
    (b"\r\n", b""),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
    (b"GET\r\n\r\n", b"400"),
    (b"GET / HTTP/9.9\r\n\r\n", b"505"),
    (b"GET / HTTP/" + b"9" * 5000 + b".1\r\n\r\n", b"400"),
    (b"BREW / HTTP/1.1\r\n\r\n", b"501"),
    (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", b"414"),
    (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
    (b"GET / HTTP/1.1\r\nA: " + b"b" * 70000 + b"\r\n\r\n", b"431"),
    (b"GET /a%00b HTTP/1.1\r\nConnection: close\r\n\r\n", b"404"),
    (b"HEAD /a%00b HTTP/1.1\r\nConnection: close\r\n\r\n", b"404"),
    (b"GET /%ff%fe/\xff HTTP/1.1\r\nConnection: close\r\n\r\n", b"404"),
    (b"GET /objects/%2fchx%2fstore%2f" + b"0" * 32 + b"-x.zst HTTP/1.1\r\nConnection: close\r\n\r\n", b"404"),
    (b"GET /trace/" + b"%20" * 20 + b".json HTTP/1.1\r\nConnection: close\r\n\r\n", b"404"),
    (b"GET /chx-cache HTTP/1.1\r\nConnection: close\r\nRange: bytes=" + b"9" * 5000 + b"-\r\n\r\n", b"200"),
    (b"GET /chx-cache HTTP/1.1\r\nConnection: close\r\nRange: bytes=99-\r\n\r\n", b"416"),
    (b"PUT /chx-cache HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"401"),
    (b"PUT /chx-cache HTTP/1.1\r\nAuthorization: \xff\r\n\r\n", b"401"),
    (b"PUT /chx-cache HTTP/1.1\r\n%s\r\nContent-Length: %s\r\n\r\n" % (BEARER, b"9" * 5000), b"411"),
    (b"PUT /chx-cache HTTP/1.1\r\n%s\r\nContent-Length: -1\r\n\r\n" % BEARER, b"411"),
    (b"PUT /chx-cache HTTP/1.1\r\n%s\r\nContent-Length: 2\r\n\r\nxx" % BEARER, b"422"),
    (b"PUT /trace/%s.json HTTP/1.1\r\n%s\r\nContent-Length: 200000\r\n\r\n%s" % (b"0" * 64, BEARER, b"[" * 200000), b"422"),
    (b"PUT /trace/%s.json HTTP/1.1\r\n%s\r\nContent-Length: 5000\r\n\r\n%s" % (b"0" * 64, BEARER, b"9" * 5000), b"422"),
]  # fmt: skip
"""Requests, and what is in the answer; before HTTP 1.0 an answer had no line of its own for the status."""


def test_requests_that_make_no_sense_get_an_answer(served: Served) -> None:
    for data, status in SENSELESS:
        answer = served.send(data)
        assert status in answer[:400] if status else answer == b"", (data[:80], answer[:400])
    assert served.ask("GET", "/chx-cache") == 200
    assert served.said() == ""


def test_files_of_the_machine_are_not_told_of(served: Served) -> None:
    for name in ("/../../../../../../../../../../etc/passwd", "/../../db/store.sqlite", "/%2e%2e/%2e%2e/store.key"):
        assert served.ask("HEAD", name) == 404
        assert served.ask("GET", name) == 404


def test_the_longest_name_of_an_object_is_served(chx: Run, work: Path, served: Served) -> None:
    (work / ("x" * 211)).write_text("x")
    path = chx("store", "add", "x" * 211).stdout.strip()
    assert served.ask("GET", f"/objects/{path.rpartition('/')[2]}.zst") == 200
    assert served.said() == ""


def test_what_goes_wrong_here_is_one_line_here_and_status_500_there(
    chx: Run, work: Path, tmp_path: Path, served: Served
) -> None:
    (work / "x").write_text("x")
    path = chx("store", "add", "x").stdout.strip()
    (tmp_path / "home" / "cache" / "served").write_text("in the way")
    assert served.ask("GET", f"/objects/{path.rpartition('/')[2]}.zst") == 500
    assert served.said().startswith("chx: a request of 127.0.0.1 failed: ") and served.said().count("\n") == 1
    assert served.ask("HEAD", f"/objects/{path.rpartition('/')[2]}.zst") == 200


def test_a_server_and_a_directory_keep_fetched_files_by_hash(served: Served, chx: Run, tmp_path: Path) -> None:
    """What one store has fetched another one gets, though the place that it came from is gone."""
    source, content = tmp_path / "source.tar", b"some release\n"
    source.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    text = (
        f'derivation {{ name = "source"; system = "builtin"; builder = "builtin:fetch"; url = "file:{source}";'
        f' outputHashAlgo = "sha256"; outputHash = "{digest}"; }}'
    )
    fetched = chx("build", "--no-out-link", "-E", text)
    assert fetched.returncode == 0, fetched.stderr
    mirror = chx("store", "mirror", str(tmp_path / "mirror"))
    assert (mirror.returncode, mirror.stderr) == (0, "chx: wrote 1 file (13 B); 0 were there\n")
    assert (tmp_path / "mirror/sha256" / digest).read_bytes() == content
    source.unlink()
    for number, place in enumerate((f"http://127.0.0.1:{served.port}", tmp_path / "mirror")):
        work = tmp_path / f"work {number}"
        work.mkdir()
        (work / "chx.toml").write_text(f'[fetch]\nhashed-mirrors = ["{place}"]\n')
        run = _run(tmp_path / f"home {number}", work, "build", "--no-out-link", "-E", text)
        assert (run.returncode, run.stdout) == (0, fetched.stdout), run.stderr
    nothing = http.client.HTTPConnection("127.0.0.1", served.port)
    nothing.request("GET", f"/sha256/{'0' * 64}")
    assert nothing.getresponse().status == 404
