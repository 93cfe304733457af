"""Actions of the grammar: they build nodes.

grammar.lark names an action per alternative. It takes the parse stack, whose last items belong to the symbols of its
alternative, and the end of the last token; it returns the node and does not change the stack. An item is (state, value,
start): `stack[-1][1]` is the value of the last symbol. The value of a token is its text, and the start of an item
includes parentheses, which its node does not.

An atom makes the value of a single token from its text, start and end.

Nodes are made by `tuple.__new__`: a quarter of the time of calling the class.
"""

from __future__ import annotations

from .bindings import Bindings
from .nodes import (
    Apply,
    Assert,
    Attr,
    AttrSet,
    Binary,
    CurPos,
    Expr,
    Float,
    Formal,
    HasAttr,
    If,
    Int,
    Lambda,
    Let,
    List,
    Name,
    Path,
    SearchPath,
    Select,
    Str,
    Var,
    With,
)  # fmt: skip
from .operators import MOST_ARGUMENTS, PIPES, Row, piped
from .text import split_path, strip, unescape
from .unlocated_error import UnlocatedParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Stack: TypeAlias = list[tuple[int, Any, int]]
    Action: TypeAlias = Callable[[Stack, int], Any]
    Atom: TypeAlias = Callable[[str, int, int], Any]

_new: Any = tuple.__new__


# Atoms


def variable(text: str, start: int, end: int) -> Expr:
    if text == "__curPos":
        return CurPos(start, end)
    return _new(Var, (text, start, end))  # type: ignore[no-any-return]


def name(text: str, start: int, end: int) -> Name:
    return _new(Name, (text, start, end))  # type: ignore[no-any-return]


def name_string(text: str, start: int, end: int) -> Name:
    return Name(unescape(text[1:-1]), start, end)


def integer(text: str, start: int, end: int) -> Expr:
    digits = text.lstrip("0") or "0"
    # A number of many digits is not converted: that takes quadratic time.
    if len(digits) > 19 or int(digits) > 0x7FFFFFFFFFFFFFFF:
        raise UnlocatedParseError(
            f"invalid integer '{text}'", start, end,
            hint="integers go up to 9223372036854775807; a decimal point makes it a float", code="E105",
        )  # fmt: skip
    return Int(int(digits), start, end)


def float_(text: str, start: int, end: int) -> Expr:
    value = float(text)
    # Like strtod, reject numbers that lose digits because they are small.
    too_small = value < 2.2250738585072014e-308 and text.lower().partition("e")[0].strip("0.")
    if too_small or value == float("inf"):
        raise UnlocatedParseError(f"invalid float '{text}'", start, end, hint="it does not fit in 64 bits", code="E105")
    return Float(value, start, end)


def string(text: str, start: int, end: int) -> Expr:
    text = text[1:-1]
    if "\\" in text or "\r" in text:
        text = unescape(text)
    return _new(Str, ((text,) if text else (), start, end))  # type: ignore[no-any-return]


def indented(text: str, start: int, end: int) -> Expr:
    return Str(strip([text[2:-2]]), start, end)


def path(text: str, start: int, end: int) -> Expr:
    return Path((text,), start, end)


def search_path(text: str, start: int, end: int) -> Expr:
    return SearchPath(text[1:-1], start, end)


def uri(text: str, start: int, end: int) -> Expr:
    return Str((text,), start, end)


ATOMS: dict[str, Atom] = {
    "variable": variable,
    "name": name,
    "name_string": name_string,
    "integer": integer,
    "float": float_,
    "string": string,
    "indented": indented,
    "path": path,
    "search_path": search_path,
    "uri": uri,
}


def _on_stack(atom: Atom) -> Action:
    """Action of an alternative of one token, which depends on the token after it."""
    return lambda stack, end: atom(stack[-1][1], stack[-1][2], end)


# Literals with interpolation. The parts after the first one are collected in a
# list of texts and expressions; the last text still has its closing quotes.


def middle_first(stack: Stack, end: int) -> list[Any]:
    return [stack[-3][1], stack[-1][1][:-2]]


def middle(stack: Stack, end: int) -> list[Any]:
    parts: list[Any] = stack[-4][1]
    parts += (stack[-3][1], stack[-1][1][:-2])
    return parts


def rest_only(stack: Stack, end: int) -> list[Any]:
    return [stack[-3][1], stack[-1][1]]


def rest_close(stack: Stack, end: int) -> list[Any]:
    parts: list[Any] = stack[-4][1]
    parts += (stack[-3][1], stack[-1][1])
    return parts


