"""`chx sbom`: a bill of materials of what was built."""

from __future__ import annotations

import argparse

from . import expression
from .errors import CommandError
from .named import MEANING, derivations_named
from .output import put

DESCRIPTION = """\
Print what X was built from as a CycloneDX 1.6 bill of materials (JSON): the packages
that it refers to and those it was built with, the sources with their hashes and
URLs, and what needs what. The same thing gives the same text. X has to be built.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    expression.configure(parser, "X", MEANING)


def run(arguments: argparse.Namespace) -> int:
    from .evidence.bill import bill_of
    from .evidence.origin import origins

    with expression.open_session(arguments) as session:
        found = origins(session.store, derivations_named(session, expression.request_of(arguments, takes_objects=True)))
        if len(found) != 1:
            raise CommandError(f"that is {len(found)} derivations", hint="a bill is for one of them")
        put(bill_of(session.store, found[0]))
    return 0
