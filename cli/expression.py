"""Which value a command line means: options shared by the commands that evaluate."""

from __future__ import annotations

from .errors import CommandError
from .system import absolute, decoded, is_there

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from ..builder import BuildOptions
    from ..evaluator import Evaluator, Value
    from ..ops import Request
    from .session import Session

EPILOG = """\
Without -f and -E, ATTR is looked up in the bundled package set, or in ./default.nix
if there is a chx.lock beside it (or chx.toml declares inputs). A function is called
with --arg and --argstr and the defaults of its arguments; `-f DIR` means
DIR/default.nix, `-f '<NAME>'` what -I says. `<chx>` is the bundled package set.
"""


def configure(
    parser: argparse.ArgumentParser, word: str = "ATTR", meaning: str = "attribute path, such as tinycc or lib.version"
) -> None:
    """Add -f, -E, -A, --arg, --argstr, -I, --show-trace and positional words, attributes unless said otherwise."""
    group = parser.add_argument_group("what to evaluate")
    group.add_argument("attributes", nargs="*", metavar=word, help=meaning)
    group.add_argument("-f", "--file", metavar="FILE", help="evaluate FILE instead of the bundled package set")
    group.add_argument("-E", "--expr", metavar="EXPR", help="evaluate the expression EXPR")
    group.add_argument(
        "-A", "--attr", action="append", default=[], metavar="ATTR", help="select an attribute (may be repeated)"
    )
    group.add_argument(
        "--target",
        metavar="ARCH",
        help="take the packages for another machine: ATTR means cross.ARCH.ATTR (`chx arch list`)",
    )
    configure_evaluation(parser)


def configure_evaluation(parser: argparse.ArgumentParser) -> None:
    """Add only the options that say how, not what, to evaluate."""
    group = parser.add_argument_group("how to evaluate")
    group.add_argument(
        "--arg", action="append", nargs=2, default=[], metavar=("NAME", "EXPR"), help="pass a value to a function"
    )
    group.add_argument(
        "--argstr", action="append", nargs=2, default=[], metavar=("NAME", "TEXT"), help="pass a string to a function"
    )
    group.add_argument(
        "-I", "--include", action="append", default=[], metavar="[NAME=]PATH", help="add an entry to the search path"
    )
    group.add_argument(
        "--max-call-depth", type=depth, metavar="N", help="how deep calls may nest at least (default 10000)"
    )
    group.add_argument(
        "--no-lock", action="store_true", help="do not use chx.lock: take inputs as they are, and compare nothing"
    )
    group.add_argument("--show-trace", action="store_true", help="show every step that led to an error")


def depth(text: str) -> int:
    """An argument that is 1 or more."""
    from .limits import positive

    return positive(text)


def request_of(arguments: argparse.Namespace, takes_objects: bool = False) -> Request:
    """The request that a command line makes.

    A word that is a path of a derivation names an object. So does, if `takes_objects` and neither a file nor an
    expression is named, any word with a slash and the name of a link that is here.
    """
    from ..ops.request import Request

    # Not every command has all of these options.
    is_pinned = getattr(arguments, "pinned", False)
    if is_pinned and arguments.no_lock:
        raise CommandError("--pinned takes what chx.lock pins, and --no-lock says not to use it")
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
        target=getattr(arguments, "target", None),
        lock="ignore" if arguments.no_lock else "pinned" if is_pinned else "use",
    )


def is_derivation_path(word: str) -> bool:
    """Whether a word is the path of a derivation and no attribute."""
    return "/" in word and word.endswith(".drv")


def looks_like_path(word: str) -> bool:
    """Whether a word names a file and not an attribute: it has a slash, or a link of that name is here."""
    if "/" in word:
        return True
    from os.path import islink

    return islink(word)


def open_session(arguments: argparse.Namespace) -> Session:
    """The session that a command line asks for."""
    from .session import Session

    return Session(search_path(arguments), arguments.max_call_depth, input_options=lambda: _input_options(arguments))


