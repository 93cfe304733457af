"""Files that Debian's archive has dropped, from a service with the layout of its snapshots."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chx.builder import Builder, BuildOptions
from chx.builder.builtin import debian, web
from chx.builder.errors import BadConfiguration, FetchFailed, HashMismatch
from chx.builder.fixed import sri
from chx.ops.pinned_files import archive_time
from chx.store import Derivation, FixedOutput, Store
from chx.store.exchange.conversation import Patience

CONTENT = b"a package of years ago\n"
FIXED = FixedOutput("sha256", hashlib.sha256(CONTENT).digest(), "flat")
TIME = "20261125T192147Z"
POOL = "pool/main/b/bash/bash_5.2_amd64.deb"
PLACES = [f"/archive/debian/{TIME}/{POOL}", f"/archive/debian-security/{TIME}/{POOL.replace('pool/', 'pool/updates/')}"]


class Service(http.server.ThreadingHTTPServer):
    """Answers with what `files` has; a None keeps the client waiting."""

    def __init__(self) -> None:
        self.files: dict[str, bytes | None] = {}
        self.asked: list[str] = []
        self.ended = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/archive"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path, b"")
        if content == b"":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content or CONTENT)))
        self.end_headers()
        if content is None:
            self.server.ended.wait(30)
        else:
            self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    """A snapshot service, on a machine without apt."""
    monkeypatch.setattr(debian, "apt_bases", lambda *_: ())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("CHX_DEBIAN_MIRROR", raising=False)
    monkeypatch.chdir(tmp_path)
    running = Service()
    monkeypatch.setenv("CHX_DEBIAN_SNAPSHOTS", running.url)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.ended.set()
    running.shutdown()
    thread.join()
    running.server_close()


def fetch(store: Store, time: str | None = TIME) -> bytes:
    drv = store.add_derivation(
        Derivation("bash.deb", "builtin", "builtin:fetch", env={"url": "debian:bash/bash_5.2_amd64.deb"}, fixed=FIXED)
    )
    builder = Builder(store, BuildOptions(archive_time=lambda fixed: time))
    return Path(store.physical(builder.realise([(drv, ("out",))])[drv, "out"])).read_bytes()


@pytest.mark.parametrize("number", [0, 1], ids=["archive", "security"])
def test_a_file_comes_from_the_time_that_is_recorded(store: Store, service: Service, number: int) -> None:
    service.files[PLACES[number]] = CONTENT
    assert fetch(store) == CONTENT
    assert service.asked == PLACES[: number + 1]


def test_the_mirror_is_asked_first_and_every_way_is_named(
    store: Store, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHX_DEBIAN_MIRROR", service.url.replace("/archive", "/mirror"))
    with pytest.raises(FetchFailed) as failure:
        fetch(store)
    base = service.url.removesuffix("/archive")
    assert [place for place, _ in failure.value.attempts] == [
        f"{base}/mirror/{POOL}",
        *(base + place for place in PLACES),
    ]
    assert {reason for _, reason in failure.value.attempts} == {"the server answered 404 Not Found"}


def test_wrong_bytes_are_refused(store: Store, service: Service) -> None:
    service.files[PLACES[0]] = b"another package altogether\n"
    with pytest.raises(HashMismatch):
        fetch(store)


WRONG = b"another package altogether\n"
REASONS = {
    "404": "the server answered 404 Not Found",
    "wrong": f"its content has the hash {sri('sha256', hashlib.sha256(WRONG).digest())}",
    "stalled": "the server gave nothing more for 2 seconds",
}


@pytest.fixture
def ways(service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Paths on the server by every way: an archive, a mirror, two snapshots, a mirror by hash."""
    monkeypatch.setattr(web, "_PATIENCE", Patience(2, 1))
    base = service.url.removesuffix("/archive")
    monkeypatch.setattr(debian, "apt_bases", lambda *_: (f"{base}/apt/",))
    monkeypatch.setattr(debian, "_HELPER", str(tmp_path / "no apt"))
    monkeypatch.setenv("CHX_DEBIAN_MIRROR", f"{base}/mirror")
    (tmp_path / "chx.toml").write_text(f'[fetch]\nhashed-mirrors = ["{base}/files"]\n')
    return [f"/apt/{POOL}", f"/mirror/{POOL}", *PLACES, f"/files/sha256/{FIXED.digest.hex()}"]


def break_ways(service: Service, places: list[str], first: int) -> list[str]:
    """Let each place fail in another manner, in turn; return the manners."""
    manners = [list(REASONS)[(first + number) % len(REASONS)] for number in range(len(places))]
    service.files = dict(zip(places, ({"404": b"", "wrong": WRONG, "stalled": None}[manner] for manner in manners)))
    return manners


@pytest.mark.parametrize("first", [0, 2])
def test_the_next_way_is_tried_whatever_was_wrong_with_the_one_before(
    store: Store, service: Service, ways: list[str], first: int
) -> None:
    break_ways(service, ways[:-1], first)
    service.files[ways[-1]] = CONTENT
    assert fetch(store) == CONTENT
    assert list(dict.fromkeys(service.asked)) == ways


@pytest.mark.parametrize("first", [1, 2])
def test_the_report_names_every_way_and_how_it_failed(
    store: Store, service: Service, ways: list[str], first: int
) -> None:
    manners = break_ways(service, ways, first)
    base = service.url.removesuffix("/archive")
    with pytest.raises(HashMismatch) as failure:
        fetch(store)
    told = [(base + place, REASONS[manner]) for place, manner in zip(ways, manners)]
    assert list(failure.value.attempts) == told
    assert all(f"  {place}: {reason}" in failure.value.message.split("\n") for place, reason in told)
    assert failure.value.got in failure.value.message and "the pin may need renewing" in str(failure.value.hint)


def test_a_service_that_stalls_is_given_up_for_the_next_place(
    store: Store, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "_PATIENCE", Patience(0.5, 1))
    service.files = {PLACES[0]: None, PLACES[1]: CONTENT}
    assert fetch(store) == CONTENT


def test_without_a_time_or_a_service_none_is_asked(
    store: Store, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FetchFailed, match="no Debian archive is known"):
        fetch(store, None)
    monkeypatch.setenv("CHX_DEBIAN_SNAPSHOTS", "")
    with pytest.raises(FetchFailed, match="no Debian archive is known"):
        fetch(store)
    assert service.asked == []


def test_the_service_is_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("CHX_DEBIAN_SNAPSHOTS", raising=False)
    assert debian.configured_snapshots(str(tmp_path)) == debian.SNAPSHOTS
    (tmp_path / "chx.toml").write_text('[fetch]\ndebian-snapshots = "https://example.org/kept"\n')
    assert debian.configured_snapshots(str(tmp_path)) == "https://example.org/kept"
    (tmp_path / "chx.toml").write_text("[fetch]\ndebian-snapshots = 1\n")
    with pytest.raises(BadConfiguration, match="must be a string"):
        debian.configured_snapshots(str(tmp_path))


def test_every_pin_of_a_seed_has_a_time() -> None:
    import json

    root = Path(__file__).resolve().parents[2] / "pkgs"
    for lock in sorted((root / "seeds").glob("*.lock.json")):
        data = json.loads(lock.read_text())
        for file in data["files"]:
            assert archive_time(FixedOutput("sha256", bytes.fromhex(file["sha256"]), "flat")) is not None, file
    assert archive_time(FIXED) == json.loads((root / "archives.json").read_text())["debian"]
