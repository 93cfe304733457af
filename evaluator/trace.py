"""Convert Python tracebacks to places in sources.

Runs once, when an error leaves the evaluator. Each line of generated code has a
mark (`codegen/unit.py`): `(kind, start, end, ...)`. The innermost generated line is the place of the
error; the others, and their functions, are the steps of the trace.

| kind | the line                                              |
|------|-------------------------------------------------------|
| `s`  | selects an attribute: variable of the set, name       |
| `a`  | forces a selected attribute: name                     |
| `v`  | forces a variable                                     |
| `w`  | looks a variable up in the sets of `with`             |
| `c`  | calls a function: its name or ''                      |
| `B`  | calls a builtin: its name                             |
| `o`  | an operator: the operator, span of the whole          |
| `b`  | needs a Boolean: its purpose                          |
| `i`  | interpolates                                          |
| `k`  | needs a name from a dynamic key                       |
| `d`  | adds a dynamic attribute                              |
| `m`  | takes a required argument: its name, the function's   |
| `p`  | checks an argument set                                |
| `A`  | asserts                                               |
| `t`  | opens the function of a thunk: the attribute or None  |
| `f`  | opens the function of a lambda: name, formals, ...    |
"""

from __future__ import annotations

from ..native import FORCING, LATE, pure
from .errors import (
    ArgumentMismatch,
    AssertionFailed,
    EvalError,
    FileUnavailable,
    Frame,
    InfiniteRecursion,
    InternalError,
    MissingAttribute,
    OutOfMemory,
    StackOverflow,
    readable,
)
from .force import force, force_attr
from .operators import lookup_late, select_late
from .values import MISSING, WHERE, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Final

    from ..lang.errors import Label


_LATE: Final = frozenset((pure(lookup_late).__code__, pure(select_late).__code__, LATE))
_FORCING: Final = frozenset((pure(force).__code__, pure(force_attr).__code__, FORCING))
GENERATED: Final = "<chx>"
_MOST_FRAMES: Final = 200


def annotate(error: BaseException) -> BaseException:
    """Return the error for callers of the evaluator: an `EvalError` with labels and frames."""
    if isinstance(error, EvalError):
        if not error.traced:
            error.traced = True
            if isinstance(error, AssertionFailed):
                error.settle()
            _describe(error, error.__traceback__)
        return error
    if isinstance(error, Exception) and hasattr(error, "labels") and hasattr(error, "frames"):
        # From another room: the store refused a file, or a build for the evaluation failed.
        if not error.labels and not error.frames:
            _describe(error, error.__traceback__)
        return error
    if isinstance(error, MemoryError) or (isinstance(error, OverflowError) and "too l" in str(error)):
        # A text or list that is longer than any can be overflows instead.
        from . import memory

        memory.give_way()
        result: EvalError = OutOfMemory()
    elif isinstance(error, RecursionError):
        result = StackOverflow()
    elif isinstance(error, (KeyError, TypeError)):
        found = _raw(error)
        if found is None:
            result = InternalError(f"{type(error).__name__}: {error}")
            result.__cause__ = error
        else:
            result = found
    elif isinstance(error, OSError) and not hasattr(error, "message"):
        result = FileUnavailable(_os_error(error))
    elif isinstance(error, (ArithmeticError, AssertionError, AttributeError, ValueError, IndexError, NameError)):
        result = InternalError(f"{type(error).__name__}: {error}")
        result.__cause__ = error
    else:
        return error
    result.traced = True
    result.__dict__.update(error.__dict__)
    _describe(result, error.__traceback__)
    return result


_ENOTDIR, _EISDIR, _ELOOP = 20, 21, 40


def _os_error(error: OSError) -> str:
    name = error.filename
    if isinstance(name, bytes):
        name = name.decode("utf-8", "replace")
    reason = error.strerror or str(error)
    if error.errno == _EISDIR:
        return f"read of 4096 bytes: {reason}"
    if error.errno == _ELOOP and name:
        return f"infinite symlink recursion in path '{name}'"
    if error.errno == _ENOTDIR and name:
        return f'cannot read directory "{name}": {reason}'
    return f"cannot read '{name}': {reason}" if name else reason


