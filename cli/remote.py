"""`chx remote`: look at the machines that `--remote` builds on."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from .options.building import configure_building, options_of
from .options.session import plain_session
from .output import put
from .render.data import put_json
from .render.page import printable

if TYPE_CHECKING:
    from ..ops.remote_check import Compared

DESCRIPTION = """\
Build one fixed derivation here and at an endpoint of the Remote Execution API, and
name all that the build sees differently there: identity, names, environment, limits,
mounts, modes and times of inputs, /proc. Run it before you rely on an endpoint.
"""
EPILOG = """\
exit status:
  0  a build there sees what it sees here
  1  it sees something else, or there was an error
"""
_LINES = 5
"""Lines of a difference that are shown without --verbose."""


def configure(parser: argparse.ArgumentParser) -> None:
    sub = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = sub.add_parser(
        "check",
        help="compare what a build sees here and there",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("--json", action="store_true", help="print JSON")
    configure_building(check)


def run(arguments: argparse.Namespace) -> int:
    from ..ops.errors import RequestError
    from ..ops.remote_check import check_remote

    options = options_of(arguments)
    if options.remote is None:
        raise RequestError("there is no endpoint to check", hint="--remote URL, or `endpoint` in [remote] of chx.toml")
    with plain_session() as session:
        found = check_remote(session, replace(options, keep_going=False))
    if arguments.json:
        put_json(_data(found))
    else:
        put("".join(f"{line}\n" for line in _lines(found, _LINES if not arguments.verbose else None)))
    return 0 if found.is_alike else 1


def _data(found: Compared) -> object:
    return {
        "endpoint": found.endpoint,
        "topics": list(found.topics),
        "witness": found.variation,
        "differences": [
            {
                "topic": one.topic,
                "here": list(one.here),
                "there": list(one.there),
                "expected": one.is_expected,
            }
            for one in found.differences
        ],
        "alike": found.is_alike,
    }


def _lines(found: Compared, most: int | None) -> list[str]:
    lines = [f"endpoint   {printable(found.endpoint)}", f"witness    {printable(found.variation)}"]
    for one in found.differences:
        lines += ["", f"{one.topic}: differs{' (as between any two machines)' if one.is_expected else ''}"]
        lines += _side("here", one.here, most) + _side("there", one.there, most)
    same = len(found.topics) - len(found.differences)
    lines += ["", f"{same} of {len(found.topics)} topics are the same"]
    lines.append(
        "a build there sees what it sees here" if found.is_alike else "a build there sees something else: see above"
    )
    return lines


def _side(name: str, lines: tuple[str, ...], most: int | None) -> list[str]:
    shown = [f"  {name:<6} {printable(line)}" for line in lines[:most]]
    if most is not None and len(lines) > most:
        shown.append(f"  {name:<6} and {len(lines) - most} lines more (-v)")
    return shown
