"""Where sources come from, and that their addresses are no part of what is built."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from chx.evaluator import EvalError

from ..cli.conftest import Run, chx, work  # noqa: F401  # fixtures
from .conftest import Evaluate

FETCHED = """
  let
    named = [ "awk" "bubblewrap" "byacc" "dash" "libcap" "make" "musl" "toybox" ];
    plain = [ "bmake" "bzip2" "hello" "libarchive" "libedit" "lua" "mandoc" "mksh" "ncurses" "tinycc" "xz" "zlib" "zstd" ];
    kind = [ "compiler-rt" "linux-headers" "ninja" ];
    archive = source: if source ? urls then source else archive source.src;
  in map (package: { name = package.pname or package.name; source = { inherit (archive package.src) name urls; }; }) (
    map (name: set.tiny.${name}) named ++ map (name: set.${name}) plain ++ map (name: set.chimera.${name}) kind
  )
"""


def test_a_source_is_called_as_in_the_archive_whichever_way_it_comes(evaluate: Evaluate) -> None:
    """So that naming upstream's release changed no store path, and another way will not, either."""
    found = evaluate(FETCHED)
    assert len(found) == 24
    for package in found:
        urls, name = package["source"]["urls"], package["source"]["name"]
        assert urls[-1].startswith("debian-source:") and urls[-1].rpartition("/")[2] == name, package
        assert all(url.startswith(("https://", "http://")) for url in urls[:-1]), package
    named = {package["name"] for package in found if len(package["source"]["urls"]) > 1}
    assert {"hello", "musl", "xz", "ncurses", "libcap"} <= named and "zlib" not in named


def test_the_addresses_of_a_source_are_no_part_of_what_is_built(chx: Run, work: Path) -> None:  # noqa: F811
    with tarfile.open(work / "a.tar", "w") as archive:
        archive.add(__file__, "top/file")
    digest = hashlib.sha256((work / "a.tar").read_bytes()).hexdigest()

    def build(*urls: str) -> str:
        listed = " ".join(f'"{url}"' for url in urls)
        run = chx(
            "build",
            "-E",
            f"""with import <chx> {{ }}; lib.unpack {{ name = "tree"; strip = 1; src = fetchurl {{
            name = "a_1.orig.tar"; urls = [ {listed} ]; sha256 = "{digest}"; }}; }}""",
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    built = build(f"file:{work}/gone", f"file:{work}/a.tar")
    (work / "a.tar").unlink()
    assert build("http://127.0.0.1:1/a-1.tar", "debian-source:a/a_1.orig.tar") == built


@pytest.mark.parametrize("given", ["{ }", "{ url = null; }"])
def test_a_file_without_an_address_is_refused(evaluate: Evaluate, given: str) -> None:
    with pytest.raises(EvalError, match="fetchurl needs `url` or `urls`"):
        evaluate(f'(set.fetchurl ({given} // {{ sha256 = "{"0" * 64}"; name = "x"; }})).drvPath')


def test_the_name_is_that_of_the_first_address(evaluate: Evaluate) -> None:
    found = evaluate(
        f"""(set.fetchurl {{ urls = [ "https://example.org/a-1.tar.gz" "debian-source:a/a_1.orig.tar.gz" ];
            sha256 = "{"0" * 64}"; }}).name"""
    )
    assert found == "a-1.tar.gz", json.dumps(found)
