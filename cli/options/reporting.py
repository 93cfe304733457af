"""Reporters by command line and terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..output import is_terminal
from ..progress.plain import PlainReporter

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ...store import StorePath


def notices_of(arguments: argparse.Namespace) -> PlainReporter:
    """Return a reporter of single events, which draws no display."""
    return (
        reporter_of(arguments) if arguments.log_format == "json" else PlainReporter(arguments.verbose, arguments.quiet)
    )


def reporter_of(arguments: argparse.Namespace, titles: Mapping[StorePath, str] | None = None) -> PlainReporter:
    """Return the reporter for the options of `configure_building` and the terminal."""
    style = arguments.log_format
    if style is None:
        style = "live" if is_terminal(sys.stderr) and not arguments.quiet else "plain"
    if style == "json":
        from ..progress.jsonlog import JsonReporter

        return JsonReporter(arguments.verbose, arguments.quiet, titles)
    if style == "live" and not arguments.quiet:
        from importlib.util import find_spec

        # Without rich, which a checkout may lack, print plain lines.
        if find_spec("rich") is not None:
            from ..progress.live import LiveReporter
            from .building import options_of

            return LiveReporter(arguments.verbose, titles, options_of(arguments))
    return PlainReporter(arguments.verbose, arguments.quiet, titles)