def _input_options(arguments: argparse.Namespace) -> BuildOptions:
    """How inputs of a lock are fetched."""
    from ..builder import BuildOptions
    from .limits import limits

    return BuildOptions(offline=getattr(arguments, "offline", False), **limits(arguments))


def search_path(arguments: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """Pairs of prefix and absolute path from -I."""
    entries = []
    for entry in arguments.include:
        name, _, path = entry.rpartition("=")
        entries.append((name, absolute(path)))
    return tuple(entries)


def nix_path() -> tuple[tuple[str, str], ...]:
    """Pairs of prefix and absolute path from `$NIX_PATH`."""
    from os import environ

    entries = []
    for entry in environ.get("NIX_PATH", "").split(":"):
        name, _, path = entry.rpartition("=")
        if path:
            entries.append((name, absolute(path)))
    return tuple(entries)


class Selected:
    """A value and how the user named it; no dataclass, because that module takes 10 ms to import.

    `was_called`: it is what a function gave, which was called with the defaults of its arguments.
    """

    __slots__ = ("attribute", "value", "was_called")

    def __init__(self, attribute: str, value: Value, was_called: bool = False) -> None:
        self.attribute = attribute
        self.value = value
        self.was_called = was_called


def bundled_packages(session: Session) -> list[str]:
    """The names of the derivations in the bundled set."""
    from .session import PKGS

    evaluator = session.evaluator
    root = evaluator.auto_call(evaluator.eval_file(f"{PKGS}/default.nix"), {})
    return [name for name in evaluator.attr_names(root) if is_there(f"{PKGS}/{name}/package.nix")]


def select(session: Session, request: Request, *, call: bool = True) -> list[Selected]:
    """Evaluate what was asked for; one value per attribute path, or the whole.

    A function that comes out is called with --arg, --argstr and its defaults; without `call` only if there are some
    of the former, as `nix-instantiate --eval` does.
    """
    from .session import PKGS
    from .sources import byte_string, expression_file, source_of_request

    evaluator = session.evaluator
    attributes, target = request.attributes, request.target
    if target is not None:
        if not attributes:
            raise CommandError(f"which package for {target}?", hint=f"name one, as in `--target {target} hello`")
        attributes = tuple([f"cross.{target}.{attribute}" for attribute in attributes])
    if request.file is not None and request.expr is not None:
        raise CommandError("-f and -E exclude each other")
    file, origin = None, _origin(request)
    if request.expr is not None:
        root = evaluator.eval_source(source_of_request(None, request.expr))
    elif request.file == "-":
        root = evaluator.eval_source(source_of_request("-", None))
    elif request.file is not None:
        file = expression_file(in_search_path(session, request.file))
    elif attributes:
        here = absolute("default.nix")
        is_project = _is_project(session, here)
        file = here if is_project else f"{PKGS}/default.nix"
        if is_project:
            origin = "./default.nix (the bundled set is -f '<chx>' here)"
        elif is_there(here):
            origin += " (./default.nix is meant by -f .)"
    elif is_there("default.nix"):
        file = expression_file(".")
    else:
        packages = ", ".join(bundled_packages(session))
        raise CommandError(
            "what shall it be? There is no default.nix here", hint=f"the bundled packages are {packages}"
        )
    if file is not None:
        root = evaluator.eval_file(byte_string(file))
    session.is_bundled = file == f"{PKGS}/default.nix" and not request.has_arguments
    given = {name: evaluator.string(byte_string(text)) for name, text in request.argstrs}
    for name, expression in request.args:
        given[name] = evaluator.suspend(source_of_request(None, expression), {})
    if file is not None and not file.startswith(f"{PKGS}/"):
        _give_inputs(session, request, file, given)
    call = call or bool(given)
    if not attributes:
        return [_called(evaluator, root, "", given, call)]
    return [
        _called(evaluator, _select(evaluator, root, attribute, given, origin), attribute, given, call)
        for attribute in attributes
    ]


def _is_project(session: Session, expression: str) -> bool:
    """Whether words are attributes of the expression here: there is a lock, or inputs are declared that want one."""
    lock, declared = absolute("chx.lock"), absolute("chx.toml")
    for place in (lock, declared, expression):
        session.world.see(place)
    if not is_there(expression):
        return False
    if is_there(lock):
        return True
    try:
        with open(declared, "rb") as file:
            return b"[inputs" in file.read()
    except OSError:
        return False


def _called(evaluator: Evaluator, found: Value, attribute: str, given: dict[str, Value], call: bool) -> Selected:
    if not call:
        return Selected(attribute, found)
    with Explained(attribute, evaluator.type_name(found) == "lambda"):
        value = evaluator.auto_call(found, given)
    return Selected(attribute, value, value is not found)


def _give_inputs(session: Session, request: Request, file: str, given: dict[str, Value]) -> None:
    """Find what lies beside an expression; if there is something, its inputs become an argument."""
    if session.inputs is not None:
        given.setdefault("inputs", _text_value(session, session.inputs))
        return
    folder = file.rpartition("/")[0]
    beside = [f"{folder}/{name}" for name in ("chx.lock", "chx.toml")]
    for place in beside:
        session.world.see(place)
    if not any(map(is_there, beside)):
        return
    from .pins.beside import inputs_beside

    text = inputs_beside(session, request, file)
    if text is not None and "inputs" not in given:
        given["inputs"] = _text_value(session, text)


def _text_value(session: Session, text: str) -> Value:
    from ..lang import Source
    from .sources import byte_string

    return session.evaluator.eval_source(Source(byte_string("«inputs»"), byte_string(text), "/"))


def in_search_path(session: Session, file: str) -> str:
    """The path that `<NAME>` or `<NAME/FILE>` stands for, as in an expression; any other word as it is."""
    if not (file.startswith("<") and file.endswith(">")):
        return file
    from os.path import lexists

    if lexists(file):
        return file
    if not all(part and all(c.isalnum() or c in "._-+" for c in part) for part in file[1:-1].split("/")):
        raise CommandError(f"'{file}' is no path to look up", hint="it looks like <NAME> or <NAME/FILE>")
    from .sources import source_of_request

    found: Any = session.evaluator.eval_source(source_of_request(None, file))
    return decoded(found.text.encode("latin-1"))


def _origin(request: Request) -> str:
    """What attributes are looked up in, in words."""
    if request.expr is not None:
        return "the expression"
    if request.file is not None:
        return "standard input" if request.file == "-" else request.file
    return "the bundled package set"


def _check_attribute(attribute: str) -> None:
    """Refuse a word that cannot be an attribute path, or that looks like something else."""
    if "/" in attribute or attribute.endswith(".nix"):
        hint = None
        if is_there(attribute):
            hint = f"did you mean -f {attribute}?"
        raise CommandError(f"'{attribute}' is no attribute path", hint=hint or "a file is named with -f FILE")
    if not attribute:
        raise CommandError("an attribute path is empty", hint="name an attribute, such as tinycc or lib.version")
    if '"' not in attribute:
        parts = attribute.split(".")
        if "" in parts:
            number = parts.index("") + 1
            raise CommandError(
                f"part {number} of the attribute path '{attribute}' is empty", hint="parts stand between single dots"
            )


def _select(evaluator: Evaluator, root: Value, attribute: str, given: dict[str, Value], origin: str) -> Value:
    from .sources import byte_string

    _check_attribute(attribute)
    try:
        return evaluator.select_attr_path(root, byte_string(attribute), given)
    except Exception as error:
        frames = getattr(error, "frames", None)
        if frames is not None:
            from ..evaluator import Frame

            frames.append(Frame(byte_string(f"while selecting '{attribute}' in {origin}")))
        raise


class Explained:
    """A context in which errors tell, if so, that what was named is a function: it may need arguments after all."""

    def __init__(self, attribute: str, was_called: bool) -> None:
        self._attribute = attribute
        self._was_called = was_called

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._was_called and getattr(error, "frames", None) is not None and getattr(error, "hint", "") is None:
            name = f"'{self._attribute}'" if self._attribute else "the expression"
            error.__dict__["hint"] = f"{name} is a function and was called with the defaults of its arguments"
