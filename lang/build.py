"""What each alternative of the grammar builds.

An action gets the values of its symbols, the start of the first and the end of
the last one, and returns its own value. The value of a token is its text.
Actions are found by the name that grammar.lark gives the alternative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .bindings import Bindings
from .nodes import (
    Apply, Assert, AttrSet, CurPos, Expr, Float, Formal, If, Int, Lambda, Let, List, Name, Path, SearchPath, Select,
    Str, Var, With,
)  # fmt: skip
from .operators import Row
from .refusal import Refusal
from .text import split_path, strip, unescape

Action: TypeAlias = Callable[[list[Any], list[int], int], Any]

ACTIONS: dict[str, Action] = {}


def _action(function: Action) -> Action:
    ACTIONS[function.__name__.strip("_")] = function
    return function


# Literals and names


@_action
def variable(v: list[Any], s: list[int], e: int) -> Expr:
    if v[0] == "__curPos":
        return CurPos(s[0], e)
    return Var(v[0], s[0], e)


@_action
def integer(v: list[Any], s: list[int], e: int) -> Expr:
    text = v[0]
    value = int(text) if len(text) < 100 else int(text.lstrip("0")[:100] or "0")
    if value > 0x7FFFFFFFFFFFFFFF:
        raise Refusal(
            f"invalid integer '{text}'", s[0], e,
            hint="integers go up to 9223372036854775807; write a decimal point for a float", code="E105",
        )  # fmt: skip
    return Int(value, s[0], e)


@_action
def float_(v: list[Any], s: list[int], e: int) -> Expr:
    value = float(v[0])
    if value in (float("inf"), 0.0) and (value or v[0].lower().partition("e")[0].strip("0.")):
        raise Refusal(f"invalid float '{v[0]}'", s[0], e, hint="it does not fit in 64 bits", code="E105")
    return Float(value, s[0], e)


@_action
def string(v: list[Any], s: list[int], e: int) -> Expr:
    text = unescape(v[0][1:-1])
    return Str((text,) if text else (), s[0], e)


@_action
def string_interpolated(v: list[Any], s: list[int], e: int) -> Expr:
    parts = [v[0][1:-2], *v[1]]
    parts[-1] = parts[-1][:-1]
    texts = [unescape(part) if type(part) is str else part for part in parts]
    return Str(tuple(part for part in texts if part != ""), s[0], e)


@_action
def indented(v: list[Any], s: list[int], e: int) -> Expr:
    return Str(strip([v[0][2:-2]]), s[0], e)


@_action
def indented_interpolated(v: list[Any], s: list[int], e: int) -> Expr:
    parts = [v[0][2:-2], *v[1]]
    parts[-1] = parts[-1][:-2]
    return Str(strip(parts), s[0], e)


@_action
def path(v: list[Any], s: list[int], e: int) -> Expr:
    return Path((v[0],), s[0], e)


@_action
def path_interpolated(v: list[Any], s: list[int], e: int) -> Expr:
    parts: list[Any] = split_path(v[0][:-2])
    for part in v[1]:
        if type(part) is str:
            parts += split_path(part)
        else:
            parts.append(part)
    return Path(tuple(parts), s[0], e)


@_action
def search_path(v: list[Any], s: list[int], e: int) -> Expr:
    return SearchPath(v[0][1:-1], s[0], e)


@_action
def uri(v: list[Any], s: list[int], e: int) -> Expr:
    return Str((v[0],), s[0], e)


# The parts after the first interpolation of a string or path; the last text keeps its closing quote.


@_action
def middle_first(v: list[Any], s: list[int], e: int) -> list[Any]:
    return [v[0], v[2][:-2]]


@_action
def middle(v: list[Any], s: list[int], e: int) -> list[Any]:
    v[0] += (v[1], v[3][:-2])
    return v[0]  # type: ignore[no-any-return]


@_action
def rest_only(v: list[Any], s: list[int], e: int) -> list[Any]:
    return [v[0], v[2]]


@_action
def rest_close(v: list[Any], s: list[int], e: int) -> list[Any]:
    v[0] += (v[1], v[3])
    return v[0]  # type: ignore[no-any-return]


@_action
def rest_bare(v: list[Any], s: list[int], e: int) -> list[Any]:
    return [v[0]]


@_action
def rest_open(v: list[Any], s: list[int], e: int) -> list[Any]:
    v[0].append(v[1])
    return v[0]  # type: ignore[no-any-return]


# Sequences


@_action
def none(v: list[Any], s: list[int], e: int) -> list[Any]:
    return []


@_action
def one(v: list[Any], s: list[int], e: int) -> list[Any]:
    return [v[0]]


@_action
def append(v: list[Any], s: list[int], e: int) -> list[Any]:
    v[0].append(v[1])
    return v[0]  # type: ignore[no-any-return]


@_action
def append_dotted(v: list[Any], s: list[int], e: int) -> list[Any]:
    v[0].append(v[2])
    return v[0]  # type: ignore[no-any-return]


# Functions


def _check_formals(param: str | None, formals: list[Formal], start: int, end: int) -> tuple[Formal, ...]:
    seen: dict[str, Formal] = {}
    for formal_ in formals:
        if formal_.name in seen:
            first = seen[formal_.name]
            raise Refusal(
                f"duplicate formal function argument '{formal_.name}'",
                formal_.start,
                formal_.start + len(formal_.name),
                text="named again here",
                other=(first.start, first.start + len(first.name)),
                other_text="first named here",
                code="E103",
            )
        seen[formal_.name] = formal_
    if param is not None and param in seen:
        first = seen[param]
        raise Refusal(
            f"duplicate formal function argument '{param}'",
            start,
            end,
            other=(first.start, first.start + len(param)),
            other_text="also the name of an argument here",
            code="E103",
        )
    return tuple(formals)


@_action
def function(v: list[Any], s: list[int], e: int) -> Expr:
    return Lambda(v[0], None, False, v[2], s[0], e)


@_action
def function_formals(v: list[Any], s: list[int], e: int) -> Expr:
    formals, ellipsis = v[0]
    return Lambda(None, _check_formals(None, formals, s[0], e), ellipsis, v[2], s[0], e)


@_action
def function_formals_named(v: list[Any], s: list[int], e: int) -> Expr:
    formals, ellipsis = v[0]
    return Lambda(v[2], _check_formals(v[2], formals, s[0], e), ellipsis, v[4], s[0], e)


@_action
def function_named_formals(v: list[Any], s: list[int], e: int) -> Expr:
    formals, ellipsis = v[2]
    return Lambda(v[0], _check_formals(v[0], formals, s[0], e), ellipsis, v[4], s[0], e)


@_action
def formals_open(v: list[Any], s: list[int], e: int) -> tuple[list[Formal], bool]:
    return v[1], True


@_action
def formals_any(v: list[Any], s: list[int], e: int) -> tuple[list[Formal], bool]:
    return [], True


@_action
def formals_closed(v: list[Any], s: list[int], e: int) -> tuple[list[Formal], bool]:
    return v[1], False


@_action
def formals_none(v: list[Any], s: list[int], e: int) -> tuple[list[Formal], bool]:
    return [], False


@_action
def formal(v: list[Any], s: list[int], e: int) -> Formal:
    return Formal(v[0], None, s[0], e)


@_action
def formal_default(v: list[Any], s: list[int], e: int) -> Formal:
    return Formal(v[0], v[2], s[0], e)


# Keywords


@_action
def assertion(v: list[Any], s: list[int], e: int) -> Expr:
    return Assert(v[1], v[3], s[0], e)


@_action
def with_scope(v: list[Any], s: list[int], e: int) -> Expr:
    return With(v[1], v[3], s[0], e)


@_action
def let_in(v: list[Any], s: list[int], e: int) -> Expr:
    bindings: AttrSet = _bindings(v[1]).freeze(True, s[1], s[2])
    if bindings.dynamic:
        raise Refusal(
            "dynamic attributes not allowed in let", s[0], e, code="E104",
            other=(bindings.dynamic[0].start, bindings.dynamic[0].end), other_text="this name is computed",
        )  # fmt: skip
    return Let(bindings, v[3], s[0], e)


@_action
def conditional(v: list[Any], s: list[int], e: int) -> Expr:
    return If(v[1], v[3], v[5], s[0], e)


# Operators


@_action
def prefix(v: list[Any], s: list[int], e: int) -> tuple[str, int, int]:
    return v[0], s[0], e


binary = _action(prefix)
ACTIONS["binary"] = prefix


@_action
def row_first(v: list[Any], s: list[int], e: int) -> Row:
    row = Row()
    row.operand(v[0], s[0], e)
    row.binary(v[1])
    return row


@_action
def row_first_prefix(v: list[Any], s: list[int], e: int) -> Row:
    row = Row()
    row.prefix(v[0])
    return row


@_action
def row_binary(v: list[Any], s: list[int], e: int) -> Row:
    v[0].binary(v[1])
    return v[0]  # type: ignore[no-any-return]


@_action
def row_prefix(v: list[Any], s: list[int], e: int) -> Row:
    v[0].prefix(v[1])
    return v[0]  # type: ignore[no-any-return]


@_action
def row_operand(v: list[Any], s: list[int], e: int) -> Row:
    v[0].operand(v[1], s[1], e)
    return v[0]  # type: ignore[no-any-return]


@_action
def row_first_has(v: list[Any], s: list[int], e: int) -> Row:
    row = Row()
    row.operand(v[0], s[0], e)
    row.has(tuple(v[2]), e)
    return row


@_action
def row_has(v: list[Any], s: list[int], e: int) -> Row:
    v[0].has(tuple(v[2]), e)
    return v[0]  # type: ignore[no-any-return]


@_action
def operators(v: list[Any], s: list[int], e: int) -> Expr:
    return v[0].finish()  # type: ignore[no-any-return]


# Application and selection


@_action
def application_first(v: list[Any], s: list[int], e: int) -> list[Any]:
    return v


@_action
def application_more(v: list[Any], s: list[int], e: int) -> list[Any]:
    v[0].append(v[1])
    return v[0]  # type: ignore[no-any-return]


@_action
def apply(v: list[Any], s: list[int], e: int) -> Expr:
    called, *arguments = v[0]
    if type(called) is Apply:
        return Apply(called.function, (*called.arguments, *arguments), s[0], e)
    return Apply(called, tuple(arguments), s[0], e)


@_action
def apply_or(v: list[Any], s: list[int], e: int) -> Expr:
    return Apply(v[0], (Var("or", s[1], e),), s[0], e)


@_action
def select(v: list[Any], s: list[int], e: int) -> Expr:
    return Select(v[0], tuple(v[2]), None, s[0], e)


@_action
def select_or(v: list[Any], s: list[int], e: int) -> Expr:
    return Select(v[0], tuple(v[2]), v[4], s[0], e)


# Sets and lists


@_action
def parentheses(v: list[Any], s: list[int], e: int) -> Expr:
    return v[1]  # type: ignore[no-any-return]


def _bindings(value: Any) -> Bindings:
    return value if type(value) is Bindings else Bindings()


@_action
def let_body(v: list[Any], s: list[int], e: int) -> Expr:
    return Select(_bindings(v[2]).freeze(True, s[1], e), (Name("body", s[0], s[0] + 3),), None, s[0], e)


@_action
def recursive_set(v: list[Any], s: list[int], e: int) -> Expr:
    return _bindings(v[2]).freeze(True, s[0], e)


@_action
def set_(v: list[Any], s: list[int], e: int) -> Expr:
    return _bindings(v[1]).freeze(False, s[0], e)


@_action
def empty_set(v: list[Any], s: list[int], e: int) -> Expr:
    return AttrSet(False, (), (), (), s[0], e)


@_action
def list_(v: list[Any], s: list[int], e: int) -> Expr:
    return List(tuple(v[1]), s[0], e)


@_action
def binding_first(v: list[Any], s: list[int], e: int) -> Bindings:
    bindings = Bindings()
    bindings.bind(v[0], v[2], s[0], s[3])
    return bindings


@_action
def binding(v: list[Any], s: list[int], e: int) -> Bindings:
    v[0].bind(v[1], v[3], s[1], s[4])
    return v[0]  # type: ignore[no-any-return]


@_action
def inherit(v: list[Any], s: list[int], e: int) -> Bindings:
    bindings = _bindings(v[0])
    bindings.inherit(v[2])
    return bindings


@_action
def inherit_from(v: list[Any], s: list[int], e: int) -> Bindings:
    bindings = _bindings(v[0])
    bindings.inherit_from(v[3], v[5])
    return bindings


@_action
def name(v: list[Any], s: list[int], e: int) -> Name:
    return Name(v[0], s[0], e)


@_action
def name_string(v: list[Any], s: list[int], e: int) -> Name:
    return Name(unescape(v[0][1:-1]), s[0], e)


@_action
def name_dynamic(v: list[Any], s: list[int], e: int) -> Any:
    expr = v[1]
    if type(expr) is Str and (not expr.parts or (len(expr.parts) == 1 and type(expr.parts[0]) is str)):
        return Name(expr.parts[0] if expr.parts else "", s[0], e)  # type: ignore[arg-type]
    return expr
