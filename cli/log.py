"""`chx log`: show what a build printed."""

from __future__ import annotations

import argparse

from . import expression
from .errors import CommandError
from .named import MEANING, derivations_named
from .output import show

DESCRIPTION = """\
Print the log of the build of X: an attribute, a result link, a store path or a
derivation. Logs of failed builds are kept too. A terminal is shown control
characters as pictures, and colours; a pipe or a file gets the log as it is.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    expression.configure(parser, "X", MEANING)
    parser.add_argument("-F", "--follow", action="store_true", help="go on as long as the build runs")


def run(arguments: argparse.Namespace) -> int:
    from ..builder import follow_log, open_log

    with expression.open_session(arguments) as session:
        for derivation in derivations_named(session, expression.request_of(arguments, takes_objects=True)):
            read = follow_log if arguments.follow else open_log
            log = read(session.store, derivation)
            if log is None:
                raise CommandError(
                    f"there is no log of '{derivation.name}'",
                    hint="it was never built here, or its builder is builtin and printed nothing",
                )
            show(log)
    return 0
