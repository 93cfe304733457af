"""Translation of calls."""

from __future__ import annotations

from typing import Any, Final

from ...lang import nodes
from ..builtins.registry import CONSTANTS, TABLE
from . import expressions
from .scope import Scope
from .unit import Environment, Unit

_TYPE_TESTS: Final = {
    "isAttrs": "type({0}) is dict",
    "isList": "type({0}) is tuple",
    "isInt": "type({0}) is int",
    "isBool": "type({0}) is bool",
    "isFloat": "type({0}) is float",
    "isNull": "{0} is None",
    "isPath": "type({0}) is Path",
    "isString": "(type({0}) is str or type({0}) is ContextString)",
}


_AT_ONCE: Final = {
    "length": "len({0}) if type({0}) is tuple else {1}",
    "stringLength": "len({0}) if type({0}) is str else {1}",
    "toString": "str({0}) if type({0}) is int else {1}",
}
"""Builtins that are one operation of Python for the commonest type; {1} is the call."""


def builtin_in(unit: Unit, scope: Scope, subject: nodes.Expr, name: str) -> str | None:
    """Return the builtin that `subject.name` certainly is, or None."""
    if isinstance(subject, nodes.Var) and (name in TABLE or name in CONSTANTS):
        found = scope.find(subject.name)
        if found is not None and found.builtin == "builtins":
            return name
    return None


def builtin_name(unit: Unit, scope: Scope, node: nodes.Expr) -> str | None:
    """Return the builtin that a node certainly is, or None; not the set `builtins` itself."""
    if isinstance(node, nodes.Var):
        found = scope.find(node.name)
        if found is not None and found.builtin is not None and found.builtin != "builtins":
            return found.builtin
    elif isinstance(node, nodes.Select) and len(node.path) == 1 and isinstance(node.path[0], nodes.Name):
        return builtin_in(unit, scope, node.subject, node.path[0].name)
    return None


def operator_function(unit: Unit, scope: Scope, name: str) -> str | None:
    """Return the variable that redefines an operator, or None if it is the builtin."""
    found = scope.find(name)
    if found is None or found.builtin is not None:
        return None
    return expressions.variable(unit, found, nodes.Var(name, 0, 0), None)


def rebound_operator(unit: Unit, scope: Scope, node: nodes.Binary, function: str, goal: str | None) -> str:
    """Call an operator whose function the program redefines."""
    environment = Environment(unit)
    left = expressions.lazy(unit, scope, node.left, environment)
    right = expressions.lazy(unit, scope, node.right, environment)
    if node.operator in (">", "<="):
        left, right = right, left
    (text,) = environment.close(f"call2({function}, {left}, {right})")
    if node.operator in ("<=", ">="):
        text = f"negated({text})"
    return expressions.finish(unit, text, goal, expressions.place("c", node))


def apply(unit: Unit, scope: Scope, node: nodes.Apply, goal: str | None) -> str:
    """Evaluate a call."""
    function, arguments = node.function, node.arguments
    while isinstance(function, nodes.Apply):
        arguments = function.arguments + arguments
        function = function.function
    name = builtin_name(unit, scope, function)
    if name is not None and name in TABLE:
        return _builtin(unit, scope, node, name, arguments, goal)
    if isinstance(function, nodes.Var):
        found = scope.find(function.name)
        if found is not None and found.known is not None and found.known.arity <= len(arguments):
            return _known(unit, scope, node, found.known, arguments, goal)
    text = expressions.value(unit, scope, function)
    return _unknown(unit, scope, node, text, arguments, goal)


def _mark(node: nodes.Apply, what: str) -> tuple[Any, ...]:
    return ("c", node.start, node.end, what)


def _slots(unit: Unit, scope: Scope, arguments: tuple[nodes.Expr, ...], given: dict[int, str]) -> list[str]:
    """Return slots for arguments; `given` holds those that exist already."""
    environment = Environment(unit)
    texts = [
        given[i] if i in given else expressions.lazy(unit, scope, argument, environment)
        for i, argument in enumerate(arguments)
    ]
    return environment.close(*texts)


def _builtin(
    unit: Unit, scope: Scope, node: nodes.Apply, name: str, arguments: tuple[nodes.Expr, ...], goal: str | None
) -> str:
    entry = TABLE[name]
    if len(arguments) < entry.arity:
        return _unknown(unit, scope, node, unit.program.builtin_value(name), arguments, goal)
    given: dict[int, str] = {}
    if entry.first is not None:
        given[entry.first] = expressions.value(unit, scope, arguments[entry.first])
    own, rest = arguments[: entry.arity], arguments[entry.arity :]
    test = _TYPE_TESTS.get(name)
    if test is not None:
        text = f"({test.format(expressions.named(unit, given[0]))})"
    else:
        at_once = _AT_ONCE.get(name)
        if at_once is not None:
            given[0] = expressions.named(unit, given[0])
        texts = _slots(unit, scope, own, given)
        text = f"{unit.program.builtin_function(name)}({', '.join(texts)})"
        if at_once is not None:
            text = at_once.format(given[0], text)
    mark = ("B", node.start, node.end, name)
    if not rest:
        return expressions.finish(unit, text, goal, mark)
    return _unknown(unit, scope, node, expressions.finish(unit, text, None, mark), rest, goal)


def _known(
    unit: Unit, scope: Scope, node: nodes.Apply, known: Any, arguments: tuple[nodes.Expr, ...], goal: str | None
) -> str:
    own, rest = arguments[: known.arity], arguments[known.arity :]
    given = {i: expressions.value(unit, scope, own[i]) for i in known.strict}
    texts = _slots(unit, scope, own, given)
    function = unit.use(known.full)
    text = f"{function}({', '.join(texts)})"
    mark = _mark(node, known.name)
    if not rest:
        return expressions.finish(unit, text, goal, mark)
    return _unknown(unit, scope, node, expressions.finish(unit, text, None, mark), rest, goal)


def _unknown(
    unit: Unit, scope: Scope, node: nodes.Apply, function: str, arguments: tuple[nodes.Expr, ...], goal: str | None
) -> str:
    texts = _slots(unit, scope, arguments, {})
    mark = _mark(node, "")
    if len(texts) == 1:
        callee = expressions.named(unit, function)
        text = f"({callee} if type({callee}) is M else callee({callee}))({texts[0]})"
    elif len(texts) <= 3:
        text = f"call{len(texts)}({function}, {', '.join(texts)})"
    else:
        text = f"call_many({function}, {', '.join(texts)})"
    return expressions.finish(unit, text, goal, mark)
