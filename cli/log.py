"""`chx log`: print the log of a build."""

from __future__ import annotations

import argparse

from ..builder import follow_log, open_log
from ..ops.errors import RequestError
from ..ops.instantiation import derivations_named
from .options import evaluation
from .options.evaluation import MEANING
from .output import show

DESCRIPTION = """\
Print the log of the build of X: an attribute, a result link, a store path or a
derivation. Logs of failed builds are kept too. A terminal is shown control
characters as pictures, and colours; a pipe or a file gets the log as it is.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    evaluation.configure(parser, "X", MEANING)
    parser.add_argument("-F", "--follow", action="store_true", help="follow the log until the build ends")


def run(arguments: argparse.Namespace) -> int:
    with evaluation.open_session(arguments) as session:
        for derivation in derivations_named(session, evaluation.request_of(arguments, takes_objects=True)):
            read = follow_log if arguments.follow else open_log
            log = read(session.store, derivation)
            if log is None:
                raise RequestError(
                    f"there is no log of '{derivation.name}'",
                    hint="it was never built here, or its builder is builtin and printed nothing",
                )
            show(log)
    return 0
