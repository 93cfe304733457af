"""Hashes that are not known yet: the build tells them."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from .conftest import Run

HASH = "sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="
"""Of a file with the text `hello` and a line feed."""


@pytest.mark.parametrize(
    "unknown",
    ['hash = "";', 'sha256 = "";', "hash = lib.fakeHash;", "sha256 = lib.fakeSha256;", "sha256 = lib.fakeHash;"],
)
def test_an_unknown_hash_is_told(chx: Run, work: Path, unknown: str) -> None:
    (work / "file").write_text("hello\n")
    text = f'with import <chx> {{ }}; lib.fetchurl {{ url = "file://{work}/file"; {unknown} }}'
    run = chx("build", "-E", text)
    assert run.returncode == 1
    assert f"got: {HASH}" in run.stderr


@pytest.mark.parametrize("name", ["hash", "sha256"])
def test_what_was_told_can_be_written_down(chx: Run, work: Path, name: str) -> None:
    (work / "file").write_text("hello\n")
    run = chx("build", "-E", f'(import <chx> {{ }}).lib.fetchurl {{ url = "file://{work}/file"; {name} = "{HASH}"; }}')
    assert run.returncode == 0, run.stderr
    assert (work / "result").read_text() == "hello\n"


def test_fetch_prints_the_hash_of_a_file_or_of_a_tree(chx: Run, work: Path) -> None:
    (work / "file").write_text("hello\n")
    run = chx("fetch", f"file://{work}/file")
    assert (run.returncode, run.stdout) == (0, HASH + "\n"), run.stderr
    found = json.loads(chx("fetch", "--json", f"file://{work}/file").stdout)
    assert (found["hash"], found["size"], found["unpacked"]) == (HASH, 6, False)
    with tarfile.open(work / "x.tar", "w") as archive:
        archive.add(work / "file", "top/file")
    tree = chx("fetch", "--unpack", f"file://{work}/x.tar").stdout.strip()
    text = f'builtins.readFile "${{builtins.fetchTarball {{ url = "file://{work}/x.tar"; sha256 = "{tree}"; }}}}/file"'
    assert chx("eval", "--raw", "-E", text).stdout == "hello\n"


def test_fetch_tells_what_it_does_not_know(chx: Run) -> None:
    run = chx("fetch", "gopher://x")
    assert run.returncode == 1 and "known schemes are https" in run.stderr
    run = chx("fetch", "file:///nonexistent/x")
    assert run.returncode == 1 and "cannot fetch file:///nonexistent/x: No such file" in run.stderr
