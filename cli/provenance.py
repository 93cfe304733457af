"""`chx provenance`: how something was built, as signed statements."""

from __future__ import annotations

import argparse

from . import expression
from .named import MEANING, derivations_named
from .output import put

DESCRIPTION = """\
Print how X was built: for each output an in-toto statement (v1) with a SLSA
provenance predicate (v1), in a DSSE envelope signed with the key of this store, one
on a line. X has to be built.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    expression.configure(parser, "X", MEANING)
    parser.add_argument("--statement", action="store_true", help="print the statements to be read, without a signature")


def run(arguments: argparse.Namespace) -> int:
    import json

    from .. import __version__
    from ..store.keys import Signer
    from .evidence.origin import origins
    from .evidence.statement import envelope, statements
    from .session import Session

    with Session(expression.search_path(arguments), arguments.max_call_depth) as session:
        store = session.store
        signer = Signer(store.home)
        for origin in origins(store, derivations_named(session, arguments)):
            for statement in statements(store, origin, signer.public, __version__):
                if arguments.statement:
                    put(json.dumps(statement, indent=2, sort_keys=True) + "\n")
                else:
                    put(envelope(statement, signer) + "\n")
    return 0
