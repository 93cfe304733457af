"""A command line in order is read without argparse, and means the same."""

from __future__ import annotations

import itertools
import sys

import pytest

from chx.cli.parser import command_parser
from chx.cli.startup.quick_args import NeedsArgparse, QuickParser

PIECES = [
    [],
    ["a"],
    ["a", "b"],
    ["-"],
    ["-E", "1 + 1"],
    ["-E", "-1"],
    ["--expr=x=y"],
    ["-f", "-"],
    ["-A", "x", "-A", "y"],
    ["--arg", "n", "1"],
    ["--arg", "n"],
    ["--argstr", "n", "t", "-I", "p=q"],
    ["--max-call-depth", "5"],
    ["--max-call-depth", "0"],
    ["--strict"],
    ["--json"],
    ["--json", "--xml"],
    ["--strict=1"],
    ["--stric"],
    ["-Ax"],
    ["--", "a"],
    ["-o", "out", "-k", "-j", "2"],
]


@pytest.mark.parametrize("command", ["eval", "build", "parse"])
def test_what_is_read_without_argparse_is_what_argparse_reads(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser, module = command_parser(command)
    taken = QuickParser()
    module.configure(taken)
    clear = 0
    for pieces in itertools.permutations(PIECES, 3):
        words = [word for piece in pieces for word in piece]
        try:
            found = taken_anew(module).read(words)
        except NeedsArgparse:
            continue
        clear += 1
        assert vars(found) == vars(parser.parse_args(words)), words
    assert clear > 20


def taken_anew(module: object) -> QuickParser:
    taken = QuickParser()
    module.configure(taken)  # type: ignore[attr-defined]
    return taken


def test_a_plain_command_line_is_clear() -> None:
    _, module = command_parser("eval")
    taken = taken_anew(module)
    found = taken.read(["-E", "1 + 1", "--strict"])
    assert (found.expr, found.strict, found.attr, found.input) == ("1 + 1", True, [], [])
    assert "argparse" in sys.modules  # only because this test asked for it