def rest_bare(stack: Stack, end: int) -> list[Any]:
    return [stack[-2][1]]


def rest_open(stack: Stack, end: int) -> list[Any]:
    parts: list[Any] = stack[-3][1]
    parts.append(stack[-2][1])
    return parts


def string_interpolated(stack: Stack, end: int) -> Expr:
    parts = stack[-1][1]
    first = unescape(stack[-2][1][1:-2])
    parts[-1] = parts[-1][:-1]
    whole = [first] if first else []
    for part in parts:
        if type(part) is not str:
            whole.append(part)
        elif part:
            whole.append(unescape(part))
    return Str(tuple(whole), stack[-2][2], end)


def indented_interpolated(stack: Stack, end: int) -> Expr:
    parts = stack[-1][1]
    parts[-1] = parts[-1][:-2]
    stripped = strip([stack[-2][1][2:-2], *parts])
    if len(stripped) == 1 and isinstance(stripped[0], Str) and all(isinstance(part, str) for part in stripped[0].parts):
        # A string of nothing but a string is that string; so it is in Nix, if it is indented.
        return stripped[0]
    return Str(stripped, stack[-2][2], end)


def path_interpolated(stack: Stack, end: int) -> Expr:
    parts: list[Any] = []
    for part in (stack[-2][1][:-2], *stack[-1][1]):
        if type(part) is str:
            parts += split_path(part)
        else:
            parts.append(part)
    return Path(tuple(parts), stack[-2][2], end)


# Sequences


def none(stack: Stack, end: int) -> list[Any]:
    return []


def one(stack: Stack, end: int) -> list[Any]:
    return [stack[-1][1]]


def append(stack: Stack, end: int) -> list[Any]:
    items: list[Any] = stack[-2][1]
    items.append(stack[-1][1])
    return items


def formals_more(stack: Stack, end: int) -> list[Formal]:
    items: list[Formal] = stack[-3][1]
    items.append(stack[-1][1])
    return items


def attrpath_more(stack: Stack, end: int) -> list[Any]:
    """Return an attribute path: the key itself for one key, a list of keys for several."""
    keys = stack[-3][1]
    if type(keys) is not list:
        return [keys, stack[-1][1]]
    keys.append(stack[-1][1])
    return keys


def _keys(attrpath: Any) -> tuple[Any, ...]:
    return tuple(attrpath) if type(attrpath) is list else (attrpath,)


def name_dynamic(stack: Stack, end: int) -> Any:
    """Convert `${"a"}` to the static name `a`."""
    expr = stack[-2][1]
    if type(expr) is Str and (not expr.parts or (len(expr.parts) == 1 and type(expr.parts[0]) is str)):
        return Name("".join(expr.parts), stack[-3][2], end)  # type: ignore[arg-type]
    return expr


# Functions


def _checked(param: str | None, formals: list[Formal], start: int, end: int) -> tuple[Formal, ...]:
    """Return the formals. Raises `UnlocatedParseError` for two arguments with one name."""
    if len({formal_.name for formal_ in formals} | {param}) > len(formals):
        return tuple(formals)
    seen: dict[str, Formal] = {}
    for formal_ in formals:
        if formal_.name in seen:
            first = seen[formal_.name]
            raise _duplicate_argument(first, formal_.start, formal_.start + len(formal_.name))
        seen[formal_.name] = formal_
    if param is not None:
        raise _duplicate_argument(seen[param], start, end)
    return tuple(formals)


def _duplicate_argument(first: Formal, start: int, end: int) -> UnlocatedParseError:
    return UnlocatedParseError(
        f"duplicate formal function argument '{first.name}'",
        start,
        end,
        other=(first.start, first.start + len(first.name)),
        other_text="first named here",
        code="E103",
    )


def function(stack: Stack, end: int) -> Expr:
    _, param, start = stack[-3]
    return _new(Lambda, (param, None, False, stack[-1][1], start, end))  # type: ignore[no-any-return]


def function_formals(stack: Stack, end: int) -> Expr:
    _, (formals, ellipsis), start = stack[-3]
    return Lambda(None, _checked(None, formals, start, end), ellipsis, stack[-1][1], start, end)


def function_formals_named(stack: Stack, end: int) -> Expr:
    _, (formals, ellipsis), start = stack[-5]
    param = stack[-3][1]
    return Lambda(param, _checked(param, formals, start, end), ellipsis, stack[-1][1], start, end)


def function_named_formals(stack: Stack, end: int) -> Expr:
    _, param, start = stack[-5]
    formals, ellipsis = stack[-3][1]
    return Lambda(param, _checked(param, formals, start, end), ellipsis, stack[-1][1], start, end)


