"""`chx shell`: enter the container of a build."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from ..builder import SCRIPT, build_environment, enter, shell_of, with_binds, with_network
from ..ops.building import verifier_of
from ..ops.containers import one_derivation
from ..ops.errors import RequestError
from ..ops.text import title
from . import container
from .options import evaluation
from .options.building import configure_building, options_of
from .options.reporting import notices_of, reporter_of
from .progress.format import say
from .sandboxes import tell_age

if TYPE_CHECKING:
    from ..builder import SandboxSpec

DESCRIPTION = """\
Build what X needs, but not X, and start a shell in the container that the build
of X would get: the same root, inputs, environment and directories. The build as a
script is /build/.builder.sh; outputs go to $out. Nothing is registered, and
/build is gone when the shell ends.
"""
EPILOG = (
    evaluation.EPILOG
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
    evaluation.configure(parser)
    container.configure(parser)
    parser.add_argument("--command", dest="script", metavar="TEXT", help="run TEXT in the shell, then exit")
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:
    if arguments.command and arguments.script is not None:
        raise RequestError("--command and a command after `--` exclude each other")
    with evaluation.open_session(arguments) as session:
        request = evaluation.request_of(arguments, takes_objects=True)
        path, found = one_derivation(session, request)
        store = session.store
        derivation = store.derivation(path)
        if derivation.builder.startswith("builtin:"):
            raise RequestError(
                f"chx itself builds '{title(path)}' ({derivation.builder}), without a container",
                hint="name something that is built from it",
            )
        verifier = verifier_of(session, request, found, options_of(arguments), notices_of(arguments))
        built = session.realise(derivation.input_drvs.items(), options_of(arguments), reporter_of(arguments))
        if verifier is not None:
            verifier.check_inputs(built)
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


def chosen_command(arguments: argparse.Namespace, spec: SandboxSpec) -> tuple[str, ...]:
    if arguments.command:
        return tuple(arguments.command)
    shell = shell_of(spec)
    if shell is None:
        raise RequestError("there is no shell in this container", hint="name a command: chx shell X -- COMMAND ARG...")
    return (shell,) if arguments.script is None else (shell, "-c", arguments.script)
