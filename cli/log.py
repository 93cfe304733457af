"""`chx log`: print the log of a build."""

from __future__ import annotations

import argparse
import os

from ..builder import follow_log, open_log
from ..ops.errors import RequestError
from ..ops.instantiation import derivations_named
from .options import evaluation
from .options.evaluation import MEANING
from .output import show

DESCRIPTION = """\
Print the log of the build of X: an attribute, a result link, a store path or a
derivation. The log of a running build is followed until the build ends. Logs of
failed builds are kept too. On a terminal, control characters are shown as pictures,
and colours are kept; a pipe or a file gets the bytes of the log unchanged.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    evaluation.configure(parser, "X", MEANING, ("--file",))
    parser.add_argument(
        "-f", "-F", "--follow", action="store_true", help="follow the log of a running build (which is the default)"
    )
    parser.add_argument("--no-follow", action="store_true", help="print the current log and exit")


def _names_expression(word: str) -> bool:
    """Whether a word names the file of an expression, as after `-f` of other commands."""
    return word.endswith(".nix") or word.startswith("<") or (os.path.isdir(word) and not os.path.islink(word))


def run(arguments: argparse.Namespace) -> int:
    if arguments.follow and arguments.no_follow:
        raise RequestError("--follow and --no-follow exclude each other")
    files = [word for word in arguments.attributes if _names_expression(word)]
    if arguments.follow and files:
        raise RequestError(
            f"'{files[0]}' is no attribute path", hint=f"-f follows the log; did you mean --file {files[0]}?"
        )
    with evaluation.open_session(arguments) as session:
        for derivation in derivations_named(session, evaluation.request_of(arguments, takes_objects=True)):
            read = open_log if arguments.no_follow else follow_log
            log = read(session.store, derivation)
            if log is None:
                raise RequestError(
                    f"there is no log of '{derivation.name}'",
                    hint="it was never built here, or its builder is builtin and printed nothing",
                )
            show(log)
    return 0
