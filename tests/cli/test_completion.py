"""Completion: what a command line may become, by the shells that people use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT, Run

SET = """
{ kind ? "plain" }: {
  hello = derivation { name = "hello"; system = "s"; builder = "b"; };
  help = 1; inner = { deep = 2; deeper = 3; "with space" = 4; };
  cross.riscv64.hearth = 1;
  ${kind} = 1;
  broken = throw "no";
}
"""


@pytest.fixture
def words(chx: Run, work: Path):  # type: ignore[no-untyped-def]
    """The candidates of a command line, whose last word may be empty."""
    (work / "set.nix").write_text(SET)

    def complete(*line: str) -> list[str]:
        run = chx("completion", "bash", "--", *line)
        assert (run.returncode, run.stderr) == (0, "")
        return run.stdout.splitlines()

    return complete


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("build he", ["hello"]),
        ("build bootstrap.ti", ["bootstrap.tiny"]),
        ("build -f set.nix he", ["hello", "help"]),
        ("build --file=set.nix he", ["hello", "help"]),
        ("build --file = set.nix he", ["hello", "help"]),
        ("build -f set.nix --argstr kind helium hel", ["helium", "hello", "help"]),
        ("build -f set.nix inner.de", ["inner.deep", "inner.deeper"]),
        ("build -f set.nix inner.w", []),
        ("build -f set.nix broken.x", []),
        ("build -f set.nix --target riscv64 h", ["hearth"]),
        ("build -f missing.nix h", []),
        ("build -f ", [":files"]),
        ("build ./re", [":files"]),
        ("build --target a", ["aarch64"]),
        ("build --target=a", ["--target=aarch64"]),
        ("build --system risc", ["riscv64-linux"]),
        ("build --log-format p", ["plain"]),
        ("build --arg he", []),
        ("build --fi", ["--file"]),
        ("store path-i", ["path-info"]),
        ("store path-info he", ["hello"]),
        ("store path-info --cl", ["--closure"]),
        ("store add he", [":files"]),
        ("bootstrap ti", ["tiny"]),
        ("arch show a", ["aarch64"]),
        ("seed update debian-g", ["debian-gcc"]),
        ("pkgs show hel", ["hello"]),
        ("run hello -- he", [":files"]),
        ("lock upd", ["update"]),
        ("diff he", ["hello"]),
        ("completion f", ["fish"]),
        ("help bui", ["build"]),
        ("bui", ["build"]),
        ("nonsense x", []),
    ],
)
def test_a_line_is_completed(words, line: str, found: list[str]) -> None:  # type: ignore[no-untyped-def]
    assert words(*line.split(" ")) == found


def test_commands_and_options_have_their_help(chx: Run) -> None:
    run = chx("completion", "fish", "--", "")
    assert "build\tevaluate expressions, build what they describe, and link the results\n" in run.stdout
    run = chx("completion", "zsh", "--", "build", "--out")
    assert run.stdout == "--out-link\tname of the link (default: result)\n"


def test_a_project_and_its_results_are_offered(words, work: Path) -> None:  # type: ignore[no-untyped-def]
    (work / "default.nix").write_text("{ helicopter = 1; }")
    (work / "chx.lock").write_text(
        '{"expression": "default.nix", "format": "chx lock 1", "inputs": {}, "pins": {}, "seeds": {}, "sources": {}}'
    )
    (work / "result-2").symlink_to("/nowhere")
    assert words("build", "he") == ["helicopter"]
    assert words("log", "") == ["helicopter", "result-2"]
    assert words("lock", "update", "") == ["update", "check", "helicopter"]


def test_completion_builds_nothing(words, work: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    tree = 'derivation { name = "t"; system = "builtin"; builder = "builtin:tree"; entries = "[]"; }'
    (work / "import.nix").write_text(f"{{ a = builtins.readDir ({tree}); }}")
    assert words("build", "-f", "import.nix", "a.") == []
    store = tmp_path / "home/store"
    assert not store.exists() or not [name for name in os.listdir(store) if name.endswith("-t")]


def test_an_expression_without_end_does_not_hold_the_shell(chx: Run, work: Path) -> None:
    (work / "loop.nix").write_text("let f = n: f (n + 1); in f 0")
    run = chx("completion", "bash", "--", "build", "-f", "loop.nix", "a")
    assert run.stdout == ""


@pytest.fixture
def shim(tmp_path: Path, work: Path) -> dict[str, str]:
    """Variables with which a shell finds this chx."""
    work.mkdir()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/chx"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT} "$@"\n')
    program.chmod(0o755)
    (work / "set.nix").write_text(SET)
    path = f"{program.parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "CHX_HOME": str(tmp_path / "home"), "HOME": str(tmp_path), "TERM": "dumb"}


def run_shell(shim: dict[str, str], work: Path, *command: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    done = subprocess.run(command, cwd=work, env=shim, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


BASH = """
source <(chx completion bash)
compopt() { :; }
try() { COMP_WORDS=(chx "$@"); COMP_CWORD=$#; _chx; echo "${COMPREPLY[*]}"; }
try build he
try build --target = a
try build --target=a
try build --file = se
try build -f ""
"""


def test_bash_completes(shim: dict[str, str], work: Path) -> None:
    found = run_shell(shim, work, "bash", "-c", BASH).splitlines()
    assert found == ["hello", "aarch64", "--target=aarch64", "set.nix", "set.nix"]


def test_fish_completes(shim: dict[str, str], work: Path) -> None:
    script = "chx completion fish | source; complete -C 'chx build he'; complete -C 'chx build -f se'; complete -C 'chx store path-i'"
    found = run_shell(shim, work, "fish", "--no-config", "-c", script).splitlines()
    assert found == ["hello", "set.nix", "path-info\tdigest, references, size and place of objects"]


def test_the_script_of_zsh_is_well_formed(shim: dict[str, str], work: Path) -> None:
    run_shell(shim, work, "zsh", "-f", "-c", "source =(chx completion zsh | sed 's/; else.*/; fi/'); whence -f _chx")
