"""Hashes that are not known yet: the build tells them."""

from __future__ import annotations

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
