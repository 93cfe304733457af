"""`chx arch`: list and show the architectures that programs can be built for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..arch import PROFILES, load_profile, profile_data, profile_names
from .options.session import plain_session
from .output import put

if TYPE_CHECKING:
    import argparse

    from ..evaluator import Evaluator

DESCRIPTION = """\
A profile describes an architecture as data: its names in other projects, its ABI, and
the features of its compiler. `arch/NAME.nix` is one, docs/arch.md explains every
attribute, and another architecture is another file.
"""
HEADINGS = ("NAME", "TRIPLET", "ENDIAN", "BITS", "PAGE", "CPU", "DESCRIPTION")


def configure(parser: argparse.ArgumentParser) -> None:
    sub = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = sub.add_parser("list", help="all architectures", description="One line for each architecture.")
    show = sub.add_parser("show", help="print the profile of one", description=DESCRIPTION)
    show.add_argument("name", metavar="NAME", help="the architecture, for example riscv64")
    for action in (listing, show):
        action.add_argument("--json", action="store_true", help="print JSON")
        action.add_argument(
            "--directory", metavar="DIR", help="directory that contains NAME.nix (default: the bundled arch)"
        )


def run(arguments: argparse.Namespace) -> int:
    directory = arguments.directory or PROFILES
    with plain_session() as session:
        if arguments.action == "list":
            text = listed(session.evaluator, directory, arguments.json)
        else:
            text = shown(session.evaluator, arguments.name, directory, arguments.json)
    put(text)
    return 0


def listed(evaluator: Evaluator, directory: str, as_json: bool) -> str:
    """Return all profiles as a table, or as a JSON list with all their attributes."""
    names = profile_names(evaluator, directory)
    if as_json:
        return _json([profile_data(name, evaluator, directory) for name in names])
    rows = [HEADINGS]
    for name in names:
        profile = load_profile(name, evaluator, directory)
        page, bits = f"{profile.page_size // 1024} KB", str(profile.word_size)
        rows.append((name, profile.triplet, profile.endian, bits, page, profile.cpu, profile.description))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    lines = ["  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths)), row[-1]]) for row in rows]
    return "\n".join(lines) + "\n"


def shown(evaluator: Evaluator, name: str, directory: str, as_json: bool) -> str:
    """Return one profile as a line for each attribute, or as JSON."""
    data = profile_data(name, evaluator, directory)
    if as_json:
        return _json(data)
    rows = list(_flat("", data))
    width = max(len(path) for path, _ in rows)
    return "".join(f"{path:<{width}}  {value}\n" for path, value in rows)


def _flat(prefix: str, data: dict[str, Any]) -> list[tuple[str, str]]:
    """Return attribute paths and their values as text, sorted by name."""
    rows: list[tuple[str, str]] = []
    for name, value in sorted(data.items()):
        path = prefix + name
        if isinstance(value, dict):
            rows += _flat(f"{path}.", value)
        elif isinstance(value, list):
            rows.append((path, " ".join(map(str, value)) or "none"))
        else:
            rows.append((path, {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)))
    return rows


def _json(data: object) -> str:
    return json.dumps(data, indent=2, sort_keys=True) + "\n"
