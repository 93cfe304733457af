"""A hint can be followed: the commands and options that it names exist, where it is given."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chx.builder.environment import build_environment
from chx.builder.errors import EnvironmentTooLarge, MissingOutput
from chx.cli.commands import COMMANDS
from chx.cli.parser import command_parser
from chx.cli.render.errors import followable
from chx.store import Derivation

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("apk", "arch", "builder", "cli", "disk", "evaluator", "lang", "oci", "store")


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """All options of a command, and of its actions."""
    yield from parser._option_string_actions
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from options(inner)


def texts() -> Iterator[tuple[str, str]]:
    """The texts of the code that tell about options of chx, with their places; an f-string without its values."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(file.read_text())
            documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
            notes = {
                id(node.body[0].value)
                for node in ast.walk(tree)
                if isinstance(node, documented) and isinstance(node.body[0], ast.Expr)
            }
            for node in ast.walk(tree):
                if id(node) in notes:
                    continue
                if isinstance(node, ast.JoinedStr):
                    parts = [part.value if isinstance(part, ast.Constant) else "X" for part in node.values]
                    text = "".join(map(str, parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    text = node.value
                else:
                    continue
                if " " in text:
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", text


def test_commands_and_options_that_texts_name_exist() -> None:
    known = {name: set(options(command_parser(name)[0])) for name in COMMANDS}
    # It has a topic and no options, and no parser.
    known["help"] = set()
    wrong = []
    looked_at = 0
    for place, text in texts():
        for line in text.split("\n"):
            for name, rest in re.findall(r"`chx ([a-z][a-z-]*)((?: [^` ]+)*)`", line):
                looked_at += 1
                if name not in known:
                    wrong.append(f"{place}: there is no chx {name}")
                    continue
                named = re.findall(r"(?<!\S)--[a-z][a-z-]*", rest.partition(" -- ")[0])
                wrong += [f"{place}: chx {name} has no {option}" for option in named if option not in known[name]]
    assert looked_at > 30
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("command", "hint", "shown"),
    [
        ("build", "keep it with --keep-failed", "keep it with --keep-failed"),
        (
            "eval",
            "keep it with --keep-failed",
            "keep it with --keep-failed (an option of chx build, which chx eval does not have)",
        ),
        ("eval", "try fewer (-j)", "try fewer (-j) (an option of chx build, which chx eval does not have)"),
        ("build", "try fewer (-j)", "try fewer (-j)"),
        ("eval", "use `chx build --check`", "use `chx build --check`"),
        ("seed", "keep it with --keep-failed", "keep it with --keep-failed"),
        ("log", "try bwrap with --version", "try bwrap with --version"),
        ("nonsense", "keep it with --keep-failed", "keep it with --keep-failed"),
        ("eval", "a-b", "a-b"),
        ("eval", None, None),
    ],
)
def test_an_option_that_the_command_lacks_is_told_with_one_that_has_it(
    command: str, hint: str | None, shown: str | None
) -> None:
    assert followable(hint, [command]) == shown


LONG = "x" * 200_000


@pytest.mark.parametrize(
    ("derivation", "hint"),
    [
        (Derivation("x", "s", "b", args=("a", LONG)), "builtins.toFile"),
        (Derivation("x", "s", "b", env={"text": LONG}), 'passAsFile = [ "text" ];'),
        (Derivation("x", "s", "b", env={"two words": LONG}), "builtins.toFile"),
        (Derivation("x", "s", "b", env={"passAsFile": LONG}), "builtins.toFile"),
    ],
    ids=["argument", "attribute", "two words", "passAsFile"],
)
def test_what_is_too_long_for_a_program_can_be_passed_as_the_hint_says(derivation: Derivation, hint: str) -> None:
    with pytest.raises(EnvironmentTooLarge) as caught:
        build_environment(derivation, {"out": "/o"}, 1)
    assert caught.value.hint is not None and hint in caught.value.hint
    assert "argument" not in caught.value.hint
    if "passAsFile" in hint:
        followed = Derivation("x", "s", "b", env={**derivation.env, "passAsFile": "text"})
        assert build_environment(followed, {"out": "/o"}, 1).files


def test_a_variable_of_the_host_is_not_passed_in_a_file() -> None:
    from chx.store import FixedOutput

    derivation = Derivation("x", "s", "b", env={"impureEnvVars": "PROXY"}, fixed=FixedOutput("md5", b"", "flat"))
    with pytest.raises(EnvironmentTooLarge) as caught:
        build_environment(derivation, {"out": "/o"}, 1, {"PROXY": LONG})
    assert "impureEnvVars" in (caught.value.hint or "")


def test_an_output_whose_name_is_no_variable_is_not_written_as_one() -> None:
    assert MissingOutput("out", "/x").hint == "the builder must make a file or directory at $out"
    assert "$" not in (MissingOutput("a-b", "/x").hint or "")
