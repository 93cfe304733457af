"""`chx build --all`: build all packages of a set, and write a report."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..ops import building
from ..ops.errors import RequestError
from ..ops.packages.bulk import build_all
from ..ops.paths import write_whole
from .options import evaluation
from .options.building import options_of
from .options.reporting import notices_of, reporter_of
from .output import finish, put
from .progress.format import duration, say
from .progress.late import LateReporter
from .render.status import COUNTED, count_of, page_of, status_data

if TYPE_CHECKING:
    import argparse

    from ..ops.packages.bulk import BulkReport

SHOWN = 20
"""Packages that cannot be evaluated, and that are skipped, which are told one by one."""


def run_bulk(arguments: argparse.Namespace, is_checked: bool) -> int:
    """Build what the command line names; return the exit status: 1 unless all is built that is not broken."""
    _refuse(arguments, is_checked)
    for name in arguments.report:
        _check_writable(name)
    if arguments.out_link is not None and not arguments.no_out_link:
        building.check_link(arguments.out_link)
    with evaluation.open_session(arguments) as session:
        request = evaluation.request_of(arguments)
        if request.objects:
            raise RequestError(f"--all takes sets of packages, and '{request.objects[0]}' is a derivation")
        bulk = build_all(
            session, request, options_of(arguments), LateReporter(lambda: reporter_of(arguments)), notices_of(arguments)
        )
        if not bulk.report.packages:
            raise RequestError(f"there is no package in {bulk.report.set}", hint="name a set, or -f FILE")
        if arguments.out_link is not None and not arguments.no_out_link:
            building.link_results(session.store, arguments.out_link, bulk.targets, bulk.outputs)
        paths = dict.fromkeys(path for package in bulk.report.of("built", "present") for path in package.outputs)
        put("".join(f"{path}\n" for path in paths))
        finish()
        for name in arguments.report:
            _write(name, bulk.report)
        if not arguments.quiet:
            _tell(bulk.report, arguments.report)
        if isinstance(bulk.error, KeyboardInterrupt):
            raise bulk.error
    error = bulk.error or bulk.mismatch
    if error is not None:
        raise error
    return int(not bulk.report.holds)


def _refuse(arguments: argparse.Namespace, is_checked: bool) -> None:
    unfit = [name for name in ("pinned", "dry_run") if getattr(arguments, name)] + (["check"] if is_checked else [])
    if unfit:
        raise RequestError(f"--all and --{unfit[0].replace('_', '-')} exclude each other")


def _check_writable(name: str) -> None:
    """Raise `RequestError` before anything is built if a report cannot be written."""
    directory = os.path.dirname(os.path.realpath(name))
    if not os.path.isdir(directory):
        raise RequestError(f"the report '{name}' cannot be written: there is no folder '{directory}'")
    place = name if os.path.exists(name) and not os.path.isfile(name) else directory
    if os.path.isdir(name) or not os.access(place, os.W_OK):
        raise RequestError(f"the report '{name}' cannot be written")


def _write(name: str, report: BulkReport) -> None:
    text = _json(status_data(report)) if name.endswith(".json") else page_of(report)
    try:
        write_whole(name, text)
    except OSError as error:
        raise RequestError(f"the report '{name}' cannot be written: {error.strerror}") from error


def _json(data: dict[str, Any]) -> str:
    import json

    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def _tell(report: BulkReport, names: list[str]) -> None:
    """Print a line for each package that is not built without a failure of its own, and the numbers."""
    told = [package for package in report.of("not evaluated", "skipped", "broken")]
    for package in told[:SHOWN]:
        say(f"{package.attribute}: {count_of(package.verdict)}: {package.reason}")
    if len(told) > SHOWN:
        say(f"and {len(told) - SHOWN} more")
    numbers = [f"{len(report.of(verdict))} {count_of(verdict)}" for verdict in COUNTED if report.of(verdict)]
    written = f"; see {', '.join(names)}" if names else ""
    say(f"{len(report.packages)} packages in {duration(report.seconds)}: {', '.join(numbers)}{written}")
