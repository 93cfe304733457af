"""`chx eval`: print the value of an expression."""

from __future__ import annotations

import argparse
import os

from . import expression
from .errors import CommandError
from .output import put

DESCRIPTION = """\
Evaluate an expression and print its value as `nix-instantiate --eval` does. Parts
that were not needed are printed as <CODE> unless --strict is given. Without FILE and
EXPR, ATTR is looked up in the bundled package set.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", nargs="?", metavar="FILE", help="a file, a folder with default.nix, or -")
    group = parser.add_argument_group("what to evaluate")
    group.add_argument("-f", "--file", metavar="FILE", help="the same as FILE")
    group.add_argument("-E", "--expr", metavar="EXPR", help="evaluate the expression EXPR")
    group.add_argument(
        "-A", "--attr", action="append", default=[], metavar="ATTR", help="select an attribute (may be repeated)"
    )
    expression.configure_evaluation(parser)
    group = parser.add_argument_group("how to print")
    group.add_argument("--strict", action="store_true", help="evaluate the whole value")
    form = group.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON (implies --strict)")
    form.add_argument("--xml", action="store_true", help="print XML")
    form.add_argument("--raw", action="store_true", help="print a string without quotes or escapes")
    group.add_argument("--no-location", action="store_true", help="leave positions out of XML")


def run(arguments: argparse.Namespace) -> int:
    if arguments.input is not None and arguments.file is not None:
        raise CommandError("name one file, not two")
    arguments.file = arguments.file or arguments.input
    if arguments.file is None and arguments.expr is None and not arguments.attr:
        raise CommandError(
            "what shall be evaluated?", hint="name a file, or give -E EXPR, or -A ATTR of the bundled package set"
        )
    arguments.attributes = []
    # What was not needed is seen only in a value that is printed as it is.
    lazy = not (arguments.strict or arguments.json or arguments.raw) or _traces(arguments)
    try:
        texts = _texts(arguments, exact=lazy)
    except Exception as error:
        if not lazy and _shows_parts(error):
            _raise_exact(arguments, error)
        raise
    for text in texts:
        put(text.encode("latin-1"))
    return 0


def _traces(arguments: argparse.Namespace) -> bool:
    """Whether the expression traces values, in which it shows what was not needed."""
    text = arguments.expr
    if text is None and arguments.file not in (None, "-") and os.path.isfile(arguments.file):
        with open(arguments.file, errors="replace") as file:
            text = file.read()
    return text is not None and "trace" in text


def _texts(arguments: argparse.Namespace, exact: bool, silent: bool = False) -> list[str]:
    """What is to be printed."""
    from .session import Session

    with Session(expression.search_path(arguments), arguments.max_call_depth, exact=exact) as session:
        session.world.silent = silent
        evaluator = session.evaluator
        texts = []
        for selected in expression.select(session, arguments, call=False):
            value = selected.value
            if arguments.raw:
                text = evaluator.to_raw(value)
            elif arguments.json:
                text = evaluator.to_json(value) + "\n"
            elif arguments.xml:
                text = evaluator.to_xml(value, strict=arguments.strict, location=not arguments.no_location)
            else:
                text = evaluator.print_value(value, strict=arguments.strict) + "\n"
            texts.append(text)
    return texts


def _shows_parts(error: Exception) -> bool:
    """Whether a message shows a list or a set, of which some parts may have been evaluated early."""
    message = getattr(error, "message", "")
    return getattr(error, "code", "") == "E201" and ("[ " in message or "{ " in message)


def _raise_exact(arguments: argparse.Namespace, error: Exception) -> None:
    """Raise the error again as it is when everything is suspended that Nix suspends."""
    if arguments.file == "-":
        return
    try:
        _texts(arguments, exact=True, silent=True)
    except type(error) as exact:
        raise exact from None
