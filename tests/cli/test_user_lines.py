"""Errors of builds point at the package, and not at the functions that it calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Run

PACKAGE = """{ mkDerivation, fetchurl, unpack }:
mkDerivation {
  pname = "mine";
  version = "1";
  src = unpack {
    src = fetchurl {
      url = "file://FOLDER/FILE";
      hash = "HASH";
    };
  };
}
"""
HELLO = "sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="
CALL = "(import <chx> { }).tiny.callPackage ./mine.nix { }"


@pytest.mark.parametrize(
    ("file", "hash", "place"),
    [("file", "", "mine.nix:7:7"), ("missing", HELLO, "mine.nix:7:7"), ("file", HELLO, "mine.nix:6:5")],
    ids=["hash mismatch", "fetch", "unpack"],
)
def test_a_source_that_fails_is_that_of_the_package(chx: Run, work: Path, file: str, hash: str, place: str) -> None:
    (work / "file").write_text("hello\n")
    text = PACKAGE.replace("FOLDER", str(work)).replace("FILE", file).replace("HASH", hash)
    (work / "mine.nix").write_text(text)
    run = chx("build", "-E", f"({CALL}).src")
    assert run.returncode == 1
    assert f"defined at {place}" in run.stderr


def test_a_package_without_a_version_says_which(chx: Run, work: Path) -> None:
    (work / "mine.nix").write_text('{ mkDerivation }:\nmkDerivation {\n  pname = "mine";\n}\n')
    run = chx("build", "-E", CALL)
    assert run.returncode == 1
    assert f"the package 'mine' at {work}/mine.nix:3 has no `version`" in run.stderr


@pytest.mark.network
@pytest.mark.sandbox
def test_a_build_that_fails_tells_its_phase(shared_chx: Run, work: Path) -> None:
    (work / "mine.nix").write_text(
        '{ mkDerivation }: mkDerivation { pname = "mine"; version = "1"; configurePhase = ""; buildPhase = "exit 3"; }'
    )
    run = shared_chx("build", "-E", CALL)
    assert run.returncode == 1
    assert "the build of 'mine-1' failed in buildPhase with exit status 3" in run.stderr
