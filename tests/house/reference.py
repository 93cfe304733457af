"""The generated pages: options of commands, error codes, and man pages.

`python tests/house/reference.py` writes them; a test holds them.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ERRORS = ROOT / "docs" / "reference" / "errors.md"
MAN = ROOT / "man"
OPTIONS = ROOT / "docs" / "reference" / "options.md"
REMEDIES = Path(__file__).parent / "remedies.txt"
"""For each code the cause and the remedy, as a person reads them: `CODE | cause | remedy`."""

_CODE = re.compile(r"[A-Z][0-9]{3}\Z")
_NO_CODES: Final = {"B000", "D000", "E200", "I000", "I010", "I020", "I030", "P000", "P010", "S000"}
"""Codes of base classes, which no error has."""
_SUBJECTS: Final = {
    "A": "Architectures",
    "B": "Builds",
    "C": "The command line",
    "D": "Disks",
    "E": "The language",
    "I": "Images and installed roots",
    "L": "Locks",
    "P": "Packages of apk",
    "R": "Remote builds",
    "S": "The store and caches",
    "V": "Virtual machines",
}
"""What the first letter of a code means."""


class Error(NamedTuple):
    """A code, its cause and its remedy."""

    code: str
    cause: str
    remedy: str


def codes() -> set[str]:
    """Return every code that a module of errors has and an error can show."""
    found = set()
    for place in ROOT.glob("*/**/errors.py"):
        if place.relative_to(ROOT).parts[0] in ("tests", "build", ".venv"):
            continue
        for node in ast.walk(ast.parse(place.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.match(node.value):
                found.add(node.value)
    return found - _NO_CODES


def errors() -> list[Error]:
    """Return the described errors, sorted by code."""
    lines = REMEDIES.read_text().splitlines()
    return sorted(Error(*(part.strip() for part in line.split("|"))) for line in lines)


def errors_page() -> str:
    """Return the page of error codes."""
    parts = [
        "# Error codes\n\n"
        "<!-- Written by tests/house/reference.py from tests/house/remedies.txt -->\n\n"
        "Every error has a code that stays the same from version to version.\n"
        "Most errors print a hint that fits the case; this page has the general remedy.\n"
    ]
    subject = ""
    for error in errors():
        if error.code[0] != subject:
            subject = error.code[0]
            parts.append(f"\n## {subject}: {_SUBJECTS[subject]}\n\n| code | cause | remedy |\n|---|---|---|\n")
        parts.append(f"| {error.code} | {error.cause} | {error.remedy} |\n")
    return "".join(parts)


def options_page() -> str:
    """Return the page of all commands with their options."""
    from chx.cli.commands import COMMANDS

    parts = [
        "# Commands and their options\n\n"
        "<!-- Written by tests/house/reference.py from the parsers of the commands -->\n\n"
        "`chx COMMAND --help` prints the same. [Commands](../commands.md) explains them by subject.\n"
    ]
    for name in COMMANDS:
        parts += map(_of_parser, _parsers(name))
    return "".join(parts)


def _parsers(name: str) -> Iterator[argparse.ArgumentParser]:
    from chx.cli.parser import command_parser

    waiting = [command_parser(name)[0]]
    while waiting:
        parser = waiting.pop(0)
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting += dict.fromkeys(action.choices.values())


def _of_parser(parser: argparse.ArgumentParser) -> str:
    """Return the section of one command or action: description, options, epilog."""
    level = "##" if parser.prog.count(" ") == 1 else "###"
    text = f"\n{level} {parser.prog}\n\n```text\n{(parser.description or '').strip()}\n```\n"
    rows = [
        f"| {_invocation(action)} | {_cell(action.help or '')} |\n"
        for action in parser._actions
        if action.help != argparse.SUPPRESS
        and not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
    ]
    if rows:
        text += "\n| option or argument | meaning |\n|---|---|\n" + "".join(rows)
    if parser.epilog:
        text += f"\n```text\n{parser.epilog.strip()}\n```\n"
    return text


def _invocation(action: argparse.Action) -> str:
    value = action.metavar or (None if action.option_strings else action.dest)
    if value is None and action.nargs != 0:
        value = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
    words = " ".join(value) if isinstance(value, tuple) else value
    names = ", ".join(action.option_strings)
    return _cell("`" + " ".join(part for part in (names, words) if part) + "`")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("%%", "%").split())


def main() -> int:
    """Write the pages."""
    ERRORS.write_text(errors_page())
    OPTIONS.write_text(options_page())
    import manpages

    for old in MAN.glob("*"):
        old.unlink()
    MAN.mkdir(exist_ok=True)
    for name, text in manpages.pages().items():
        (MAN / name).write_text(text)
    return 0


if __name__ == "__main__":
    spec = importlib.util.spec_from_file_location("conftest", ROOT / "conftest.py")
    assert spec is not None and spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    sys.exit(main())
