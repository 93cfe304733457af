"""`chx sbom`: print a bill of materials of what was built."""

from __future__ import annotations

import argparse

from ..ops.errors import RequestError
from ..ops.instantiation import derivations_named
from ..ops.provenance.origin import origins
from ..ops.provenance.sbom import to_cyclonedx
from .options import evaluation
from .options.evaluation import MEANING
from .output import put

DESCRIPTION = """\
Print what X was built from as a CycloneDX 1.6 bill of materials (JSON): the packages
that it refers to and those it was built with, the sources with their hashes and
URLs, and what needs what. The same thing gives the same text. X has to be built.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    evaluation.configure(parser, "X", MEANING)


def run(arguments: argparse.Namespace) -> int:
    with evaluation.open_session(arguments) as session:
        found = origins(session.store, derivations_named(session, evaluation.request_of(arguments, takes_objects=True)))
        if len(found) != 1:
            raise RequestError(f"that is {len(found)} derivations", hint="name one of them")
        put(to_cyclonedx(session.store, found[0]))
    return 0
