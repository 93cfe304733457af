"""`chx eval`: print the value of an expression."""

from __future__ import annotations

from . import expression
from .errors import CommandError
from .output import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from ..evaluator import Evaluator, Value

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
    from ..evaluator import run_deep

    # One deep stack for all that follows, instead of one for each time that the evaluator is entered.
    return run_deep(lambda: _run(arguments), arguments.max_call_depth or 10_000)


def _run(arguments: argparse.Namespace) -> int:
    from .session import Session

    if arguments.input is not None and arguments.file is not None:
        raise CommandError("name one file, not two")
    arguments.file = arguments.file or arguments.input
    if arguments.file is None and arguments.expr is None and not arguments.attr:
        raise CommandError(
            "what shall be evaluated?", hint="name a file, or give -E EXPR, or -A ATTR of the bundled package set"
        )
    arguments.attributes = []
    search_path = expression.search_path(arguments)
    with Session(search_path, arguments.max_call_depth) as session:
        found = expression.select(session, arguments)
        if not (arguments.strict or arguments.json or arguments.raw) and any(_has_parts(one.value) for one in found):
            # What was not needed is printed as such; evaluating so that it shows costs more, so that comes second.
            session.world.silent = True
            with Session(search_path, arguments.max_call_depth, exact=True, world=session.world) as again:
                _print(again.evaluator, expression.select(again, arguments), arguments)
        else:
            _print(session.evaluator, found, arguments)
    return 0


def _has_parts(value: Value) -> bool:
    return type(value) in (dict, tuple) and bool(value)


def _print(evaluator: Evaluator, found: list[expression.Selected], arguments: argparse.Namespace) -> None:
    for one in found:
        value = one.value
        if arguments.raw:
            text = evaluator.to_raw(value)
        elif arguments.json:
            text = evaluator.to_json(value) + "\n"
        elif arguments.xml:
            text = evaluator.to_xml(value, strict=arguments.strict, location=not arguments.no_location)
        else:
            text = evaluator.print_value(value, strict=arguments.strict) + "\n"
        put(text.encode("latin-1"))
