"""Errors of an evaluation.

Messages follow the wording of Nix. An error is raised with local information only; `trace.py` adds labels and frames
from the Python traceback when it leaves the evaluator, so that places cost nothing without an error.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from ..lang.errors import Label


class Frame:
    """One step of a trace: `text` reads "while evaluating the attribute 'x'"."""

    __slots__ = ("label", "text")

    def __init__(self, text: str, label: Label | None = None) -> None:
        self.text = text
        self.label = label

    def __repr__(self) -> str:
        return f"Frame({self.text!r})"


class EvalError(Exception):
    """Base of all evaluation errors.

    `labels` are places in sources, the first that of the error; `frames` run from the innermost outwards; `hint`
    proposes a fix; `code` is stable. `span` is set while only offsets are known.
    """

    code = "E200"
    details = ()

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.labels: list[Label] = []
        self.span: tuple[int, int] | None = None
        self.frames: list[Frame] = []
        self.traced = False

    def __str__(self) -> str:
        return self.message


class TypeMismatch(EvalError):
    """A value has another type than needed. `shows_parts`: the message shows parts of a list or set."""

    code = "E201"

    def __init__(self, message: str, *, hint: str | None = None, shows_parts: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.shows_parts = shows_parts


class MissingAttribute(EvalError):
    """A set lacks an attribute; `candidates` are the names that it has."""

    code = "E202"

    def __init__(self, name: str, candidates: list[str]) -> None:
        from .spell import did_you_mean

        super().__init__(f"attribute '{shown_name(name)}' missing", hint=did_you_mean(name, candidates))
        self.name = name
        self.candidates = candidates


class MissingAttributePath(MissingAttribute):
    """An attribute path given by the user leads to nothing; `path` is all of it, as a byte string."""

    def __init__(self, name: str, candidates: list[str], path: str) -> None:
        super().__init__(name, candidates)
        self.path = path
        self.message = f"attribute '{readable(name)}' in selection path '{readable(path)}' not found"


class UndefinedVariable(EvalError):
    """No scope binds a name."""

    code = "E203"

    def __init__(self, name: str, candidates: list[str]) -> None:
        from .spell import did_you_mean

        super().__init__(f"undefined variable '{readable(name)}'", hint=did_you_mean(name, candidates))
        self.name = name


class InfiniteRecursion(EvalError):
    """A value needs itself; `thunk` is its thunk."""

    code = "E204"

    def __init__(self, thunk: object = None) -> None:
        super().__init__("infinite recursion encountered")
        self.thunk = thunk


class StackOverflow(EvalError):
    """Calls are nested too deep."""

    code = "E205"

    def __init__(self, why: str | None = None) -> None:
        super().__init__("stack overflow; max-call-depth exceeded", hint=why)


class Thrown(EvalError):
    """`throw`; caught by `tryEval`."""

    code = "E206"


class AssertionFailed(EvalError):
    """`assert`; caught by `tryEval`. `late` makes the real message when it is shown."""

    code = "E207"

    def __init__(self, message: str, late: Callable[[], str] | None = None) -> None:
        super().__init__(message)
        self.late = late

    def settle(self) -> None:
        """Make the real message."""
        if self.late is not None:
            self.message, self.late = self.late(), None


class Aborted(EvalError):
    """`abort`."""

    code = "E208"

    def __init__(self, reason: str) -> None:
        super().__init__(f"evaluation aborted with the following error message: '{reason}'")


class AbortedByWarning(Aborted):
    """`warn`, with the setting `abort-on-warn`."""

    def __init__(self) -> None:
        EvalError.__init__(self, "aborting to reveal stack trace of warning, as abort-on-warn is set")


class ArgumentMismatch(EvalError):
    """A function got a set that does not match its formals."""

    code = "E209"


class Overflow(EvalError):
    """A result exceeds 64 bits."""

    code = "E210"


class DivisionByZero(EvalError):
    code = "E211"

    def __init__(self) -> None:
        super().__init__("division by zero")


class InvalidDerivation(EvalError):
    """The attributes do not form a derivation."""

    code = "E212"


class FileUnavailable(EvalError):
    """A file cannot be read, or must not be."""

    code = "E213"


class InvalidContext(EvalError):
    """A string refers to store objects where it must not, or the reference is malformed."""

    code = "E214"


class InvalidText(EvalError):
    """A builtin cannot read its text (JSON, TOML, a regular expression, a hash)."""

    code = "E215"


class DuplicateAttribute(EvalError):
    """A dynamic attribute repeats a name."""

    code = "E216"


class OutOfRange(EvalError):
    """An index or a length is out of range."""

    code = "E217"


class OutOfMemory(EvalError):
    """An evaluation needs more memory than available."""

    code = "E220"

    def __init__(self, what: str = "") -> None:
        super().__init__(
            f"out of memory{': ' + what if what else ''}",
            hint="look for a list or a string that grows without end",
        )


class Unsupported(EvalError):
    """chx lacks a feature of Nix."""

    code = "E219"


class InvalidInput(EvalError):
    """What is to be fetched is described wrongly, or not exactly enough for pure evaluation."""

    code = "E221"


class FetchedOtherwise(EvalError):
    """What was fetched is not what its description promises."""

    code = "E222"


class InternalError(EvalError):
    """A defect of the evaluator itself."""

    code = "E299"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"internal error: {what}", hint="this is a bug in chx, not in your expression; please report it"
        )


def note_context(
    error: BaseException, text: str, frame: FrameType, about: tuple[dict[str, Any], str] | None = None
) -> None:
    """Describe what the Python `frame` was doing when an error passed through it; `trace.py` inserts it in order.

    `about` is the attribute in question, by set and name: no line of generated code represents it.
    """
    contexts: dict[int, Any] = error.__dict__.setdefault("contexts", {})
    contexts[id(frame)] = (text, about)


def shown_name(name: str) -> str:
    """Return the name of an attribute for messages: quoted as in an expression."""
    from .printing import show_name

    return readable(show_name(name))


def readable(text: str) -> str:
    """Return a byte string as readable Unicode, for messages."""
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "replace")
