"""The shell blocks of tutorials and how-to guides, run in their order, and the output that the pages show.

A comment before a block says what it is: `<!-- file: NAME -->` writes it to a file, `<!-- output -->` holds it against
what the last block printed, `<!-- status: N -->` expects an exit status, and `<!-- not run: REASON -->` leaves it out.
`<!-- test: long -->` at the top of a page leaves the page to `-m long`.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*(DOCS / "tutorial").glob("*.md"), *(DOCS / "howto").glob("*.md")])
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
SECONDS = 600


class Block(NamedTuple):
    """A fenced block, and what the comment before it says: a word and the rest."""

    kind: str
    word: str
    rest: str
    text: str


def blocks(page: Path) -> list[Block]:
    found = []
    for match in _BLOCK.finditer(page.read_text()):
        word, _, rest = (match["mark"] or "").partition(": ")
        found.append(Block(match["kind"], word, rest, match["text"]))
    return found


class Reader:
    """Does what a page says, in one directory and with one store."""

    def __init__(self, work: Path, home: Path) -> None:
        programs = work.parent / "programs"
        programs.mkdir()
        python = shlex.quote(sys.executable)
        for name, command in (("chx", f"{python} {shlex.quote(str(ROOT))}"), ("python3", python)):
            (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            (programs / name).chmod(0o755)
        self.place = work
        self.printed = ""
        self._state = work.parent / "state"
        self._environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "CHX_HOME": str(home),
            "CHECKOUT": str(ROOT),
            "LANG": "C.UTF-8",
        }

    def follow(self, block: Block) -> None:
        if block.word == "file":
            place = self.place / block.rest
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(block.text)
        elif block.word == "output":
            self._compare(block.text)
        elif block.kind == "sh" and block.word != "not run":
            self._run(block)

    def _run(self, block: Block) -> None:
        """Run a block; the directory that it ends in is that of the next one."""
        script = f"trap 'pwd > {shlex.quote(str(self._state))}' EXIT\n{block.text}"
        run = subprocess.run(
            ["bash", "-euc", script],
            cwd=self.place,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
        expected = int(block.rest) if block.word == "status" else 0
        assert run.returncode == expected, f"{block.text}\n{run.stdout}"
        self.place, self.printed = Path(self._state.read_text().strip()), run.stdout

    def _compare(self, text: str) -> None:
        """Each line is in what was printed; `...` stands for anything."""
        for line in text.splitlines():
            pattern = ".*".join(re.escape(part) for part in line.strip().split("..."))
            assert re.search(pattern, self.printed), f"'{line}' is not in:\n{self.printed}"


def _parameters() -> list[object]:
    found = []
    for page in PAGES:
        marks = [pytest.mark.long] if "<!-- test: long -->" in page.read_text() else []
        found.append(pytest.param(page, id=f"{page.parent.name}/{page.stem}", marks=marks))
    return found


@pytest.mark.network
@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.parametrize("page", _parameters())
def test_a_page_does_what_it_says(page: Path, tmp_path: Path, shared_home: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    reader = Reader(work, shared_home)
    for block in blocks(page):
        reader.follow(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_has_a_kind_and_every_mark_is_known(page: Path) -> None:
    for block in blocks(page):
        assert block.kind in ("sh", "text", "nix", "c", "toml", "yaml", "ini"), block
        assert block.word in ("", "file", "output", "status", "not run"), block
        assert block.word != "not run" or len(block.rest) > 10, "a block that is not run says why"
