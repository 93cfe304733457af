"""Options of commands that evaluate, and the request and session that they describe."""

from __future__ import annotations

from ...ops.errors import RequestError
from ...ops.paths import absolute
from ...ops.sources import is_flake_word
from . import language

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Literal

    from ...builder import BuildOptions
    from ...ops.request import Request
    from ...ops.session import Session
    from ..progress.plain import PlainReporter

MEANING = "an attribute path, a store path, a derivation's path or a result link"

EPILOG = """\
Without -f and -E, ATTR is looked up in the bundled package set, or in ./default.nix
if there is a chx.lock next to it (or chx.toml declares inputs). A function is called
with --arg and --argstr and the defaults of its arguments; `-f DIR` means
DIR/default.nix, `-f '<NAME>'` what -I says. `<chx>` is the bundled package set.
"""


def configure(
    parser: argparse.ArgumentParser,
    word: str = "ATTR",
    meaning: str = "attribute path, such as tinycc or lib.version",
    file_options: tuple[str, ...] = ("-f", "--file"),
) -> None:
    """Add -f, -E, -A, --arg, --argstr, -I, --show-trace and positional words (by default attributes)."""
    group = parser.add_argument_group("what to evaluate")
    group.add_argument("attributes", nargs="*", metavar=word, help=meaning)
    group.add_argument(*file_options, metavar="FILE", help="evaluate FILE instead of the bundled package set")
    group.add_argument("-E", "--expr", metavar="EXPR", help="evaluate the expression EXPR")
    group.add_argument(
        "-A", "--attr", action="append", default=[], metavar="ATTR", help="select an attribute (may be repeated)"
    )
    group.add_argument(
        "--target",
        metavar="ARCH",
        help="take the packages for another architecture: ATTR means cross.ARCH.ATTR (`chx arch list`)",
    )
    configure_evaluation(parser)
    language.configure(parser)


def configure_evaluation(parser: argparse.ArgumentParser) -> None:
    """Add the options for how, not what, to evaluate."""
    group = parser.add_argument_group("how to evaluate")
    group.add_argument(
        "--arg", action="append", nargs=2, default=[], metavar=("NAME", "EXPR"), help="pass a value to a function"
    )
    group.add_argument(
        "--argstr", action="append", nargs=2, default=[], metavar=("NAME", "TEXT"), help="pass a string to a function"
    )
    group.add_argument(
        "--overlay",
        action="append",
        default=[],
        metavar="FILE",
        help="add and replace packages by the function `final: prev: { ... }` in FILE",
    )
    group.add_argument(
        "-I", "--include", action="append", default=[], metavar="[NAME=]PATH", help="add an entry to the search path"
    )
    group.add_argument(
        "--max-call-depth", type=depth, metavar="N", help="how deep calls may nest at least (default 10000)"
    )
    group.add_argument(
        "--system",
        metavar="SYSTEM",
        help="build on another machine, for example aarch64-linux, by an emulator that the kernel knows (binfmt_misc)",
    )
    group.add_argument(
        "--no-lock", action="store_true", help="do not use chx.lock: take inputs as they are, and compare nothing"
    )
    group.add_argument(
        "--no-pins", action="store_true", help="hold the inputs that chx.lock has, and compare no outputs with it"
    )
    group.add_argument(
        "--locked", action="store_true", help="fail if anything is not as chx.lock has it, even after an edit (for CI)"
    )
    group.add_argument("--show-trace", action="store_true", help="show every step that led to an error")


def depth(text: str) -> int:
    """Parse a number that is 1 or more."""
    from .numbers import positive

    return positive(text)


def request_of(arguments: argparse.Namespace, takes_objects: bool = False) -> Request:
    """Return the request of a command line.

    A word that is a path of a derivation names an object. So does, if `takes_objects` and neither a file nor an
    expression is named, any word with a slash and the name of a link that is here.
    """
    from ...ops.request import Request

    # Not every command has all of these options.
    file, expr = arguments.file, getattr(arguments, "expr", None)
    words = getattr(arguments, "attributes", ())
    takes_objects = takes_objects and file is None and expr is None
    objects = [word for word in words if is_derivation_path(word) or (takes_objects and looks_like_path(word))]
    return Request(
        file=file,
        expr=expr,
        attributes=(*(word for word in words if word not in objects), *getattr(arguments, "attr", ())),
        objects=tuple(objects),
        args=tuple([(name, text) for name, text in arguments.arg]),
        argstrs=tuple([(name, text) for name, text in arguments.argstr]),
        overlays=tuple([absolute(file) for file in getattr(arguments, "overlay", ())]),
        target=getattr(arguments, "target", None),
        lock=lock_of(arguments),
    )


def lock_of(arguments: argparse.Namespace) -> Literal["use", "locked", "inputs", "ignore", "pinned"]:
    """Return how the options use chx.lock. Raises `RequestError` for options that exclude each other."""
    used = [
        name for name in ("pinned", "locked", "no-pins", "no-lock") if getattr(arguments, name.replace("-", "_"), False)
    ]
    if len(used) > 1:
        raise RequestError(f"--{used[0]} and --{used[1]} exclude each other", hint="docs/lock.md says what each does")
    if not used:
        return "use"
    return (
        "locked"
        if used == ["locked"]
        else "pinned"
        if used == ["pinned"]
        else "inputs"
        if used == ["no-pins"]
        else "ignore"
    )


def is_derivation_path(word: str) -> bool:
    """Whether a word is the path of a derivation, not an attribute."""
    return "/" in word and word.endswith(".drv")


def looks_like_path(word: str) -> bool:
    """Whether a word names a file, not an attribute: it has a slash, or a link of that name exists here."""
    if is_flake_word(word):
        return False
    if "/" in word:
        return True
    from os.path import islink

    return islink(word)


def image_named(arguments: argparse.Namespace) -> str | None:
    """Return the only word, if it is the path of an image (OCI layout), with a slash, and names neither an object nor an attribute."""
    from os.path import isfile

    words = arguments.attributes
    is_path = len(words) == 1 and "/" in words[0] and arguments.file is None and arguments.expr is None
    return words[0] if is_path and isfile(f"{words[0]}/oci-layout") else None


def open_session(arguments: argparse.Namespace) -> Session:
    """Return the session of a command line; notices and traces go to standard error."""
    from ...ops.session import Session
    from ..progress.late import LateReporter

    reporter = LateReporter(_json_reporter if getattr(arguments, "log_format", None) == "json" else None)
    return Session(
        input_options=lambda: _input_options(arguments),
        reporter=reporter,
        **language.session_options(arguments, reporter),
    )


def _json_reporter() -> PlainReporter:
    from ..progress.jsonlog import JsonReporter

    return JsonReporter()


def _input_options(arguments: argparse.Namespace) -> BuildOptions:
    """Return the options for fetching inputs of a lock."""
    from ...builder import BuildOptions
    from ...ops.settings import configured_limits
    from .numbers import limits

    return BuildOptions(offline=getattr(arguments, "offline", False), **{**configured_limits(), **limits(arguments)})
