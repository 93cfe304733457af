"""`chx eval`: print the value of an expression."""

from __future__ import annotations

from ..ops.errors import RequestError
from ..ops.instantiation import evaluate_request
from ..ops.paths import absolute, is_regular, is_there
from ..ops.session import Session
from ..ops.sources import is_flake_word
from .options import evaluation, language
from .output import put
from .progress.late import LateReporter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from ..evaluator import Evaluator, Value
    from ..ops.select import Selected
    from ..ops.world import FileWorld

DESCRIPTION = """\
Evaluate an expression and print its value as `nix-instantiate --eval` does. Parts
that were not needed are printed as <CODE> unless --strict is given. Without FILE and
EXPR, ATTR is looked up in the bundled package set.
"""

_REPEATED = "\u00abrepeated\u00bb".encode().decode("latin-1")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", nargs="*", metavar="FILE", help="a file, a directory with default.nix, or -")
    group = parser.add_argument_group("what to evaluate")
    group.add_argument("-f", "--file", metavar="FILE", help="the same as FILE")
    group.add_argument("-E", "--expr", metavar="EXPR", help="evaluate the expression EXPR")
    group.add_argument(
        "-A", "--attr", action="append", default=[], metavar="ATTR", help="select an attribute (may be repeated)"
    )
    evaluation.configure_evaluation(parser)
    language.configure(parser)
    group = parser.add_argument_group("how to evaluate, as nix-instantiate has it")
    group.add_argument(
        "--no-show-trace", action="store_true", help="show only the last steps that led to an error (default)"
    )
    group.add_argument(
        "--read-write-mode",
        action="store_true",
        help="write the derivations and files that the value refers to into the store",
    )
    group.add_argument(
        "--profile",
        metavar="FILE",
        help="write where the processor time went: stacks for a flame graph, or for speedscope if FILE ends in .json",
    )
    group = parser.add_argument_group("how to print")
    group.add_argument("--strict", action="store_true", help="evaluate the whole value")
    form = group.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON (implies --strict)")
    form.add_argument("--xml", action="store_true", help="print XML")
    form.add_argument("--raw", action="store_true", help="print a string without quotes or escapes")
    group.add_argument("--no-location", action="store_true", help="leave positions out of XML")


def run(arguments: argparse.Namespace) -> int:
    if arguments.input and (arguments.file is not None or arguments.expr is not None):
        raise RequestError("name files, or give -f FILE, or -E EXPR, not two of them")
    files = arguments.input or [arguments.file]
    if files == [None] and arguments.expr is None and not arguments.attr:
        raise RequestError(
            "chx eval needs something to evaluate",
            hint="name a file, or give -E EXPR, or -A ATTR of the bundled package set",
        )
    # As in Nix, an empty path selects the whole value.
    arguments.attr = [path for path in arguments.attr if path]
    for file in files:
        is_flake = file is not None and is_flake_word(file)
        arguments.attributes = [file] if is_flake else []
        arguments.file = file = None if is_flake else file
        _check_file(file)
        try:
            texts = _texts(arguments)
        except Exception as error:
            if not _may_differ(error):
                raise
            texts = _again(arguments, error)
        for text in texts:
            put(text.encode("latin-1"))
    return 0


def _check_file(file: str | None) -> None:
    """Raise `FileUnavailable` as `import` does, if there is no file of that name."""
    if file is None or file == "-" or (file.startswith("<") and file.endswith(">")):
        return
    from ..ops.sources import byte_string, expression_file

    try:
        expression_file(file)
    except RequestError as error:
        from ..evaluator import FileUnavailable

        path = absolute(file)
        inner = f"{path.rstrip('/')}/default.nix" if is_there(path) else path
        raise FileUnavailable(f"path '{byte_string(inner)}' does not exist", hint=error.hint) from None


def _traces(arguments: argparse.Namespace) -> bool:
    """Whether the expression traces values: a trace shows which parts are suspended."""
    text = arguments.expr
    if text is None and arguments.file is not None and is_regular(arguments.file):
        # A pipe can be read only once.
        with open(arguments.file, errors="replace") as file:
            text = file.read()
    return text is not None and "trace" in text


def _texts(arguments: argparse.Namespace) -> list[str]:
    """Return the texts to print."""
    from ..evaluator import run_deep

    if arguments.profile is not None:
        from .profile import profiled

        # Only once, should the expression be evaluated again.
        file, arguments.profile = arguments.profile, None
        return profiled(file, lambda: _texts(arguments))
    exact = _traces(arguments)
    depth = arguments.max_call_depth
    # Interrupts reach this thread, so it owns the session. One deep stack serves the whole evaluation, instead of
    # one for each call of the evaluator.
    with _session(arguments, exact) as session:
        return run_deep(lambda: _texts_in(session, arguments, exact), depth or 10_000)


def _session(arguments: argparse.Namespace, exact: bool, world: FileWorld | None = None) -> Session:
    reporter = LateReporter()
    options = language.session_options(arguments, reporter)
    return Session(exact=exact, world=world, reporter=reporter, **options)


def _texts_in(session: Session, arguments: argparse.Namespace, exact: bool) -> list[str]:
    found = evaluate_request(session, evaluation.request_of(arguments), call=False).selected
    lazy = not (arguments.strict or arguments.json or arguments.raw)
    if lazy and not exact and any(map(_has_parts, found)):
        # Suspended parts print as <CODE>. Evaluation that keeps them suspended costs more, so it comes second.
        return _exact_texts(arguments, session.world)
    texts = [_text(session.evaluator, one.value, arguments) for one in found]
    if arguments.strict and not exact and any(_REPEATED in text for text in texts):
        # chx may have merged equal list literals; only lists that Nix shares too print as repeated.
        return _exact_texts(arguments, session.world)
    if arguments.read_write_mode:
        session.world.commit()
    return texts


def _exact_texts(arguments: argparse.Namespace, world: FileWorld) -> list[str]:
    """Evaluate again, suspending all that Nix suspends; traces and warnings were printed already."""
    world.silent = True
    with _session(arguments, True, world) as session:
        found = evaluate_request(session, evaluation.request_of(arguments), call=False).selected
        texts = [_text(session.evaluator, one.value, arguments) for one in found]
        if arguments.read_write_mode:
            world.commit()
        return texts


def _has_parts(selected: Selected) -> bool:
    return type(selected.value) in (dict, tuple) and bool(selected.value)


def _text(evaluator: Evaluator, value: Value, arguments: argparse.Namespace) -> str:
    if arguments.raw:
        return evaluator.to_raw(value)
    if arguments.json:
        return evaluator.to_json(value) + "\n"
    if arguments.xml:
        return evaluator.to_xml(value, strict=arguments.strict, location=not arguments.no_location)
    return evaluator.print_value(value, strict=arguments.strict) + "\n"


def _may_differ(error: Exception) -> bool:
    """Whether evaluation in Nix's order may raise another error, or none. Exhausted memory would be exhausted again."""
    from ..evaluator.errors import OutOfMemory

    return not isinstance(error, OutOfMemory) and (_shows_parts(error) or getattr(error, "unordered", False))


def _shows_parts(error: Exception) -> bool:
    """Whether a message shows a list or a set, parts of which may have been evaluated early."""
    from ..evaluator.errors import TypeMismatch

    return isinstance(error, TypeMismatch) and error.shows_parts


def _again(arguments: argparse.Namespace, error: Exception) -> list[str]:
    """Evaluate again in Nix's order: the error may be another, or none."""
    try:
        with _session(arguments, False) as session:
            return _exact_texts(arguments, session.world)
    except type(error) as exact:
        raise exact from None
