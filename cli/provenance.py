"""`chx provenance`: print signed statements of how something was built, and verify them."""

from __future__ import annotations

import argparse

from ..ops.errors import RequestError
from ..ops.provenance.documents import attest, check_statements
from .options import evaluation
from .options.evaluation import MEANING
from .options.session import plain_session
from .output import put
from .render.page import Page
from .render.style import Style

DESCRIPTION = """\
Print how X was built: for each output an in-toto statement (v1) with a SLSA
provenance predicate (v1), in a DSSE envelope signed with the key of this store, one
on a line. X has to be built.

`chx provenance verify FILE...` checks such lines: that a key which is trusted has
signed them, and that what they speak of is in this store and is what they say.
Trusted are the key of this store, `trusted-keys` of chx.toml, and --key.
"""
EPILOG = (
    evaluation.EPILOG
    + """
examples:
  chx provenance hello > hello.jsonl
  chx provenance verify hello.jsonl --key ed25519:...
  chx provenance -A verify                 an attribute of that name
"""
)
MIXED = True
"""Options may stand between the action and the names."""


def configure(parser: argparse.ArgumentParser) -> None:
    evaluation.configure(parser, "X", MEANING)
    parser.add_argument("--statement", action="store_true", help="print the statements to be read, without a signature")
    parser.add_argument("--key", action="append", default=[], metavar="KEY", help="verify: trust this public key, too")


def run(arguments: argparse.Namespace) -> int:
    import json

    if arguments.attributes[:1] == ["verify"] and len(arguments.attributes) > 1:
        return verify(arguments, arguments.attributes[1:])
    if arguments.key:
        raise RequestError("--key is for chx provenance verify FILE")

    with evaluation.open_session(arguments) as session:
        for one in attest(session, evaluation.request_of(arguments, takes_objects=True)):
            if arguments.statement:
                put(json.dumps(one.statement, indent=2, sort_keys=True) + "\n")
            else:
                put(one.envelope + "\n")
    return 0


def verify(arguments: argparse.Namespace, files: list[str]) -> int:
    """Check the envelopes in files and print a line for each; the exit status is 1 if one is wrong."""
    import sys

    with plain_session() as session:
        checked = check_statements(session, map(read, files), arguments.key)
    if not checked:
        raise RequestError("the files contain no statement", hint="chx provenance X prints them, one on a line")
    page = Page(Style(sys.stdout), True)
    for found in checked:
        names = ", ".join(found.subjects)
        if found.problem is None:
            page.line(f"= {names}: is what it says, signed by {found.key}", 0)
        else:
            page.removed(f"{names}: {found.problem}", 0)
    page.write()
    return int(any(found.problem is not None for found in checked))


def read(file: str) -> str:
    """Return the text of a file, or of standard input. Raises `RequestError`."""
    import sys

    try:
        if file == "-":
            return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
        with open(file, "rb") as handle:
            return handle.read().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise RequestError(f"cannot read '{file}': {error.strerror}") from error
