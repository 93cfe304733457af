"""Load compiled files into a running evaluator."""

from __future__ import annotations

import marshal

from ..native import native
from . import coerce, equality, force, operators
from .codegen.compiled import CompiledFile, mangled
from .errors import AssertionFailed, EvalError, FileUnavailable, readable
from .inequality import unequal
from .values import EMPTY_SET, MISSING, WHERE, ContextString, MethodType, Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from ..lang.source import Source
    from .compiling import SourceText
    from .evaluator import Evaluator


class File:
    """A loaded file, with the places of its generated code. `F` in the generated module."""

    __slots__ = ("_marks", "_packed_marks", "_sites", "_source", "_symbols", "_table", "text")

    def __init__(self, text: SourceText, table: bytes) -> None:
        self.text = text
        self._source: Source | None = None
        self._table = table
        self._packed_marks: bytes | None = None
        self._marks: tuple[Any, ...] | None = None
        self._sites: list[Any] = []
        self._symbols: tuple[str, ...] = ()

    @property
    def source(self) -> Source:
        """The source, for labels."""
        if self._source is None:
            self._source = self.text.source()
        return self._source

    def _unpack(self) -> bytes:
        if self._packed_marks is None:
            self._packed_marks, sites, self._symbols = marshal.loads(self._table)
            self._sites = list(sites)
        assert self._packed_marks is not None
        return self._packed_marks

    def mark(self, line: int) -> tuple[Any, ...] | None:
        """Return the mark of a line of generated code."""
        marks = self._marks
        if marks is None:
            marks = self._marks = marshal.loads(self._unpack())
        assert marks is not None
        return marks[line - 1] if 0 < line <= len(marks) else None

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names in the file, see `symbols.first_seen`."""
        self._unpack()
        return self._symbols

    def site(self, index: int) -> dict[str, int]:
        """Return the offsets of the names in a set literal."""
        self._unpack()
        found = self._sites[index]
        if type(found) is tuple:
            found = self._sites[index] = dict(found)
        return found  # type: ignore[no-any-return]


def assertion_failed(file: File, start: int, end: int) -> None:
    """Raise the error of `assert`."""

    def message() -> str:
        # As Nix prints the condition; delayed, because most failing assertions are caught.
        from ..lang.parser import parse
        from ..lang.printer import show
        from ..lang.source import Source

        source = Source(file.source.name, file.source.text[start:end], file.source.base)
        return f"assertion '{readable(show(parse(source, pipes=True), source.base, ''))}' failed"

    raise AssertionFailed("assertion failed", message)


def current_position(file: File, offset: int) -> Any:
    """`__curPos`."""
    if not file.source.name.startswith("/"):
        return None
    return position_set(file, offset)


def position_set(file: File, offset: int) -> dict[str, Any]:
    """Return a place as `{ column, file, line }`."""
    line, column = file.source.place(offset)
    return {"column": column, "file": file.source.name, "line": line}


def negated(value: Any) -> bool:
    """`!value`."""
    if type(value) is not bool:
        operators.not_bool(value)
    return not value


@native
def inherit_from(argument: tuple[Any, str, File, int, int]) -> Any:
    """Make the thunk of a name in `inherit (origin) name`."""
    origin, name, file, start, end = argument
    subject = force.force(origin) if type(origin) is list else origin
    slot = subject.get(name, MISSING) if type(subject) is dict else MISSING
    if slot is not MISSING:
        return force.force_attr(subject, name, slot) if type(slot) is list else slot
    from ..lang.errors import Label
    from ..lang.source import Span

    try:
        return operators.select(subject, name)
    except EvalError as error:
        # No line of generated code represents this place.
        error.labels.append(Label(file.source, Span(start, end)))
        raise


@native
def inherit_slot(origin: Any, name: str, file: File, start: int, end: int) -> Any:
    """Return the slot of a name in `inherit (origin) name`: a thunk unless it is evaluated, as in `select_slot`."""
    subject = origin[1] if type(origin) is list and origin[0] is None else origin
    if type(subject) is dict:
        found = subject.get(name, MISSING)
        if type(found) is list and found[0] is None:
            found = found[1]
        if type(found) in operators.SHARED:
            return found
    return [inherit_from, (origin, name, file, start, end)]


_RUNTIME: Final[Mapping[str, Any]] = {
    "EMPTY_SET": EMPTY_SET,
    "MISSING": MISSING,
    "SCALARS": frozenset((int, str, float, bool)),
    "WHERE": WHERE,
    "M": MethodType,
    "FULL2": operators.FULL2,
    "FULL3": operators.FULL3,
    "LESS": operators.LESS,
    "ContextString": ContextString,
    "Path": Path,
    "add": operators.add,
    "addable": operators.addable,
    "add_dynamic": operators.add_dynamic,
    "assertion_failed": assertion_failed,
    "bad_arguments": operators.bad_arguments,
    "call": operators.call,
    "call2": operators.call2,
    "call3": operators.call3,
    "callee": operators.callee,
    "call_many": operators.call_many,
    "concat": operators.concat,
    "current_position": current_position,
    "div": operators.div,
    "equal": equality.equal,
    "force": force.force,
    "force_attr": force.force_attr,
    "has_path": operators.has_path,
    "inherit_from": inherit_from,
    "inherit_slot": inherit_slot,
    "interpolate": coerce.interpolate,
    "less": operators.less,
    "lookup": operators.lookup,
    "lookup_slot": operators.lookup_slot,
    "mul": operators.mul,
    "name_of": operators.name_of,
    "negated": negated,
    "not_bool": operators.not_bool,
    "not_set": operators.not_set,
    "overrides": operators.overrides,
    "path_literal": coerce.path_literal,
    "select": operators.select,
    "select_late": operators.select_late,
    "select_or": operators.select_or,
    "select_slot": operators.select_slot,
    "select_slot1": operators.select_slot1,
    "sub": operators.sub,
    "unequal": unequal,
    "update": operators.update,
}


def load(evaluator: Evaluator, compiled: CompiledFile, text: SourceText) -> Any:
    """Define the functions of a compiled file; return its `main`."""
    file = File(text, compiled.table)
    if evaluator.symbols is not None:
        evaluator.symbols.files.append(file)
    namespace: dict[str, Any] = dict(_RUNTIME)
    namespace["F"] = file
    for name in compiled.builtin_functions:
        namespace[f"B_{mangled(name)}"] = evaluator.builtins.function(name)
    for name in compiled.builtin_values:
        namespace[f"G_{mangled(name)}"] = evaluator.builtins.value(name)
    for ident, written in compiled.paths:
        absolute = resolve_path(evaluator, text.base, written)
        if ident.startswith("S"):
            # Text after an interpolation is appended to this, so a final slash counts.
            namespace[ident] = coerce.canonical(absolute) + ("/" if written.endswith("/") else "")
        else:
            namespace[ident] = Path(coerce.canonical(absolute))
    for i in range(compiled.sites):
        namespace[f"W{i}"] = ((file, i),)
    exec(compiled.code, namespace)
    return namespace["main"]


def resolve_path(evaluator: Evaluator, base: str, text: str) -> str:
    """Return a path literal as an absolute text."""
    if text.startswith("/"):
        return text
    if text.startswith("~/"):
        home = evaluator.world.env("HOME")
        if not home:
            raise FileUnavailable(f"the path '{readable(text)}' can not be resolved in pure mode")
        return home.rstrip("/") + text[1:]
    return f"{base}/{text}"
