"""`chx eval` and its options print what `nix-instantiate --eval` prints."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.evaluator.conftest import peer_command

from .conftest import Run

CASES = [
    (["-E", "{ x ? 1 }: x"], "<LAMBDA>\n"),
    (["--strict", "-E", "{ __functor = s: x: x; }"], "{ __functor = <LAMBDA>; }\n"),
    (["--arg", "x", "5", "-E", "{ x, y ? 2 }: x + y"], "7\n"),
    (["--argstr", "x", "5", "-E", "{ x, y ? 2 }: x"], '"5"\n'),
    (["--arg", "y", "5", "-E", "{ x ? 1, ... }@a: a"], "{ y = <CODE>; }\n"),
    (["--arg", "y", "5", "-E", "{ y }: { y }: y"], "<LAMBDA>\n"),
    (["-A", "a", "--arg", "x", "5", "-E", "{ x ? 1 }: { a = x; }"], "5\n"),
    (["-A", "a", "-A", "b", "-E", "{ a = 1; b = 2; }"], "1\n2\n"),
    (["-E", "rec { a = b; b = 1; c = b; d = [ a ]; }"], "{ a = <CODE>; b = 1; c = 1; d = <CODE>; }\n"),
    (["--strict", "-I", "foo=/etc", "-E", "builtins.nixPath"], '[ { path = "/etc"; prefix = "foo"; } ]\n'),
    (["--xml", "--no-location", "-E", "[ 1 (1 + 1) ]"],
     "<?xml version='1.0' encoding='utf-8'?>\n<expr>\n  <list>\n    <int value=\"1\" />\n    <unevaluated />\n  </list>\n</expr>\n"),
    (["--raw", "-E", '"a\\nb"'], "a\nb"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "printed"), CASES, ids=lambda value: " ".join(value) if type(value) is list else "")
def test_options(chx: Run, words: list[str], printed: str) -> None:
    run = chx("eval", *words)
    assert (run.stdout, run.stderr, run.returncode) == (printed, "", 0)


@pytest.mark.peer
def test_nix_prints_the_same() -> None:
    command = peer_command()
    if command is None:
        pytest.skip("no nix-instantiate 2.34")
    for words, printed in CASES:
        run = subprocess.run(
            [command, "--eval", *words], text=True, capture_output=True, env={**os.environ, "NIX_PATH": ""}
        )
        assert run.stdout == printed, words


def test_a_message_shows_what_was_not_needed_as_nix_does(chx: Run) -> None:
    run = chx("eval", "--strict", "-E", "1 + builtins.length { a = [ 1 ]; b = x: x; }")
    assert run.stderr.endswith("error: expected a list but found a set: { a = «thunk»; b = «thunk»; }\n")
    assert run.returncode == 1
