"""Words that complete a command line: commands, options, attributes, names.

The parsers of the commands say what a word may be; the metavariable of an argument says of what kind its values are.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FILES: Final = ":files"
"""Stands for the files that the shell knows of. No word begins with a colon."""

_KINDS: Final = {
    "ATTR": "attribute", "X": "object", "A": "object", "B": "object", "FILE": "file", "DIR": "file", "LINK": "file",
    "URL": "file", "[NAME=]PATH": "file", "HOST[:INSIDE]": "file", "PROGRAM": "file", "ARCH": "architecture",
    "SYSTEM": "system", "SET": "set", "[ACTION] NAME": "pin",
}  # fmt: skip
_NAMES: Final = {"pkgs": "attribute", "arch": "architecture", "seed": "seed"}
"""What the positional NAME of a command is."""


class Candidate(NamedTuple):
    """A word, and what it means."""

    word: str
    help: str = ""


def candidates(words: Sequence[str]) -> list[Candidate]:
    """Return what the last of `words` may become; the words before it are those after `chx`."""
    *before, word = _joined(words) or [""]
    if not before:
        options = [Candidate("--help", "print help"), Candidate("--version", "print the version")]
        return _beginning(word, options if word.startswith("-") else _commands())
    command, *before = before
    if command == "help":
        return _beginning(word, _commands())
    if command not in COMMANDS:
        return []
    from .parser import command_parser

    parser, module = command_parser(command)
    if "--" in before:
        return [Candidate(FILES)] if getattr(module, "TAKES_COMMAND", False) else []
    return _Line(command, parser, before).candidates(word)


def _joined(words: Sequence[str]) -> list[str]:
    """Join what bash separates: `--file`, `=` and `x` are one word."""
    found: list[str] = []
    for word in words:
        if found and (word == "=" or found[-1].endswith("=")) and found[-1].startswith("--"):
            found[-1] += word
        else:
            found.append(word)
    return found


def _commands() -> list[Candidate]:
    return [Candidate(name, summary) for name, (_, summary) in COMMANDS.items()]


def _beginning(word: str, found: Iterable[Candidate]) -> list[Candidate]:
    return [one for one in found if one.word.startswith(word)]


class _Line:
    """A command line up to the word that is completed."""

    def __init__(self, command: str, parser: argparse.ArgumentParser, before: Sequence[str]) -> None:
        self._command = command
        self._parser = parser
        self._values: dict[str, list[str]] = {}
        self._pending: argparse.Action | None = None
        self._wanted = 0
        self._place = 0
        for word in before:
            self._read(word)

    def _read(self, word: str) -> None:
        if self._wanted and self._pending is not None:
            self._values.setdefault(self._pending.dest, []).append(word)
            self._wanted -= 1
        elif word.startswith("-") and word != "-":
            name, equals, value = word.partition("=")
            action = self._option(name)
            if action is None:
                return
            self._pending, self._wanted = action, _count(action)
            if equals:
                self._values.setdefault(action.dest, []).append(value)
                self._wanted = 0
        else:
            inner = self._subcommands()
            if inner is not None and word in inner:
                self._parser, self._place = inner[word], 0
            else:
                self._place += 1

    def _option(self, name: str) -> argparse.Action | None:
        return next((action for action in self._parser._actions if name in action.option_strings), None)

    def _subcommands(self) -> dict[str, argparse.ArgumentParser] | None:
        found: Any = next((one for one in self._parser._actions if isinstance(one, argparse._SubParsersAction)), None)
        return None if found is None else found.choices

    def candidates(self, word: str) -> list[Candidate]:
        if self._wanted and self._pending is not None:
            return self._value(self._pending, word)
        if word.startswith("-"):
            name, equals, value = word.partition("=")
            action = self._option(name) if equals and name.startswith("--") else None
            if action is not None:
                return [
                    one._replace(word=f"{name}={one.word}") if one.word != FILES else one
                    for one in self._value(action, value)
                ]
            return _beginning(word, self._options())
        inner = self._subcommands()
        if inner is not None:
            actions = next(one for one in self._parser._actions if isinstance(one, argparse._SubParsersAction))
            return _beginning(word, [Candidate(one.dest, one.help or "") for one in actions._choices_actions])
        positional = [one for one in self._parser._actions if not one.option_strings]
        if not positional:
            return []
        return self._value(positional[min(self._place, len(positional) - 1)], word)

    def _options(self) -> list[Candidate]:
        """Return the options; of an option with a short and a long name the long one."""
        return [
            Candidate(next((name for name in action.option_strings if name.startswith("--")), action.option_strings[0]), (action.help or "").replace("%%", "%"))
            for action in self._parser._actions
            if action.option_strings and action.help != argparse.SUPPRESS
        ]  # fmt: skip

    def _value(self, action: argparse.Action, word: str) -> list[Candidate]:
        if action.choices is not None:
            return _beginning(word, [Candidate(str(choice)) for choice in action.choices])
        name = action.metavar if isinstance(action.metavar, str) else ""
        kind = _KINDS.get(name, "")
        if name == "NAME" and not action.option_strings:
            kind = _NAMES.get(self._command, "")
        elif name == "PATH":
            kind = "file" if self._command == "store" and "file or directory" in (action.help or "") else "object"
        if self._command == "run" and kind == "attribute":
            kind = "object"
        return self._of_kind(kind, word)

    def _of_kind(self, kind: str, word: str) -> list[Candidate]:
        if kind == "file" or (kind in ("attribute", "object") and "/" in word):
            return [Candidate(FILES)]
        if kind == "attribute":
            return self._attributes(word)
        if kind == "object":
            return [*self._attributes(word), *_beginning(word, map(Candidate, _result_links()))]
        if kind == "pin":
            return [*_beginning(word, map(Candidate, ("update", "check"))), *self._attributes(word)]
        if kind == "set":
            return [Candidate(one.word.partition(".")[2]) for one in self._attributes(f"bootstrap.{word}")]
        if kind == "seed":
            return [Candidate(one.word.partition(".")[2]) for one in self._attributes(f"seeds.{word}")]
        if kind in ("architecture", "system"):
            from ..ops.systems import known_systems

            names = known_systems()
            return _beginning(
                word, [Candidate(name.removesuffix("-linux") if kind == "architecture" else name) for name in names]
            )
        return []

    def _attributes(self, word: str) -> list[Candidate]:
        """Return the attributes of the expression that the line names."""
        from ..ops.attribute_names import attribute_names
        from ..ops.paths import absolute
        from ..ops.request import Request

        pairs = {
            name: list(zip(found[::2], found[1::2]))
            for name, found in self._values.items()
            if name in ("arg", "argstr")
        }
        file = self._last("file")
        if self._command == "lock" and file is None:
            file = "."
        request = Request(
            file=file,
            expr=self._last("expr"),
            args=tuple(pairs.get("arg", ())),
            argstrs=tuple(pairs.get("argstr", ())),
            overlays=tuple([absolute(one) for one in self._values.get("overlay", ())]),
            target=self._last("target"),
        )
        includes = [entry.rpartition("=") for entry in self._values.get("include", ())]
        search_path = tuple((name, absolute(path)) for name, _, path in includes)
        return [Candidate(name) for name in attribute_names(request, word, search_path)]

    def _last(self, dest: str) -> str | None:
        found = self._values.get(dest)
        return found[-1] if found else None


def _count(action: argparse.Action) -> int:
    """Return how many values an option takes at least."""
    if isinstance(action.nargs, int):
        return action.nargs
    return 1 if action.nargs in (None, "+") else 0


def _result_links() -> list[str]:
    """Return the names of links to results in the working directory."""
    return sorted(name for name in os.listdir(".") if name.startswith("result") and os.path.islink(name))
