"""Man pages of chx and its commands, from their parsers. `tests/house/reference.py` writes them to `man/`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from chx.cli.commands import COMMANDS, DESCRIPTION, EXAMPLES
from chx.cli.parser import command_parser

_SECTION = re.compile(r"^(\w[\w ]*):$", re.MULTILINE)


def pages() -> dict[str, str]:
    """Return the text of every page by the name of its file."""
    found = {"chx.1": _overview()}
    for name, (_, summary) in COMMANDS.items():
        found[f"chx-{name}.1"] = _command(name, summary)
    return found


def _head(title: str, summary: str, synopsis: str) -> Iterator[str]:
    # Without a date and a version: the same text until an option changes.
    yield f'.TH "{title.upper()}" "1" "" "chx" "User commands"\n'
    yield f".SH NAME\n{_text(title)} \\- {_text(summary)}\n"
    yield f".SH SYNOPSIS\n{synopsis}\n"


def _overview() -> str:
    parts = list(
        _head("chx", "build packages from expressions, and prove them", ".B chx\n.I COMMAND\n[OPTION...] [ARGUMENT...]")
    )
    parts.append(f".SH DESCRIPTION\n{_text(DESCRIPTION.strip())}\n.SH COMMANDS\n")
    parts += [f".TP\n.BR chx\\-{_text(name)} (1)\n{_text(summary)}\n" for name, (_, summary) in COMMANDS.items()]
    parts.append(f".SH EXAMPLES\n{_literal(EXAMPLES)}")
    parts.append(
        ".SH ENVIRONMENT\n.TP\n.B CHX_HOME\nThe directory of the store; by default $XDG_DATA_HOME/chx, else ~/.local/share/chx.\n"
        ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nSomething is wrong with the input, the machine or a build.\n"
        ".TP\n2\nThe command line was not understood.\n.TP\n70\nA fault of chx.\n.TP\n128 + N\nEnded by signal N.\n"
    )
    return "".join(parts)


def _command(name: str, summary: str) -> str:
    parser = command_parser(name)[0]
    title = f"chx-{name}"
    synopsis = f".B chx {_text(name)}\n[OPTION...] {_text(' '.join(_positionals(parser)))}".rstrip()
    parts = [*_head(title, summary, synopsis), ".SH DESCRIPTION\n", _literal(parser.description or summary)]
    parts += _options(parser, ".SH ")
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            parts.append(".SH ACTIONS\n")
            for choice, sub in action.choices.items():
                words = _text(" ".join([choice, "[OPTION...]", *_positionals(sub)]))
                parts.append(f".SS {words}\n{_literal(sub.description or '')}")
                parts += _options(sub, "")
                parts += _epilog(sub, "")
    parts += _epilog(parser, ".SH ")
    return "".join(parts) + ".SH SEE ALSO\n.BR chx (1)\n"


def _positionals(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if not action.option_strings:
            yield str(action.metavar or action.dest) + ("..." if action.nargs in ("*", "+") else "")


def _options(parser: argparse.ArgumentParser, level: str) -> Iterator[str]:
    """Yield the groups of options, each below a heading if `level` is the macro of one."""
    for group in parser._action_groups:
        shown = [
            action
            for action in group._group_actions
            if action.help != argparse.SUPPRESS and not isinstance(action, argparse._SubParsersAction)
        ]
        if shown and level:
            yield f"{level}{_text((group.title or '').upper())}\n"
        for action in shown:
            value = action.metavar or (None if action.nargs == 0 else action.dest.upper())
            words = " ".join(value) if isinstance(value, tuple) else value or ""
            names = ", ".join(f"\\fB{_text(name)}\\fR" for name in action.option_strings)
            yield f".TP\n{names} \\fI{_text(words)}\\fR\n".replace(" \\fI\\fR", "").replace("\n \\fI", "\n\\fI")
            yield f"{_text(' '.join((action.help or '').replace('%%', '%').split()))}\n"


def _epilog(parser: argparse.ArgumentParser, level: str) -> Iterator[str]:
    """Yield the text after the options; a line `examples:` begins a section."""
    if not parser.epilog:
        return
    before, *sections = _SECTION.split(parser.epilog.strip("\n"))
    if before.strip():
        yield f"{level}NOTES\n" if level else ""
        yield _literal(before)
    for title, body in zip(sections[::2], sections[1::2]):
        yield f"{level}{_text(title.upper())}\n" if level else ""
        yield _literal(body)


def _literal(text: str) -> str:
    """Return lines that stay as they are, without an indent that all of them have."""
    lines = text.strip("\n").splitlines()
    return ".nf\n" + "".join(f"{_text(line.rstrip())}\n" for line in lines) + ".fi\n" if lines else ""


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", escaped, flags=re.MULTILINE)
