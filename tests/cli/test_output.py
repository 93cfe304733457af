"""Standard output and error that are closed, full, or a terminal's."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.cli.output import cleaned, harmless

from .conftest import ROOT

TREE = 'derivation { name = "empty"; system = "builtin"; builder = "builtin:tree"; entries = "[]"; }'
WAITING = 'derivation { name = "w"; system = builtins.currentSystem; builder = "/bin/sh"; }'
COMMANDS = [
    ["eval", "-E", "1"],
    ["eval", "-E", "builtins.genList (x: x) 20000", "--strict"],
    ["parse", "-E", "1"],
    ["build", "--no-out-link", "-q", "-E", TREE],
    ["--help"],
    ["eval", "--help"],
    ["store", "path-info", "--help"],
    ["--version"],
]


def redirected(tmp_path: Path, redirection: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, str(ROOT), *words],
        env={
            "PATH": os.environ["PATH"],
            "CHX_HOME": str(tmp_path / "home"),
            "PYTHONDONTWRITEBYTECODE": "1",
            **variables,
        },
        text=True,
        capture_output=True,
        timeout=60,
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_output_that_cannot_be_written_is_one_line_and_status_1(
    words: list[str], unbuffered: str, tmp_path: Path
) -> None:
    for redirection, reason in ((">&-", "it is closed"), ("> /dev/full", "No space left on device")):
        for _ in range(2):  # a build answers from its record the second time
            run = redirected(tmp_path, redirection, *words, PYTHONUNBUFFERED=unbuffered)
            assert run.returncode == 1, run.stderr
            assert run.stderr == f"error[C002]: cannot write to standard output: {reason}\n"


@pytest.mark.parametrize("redirection", [">&- 2>&-", "> /dev/full 2> /dev/full", ">&- 2>&- <&-"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_with_nobody_to_tell_only_the_status_remains(words: list[str], redirection: str, tmp_path: Path) -> None:
    run = redirected(tmp_path, redirection, *words)
    assert (run.returncode, run.stdout, run.stderr) == (1, "", "")


@pytest.mark.parametrize("redirection", ["2>&-", "2> /dev/full", "<&-"])
def test_what_cannot_be_told_does_not_stop_the_work(redirection: str, tmp_path: Path) -> None:
    run = redirected(tmp_path, redirection, "eval", "-E", 'builtins.trace "a" 1')
    assert (run.returncode, run.stdout) == (0, "1\n")
    run = redirected(tmp_path, redirection, "build", "-v", "--no-out-link", "-E", TREE)
    assert run.returncode == 0 and run.stdout.startswith("/chx/store/")


def test_a_reader_that_went_away_is_no_error(tmp_path: Path) -> None:
    run = redirected(tmp_path, "| true", "eval", "-E", "builtins.genList (x: x) 20000", "--strict")
    assert run.stderr == ""


def test_a_terminal_is_told_nothing_that_it_obeys() -> None:
    text = "a\tb\n\x1b[1;31mred\x1b[0m \x1b]0;title\x07 \x1b[2J \r \x7f \x9b1m \udc9b é │"
    assert harmless(text, True) == "a\tb\n\x1b[1;31mred\x1b[0m ␛]0;title␇ ␛[2J ␍ ␡ �1m � é │"
    assert harmless(text, False) == "a\tb\nred ␛]0;title␇ ␛[2J ␍ ␡ �1m � é │"
    assert harmless("\x1b", True) == "␛" and harmless("x\x1b[", True) == "x␛["


def test_what_turns_the_direction_of_writing_is_shown_and_marks_of_a_direction_stay() -> None:
    assert harmless("a\u202eb\u2066c\u2028d\ud800", True) == "a�b�c�d�"
    assert harmless("\u05d0\u200f!\u200e", True) == "\u05d0\u200f!\u200e"


@pytest.mark.parametrize(
    "text, shown",
    [
        ("\x1b[31mred", "\x1b[31mred\x1b[0m"),
        ("\x1b[31mred\n", "\x1b[31mred\x1b[0m\n"),
        ("\x1b[31mred\x1b[mplain\n", "\x1b[31mred\x1b[mplain\n"),
        ("\x1b[8mhidden", "hidden"),
        ("\x1b[0;08mhidden", "hidden"),
        ("\x1b[38;5;8mgrey\x1b[0m", "\x1b[38;5;8mgrey\x1b[0m"),
        ("\x1b[48;2;8;8;8;1mdark\x1b[0m", "\x1b[48;2;8;8;8;1mdark\x1b[0m"),
        ("\x1b[38:5:8mgrey\x1b[0m", "\x1b[38:5:8mgrey\x1b[0m"),
        ("\x1b[>4;1mkeys", "␛[>4;1mkeys"),
        ("\x1b[?1049hscreen", "␛[?1049hscreen"),
    ],
)
def test_colours_end_with_their_text_and_hide_nothing(text: str, shown: str) -> None:
    assert harmless(text, True) == shown


@given(st.text(st.sampled_from("\x1b[]0;:3158mhJ\n\r\t\x07\x9b a\u202e\udc80é")), st.booleans())
def test_what_was_made_harmless_holds_nothing_but_text_and_colours_and_stays_as_it_is(
    text: str, coloured: bool
) -> None:
    shown = harmless(text, coloured)
    assert harmless(shown, coloured) == shown
    plain = re.sub("\x1b\\[[0-9;:]*m", "", shown) if coloured else shown
    assert all(c in "\t\n" or (c.isprintable() and c < "\ud800") or c == "�" for c in plain)


@given(st.binary(), st.lists(st.integers(0, 40)), st.booleans())
def test_a_text_in_pieces_is_cleaned_as_a_whole(data: bytes, cuts: list[int], coloured: bool) -> None:
    data = data.replace(b"a", b"\x1b[31m").replace(b"b", b"\r").replace(b"c", b"\x1b]0;").replace(b"d", b"\n")
    places = sorted({min(cut, len(data)) for cut in cuts})
    pieces = [data[start:end] for start, end in itertools.pairwise([0, *places, len(data)])]
    shown = b"".join(cleaned(pieces, coloured)).decode()
    assert harmless(shown, coloured) == shown
    if b"\r" not in data and b"\x1b" not in data:
        assert shown == harmless(data.decode("utf-8", "surrogateescape"), coloured)


def test_a_sequence_that_is_cut_in_two_is_still_one() -> None:
    def show(*pieces: bytes) -> str:
        return b"".join(cleaned(pieces, True)).decode()

    assert show(b"\x1b[3", b"1mred\x1b[0m \xc3", b"\xa9\r", b"\nnext") == "\x1b[31mred\x1b[0m é\nnext"
    assert show(b"a\x1b", b"]0;t\x07") == "a␛]0;t␇"
    assert show(b"10 %\r20 %\r", b"100 %\ndone") == "20 %\n100 %\ndone"
    assert show(b"\x1b[" + b"1" * 100, b"m") == "␛[" + "1" * 100 + "m"
    assert show(b"end\xc3") == "end�"


def test_of_a_long_line_the_part_around_the_place_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.nix").write_text("[ " + "1 " * 5000 + "nope " + "2 " * 5000 + "]")
    report = redirected(tmp_path, "", "eval", str(tmp_path / "a.nix")).stderr.split("\n")
    assert "a.nix:1:10003" in report[0] and max(map(len, report)) < 200
    assert report[2].index("^^^^") == report[1].index("nope")


def test_expressions_cannot_command_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.nix").write_bytes(b'# \x1b[2J\nbuiltins.trace "\x1b]0;t\x07" (throw "x\x1b[2J\x9b") # \x1b[2J\n')
    run = redirected(tmp_path, "", "eval", str(tmp_path / "a.nix"))
    assert run.returncode == 1
    assert not set(run.stderr) & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))}
    assert "trace: ␛]0;t␇\n" in run.stderr and "error: x␛[2J�\n" in run.stderr


@pytest.mark.parametrize("name, word", [("SIGTERM", "terminated"), ("SIGHUP", "hung up"), ("SIGINT", "interrupted")])
def test_a_signal_ends_chx_in_order(name: str, word: str, tmp_path: Path) -> None:
    """A build, its sandbox played by a program that waits; an evaluation that waits for it; one that goes on for ever."""
    number = getattr(signal, name)
    (tmp_path / "sleep").write_text("#!/bin/sh\nexec sleep 1000\n")
    (tmp_path / "sleep").chmod(0o755)
    for words in (
        ["build", "-q", "-E", WAITING],
        ["eval", "-E", f"builtins.readFile ({WAITING})"],
        [
            "eval",
            "-E",
            "builtins.genericClosure { startSet = [ { key = 0; } ]; operator = x: [ { key = x.key + 1; } ]; }",
        ],
    ):
        running = subprocess.Popen(
            [sys.executable, str(ROOT), *words],
            env={
                "PATH": os.environ["PATH"],
                "CHX_HOME": str(tmp_path / "home"),
                "CHX_BWRAP": str(tmp_path / "sleep"),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(1.5)
        running.send_signal(number)
        _, said = running.communicate(timeout=30)
        assert running.returncode == 128 + number, said
        assert said.removeprefix("chx: building w\n") == f"chx: {word}; what was finished stays finished\n"
    assert os.listdir(tmp_path / "home" / "tmp") == []
