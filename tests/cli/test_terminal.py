"""What others wrote reaches a terminal without commands for it, and a pipe as it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT, Run
from .test_watching import Terminal

EVIL = b"\x1b[?1049h\x1b]0;title\x07\x1b[31mred\x1b[0m\x9b2J \xe2\x80\xae\r\n10 %\r20 %\r\nend \x1b[8mhidden\n"
FETCH = (
    'derivation { name = "x"; system = "builtin"; builder = "builtin:fetch"; url = "file:///nonexistent";'
    ' outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; outputHashMode = "flat"; }'
)


def without_colours(said: str) -> str:
    return said.replace("\x1b[31m", "").replace("\x1b[0m", "")


@pytest.fixture
def log_of(chx: Run, tmp_path: Path):
    """A derivation that has failed, and whose log says what is wanted."""

    def make(content: bytes) -> str:
        chx("build", "-E", FETCH)
        (name,) = [name for name in os.listdir(tmp_path / "home/store") if name.endswith("-x.drv")]
        folder = tmp_path / "home/logs" / name[:2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name[2:32]}-x.log").write_bytes(content)
        return f"/chx/store/{name}"

    return make


@pytest.mark.parametrize("options", [[], ["-F"]], ids=["whole", "followed"])
def test_a_log_cannot_command_the_terminal(log_of, work: Path, tmp_path: Path, options: list[str]) -> None:
    shown = Terminal(tmp_path / "home", work, "log", *options, log_of(EVIL))
    assert shown.end() == 0
    assert shown.said == "␛[?1049h␛]0;title␇\x1b[31mred\x1b[0m�2J �\r\n20 %\r\nend hidden\r\n"
    plain = Terminal(tmp_path / "home", work, "log", *options, log_of(EVIL), NO_COLOR="1")
    plain.end()
    assert "\x1b" not in plain.said and "␛]0;title␇red" in plain.said


@pytest.mark.parametrize("words", [[], ["-f"], ["--follow"], ["--no-follow"]], ids=" ".join)
def test_the_log_of_a_running_build_is_followed(chx: Run, log_of, work: Path, tmp_path: Path, words: list[str]) -> None:
    from chx.builder.log import BuildLog

    name = log_of(b"")
    folder = tmp_path / "home/logs" / name[11:13]
    (path,) = folder.iterdir()
    log = BuildLog(str(path))
    log.write(b"one\n")
    command = [sys.executable, str(ROOT), "log", name, *words]
    reader = subprocess.Popen(command, env={**os.environ, "CHX_HOME": str(tmp_path / "home")}, stdout=subprocess.PIPE)
    assert reader.stdout is not None and reader.stdout.readline() == b"one\n"
    if words == ["--no-follow"]:
        assert reader.wait(60) == 0
    log.write(b"two\n" * 3000)
    log.close()
    rest = b"" if words == ["--no-follow"] else b"two\n" * 3000
    assert reader.communicate(timeout=60)[0] == rest and reader.returncode == 0


def test_the_file_of_an_expression_is_no_log(chx: Run) -> None:
    for file in ("default.nix", ".", "<chx>"):
        run = chx("log", "-f", file, "a")
        assert run.returncode == 1 and f"did you mean --file {file}?" in run.stderr


def test_a_log_in_a_pipe_is_as_it_is(chx: Run, log_of) -> None:
    shown = chx("log", log_of(EVIL.replace(b"\r", b"")))
    assert shown.stdout.encode("utf-8", "surrogateescape") == EVIL.replace(b"\r", b"")


@pytest.mark.parametrize("form", [[], ["--raw"], ["--json"], ["--xml"]], ids=str)
def test_strings_of_expressions_cannot_command_the_terminal(
    chx: Run, work: Path, tmp_path: Path, form: list[str]
) -> None:
    (work / "a.nix").write_bytes(b'"\x1b]0;t\x07\xe2\x80\xaex"')
    shown = Terminal(tmp_path / "home", work, "eval", *form, "a.nix")
    status = shown.end()
    assert "\x1b" not in shown.said and "\x07" not in shown.said and "\u202e" not in shown.said
    assert status == 0 and "]0;t" in shown.said
    if form == ["--raw"]:
        assert chx("eval", "--raw", "a.nix").stdout == "\x1b]0;t\x07\u202ex"


def test_names_on_the_command_line_cannot_command_the_terminal(chx: Run, work: Path, tmp_path: Path) -> None:
    for words in (
        ["eval", "--\x1b]0;t\x07"],
        ["store", "\x1b]0;t\x07"],
        ["\x1b]0;t\x07"],
        ["build", "-f", "\x1b]0;t\x07"],
    ):
        shown = Terminal(tmp_path / "home", work, *words)
        assert shown.end() in (1, 2)
        assert "\x1b]" not in shown.said and "]0;t" in shown.said


def test_an_answer_from_a_record_cannot_command_the_terminal(chx: Run, work: Path, tmp_path: Path) -> None:
    tree = 'derivation { name = "empty"; system = "builtin"; builder = "builtin:tree"; entries = "[]"; }'
    home = tmp_path / "home\x1b]0;t\x07"
    for _ in range(2):
        shown = Terminal(home, work, "build", "-q", "--no-out-link", "-E", tree)
        assert shown.end() == 0
        assert "\x1b]" not in shown.said and "-empty" in shown.said


EVIL_NAME = b"n\x1b]0;t\x07\x1b[2J\x9b\xe2\x80\xae\x85\x7f\rx"


@pytest.mark.parametrize(
    "words",
    [
        ["store", "ls", "A"],
        ["store", "ls", "-R", "A"],
        ["store", "ls", "--json", "A"],
        ["store", "cat", "A/NAME"],
        ["store", "info", "A"],
        ["store", "ls", "A/NAME-nothing"],
        ["diff", "A", "B"],
        ["diff", "--level", "files", "A", "B"],
        ["diff", "--level", "bytes", "A", "B"],
        ["diff", "--json", "A", "B"],
        ["store", "add", "NAME"],
        ["store", "verify"],
        ["eval", "-E", "builtins.readDir ./tree"],
        ["eval", "-E", "import ./tree/NAME"],
        ["eval", "NAME"],
        ["parse", "NAME"],
        ["build", "-f", "NAME"],
        ["copy", "--from", "NAME", "A"],
        ["run", "A", "--", "NAME"],
        ["log", "NAME/x"],
        ["why", "NAME"],
        ["seed", "show", "NAME"],
        ["pkgs", "show", "NAME"],
        ["arch", "show", "NAME"],
        ["bootstrap", "--check-proof", "NAME"],
        ["NAME"],
    ],
    ids=" ".join,
)
def test_names_and_contents_of_files_cannot_command_the_terminal(
    chx: Run, work: Path, tmp_path: Path, words: list[str]
) -> None:
    name = os.fsdecode(EVIL_NAME)
    paths = {"NAME": name}
    for letter in "AB":
        tree = work / "tree"
        tree.mkdir(exist_ok=True)
        (tree / name).write_bytes(EVIL + letter.encode())
        (tree / f"link{letter}").symlink_to(name)
        paths[letter] = chx("store", "add", "tree").stdout.strip()
    (work / name).write_bytes(b"{ a = " + EVIL)
    if words == ["store", "verify"]:
        damaged = tmp_path / "home/store" / Path(paths["A"]).name / name
        damaged.chmod(0o644)
        damaged.write_bytes(b"damage")
    given = []
    for word in words:
        for short, path in paths.items():
            word = (
                word.replace(short, path) if word.startswith(short) or ("/NAME" in word and short == "NAME") else word
            )
        given.append(word)
    shown = Terminal(tmp_path / "home", work, *given)
    shown.end()
    assert shown.said
    assert "Traceback" not in shown.said and "bug in chx" not in shown.said
    left = re.sub(r"\x1b\[[0-9;]*m", "", shown.said.replace("\r\n", "\n"))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", left), ascii(left)
