"""`chx derivation`: print the derivations of an expression."""

from __future__ import annotations

import argparse

from ..ops.instantiation import derivations_named
from .options import evaluation
from .options.evaluation import MEANING
from .output import put

DESCRIPTION = """\
Print derivations as JSON, by attribute or expression, or by the store path of a
derivation or of something built from it.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print derivations as JSON", description=DESCRIPTION)
    evaluation.configure(show, "X", MEANING)
    show.add_argument("-r", "--recursive", action="store_true", help="include the derivations they need")


def run(arguments: argparse.Namespace) -> int:
    import json

    with evaluation.open_session(arguments) as session:
        store = session.store
        pending = list(derivations_named(session, evaluation.request_of(arguments, takes_objects=True)))
        shown = {}
        while pending:
            path = pending.pop(0)
            if str(path) in shown:
                continue
            derivation = store.derivation(path)
            shown[str(path)] = derivation.to_dict()
            if arguments.recursive:
                pending.extend(derivation.input_drvs)
    put(json.dumps(shown, indent=2, sort_keys=True) + "\n")
    return 0
