"""`chx lock`: pin inputs and outputs, move pins, check them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..ops.errors import RequestError
from ..ops.lock import checking, updating
from ..ops.lock.document import NAME
from ..ops.lock.project import project_at
from ..ops.reproduction import variations_named
from ..ops.sources import expression_file
from .options import evaluation
from .options.building import configure_building, options_of
from .options.reporting import notices_of
from .progress.format import say
from .render.data import put_json
from .render.lock import draw_changes, draw_report, report_data
from .render.page import Page
from .render.style import Style

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

DESCRIPTION = """\
Write chx.lock next to an expression: where its inputs (chx.toml) come from and what
they are, and what each package gives, by content. `chx build` compares with it.
"""
EPILOG = """\
actions:
  chx lock [ATTR...]                  lock what is not locked, pin what is not pinned;
                                      without ATTR, all that the expression gives
  chx lock update [INPUT|ATTR...]     move all inputs and pins, or these; says what moves
  chx lock check [ATTR...]            build what is pinned and compare; exit status 1 if
                                      something differs, named down to the file

examples:
  chx lock
  chx lock update nixlib
  chx lock check --rebuild
  chx lock check --vary all --json
  chx lock -A update                  an attribute of that name
"""
ACTIONS = ("update", "check")
MIXED = True
"""Options may stand between the action and the names."""


def configure(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to lock")
    group.add_argument(
        "names", nargs="*", metavar="[ACTION] NAME", help="update or check; attributes, or inputs that are to move"
    )
    group.add_argument("-f", "--file", default=".", metavar="FILE", help="the expression (default: ./default.nix)")
    group.add_argument("-A", "--attr", action="append", default=[], metavar="ATTR", help="an attribute")
    evaluation.configure_evaluation(parser)
    group = parser.add_argument_group("how to check")
    group.add_argument("--rebuild", action="store_true", help="check: rebuild what is pinned, even if the store has it")
    group.add_argument(
        "--vary",
        metavar="LIST",
        help="check: rebuild, and vary what must not matter: `all` or a list, as for chx build",
    )
    group.add_argument("--json", action="store_true", help="check: print JSON")
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:
    words: list[str] = arguments.names
    action = words.pop(0) if words and words[0] in ACTIONS else "add"
    for option in ("no-lock", "no-pins", "locked"):
        if getattr(arguments, option.replace("-", "_")):
            raise RequestError(
                f"chx lock does not work with --{option}",
                hint=f"--{option} says how chx build and chx eval use chx.lock",
            )
    for option in ("rebuild", "vary", "json"):
        if getattr(arguments, option) and action != "check":
            raise RequestError(f"--{option} is for chx lock check")
    variations = variations_named(arguments.vary)
    file = expression_file(arguments.file)
    project = project_at(file)
    if project.lock is not None and not project.pins_this:
        raise RequestError(
            f"the lock in '{project.folder}' belongs to {project.lock.expression}, not to {project.expression}",
            hint="give each expression that is locked a folder of its own",
        )
    request = evaluation.request_of(arguments).replace(file=file, attributes=())
    options, reporter = options_of(arguments), notices_of(arguments)
    names = [*words, *arguments.attr]
    with evaluation.open_session(arguments) as session:
        if action == "check":
            report = checking.check(
                session,
                project,
                names,
                rebuild=arguments.rebuild,
                variations=variations,
                request=request,
                options=options,
                reporter=reporter,
            )
            return _show(report, arguments.json, arguments.words)
        write = updating.update if action == "update" else updating.add
        _show_written(write(session, project, names, request=request, options=options, reporter=reporter))
    return 0


def _show(report: checking.Report, as_json: bool, words: Sequence[str]) -> int:
    """Print the report of a check; return the exit status."""
    if as_json:
        put_json(report_data(report, words))
        return int(bool(report.failed))
    page = Page(Style(sys.stdout), True)
    draw_report(page, report, words)
    page.write()
    if report.failed:
        names = {pin.attribute for pin in report.pins}
        say(f"{len(report.failed)} of {len(names)} not as pinned: {', '.join(report.failed)}")
    return int(bool(report.failed))


def _show_written(written: updating.Written) -> None:
    page = Page(Style(sys.stdout), True)
    draw_changes(page, written.changes)
    if written.changes.inputs or written.changes.pins:
        page.write()
    elif written.is_written:
        say("the expression has changed, and what is pinned stays as it was")
    if not written.is_written:
        say(f"{NAME} stays as it was")
