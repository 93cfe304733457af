"""`chx run`: run a command in a container whose `/` is a built tree."""

from __future__ import annotations

import argparse
import os
import sys

from . import container
from .options import evaluation
from .options.building import configure_building
from .options.numbers import count

DESCRIPTION = """\
Build X if need be, and run a program of it in a container whose `/` is X, read-only.
X is what `chx build` takes, a store path or a result link; several are merged.
All ARGs are arguments of the program of X: the one of the same name, or the only
one. --program NAME runs another one. Of an X without such a program (a system), and
of several, the first ARG names the program.

The program has this terminal, a writable /tmp and home that are gone when it
ends, no network, and of the environment only TERM. Its exit status is passed on.
"""
EPILOG = (
    evaluation.EPILOG
    + """
examples:
  chx run root -- sh                     a shell in the final tiny system
  chx run hello
  chx run hello -- --version             arguments for the program of the package
  chx run --program tar libarchive -- -tf x.tar
  chx run root --bind . --chdir "$PWD" -- make
"""
)
TAKES_COMMAND = True


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "chx run [OPTION...] X... [-- ARG...]"
    evaluation.configure(parser)
    container.configure(parser)
    parser.add_argument("--program", metavar="NAME", help="run this program of X, not the one of the same name")
    parser.add_argument(
        "--uid", type=count, default=1000, metavar="N", help="user id inside the container (default: 1000)"
    )
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:
    from ..builder import ContainerOptions, enter, open_container
    from ..ops.containers import prepare_root
    from .options.building import options_of
    from .options.reporting import notices_of, reporter_of
    from .progress.late import LateReporter
    from .sandboxes import tell_age

    variables = container.variables_of(arguments)
    if "TERM" in os.environ:
        variables = {"TERM": os.environ["TERM"]} | variables
    binds, directory = container.binds_of(arguments), container.directory_of(arguments)
    with evaluation.open_session(arguments) as session:
        store = session.store
        request = evaluation.request_of(arguments, takes_objects=True)
        reporter = LateReporter(lambda: reporter_of(arguments))
        root = prepare_root(session, request, options_of(arguments), reporter, notices_of(arguments))
        anywhere = bool(binds or "PATH" in variables)
        command = root.command(arguments.command, anywhere=anywhere, program=arguments.program)
        options = ContainerOptions(command, binds, variables, directory, arguments.network, arguments.uid)
        with open_container(store, root.trees, options) as spec:
            sys.stdout.flush()
            if not arguments.quiet:
                tell_age(store.home)
            return enter(spec, store.home)
