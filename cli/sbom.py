"""`chx sbom`: print a bill of materials of what was built."""

from __future__ import annotations

import argparse

from ..ops.provenance.documents import bill_of_materials
from .options import evaluation
from .options.evaluation import MEANING
from .output import put

DESCRIPTION = """\
Print what X was built from as a CycloneDX 1.6 bill of materials (JSON): the packages
that it refers to and those it was built with, the sources with their hashes and
URLs, and what needs what. The same thing gives the same text. X has to be built.
Of several it is one bill.

X may be an image that `chx image oci` wrote, as a path with a slash: then the bill
is that of all packages in it.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    evaluation.configure(parser, "X", MEANING)


def run(arguments: argparse.Namespace) -> int:
    directory = evaluation.image_named(arguments)
    with evaluation.open_session(arguments) as session:
        if directory is not None:
            from ..ops.images import bill_of_image

            put(bill_of_image(session, directory))
            return 0
        put(bill_of_materials(session, evaluation.request_of(arguments, takes_objects=True)))
    return 0
