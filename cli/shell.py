"""`chx shell`: enter the container that a build gets."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from . import container, expression
from .build import configure_building, guard_of
from .errors import CommandError

if TYPE_CHECKING:
    from ..builder import SandboxSpec
    from ..ops import Request
    from ..store import StorePath
    from .session import Session

DESCRIPTION = """\
Build what X needs, but not X, and start a shell in the container that the build
of X would get: the same root, inputs, environment and folders. The build as a
script is /build/.builder.sh; outputs go to $out. Nothing is registered, and
/build is gone when the shell ends.
"""
EPILOG = (
    expression.EPILOG
    + """
examples:
  chx shell hello
  chx shell hello --command 'cc -v'
  chx shell hello --command /build/.builder.sh
"""
)
TAKES_COMMAND = True


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "chx shell [OPTION...] X [-- COMMAND ARG...]"
    expression.configure(parser)
    container.configure(parser)
    parser.add_argument("--command", dest="script", metavar="TEXT", help="run this in the shell, and leave")
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:
    from ..builder import SCRIPT, build_environment, enter, with_binds, with_network
    from .lines import title
    from .progress import say
    from .realise import notices_of, options_of, realise, reporter_of
    from .sandboxes import tell_age

    if arguments.command and arguments.script is not None:
        raise CommandError("--command and a command after `--` exclude each other")
    with expression.open_session(arguments) as session:
        request = expression.request_of(arguments, takes_objects=True)
        path = the_derivation(session, request)
        store = session.store
        derivation = store.derivation(path)
        if derivation.builder.startswith("builtin:"):
            raise CommandError(
                f"chx itself builds '{title(path)}' ({derivation.builder}), without a container",
                hint="name something that is built from it",
            )
        guard = guard_of(session, request, options_of(arguments), notices_of(arguments))
        built = realise(store, derivation.input_drvs.items(), options_of(arguments), reporter_of(arguments))
        if guard is not None:
            guard.after_inputs(built)
        cores = arguments.cores or len(os.sched_getaffinity(0))
        with build_environment(store, derivation, built, cores) as build:
            spec = replace(
                build,
                command=chosen_command(arguments, build),
                env={**build.env, **container.variables_of(arguments)},
                cwd=container.directory_of(arguments) or build.cwd,
            )
            if arguments.network:
                spec = with_network(spec)
            spec = with_binds(spec, container.binds_of(arguments))
            if not arguments.quiet:
                say(f"in the container of {title(path)}; its build is {SCRIPT}, and nothing of this is kept")
            sys.stdout.flush()
            if not arguments.quiet:
                tell_age(store.home)
            return enter(spec, store.home)


def the_derivation(session: Session, request: Request) -> StorePath:
    """The one derivation that a request means."""
    from .lines import title
    from .named import derivations_named

    found = derivations_named(session, request)
    if len(found) != 1:
        raise CommandError(
            f"that is {len(found)} derivations: {', '.join(map(title, found))}", hint="a shell is for one of them"
        )
    return found[0]


def chosen_command(arguments: argparse.Namespace, spec: SandboxSpec) -> tuple[str, ...]:
    from ..builder import shell_of

    if arguments.command:
        return tuple(arguments.command)
    shell = shell_of(spec)
    if shell is None:
        raise CommandError("there is no shell in this container", hint="name a command: chx shell X -- COMMAND ARG...")
    return (shell,) if arguments.script is None else (shell, "-c", arguments.script)
