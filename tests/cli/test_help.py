"""Every command explains itself, and completion knows every command."""

from __future__ import annotations

import pytest

from chx.cli.commands import COMMANDS

from .conftest import Run


def test_help_names_every_command(chx: Run) -> None:
    run = chx("--help")
    assert run.returncode == 0
    for name, (_, summary) in COMMANDS.items():
        assert f"  {name} " in run.stdout and summary in run.stdout


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_explains_itself(chx: Run, name: str) -> None:
    run = chx(name, "--help")
    assert run.returncode == 0
    assert run.stdout.startswith(f"usage: chx {name}")


@pytest.mark.parametrize("words", [["tcsh"], ["bash", "--", ""]], ids=" ".join)
def test_completion_knows_every_command(chx: Run, words: list[str]) -> None:
    run = chx("completion", *words)
    assert run.returncode == 0, run.stderr
    for name in COMMANDS:
        assert name in run.stdout


def test_no_command_is_a_usage_error(chx: Run) -> None:
    run = chx()
    assert run.returncode == 2
    assert "usage: chx COMMAND" in run.stderr


def test_an_unknown_option_is_a_usage_error(chx: Run) -> None:
    run = chx("build", "--nonsense")
    assert run.returncode == 2
    assert "--nonsense" in run.stderr


def test_the_version_is_printed(chx: Run) -> None:
    assert chx("--version").stdout.startswith("chx 0.")
