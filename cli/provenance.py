"""`chx provenance`: print signed statements of how something was built, and verify them."""

from __future__ import annotations

import argparse

from ..ops.errors import RequestError
from ..ops.provenance.bundle import bundle_of, public_pem
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
on a line. X has to be built. X may be an image that `chx image oci` wrote, as a path
with a slash: the statement is then of the image, by the digest of its manifest.
--bundle prints sigstore bundles, which `cosign` and registries take.

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
  chx provenance ./image --bundle > image.sigstore.json
  chx provenance verify image.sigstore.json --image ./image
  chx provenance -A verify                 an attribute of that name
"""
)
MIXED = True
"""Options may stand between the action and the names."""


def configure(parser: argparse.ArgumentParser) -> None:
    evaluation.configure(parser, "X", MEANING)
    parser.add_argument("--statement", action="store_true", help="print the statements to be read, without a signature")
    parser.add_argument("--bundle", action="store_true", help="print sigstore bundles (v0.3), one on a line")
    parser.add_argument("--public-key", action="store_true", help="print the public key of this store in PEM")
    parser.add_argument(
        "--image", action="append", default=[], metavar="DIR", help="verify: an image that statements speak of"
    )
    parser.add_argument("--key", action="append", default=[], metavar="KEY", help="verify: trust this public key, too")


def run(arguments: argparse.Namespace) -> int:
    import json

    if arguments.attributes[:1] == ["verify"] and len(arguments.attributes) > 1:
        return verify(arguments, arguments.attributes[1:])
    if arguments.key or arguments.image:
        option = "--key" if arguments.key else "--image"
        raise RequestError(f"{option} is for chx provenance verify FILE")
    if arguments.statement and arguments.bundle:
        raise RequestError("--statement and --bundle exclude each other")
    if arguments.public_key:
        with plain_session() as session:
            put(public_pem(session.store.signer.public))
        return 0

    directory = evaluation.image_named(arguments)
    with evaluation.open_session(arguments) as session:
        if directory is not None:
            from ..ops.images import attest_image

            found = [attest_image(session, directory)]
        else:
            found = attest(session, evaluation.request_of(arguments, takes_objects=True))
        for one in found:
            if arguments.statement:
                put(json.dumps(one.statement, indent=2, sort_keys=True) + "\n")
            elif arguments.bundle:
                put(bundle_of(one.envelope, session.store.signer.public) + "\n")
            else:
                put(one.envelope + "\n")
    return 0


def verify(arguments: argparse.Namespace, files: list[str]) -> int:
    """Check the envelopes in files and print a line for each; the exit status is 1 if one is wrong."""
    import sys

    from ..ops.images import read_image

    images = [read_image(directory, check_blobs=True).digest for directory in arguments.image]
    with plain_session() as session:
        checked = check_statements(session, map(read, files), arguments.key, images)
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
