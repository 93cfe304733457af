"""Whole programs: `programs/eval-okay-*.nix` with `.exp`, `eval-fail-*.nix` with `.err`."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

from chx.evaluator import EvalError

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


@pytest.mark.peer
@pytest.mark.parametrize("file", OKAY, ids=name)
def test_nix_gives_the_same_value(peer: str, file: pathlib.Path) -> None:
    run = subprocess.run([peer, "--eval", "--strict", str(file)], capture_output=True, text=True)
    assert run.stdout == file.with_suffix(".exp").read_text()


@pytest.mark.peer
@pytest.mark.parametrize("file", FAIL, ids=name)
def test_nix_fails_with_the_same_message(peer: str, file: pathlib.Path) -> None:
    run = subprocess.run([peer, "--eval", "--strict", str(file)], capture_output=True, text=True)
    assert run.returncode != 0
    assert f"error: {expected(file.with_suffix('.err'))}" in run.stderr
