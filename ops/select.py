"""Resolve a request to values: find the expression, select attributes, call functions."""

from __future__ import annotations

from .errors import RequestError
from .paths import PKGS, absolute, decoded, is_there
from .sources import byte_string, expression_file, is_flake_word, source_of_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..evaluator import EvalError, Evaluator, Value
    from ..lang import Source
    from .request import Request
    from .session import Session


class Selected:
    """A value and its attribute path. No dataclass: importing that module takes 10 ms.

    `was_called`: the value is the result of a function that was called with its default arguments.
    """

    __slots__ = ("attribute", "value", "was_called")

    def __init__(self, attribute: str, value: Value, was_called: bool = False) -> None:
        self.attribute = attribute
        self.value = value
        self.was_called = was_called


class Located:
    """The unevaluated expression of a request: an absolute path `file`, or a text `source`.

    `attributes` are the attribute paths in it, `origin` is its name in messages. With neither file nor source they are words that
    name outputs of flakes.
    """

    __slots__ = ("attributes", "file", "origin", "source")

    def __init__(self, file: str | None, source: Source | None, attributes: tuple[str, ...], origin: str) -> None:
        self.file = file
        self.source = source
        self.attributes = attributes
        self.origin = origin

    @property
    def is_bundled(self) -> bool:
        """Whether the expression is a file of the bundled package set."""
        return self.file is not None and self.file.startswith(f"{PKGS}/")

    @property
    def is_bundled_set(self) -> bool:
        """Whether the expression is the bundled package set."""
        return self.file == f"{PKGS}/default.nix"


def bundled_packages(session: Session) -> list[str]:
    """Return the names of the derivations in the bundled set."""
    evaluator = session.evaluator
    root = evaluator.auto_call(evaluator.eval_file(f"{PKGS}/default.nix"), {})
    return [name for name in evaluator.attr_names(root) if is_there(f"{PKGS}/{name}/package.nix")]


def locate(session: Session, request: Request) -> Located:
    """Find the expression of a request. Raises `RequestError`."""
    attributes, target = request.attributes, request.target
    if target is not None:
        if not attributes:
            raise RequestError(f"which package for {target}?", hint=f"name one, as in `--target {target} hello`")
        attributes = tuple([f"cross.{target}.{attribute}" for attribute in attributes])
    if request.file is not None and request.expr is not None:
        raise RequestError("-f and -E exclude each other")
    if request.expr is not None:
        return Located(None, source_of_request(None, request.expr), attributes, "the expression")
    if request.file == "-":
        return Located(None, source_of_request("-", None), attributes, "standard input")
    if request.file is None and any(map(is_flake_word, attributes)):
        return Located(None, None, attributes, "flakes")
    if request.file is not None:
        return Located(expression_file(in_search_path(session, request.file)), None, attributes, request.file)
    origin = "the bundled package set"
    if attributes:
        here = absolute("default.nix")
        if _is_project(session, here):
            return Located(here, None, attributes, "./default.nix (the bundled set is -f '<chx>' here)")
        if is_there(here):
            origin += " (./default.nix is meant by -f .)"
        return Located(f"{PKGS}/default.nix", None, attributes, origin)
    if is_there("default.nix"):
        return Located(expression_file("."), None, attributes, origin)
    packages = ", ".join(bundled_packages(session))
    raise RequestError("name a package: there is no default.nix here", hint=f"the bundled packages are {packages}")


def select(
    session: Session, request: Request, located: Located, inputs: str | None = None, *, call: bool = True
) -> list[Selected]:
    """Evaluate a located expression; return a value for each attribute path, or the whole.

    Calls a resulting function with the arguments of the request and its defaults. Without `call`, it does so only if
    the request has arguments, as `nix-instantiate --eval` does. `inputs` is the text of an expression for the argument
    of that name, unless the request has one. Raises `EvalError`, `LangError`, `RequestError`.
    """
    if located.file is None and located.source is None:
        return _outputs(session, located.attributes, call)
    evaluator = session.evaluator
    if located.file is not None:
        root = evaluator.eval_file(byte_string(located.file))
    else:
        assert located.source is not None
        root = evaluator.eval_source(located.source)
    given = {name: evaluator.string(byte_string(text)) for name, text in request.argstrs}
    for name, expression in request.args:
        given[name] = evaluator.suspend(source_of_request(None, expression), {})
    if inputs is not None and "inputs" not in given:
        given["inputs"] = _text_value(session, inputs)
    if request.overlays:
        given["overlays"] = _overlays(session, root, request.overlays)
    call = call or bool(given)
    if not located.attributes:
        return [_called(evaluator, root, "", given, call)]
    return [
        _called(
            evaluator,
            _select(evaluator, root, attribute, given, located.origin, request.target),
            attribute,
            given,
            call,
        )
        for attribute in located.attributes
    ]