def _entries(traceback: TracebackType | None) -> list[TracebackType]:
    entries: list[TracebackType] = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    return entries


def _mark(entry: TracebackType) -> tuple[Any, tuple[Any, ...]] | None:
    frame = entry.tb_frame
    if frame.f_code.co_filename == GENERATED:
        file = frame.f_globals["F"]
        mark = file.mark(entry.tb_lineno)
        return (file, mark) if mark is not None else None
    if frame.f_code in _LATE:
        # A thunk without code of its own carries its place.
        start, end, _, keys = frame.f_locals["place"]
        name = frame.f_locals["name"]
        if keys and name:
            start, end = keys[frame.f_locals["path"].index(name)]
        return frame.f_locals["file"], ("v", start, end)
    return None


def _attribute(entry: TracebackType) -> tuple[Any, tuple[Any, ...]] | None:
    """Return the file, and the span and name of the attribute, if an entry is the thunk of one."""
    frame = entry.tb_frame
    if frame.f_code.co_filename == GENERATED:
        opening = frame.f_globals["F"].mark(frame.f_code.co_firstlineno)
        if opening is not None and opening[0] == "t" and opening[3] is not None:
            return frame.f_globals["F"], opening[1:4]
    elif frame.f_code in _LATE and frame.f_locals["place"][2] is not None:
        return frame.f_locals["file"], frame.f_locals["place"][:3]
    return None


def _raw(error: BaseException) -> EvalError | None:
    """Return the evaluation error for a Python error in generated code."""
    entries = _entries(error.__traceback__)
    found = _mark(entries[-1]) if entries else None
    if found is None:
        return None
    _, mark = found
    if mark[0] == "s":
        frame = entries[-1].tb_frame
        subject = frame.f_locals.get(mark[3], frame.f_globals.get(mark[3], MISSING))
        if type(subject) is dict:
            return MissingAttribute(mark[4], names(subject))
        if subject is not MISSING:
            from .operators import expected

            return expected("a set", subject)
    elif mark[0] == "m" and isinstance(error, KeyError):
        name = readable(mark[4]) if mark[4] else "anonymous lambda"
        return ArgumentMismatch(f"function '{name}' called without required argument '{readable(mark[3])}'")
    return None


def _describe(error: Any, traceback: TracebackType | None) -> None:
    from ..lang.errors import Label
    from ..lang.source import Span

    frames: list[Frame] = []
    innermost: tuple[Any, tuple[Any, ...]] | None = None  # what has the source, and a mark
    contexts: dict[int, Any] = error.__dict__.get("contexts", {})
    entries = _entries(traceback)
    if len(entries) > 2 * _MOST_FRAMES:
        entries = entries[:_MOST_FRAMES] + entries[-_MOST_FRAMES:]
    for entry in entries:
        context = contexts.get(id(entry.tb_frame))
        if context is not None:
            text, about = context
            place = None if about is None else attr_label(*about)
            if place is not None:
                innermost = (place, ("", *place.span))
            frames.append(Frame(text, place))
        attribute = _attribute(entry)
        if attribute is not None:
            file, (start, end, name) = attribute
            text = f"while evaluating the attribute '{readable(name)}'"
            frames.append(Frame(text, Label(file.source, Span(start, end))))
        found = _mark(entry)
        if found is None:
            continue
        file, mark = found
        innermost = (file, mark)
        doing = _frame_text(mark)
        if doing is not None:
            frames.append(Frame(doing, Label(file.source, Span(*mark[1:3]))))
    frames.reverse()
    error.frames = [*error.frames, *_without_repeats(frames)]
    if innermost is not None and not error.labels:
        file, mark = innermost
        span = Span(mark[1], mark[2])
        if isinstance(error, InfiniteRecursion):
            error.labels = _recursion_labels(entries, file, span)
        else:
            error.labels = [Label(file.source, span)]


def _frame_text(mark: tuple[Any, ...]) -> str | None:
    kind = mark[0]
    if kind == "B":
        return f"while calling the '{mark[3]}' builtin"
    if kind == "c":
        name = mark[3] if len(mark) > 3 else ""
        return f"while calling '{readable(name)}'" if name else "from call site"
    if kind == "b":
        return str(mark[3])
    if kind == "i":
        return "while evaluating a path segment"
    if kind == "o":
        return _OPERATOR_FRAMES.get(mark[3])
    if kind == "d":
        return "while evaluating the name of a dynamic attribute"
    return None


