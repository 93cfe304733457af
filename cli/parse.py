"""`chx parse`: print the syntax tree of an expression."""

from __future__ import annotations

import os

from .output import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Parse an expression and print its tree in the notation of `nix-instantiate
--parse`: fully parenthesised, attributes sorted, paths absolute.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="a file, or - for standard input")
    parser.add_argument("-E", "--expr", metavar="EXPR", help="parse EXPR instead of a file")
    for name in ("--experimental-features", "--extra-experimental-features"):
        parser.add_argument(
            name, action="append", default=[], dest="features", metavar="NAMES", help="enable features: pipe-operators"
        )


def run(arguments: argparse.Namespace) -> int:
    from ..evaluator import check_variables
    from ..lang import parse, show
    from ..ops.sources import byte_string, source_of_request

    source = source_of_request(arguments.file, arguments.expr)
    tree = parse(source, "pipe-operators" in " ".join(arguments.features).split())
    check_variables(tree, source)
    text = show(tree, source.base, byte_string(os.path.expanduser("~")))
    put(text.encode("latin-1") + b"\n")
    return 0
