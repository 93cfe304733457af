"""`chx eval` and its options print what `nix-instantiate --eval` prints."""

from __future__ import annotations

import pytest

from ..peer import Peer
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
def test_nix_prints_the_same(peer: Peer) -> None:
    for words, printed in CASES:
        assert peer.answer("--eval", *words).output == printed, words


def test_a_message_shows_what_was_not_needed_as_nix_does(chx: Run) -> None:
    run = chx("eval", "--strict", "-E", "1 + builtins.length { a = [ 1 ]; b = x: x; }")
    assert run.stderr.endswith("error: expected a list but found a set: { a = «thunk»; b = «thunk»; }\n")
    assert run.returncode == 1


def test_lists_that_are_written_alike_are_not_one(chx: Run) -> None:
    """Only a list in the same slot is shown as repeated, as in Nix."""
    assert chx("eval", "--strict", "-E", "{ a = [ 1 ]; b = [ 1 ]; }").stdout == "{ a = [ 1 ]; b = [ 1 ]; }\n"
    assert chx("eval", "--strict", "-E", "let x = [ 1 ]; in [ x x ]").stdout == "[ [ 1 ] «repeated» ]\n"


def test_of_several_errors_nix_s_is_told(chx: Run) -> None:
    """Attributes are forced in the order in which Nix saw their names."""
    run = chx("eval", "--strict", "-E", 'let z = { a = 1; }; in { b = throw "b"; a = throw "a"; }')
    assert run.stderr.rstrip().endswith("error: a")
    run = chx("eval", "-E", 'let z = { a = 1; }; in { b = throw "b"; a = 1; } == { a = 2; b = 3; }')
    assert run.stdout == "false\n"


def test_several_files_are_printed_one_after_the_other(chx: Run, tmp_path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.nix").write_text(f'"{name}"')
    assert chx("eval", str(tmp_path / "one.nix"), str(tmp_path / "two.nix")).stdout == '"one"\n"two"\n'
    assert chx("eval", "-A", "", str(tmp_path / "one.nix")).stdout == '"one"\n'


def test_a_missing_file_is_told_in_nix_s_words(chx: Run, tmp_path) -> None:
    run = chx("eval", str(tmp_path / "nope.nix"))
    assert run.returncode == 1
    assert run.stderr.rstrip().split("\n")[-1] == f"error: path '{tmp_path}/nope.nix' does not exist"


def test_an_impure_evaluation_sees_the_environment(chx: Run, tmp_path) -> None:
    text = '[ (builtins.getEnv "HOME") ~/x (builtins ? currentTime) ]'
    assert chx("eval", "--strict", "--impure", "-E", text, HOME="/h").stdout == '[ "/h" /h/x true ]\n'
    assert chx("eval", "-E", 'builtins.getEnv "HOME"', HOME="/h").stdout == '""\n'
    run = chx("eval", "--impure", "-E", "<place>", NIX_PATH=f"place={tmp_path}")
    assert run.stdout == f"{tmp_path}\n"
    assert chx("eval", "-E", "<place>", NIX_PATH=f"place={tmp_path}").returncode == 1


def test_timestamps_of_toml_are_an_experimental_feature(chx: Run) -> None:
    text = 'builtins.fromTOML "a = 1979-05-27T07:32:00Z\\nb = 07:32:00.5\\nc = 1979-05-27"'
    assert chx("eval", "-E", text).stderr.rstrip().endswith("Dates and times are not supported")
    run = chx("eval", "--strict", "--extra-experimental-features", "parse-toml-timestamps", "-E", text)
    assert run.stdout == (
        '{ a = { _type = "timestamp"; value = "1979-05-27T07:32:00Z"; }; '
        'b = { _type = "timestamp"; value = "07:32:00.500"; }; c = { _type = "timestamp"; value = "1979-05-27"; }; }\n'
    )


def test_links_at_the_end_of_a_path_are_followed_and_others_are_not(chx: Run, tmp_path) -> None:
    for folder in ("real", "other", "other/lib"):
        (tmp_path / folder).mkdir()
    (tmp_path / "real" / "file.nix").write_text("../lib/x")
    (tmp_path / "other" / "folder").symlink_to("../real")
    (tmp_path / "other" / "lib" / "link.nix").symlink_to("../../real/file.nix")
    (tmp_path / "other" / "loop").symlink_to("loop")
    shown = [
        chx("eval", "-E", f"import {tmp_path}/other/{path}") for path in ("folder/file.nix", "lib/link.nix", "loop")
    ]
    assert [run.stdout for run in shown] == [f"{tmp_path}/other/lib/x\n", f"{tmp_path}/lib/x\n", ""]
    assert "too many symbolic links" in shown[2].stderr