def _outputs(session: Session, words: tuple[str, ...], call: bool) -> list[Selected]:
    """Return the outputs of flakes that words name. Raises as `select`."""
    from .flakes import flake_named, select_output

    other = next((word for word in words if not is_flake_word(word)), None)
    if other is not None:
        raise RequestError(
            f"'{other}' names no output of a flake, as other words here do", hint="build them one after another"
        )
    found = []
    flakes: dict[str, Value] = {}
    for word in words:
        folder = word.partition("#")[0]
        if folder not in flakes:
            flakes[folder] = flake_named(session, word)
        found.append(_called(session.evaluator, select_output(session, flakes[folder], word), word, {}, call))
    return found


def _is_project(session: Session, expression: str) -> bool:
    """Return whether the current directory is a project: an expression with a lock or with declared inputs."""
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


_TAKES = "f: builtins.isFunction f && builtins.functionArgs f ? overlays"


def _overlays(session: Session, root: Value, files: tuple[str, ...]) -> Value:
    """Return the argument `overlays` of the function `root`. Raises `RequestError` if it takes none."""
    from json import dumps

    evaluator = session.evaluator
    if evaluator.call(evaluator.eval_source(source_of_request(None, _TAKES)), root) is not True:
        raise RequestError(
            "the expression takes no overlays",
            hint="the bundled package set does, and so does a function with an argument `overlays`",
        )
    for file in files:
        if not is_there(file):
            raise RequestError(f"there is no overlay '{file}'")
    # A string of JSON is one of the language, but for `${`.
    texts = [dumps(file, ensure_ascii=False).replace("${", "\\${") for file in files]
    return evaluator.eval_source(source_of_request(None, f"map import [ {' '.join(texts)} ]"))


def _text_value(session: Session, text: str) -> Value:
    from ..lang import Source

    return session.evaluator.eval_source(Source(byte_string("«inputs»"), byte_string(text), "/"))


def in_search_path(session: Session, file: str) -> str:
    """Look `<NAME>` or `<NAME/FILE>` up in the search path, as an expression does; return other words unchanged."""
    if not (file.startswith("<") and file.endswith(">")):
        return file
    from os.path import lexists

    if lexists(file):
        return file
    if not all(part and all(c.isalnum() or c in "._-+" for c in part) for part in file[1:-1].split("/")):
        raise RequestError(f"'{file}' is no path to look up", hint="it looks like <NAME> or <NAME/FILE>")
    found: Any = session.evaluator.eval_source(source_of_request(None, file))
    return decoded(found.text.encode("latin-1"))


def _check_attribute(attribute: str) -> None:
    """Raise `RequestError` for a word that is no attribute path, or that looks like a file."""
    if "/" in attribute or attribute.endswith(".nix"):
        hint = None
        if is_there(attribute):
            hint = f"did you mean -f {attribute}?"
        raise RequestError(f"'{attribute}' is no attribute path", hint=hint or "a file is named with -f FILE")
    if not attribute:
        raise RequestError("an attribute path is empty", hint="name an attribute, such as tinycc or lib.version")
    if '"' not in attribute:
        parts = attribute.split(".")
        if "" in parts:
            number = parts.index("") + 1
            raise RequestError(
                f"part {number} of the attribute path '{attribute}' is empty", hint="parts stand between single dots"
            )


def _select(
    evaluator: Evaluator, root: Value, attribute: str, given: dict[str, Value], origin: str, target: str | None
) -> Value:
    _check_attribute(attribute)
    try:
        return evaluator.select_attr_path(root, byte_string(attribute), given)
    except Exception as error:
        from ..evaluator import EvalError, Frame

        if isinstance(error, EvalError):
            error.frames.append(Frame(byte_string(f"while selecting '{attribute}' in {origin}")))
            if target is not None:
                _explain_target(error, target)
        raise


def _explain_target(error: EvalError, target: str) -> None:
    """Add to a missing attribute of `--target` which architectures there are, or that the set has none."""
    from ..evaluator.errors import MissingAttributePath

    if not isinstance(error, MissingAttributePath) or error.name not in ("cross", target):
        return
    from ..arch import known_names, suggestion

    if target not in known_names():
        error.hint = suggestion(target)
    elif error.name == "cross":
        error.hint = f"--target {target} means attributes of `cross.{target}`, and this set has no `cross`"


class Explained:
    """Context manager that adds to errors that the value is a function, which may need arguments."""

    def __init__(self, attribute: str, was_called: bool) -> None:
        self._attribute = attribute
        self._was_called = was_called

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._was_called and error is not None:
            from ..evaluator import EvalError

            if isinstance(error, EvalError) and error.hint is None:
                name = f"'{self._attribute}'" if self._attribute else "the expression"
                error.hint = f"{name} is a function and was called with the defaults of its arguments"


def no_derivation(session: Session, selected: Selected) -> RequestError:
    """Return the error for a value that is no derivation."""
    name = f"'{selected.attribute}'" if selected.attribute else "the expression"
    kind = session.evaluator.type_name(selected.value)
    return RequestError(f"{name} is of type {kind} and not a derivation, nor is there one in it")
