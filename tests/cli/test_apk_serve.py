"""`chx serve --apk`: a repository over HTTP, and nothing else."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ROOT, Run

OLD = 1_600_000_000
"""When the files of the repository were written."""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository, with things in it and beside it that nobody may read."""
    top = tmp_path / "work/repository"
    folder = top / "x86_64"
    folder.mkdir(parents=True)
    (top / "keys").mkdir()
    for path in (
        folder / "demo-1.0_p2-r0.apk",
        folder / "Packages.adb",
        folder / "APKINDEX.tar.gz",
        top / "keys/x.rsa.pub",
    ):
        path.write_bytes(path.name.encode() * 100_000)
        os.utime(path, (OLD, OLD))
    (tmp_path / "work/secret.apk").write_text("secret")
    (top / "secret.apk").write_text("secret")
    (top / "keys/x.rsa").write_text("secret")
    (folder / "notes").write_text("secret")
    (folder / ".hidden.apk").write_text("secret")
    (folder / "link-1.apk").symlink_to("demo-1.0_p2-r0.apk")
    (folder / "out-1.apk").symlink_to(tmp_path / "work/secret.apk")
    (top / "outside").symlink_to(tmp_path / "work")
    (folder / "folder-1.apk").mkdir()
    os.mkfifo(folder / "pipe-1.apk")
    (folder / "inner").mkdir()
    (folder / "inner/deep-1.apk").write_text("secret")
    return top


@pytest.fixture
def port(chx: Run, repository: Path, tmp_path: Path) -> Iterator[int]:
    # The directory itself may be a link, as those to results are.
    link = tmp_path / "work/link"
    link.symlink_to("repository")
    process = subprocess.Popen(
        [sys.executable, str(ROOT), "serve", "--apk", str(link), "--port", "0"],
        env={**os.environ, "CHX_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield int(process.stdout.readline().rpartition(":")[2])
    process.terminate()
    assert process.wait(30) == 143


def ask(port: int, method: str, target: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Ask for exactly `target`, as curl --path-as-is does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "name", ["x86_64/demo-1.0_p2-r0.apk", "x86_64/Packages.adb", "x86_64/APKINDEX.tar.gz", "keys/x.rsa.pub"]
)
def test_the_files_of_a_repository_are_given(port: int, repository: Path, name: str) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=30) as answer:
        assert answer.read() == (repository / name).read_bytes()
    status, headers, body = ask(port, "HEAD", f"/{name}")
    assert (status, body) == (200, b"")
    assert headers["Content-Length"] == str((repository / name).stat().st_size)
    assert headers["Last-Modified"] == "Sun, 13 Sep 2020 12:26:40 GMT"


def test_names_may_be_encoded(port: int) -> None:
    assert ask(port, "GET", "/x86_64/demo%2D1.0%5Fp2-r0.apk?x=y")[0] == 200


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "//",
        "/x86_64",
        "/x86_64/",
        "/keys/",
        "/secret.apk",
        "/keys/x.rsa",
        "/x86_64/notes",
        "/x86_64/.hidden.apk",
        "/x86_64/link-1.apk",
        "/x86_64/out-1.apk",
        "/x86_64/folder-1.apk",
        "/x86_64/pipe-1.apk",
        "/x86_64/inner/deep-1.apk",
        "/x86_64/nothing-1.apk",
        "/outside/secret.apk",
        "/../secret.apk",
        "/x86_64/../../secret.apk",
        "/x86_64/..%2f..%2fsecret.apk",
        "/%2e%2e/secret.apk",
        "/./secret.apk",
        "/x86_64//Packages.adb",
        "/x86_64/demo-1.0_p2-r0.apk%00",
        "/x86_64/demo-1.0_p2-r0.apk%0a",
        "/x86_64/%ff.apk",
        f"/x86_64/{'a' * 3000}.apk",
        "x86_64/Packages.adb",
        "/chx-cache",
    ],
)
def test_nothing_else_is(port: int, target: str) -> None:
    for method in ("GET", "HEAD"):
        status, _, body = ask(port, method, target)
        assert (status, body) == (404, b"")


def test_what_a_client_has_is_not_sent_again(port: int, repository: Path) -> None:
    name = "/x86_64/Packages.adb"
    _, headers, _ = ask(port, "GET", name)
    tag, time = headers["ETag"], headers["Last-Modified"]
    for known in (
        {"If_None_Match": tag},
        {"If_None_Match": f'"x", W/{tag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": time},
        {"If_Modified_Since": "Sun, 13 Sep 2026 12:26:40 GMT"},
    ):
        status, answer, body = ask(port, "GET", name, **known)
        assert (status, body, answer["ETag"]) == (304, b"", tag)
    for unknown in (
        {"If_None_Match": '"x"', "If_Modified_Since": time},
        {"If_Modified_Since": "Sat, 12 Sep 2020 12:26:40 GMT"},
        {"If_Modified_Since": "yesterday"},
        {"If_Modified_Since": "Sun, 13 Sep 99999 12:26:40 GMT"},
    ):
        assert ask(port, "GET", name, **unknown)[0] == 200
    new = repository / "x86_64/new"
    new.write_bytes(b"another")
    new.rename(repository / "x86_64/Packages.adb")
    status, _, body = ask(port, "GET", name, If_None_Match=tag)
    assert (status, body) == (200, b"another")
    # It may be written again within the second, and the store gives all files one time.
    for time_of_file in (None, 1):
        if time_of_file is not None:
            os.utime(repository / "x86_64/Packages.adb", (time_of_file, time_of_file))
        status, headers, _ = ask(port, "GET", name, If_Modified_Since="Sun, 13 Sep 2037 12:26:40 GMT")
        assert status == 200 and "Last-Modified" not in headers


def test_nobody_writes(port: int) -> None:
    for method in ("PUT", "POST", "DELETE"):
        assert ask(port, method, "/x86_64/demo-2.apk", Content_Length="0")[0] == 501


def test_a_connection_serves_several_requests(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for method, name, status in (
        ("HEAD", "/x86_64/Packages.adb", 200),
        ("GET", "/x86_64/nothing.apk", 404),
        ("GET", "/keys/x.rsa.pub", 200),
    ):
        connection.request(method, name)
        answer = connection.getresponse()
        assert answer.status == status
        answer.read()
    connection.close()


def test_what_is_no_repository_is_not_served(chx: Run, tmp_path: Path) -> None:
    refused = chx("serve", "--apk", "nothing", "--port", "0")
    assert refused.returncode == 1 and "there is no repository 'nothing'" in refused.stderr
    refused = chx("serve", "--apk", ".", "--port", "0")
    assert refused.returncode == 1 and "has neither packages nor an index" in refused.stderr
    assert chx("serve", "--apk", ".", "--writable").returncode == 2