def formals_open(stack: Stack, end: int) -> tuple[list[Formal], bool]:
    return stack[-4][1], True


def formals_any(stack: Stack, end: int) -> tuple[list[Formal], bool]:
    return [], True


def formals_closed(stack: Stack, end: int) -> tuple[list[Formal], bool]:
    formals = stack[-2][1]
    return (formals if type(formals) is list else stack[-3][1]), False


def formals_none(stack: Stack, end: int) -> tuple[list[Formal], bool]:
    return [], False


def formal(stack: Stack, end: int) -> Formal:
    _, name_, start = stack[-1]
    return Formal(name_, None, start, end)


def formal_default(stack: Stack, end: int) -> Formal:
    _, name_, start = stack[-3]
    return Formal(name_, stack[-1][1], start, end)


# Keywords


def assertion(stack: Stack, end: int) -> Expr:
    return Assert(stack[-3][1], stack[-1][1], stack[-4][2], end)


def with_scope(stack: Stack, end: int) -> Expr:
    return With(stack[-3][1], stack[-1][1], stack[-4][2], end)


def let_in(stack: Stack, end: int) -> Expr:
    start = stack[-4][2]
    bindings = _bindings(stack[-3][1]).freeze(True, start, stack[-2][2])
    if bindings.dynamic:
        raise UnlocatedParseError(
            "dynamic attributes not allowed in let", start, end, code="E104",
            other=(bindings.dynamic[0].start, bindings.dynamic[0].end), other_text="this name is computed",
        )  # fmt: skip
    return Let(bindings, stack[-1][1], start, end)


def conditional(stack: Stack, end: int) -> Expr:
    return If(stack[-5][1], stack[-3][1], stack[-1][1], stack[-6][2], end)


# Operators


# Most rows are a single operation. These stay plain tuples, distinguished by length:
# (left, its start, operator, its start), the same with (right, its start, end), and
# (whole, its start, end).


def row_first(stack: Stack, end: int) -> Any:
    _, left, start = stack[-2]
    _, symbol, at = stack[-1]
    return left, start, symbol, at


def row_operand(stack: Stack, end: int) -> Any:
    row = stack[-2][1]
    _, right, start = stack[-1]
    if type(row) is tuple:
        return *row, right, start, end
    row.operand(right, start, end)
    return row


def operators(stack: Stack, end: int) -> Expr:
    row = stack[-1][1]
    if type(row) is Row:
        return row.finish()
    if len(row) == 3:
        return row[0]  # type: ignore[no-any-return]
    left, start, symbol, at, right, _, _ = row
    if symbol in PIPES:
        return piped(symbol, left, right, start, end)
    return _new(Binary, (symbol, left, right, at, start, end))  # type: ignore[no-any-return]


def _row(value: Any) -> Row:
    if type(value) is Row:
        return value
    row = Row()
    row.operand(value[0], value[1], value[-1])
    if len(value) != 3:
        row.binary(value[2], value[3])
    if len(value) == 7:
        row.operand(value[4], value[5], value[6])
    return row


def row_first_prefix(stack: Stack, end: int) -> Row:
    row = Row()
    row.prefix(stack[-1][1], stack[-1][2])
    return row


def row_binary(stack: Stack, end: int) -> Row:
    row = _row(stack[-2][1])
    row.binary(stack[-1][1], stack[-1][2])
    return row


def row_prefix(stack: Stack, end: int) -> Row:
    row = _row(stack[-2][1])
    row.prefix(stack[-1][1], stack[-1][2])
    return row


def row_first_has(stack: Stack, end: int) -> Any:
    _, subject, start = stack[-3]
    return _new(HasAttr, (subject, _keys(stack[-1][1]), start, end)), start, end


def row_has(stack: Stack, end: int) -> Row:
    row = _row(stack[-3][1])
    row.has(_keys(stack[-1][1]), end)
    return row


# Application and selection


def apply(stack: Stack, end: int) -> Expr:
    _, called, start = stack[-2]
    if type(called) is Apply and len(called.arguments) < MOST_ARGUMENTS:
        return Apply(called.function, (*called.arguments, stack[-1][1]), called.start, end)
    return _new(Apply, (called, (stack[-1][1],), start, end))  # type: ignore[no-any-return]


def apply_more(stack: Stack, end: int) -> Expr:
    called, arguments, start, _ = stack[-2][1]
    if len(arguments) >= MOST_ARGUMENTS:
        return _new(Apply, (stack[-2][1], (stack[-1][1],), start, end))  # type: ignore[no-any-return]
    return _new(Apply, (called, (*arguments, stack[-1][1]), start, end))  # type: ignore[no-any-return]


