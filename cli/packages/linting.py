"""`chx pkgs lint`: build packages and lint their outputs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from ...builder.lint import LINTS, lint_called
from ...ops.packages import linting
from ...ops.packages.linting import tally
from ..options.building import options_of
from ..options.evaluation import open_session, request_of
from ..options.reporting import reporter_of
from ..output import put
from ..progress.format import say
from ..render.data import put_json
from ..render.page import Page, count
from ..render.style import Style

if TYPE_CHECKING:
    from ...ops.packages.linting import Linted


def lint(arguments: argparse.Namespace) -> int:
    if arguments.list:
        return _list(arguments)

    with open_session(arguments) as session:
        found = linting.lint(
            session,
            request_of(arguments),
            arguments.names,
            options_of(arguments),
            reporter_of(arguments),
            only_built=arguments.built,
        )
    if found.not_built:
        say(f"left out, because they are not built: {', '.join(found.not_built)}")
    for name, reason in found.broken.items():
        say(f"left out: {name}, {reason}")
    if arguments.json:
        put_json(_data(found))
    else:
        _draw(found)
    return int(not found.holds)


def _data(found: Linted) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "packages": [
            {
                "name": report.name,
                "outputs": {output: str(path) for output, path in report.outputs.items()},
                "findings": [asdict(one) for one in report.findings],
            }
            for report in found.reports
        ],
        **tally(found.findings)._asdict(),
    }


def _draw(found: Linted) -> None:
    page = Page(Style(sys.stdout))
    advised: set[str] = set()
    for report in found.reports:
        errors, warnings, waived = tally(report.findings)
        faults = [count(errors, "error")] * bool(errors) + [count(warnings, "warning")] * bool(warnings)
        page.strong(f"{report.name}: {', '.join(faults) or 'ok'}{f' ({waived} waived)' if waived else ''}", 0)
        for finding in report.findings:
            where = "" if finding.output in ("", "out") else f"{finding.output}: "
            place = where + (f"{finding.path}: " if finding.path else "")
            if finding.waived is not None:
                page.dim(f"waived[{finding.lint}] {place}{finding.message}; {finding.waived}")
                continue
            page.line(f"{finding.severity}[{finding.lint}] {place}{finding.message}")
            known = lint_called(finding.lint)
            if known is not None and finding.lint not in advised:
                advised.add(finding.lint)
                page.dim(f"= {known.advice}", 2)
    errors, warnings, waived = tally(found.findings)
    page.line(
        f"{count(len(found.reports), 'package')}: {count(errors, 'error')},"
        f" {count(warnings, 'warning')}, {waived} waived",
        0,
    )
    page.write()


def _list(arguments: argparse.Namespace) -> int:
    if arguments.json:
        keys = ("name", "severity", "what", "advice")
        put_json([{key: str(getattr(one, key)) for key in keys} for one in LINTS])
        return 0
    for one in LINTS:
        put(f"{one.name} ({one.severity})\n  {one.what}\n  = {one.advice}\n")
    return 0
