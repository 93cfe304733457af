"""A machine without apt and far from any archive: files come from snapshots and mirrors, over plain HTTP or from a disk."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import ROOT, Run

CONTENT = b"a file of an archive\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
TIME = json.loads((ROOT / "pkgs" / "archives.json").read_text())["debian"]
POOL = "pool/main/a/a/a_1.orig.tar.gz"
SNAPSHOT = f"debian/{TIME}/{POOL}"

Build = Callable[..., subprocess.CompletedProcess[str]]


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def site(work: Path, chx: Run) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL at which it is served."""
    folder = work / "site"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def build(chx: Run, work: Path) -> Build:
    """Build a file that upstream, which nobody reaches, and Debian have; with an empty PATH."""
    (work / "bin").mkdir()
    expression = f"""(import <chx> {{ }}).fetchurl {{
      name = "a_1.orig.tar.gz";
      urls = [ "http://127.0.0.1:1/a-1.tar.gz" "debian-source:a/a_1.orig.tar.gz" ];
      sha256 = "{DIGEST}";
    }}"""
    closed = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"), "")

    def run(**variables: str) -> subprocess.CompletedProcess[str]:
        return chx("build", "-v", "-E", expression, PATH=str(work / "bin"), **closed, **variables)

    return run


def put(place: Path, content: bytes = CONTENT) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def test_a_file_comes_from_the_snapshots(build: Build, work: Path, site: tuple[Path, str]) -> None:
    folder, url = site
    put(folder / "archive" / SNAPSHOT)
    run = build(CHX_DEBIAN_SNAPSHOTS=f"{url}/archive")
    assert run.returncode == 0, run.stderr
    assert (work / "result").read_bytes() == CONTENT
    assert f"fetching {url}/archive/{SNAPSHOT}" in run.stderr


def test_a_mirror_with_a_log_in_page_is_no_end(build: Build, work: Path, site: tuple[Path, str]) -> None:
    folder, url = site
    put(folder / "mirror" / POOL, b"please log in\n")
    put(folder / "archive" / SNAPSHOT)
    run = build(CHX_DEBIAN_MIRROR=f"{url}/mirror", CHX_DEBIAN_SNAPSHOTS=f"{url}/archive")
    assert run.returncode == 0, run.stderr
    assert (work / "result").read_bytes() == CONTENT


@pytest.mark.parametrize("form", ["file:{}", "{}", "{}/"])
def test_an_archive_may_lie_on_a_disk(build: Build, work: Path, site: tuple[Path, str], form: str) -> None:
    folder, _ = site
    put(folder / "an archive" / POOL)
    base = str(folder / "an archive").replace(" ", "%20" if form.startswith("file") else " ")
    run = build(CHX_DEBIAN_MIRROR=form.format(base), CHX_DEBIAN_SNAPSHOTS="")
    assert run.returncode == 0, run.stderr
    assert (work / "result").read_bytes() == CONTENT


def test_the_error_names_every_way(build: Build, work: Path, site: tuple[Path, str]) -> None:
    folder, url = site
    put(folder / "mirror" / POOL, b"please log in\n")
    (work / "chx.toml").write_text(f'[fetch]\nhashed-mirrors = ["{url}/files", "{folder}/files"]\n')
    run = build(CHX_DEBIAN_MIRROR=f"{url}/mirror", CHX_DEBIAN_SNAPSHOTS=f"{url}/archive")
    assert run.returncode == 1 and "error[B004]" in run.stderr
    told = run.stderr.split("every way was tried:\n")[1].split("\n  = ")[0].splitlines()
    assert [line.split(": ")[0].strip() for line in told] == [
        "http://127.0.0.1:1/a-1.tar.gz",
        f"{url}/mirror/{POOL}",
        f"{url}/archive/{SNAPSHOT}",
        f"{url}/archive/debian-security/{TIME}/{POOL.replace('pool/', 'pool/updates/')}",
        f"{url}/files/sha256/{DIGEST}",
        f"file:{folder}/files/sha256/{DIGEST}",
    ]
    assert [line.split(": ")[1].split(" sha256")[0] for line in told] == [
        "Connection refused",
        "its content has the hash",
        *["the server answered 404 File not found"] * 3,
        "No such file or directory",
    ]
