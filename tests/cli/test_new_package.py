"""`chx pkgs new`: a package written for a source."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from .conftest import Run

PROGRAM = {
    "thing-1.5/Makefile": "all:\n\techo built > thing\ninstall: all\n\tmkdir -p $(DESTDIR)/usr/share\n\tcp thing $(DESTDIR)/usr/share/\nLIBS = -lz -lmystery\n",
    "thing-1.5/LICENSE": "Permission is hereby granted, free of charge, without restriction; this notice shall be included.",
    "thing-1.5/thing.1": ".Dd x\n.Nm thing\n.Nd makes a \\&thing.\n",
}


def archive(place: Path, files: dict[str, str]) -> Path:
    with tarfile.open(place, "w:gz") as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text)
            info.mode = 0o755 if path.endswith("configure") else 0o644
            tar.addfile(info, io.BytesIO(text.encode()))
    return place


def values(chx: Run, place: str) -> dict[str, object]:
    """What the written package says, evaluated."""
    run = chx(
        "eval",
        "--json",
        "--strict",
        "-E",
        f"let p = (import <chx> {{ }}).callPackage {place} {{ }}; in "
        "{ inherit (p) pname version meta; libraries = map (l: l.pname) p.libraries; inherit (p.src) drvPath; }",
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, object] = json.loads(run.stdout)
    return found


def test_a_package_is_written_from_an_archive(chx: Run, work: Path) -> None:
    place = archive(work / "thing-1.5.tar.gz", PROGRAM)
    run = chx("pkgs", "new", "thing", "--from", "thing-1.5.tar.gz")
    assert (run.returncode, run.stdout) == (0, "./thing/package.nix\n"), run.stderr
    assert "not in the set: mystery, which Makefile asks for" in run.stderr and "to do: its home page" in run.stderr
    text = (work / "thing/package.nix").read_text()
    assert 'style = "make";' in text and "# not in the set: mystery (Makefile)" in text
    digest = chx("fetch", f"file://{place}").stdout.strip()
    assert f'hash = "{digest}";' in text
    assert '    # homepage = "";\n' in text and "# To do: its home page.\n" in text
    (work / "thing/package.nix").write_text(text.replace('# homepage = ""', 'homepage = "https://example.org/"'))
    found = values(chx, f"{work}/thing/package.nix")
    assert (found["pname"], found["version"], found["libraries"]) == ("thing", "1.5", ["zlib"])
    assert found["meta"] == {"description": "makes a thing", "homepage": "https://example.org/", "license": "MIT"}


def test_what_is_missing_is_told_by_the_package_itself(chx: Run, work: Path) -> None:
    archive(work / "thing.tar.gz", {"thing/main.c": "int main(void) { return 0; }"})
    run = chx("pkgs", "new", "thing", "--from", "thing.tar.gz", "--into", "pkgs")
    assert run.returncode == 0, run.stderr
    for sentence in (
        "its version",
        "a description",
        "its home page",
        "its licence: no text of one that is known was found",
    ):
        assert f"to do: {sentence}\n" in run.stderr
    text = (work / "pkgs/thing/package.nix").read_text()
    assert 'version = "0";' in text and 'style = "command";' in text
    place = f"{work}/pkgs/thing/package.nix"
    run = chx("eval", "-E", f"(import <chx> {{ }}).callPackage {place} {{ }}", "-A", "meta")
    assert run.returncode == 0 and run.stdout == "{ }\n"


def test_nothing_is_overwritten_and_bad_sources_are_told(chx: Run, work: Path) -> None:
    archive(work / "thing-1.5.tar.gz", PROGRAM)
    (work / "thing").mkdir()
    (work / "thing/package.nix").write_text("mine")
    cases = [
        (("thing", "--from", "thing-1.5.tar.gz"), "'./thing/package.nix' is there already"),
        (("other", "--from", "gone.tar.gz"), "there is no file 'gone.tar.gz'"),
        (("../x", "--from", "thing-1.5.tar.gz"), "'../x' cannot be the name of a package"),
        (("other", "--from", "git+https://example.org/x"), "is made from an archive, and this is a repository"),
        (("other", "--from", "https://example.org/x.tar.gz", "--offline"), "fetching is switched off"),
    ]
    for words, message in cases:
        run = chx("pkgs", "new", *words)
        assert run.returncode == 1 and message in run.stderr, (words, run.stderr)
        assert "Traceback" not in run.stderr
    assert (work / "thing/package.nix").read_text() == "mine" and not (work / "other").exists()


def test_hostile_texts_stay_texts(chx: Run, work: Path) -> None:
    files = {
        "x-1/configure.ac": 'AC_INIT\nAC_CHECK_LIB([a"b], [f])\nPKG_CHECK_MODULES([X], [${y} zlib])\n',
        "x-1/x.1": '.Nd a "quoted" ${builtins.abort "x"} text\n',
    }
    archive(work / 'x-1".tar.gz', files)
    run = chx("pkgs", "new", "x", "--from", 'x-1".tar.gz')
    assert run.returncode == 0, run.stderr
    run = chx("eval", "-E", f"builtins.typeOf (import {work}/x/package.nix)")
    assert run.stdout == '"lambda"\n', run.stderr


FAKE = """#!/bin/sh
case "$*" in
*indextargets*) echo "http://example.org/debian stable" ;;
*--print-uris*) case "$*" in
  *Dir::State*) echo "'http://example.org/thing_1.5.orig.tar.gz' thing_1.5.orig.tar.gz 1 SHA256:1" ;;
  *) echo "E: You must put some 'deb-src' URIs in your sources.list" >&2; exit 100 ;;
  esac ;;
*update*) cat "$(echo "$*" | sed 's/.*SourceParts=\\([^ ]*\\).*/\\1/')/sources.list" >> "$HOME/asked" ;;
esac
"""


def test_apt_is_asked_for_the_files_of_a_source_package(chx: Run, work: Path, tmp_path: Path) -> None:
    """Without indexes of sources in the user's apt, they are fetched into a place of their own."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("apt-get", "apt-cache"):
        (tools / name).write_text(FAKE)
        (tools / name).chmod(0o755)
    pool = tmp_path / "mirror/pool/main/t/thing"
    pool.mkdir(parents=True)
    archive(pool / "thing_1.5.orig.tar.gz", PROGRAM)
    import os

    run = chx(
        *("pkgs", "new", "thing", "--from", "debian-source:thing"),
        PATH=f"{tools}:{os.environ['PATH']}",
        CHX_DEBIAN_MIRROR=f"file://{tmp_path}/mirror",
    )
    assert run.returncode == 0, run.stderr
    assert (work / "asked").read_text() == "deb-src http://example.org/debian stable main\n"
    text = (work / "thing/package.nix").read_text()
    assert '"debian-source:thing/thing_1.5.orig.tar.gz"' in text and 'version = "1.5";' in text


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.sandbox
def test_a_written_package_builds(shared_chx: Run, work: Path) -> None:
    run = shared_chx("pkgs", "new", "hello", "--from", "debian-source:hello")
    assert run.returncode == 0, run.stderr
    run = shared_chx("build", "-E", f"(import <chx> {{ }}).callPackage {work}/hello/package.nix {{ }}")
    assert run.returncode == 0, run.stderr
    assert (work / "result/usr/bin/hello").exists()
