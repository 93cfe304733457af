"""`chx pkgs base`: list the commands of the base system with their origins."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ...ops.packages.base import base_packages
from ..options.evaluation import open_session, request_of
from ..output import put
from ..progress.format import say
from ..render.data import put_json
from ..render.page import Page, count
from ..render.style import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...ops.packages.base import BasePackage

_TITLES = ("command", "package", "origin", "licence")


def base(arguments: argparse.Namespace) -> int:
    """Print the base; the exit status is 1 if a package breaks its rule."""
    with open_session(arguments) as session:
        found = base_packages(session, request_of(arguments))
    if arguments.json:
        put_json([package.to_dict() for package in found])
    else:
        rows = _rows(found)
        if arguments.markdown:
            put("".join(f"| {' | '.join(row)} |\n" for row in (_TITLES, ("---",) * len(_TITLES), *rows)))
        else:
            _draw(rows)
    for package in found:
        for breach in package.breaches:
            say(f"error[gnu-in-base] {package.facts.name}: {breach}")
    _summarise(found)
    return int(any(package.breaches for package in found))


def _rows(found: Sequence[BasePackage]) -> list[tuple[str, str, str, str]]:
    return sorted(
        (command, package.facts.name, package.origin or "?", package.facts.licence or "?")
        for package in found
        for command in package.commands or ()
    )


def _draw(rows: Sequence[tuple[str, ...]]) -> None:
    page = Page(Style(sys.stdout))
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for row in rows:
        page.line("  ".join([*(f"{text:<{width}}" for text, width in zip(row, widths)), row[3]]).rstrip(), 0)
    page.write()


def _summarise(found: Sequence[BasePackage]) -> None:
    commands = [command for package in found for command in package.commands or ()]
    say(f"{count(len(set(commands)), 'command')} of {count(len(found), 'package')}")
    without = [package.facts.name for package in found if package.commands is None]
    if without:
        say(f"not built, so that their commands are unknown: {', '.join(without)}")
    twice = sorted({command for command in commands if commands.count(command) > 1})
    if twice:
        say(f"in several packages: {', '.join(twice)}")
