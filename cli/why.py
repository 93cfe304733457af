"""`chx why`: explain why something would be rebuilt."""

from __future__ import annotations

import argparse

from ..ops.diff.rebuild import explain
from ..ops.instantiation import derivations_named
from .diff import show
from .options import evaluation
from .render.rebuild import draw_rebuild

DESCRIPTION = """\
Explain why X would be rebuilt, before building: X is what `chx build` takes, or the
store path of a derivation. Each derivation that would be built is compared with
the last one of its name that was. Nothing is built or fetched.
"""
EPILOG = (
    evaluation.EPILOG
    + """
examples:
  chx why hello
  chx why -f default.nix app --json
"""
)


def configure(parser: argparse.ArgumentParser) -> None:
    evaluation.configure(parser)
    group = parser.add_argument_group("how to tell")
    group.add_argument("--full", action="store_true", help="leave nothing out")
    group.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    with evaluation.open_session(arguments) as session:
        store = session.store
        targets = [
            (path, store.derivation(path).outputs)
            for path in derivations_named(session, evaluation.request_of(arguments, takes_objects=True))
        ]
        found = explain(store, targets)
    show(arguments, found, lambda page: draw_rebuild(page, found))
    return 0