def apply_or(stack: Stack, end: int) -> Expr:
    """`f or`: from before `or` became a keyword."""
    _, called, start = stack[-2]
    return Apply(called, (Var("or", stack[-1][2], end),), start, end)


def select(stack: Stack, end: int) -> Expr:
    _, subject, start = stack[-3]
    keys = stack[-1][1]
    keys = tuple(keys) if type(keys) is list else (keys,)
    return _new(Select, (subject, keys, None, start, end))  # type: ignore[no-any-return]


def select_or(stack: Stack, end: int) -> Expr:
    _, subject, start = stack[-5]
    return Select(subject, _keys(stack[-3][1]), stack[-1][1], start, end)


# Sets and lists


def parentheses(stack: Stack, end: int) -> Expr:
    return stack[-2][1]  # type: ignore[no-any-return]


# While no binding is nested, computed or from elsewhere, bindings are a plain dictionary.


def _bindings(value: Any) -> Bindings:
    """Return the value of `bindings` or `bindings1` as an object; none is an empty list."""
    if type(value) is Bindings:
        return value
    return Bindings(value if type(value) is dict else {})


def let_body(stack: Stack, end: int) -> Expr:
    start = stack[-4][2]
    scope = _bindings(stack[-2][1]).freeze(True, start, end)
    return Select(scope, (Name("body", start, start + 3),), None, start, end)


def recursive_set(stack: Stack, end: int) -> Expr:
    return _bindings(stack[-2][1]).freeze(True, stack[-4][2], end)


def set_(stack: Stack, end: int) -> Expr:
    bindings = stack[-2][1]
    if type(bindings) is dict:
        return _new(AttrSet, (False, tuple(bindings.values()), (), (), stack[-3][2], end))  # type: ignore[no-any-return]
    return bindings.freeze(False, stack[-3][2], end)  # type: ignore[no-any-return]


def empty_set(stack: Stack, end: int) -> Expr:
    return AttrSet(False, (), (), (), stack[-2][2], end)


def list_(stack: Stack, end: int) -> Expr:
    return _new(List, (tuple(stack[-2][1]), stack[-3][2], end))  # type: ignore[no-any-return]


def binding_first(stack: Stack, end: int) -> Any:
    key = stack[-4][1]
    if type(key) is Name:
        name_, start, key_end = key
        return {name_: _new(Attr, (name_, stack[-2][1], start, key_end))}
    bindings = Bindings({})
    bindings.bind(_keys(key), stack[-2][1], stack[-4][2], end)
    return bindings


def binding(stack: Stack, end: int) -> Any:
    bindings = stack[-5][1]
    key = stack[-4][1]
    if type(key) is Name:
        name_, start, key_end = key
        attrs = bindings if type(bindings) is dict else bindings.attrs
        if name_ not in attrs:
            attrs[name_] = _new(Attr, (name_, stack[-2][1], start, key_end))
            return bindings
    bindings = _bindings(bindings)
    bindings.bind(_keys(key), stack[-2][1], stack[-4][2], end)
    return bindings


def inherit(stack: Stack, end: int) -> Bindings:
    bindings = _bindings(stack[-4][1])
    bindings.inherit(stack[-2][1])
    return bindings


def inherit_from(stack: Stack, end: int) -> Bindings:
    bindings = _bindings(stack[-7][1])
    bindings.inherit_from(stack[-4][1], stack[-2][1])
    return bindings


def _start(stack: Stack, end: int) -> Expr:
    return stack[-1][1]  # type: ignore[no-any-return]


_SYMBOLS: tuple[Action, ...] = (
    middle_first, middle, rest_only, rest_close, rest_bare, rest_open, string_interpolated, indented_interpolated,
    path_interpolated, none, one, append, formals_more, attrpath_more, name_dynamic, function, function_formals,
    function_formals_named, function_named_formals, formals_open, formals_any, formals_closed, formals_none, formal,
    formal_default, assertion, with_scope, let_in, conditional, row_first, row_first_prefix, row_binary, row_prefix,
    row_operand, row_first_has, row_has, operators, apply, apply_more, apply_or, select, select_or, parentheses,
    let_body, recursive_set, set_, empty_set, list_, binding_first, binding, inherit, inherit_from, _start,
)  # fmt: skip

ACTIONS: dict[str, Action] = {
    **{action.__name__.strip("_"): action for action in _SYMBOLS},
    **{atom_name: _on_stack(atom) for atom_name, atom in ATOMS.items()},
}