_OPERATOR_FRAMES: Final = {
    "//r": "in the right operand of the update (//) operator",
    "//": "in the right operand of the update (//) operator",
    "++": "while evaluating one of the elements to concatenate",
    "/": "while calling the 'div' builtin",
    "*": "while calling the 'mul' builtin",
    "-": "while calling the 'sub' builtin",
    "<": "while calling the 'lessThan' builtin",
    ">": "while calling the 'lessThan' builtin",
    "<=": "while calling the 'lessThan' builtin",
    ">=": "while calling the 'lessThan' builtin",
}


def _without_repeats(frames: list[Frame]) -> list[Frame]:
    result: list[Frame] = []
    for frame in frames:
        if not result or not _same(result[-1], frame):
            result.append(frame)
    return result


def _same(one: Frame, two: Frame) -> bool:
    if one.text != two.text or one.label is None or two.label is None:
        return False
    return one.label.source is two.label.source and one.label.span == two.label.span


def _recursion_labels(entries: list[TracebackType], file: Any, again: Any) -> list[Any]:
    """Return the places where the thunk was made, first forced, and forced again."""
    from ..lang.errors import Label
    from ..lang.source import Span

    thunk = None
    for entry in reversed(entries):
        thunk = entry.tb_frame.f_locals.get("thunk")
        if type(thunk) is list:
            break
    labels = [Label(file.source, again, "needed again while it is being evaluated")]
    first: tuple[Any, tuple[Any, ...]] | None = None
    last = None
    for number, entry in enumerate(entries[:-1]):
        if entry.tb_frame.f_locals.get("thunk") is thunk and entry.tb_frame.f_code in _FORCING:
            first, after = last, entries[number + 1]
            if after.tb_frame.f_code in _LATE:
                start, end = after.tb_frame.f_locals["place"][:2]
                labels.append(Label(after.tb_frame.f_locals["file"].source, Span(start, end), "this value"))
            elif after.tb_frame.f_code.co_filename == GENERATED:
                made_in = after.tb_frame.f_globals["F"]
                made = made_in.mark(after.tb_frame.f_code.co_firstlineno)
                if made is not None:
                    labels.append(Label(made_in.source, Span(made[1], made[2]), "this value"))
            break
        last = _mark(entry) or last
    if first is not None and (first[0] is not file or (first[1][1], first[1][2]) != tuple(again)):
        labels.append(Label(first[0].source, Span(first[1][1], first[1][2]), "first needed here"))
    return labels


def attr_place(attrs: dict[str, Any], name: str) -> tuple[Any, int] | None:
    """Return the file and offset of the definition of an attribute, if known."""
    for file, key in attrs.get(WHERE, ()):
        offset = file.site(key).get(name) if type(key) is int else key.get(name)
        if offset is not None:
            return file, offset
    return None


def attr_label(attrs: dict[str, Any], name: str) -> Label | None:
    """Return the place of an attribute as a label; that of the set's first attribute if this one has none."""
    from ..lang.errors import Label
    from ..lang.source import Span

    found = attr_place(attrs, name)
    if found is None:
        places = [(attr_place(attrs, other), other) for other in names(attrs)]
        known = [(place[0], place[1], other) for place, other in places if place is not None]
        if not known:
            return None
        file, offset, name = min(known, key=lambda place: (place[0] is not known[0][0], place[1]))
    else:
        file, offset = found
    text = file.source.text
    length = len(name) if text.startswith(name, offset) else 1
    return Label(file.source, Span(offset, offset + length))


def describe_place(attrs: dict[str, Any], name: str) -> str | None:
    """Return `file:line:column` of an attribute."""
    found = attr_place(attrs, name)
    if found is None:
        return None
    from .printing import source_name

    file, offset = found
    line, column = file.source.place(offset)
    return f"{source_name(file.source)}:{line}:{column}"


def lambda_mark(function: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the file and opening mark of a function value."""
    code = function.__func__.__code__
    file = function.__func__.__globals__["F"]
    return file, file.mark(code.co_firstlineno)
