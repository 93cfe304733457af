"""Whole programs: `programs/eval-okay-*.nix` with `.exp`, `eval-fail-*.nix` with `.err`."""

from __future__ import annotations

import pathlib

import pytest

from chx.evaluator import EvalError

from ..peer import Answer, Peer

PROGRAMS = pathlib.Path(__file__).parent / "programs"
OKAY = sorted(PROGRAMS.glob("eval-okay-*.nix"))
FAIL = sorted(PROGRAMS.glob("eval-fail-*.nix"))


def expected(file: pathlib.Path) -> str:
    """The text beside a program; `@HERE@` in it is the folder, which is another in each checkout."""
    return file.read_text().rstrip("\n").replace("@HERE@", str(PROGRAMS))


def name(file: pathlib.Path) -> str:
    return file.stem


@pytest.mark.parametrize("file", OKAY, ids=name)
def test_gives_the_expected_value(disk_bench, file: pathlib.Path) -> None:
    value = disk_bench.evaluator.eval_file(str(file))
    shown = disk_bench.evaluator.print_value(value, strict=True).encode("latin-1").decode()
    assert shown == file.with_suffix(".exp").read_text().rstrip("\n")


@pytest.mark.parametrize("file", FAIL, ids=name)
def test_fails_with_the_expected_message(disk_bench, file: pathlib.Path) -> None:
    with pytest.raises(EvalError) as caught:
        disk_bench.evaluator.force_deep(disk_bench.evaluator.eval_file(str(file)))
    assert caught.value.message == expected(file.with_suffix(".err"))


def ask(peer: Peer, file: pathlib.Path) -> Answer:
    return peer.answer("--eval", "--strict", file.name, files=[file.name], folder=PROGRAMS)


@pytest.mark.peer
@pytest.mark.parametrize("file", OKAY, ids=name)
def test_nix_gives_the_same_value(peer: Peer, file: pathlib.Path) -> None:
    answer = ask(peer, file)
    assert (answer.status, answer.output) == (0, file.with_suffix(".exp").read_text())


@pytest.mark.peer
@pytest.mark.parametrize("file", FAIL, ids=name)
def test_nix_fails_with_the_same_message(peer: Peer, file: pathlib.Path) -> None:
    answer = ask(peer, file)
    assert answer.status != 0
    assert f"error: {expected(file.with_suffix('.err'))}" in answer.errors
