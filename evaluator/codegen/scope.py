"""Names at compile time."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from ...lang import nodes
from ..errors import UndefinedVariable
from .compiled import mangled

if TYPE_CHECKING:
    from .lambdas import KnownLambda
    from .unit import Unit


class Binding:
    """A variable of the generated code.

    `ident` is its Python name, the same in every unit that uses it, and `unit` the one that assigns it. `const` is a
    text for its value that is valid anywhere. `whnf`: it never holds a thunk. `demand` writes the code that assigns it,
    on its first use. `builtin`: the name of the builtin that it is bound to. `known`: the lambda that it is bound to.
    """

    __slots__ = ("builtin", "const", "demand", "ident", "known", "unit", "whnf")

    def __init__(self, ident: str, unit: Unit | None) -> None:
        self.ident = ident
        self.unit = unit
        self.const: str | None = None
        self.whnf = False
        self.demand: Callable[[], None] | None = None
        self.builtin: str | None = None
        self.known: KnownLambda | None = None


LITERALS: Final = {"true": "True", "false": "False", "null": "None"}
"""Texts of builtins that Python has, too."""


@functools.cache
def builtin_binding(name: str) -> Binding:
    """Return a variable that is a builtin. All programs share it, so it must not be changed."""
    result = Binding(f"G_{mangled(name)}", None)
    result.builtin = name
    result.whnf = True
    result.const = LITERALS.get(name, result.ident)
    return result


class Scope:
    """Names that one construct binds, or (`with_set`) the set of a `with`."""

    __slots__ = ("names", "parent", "with_set")

    def __init__(self, parent: Scope | None, with_set: Binding | None = None) -> None:
        self.parent = parent
        self.names: dict[str, Binding] = {}
        self.with_set = with_set

    def find(self, name: str) -> Binding | None:
        """Return the innermost binding of a name; None if only a `with` could bind it."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def with_sets(self) -> Iterator[Binding]:
        """The enclosing `with` sets, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            if scope.with_set is not None:
                yield scope.with_set
            scope = scope.parent


class NameCheck:
    """Finds the first unbound variable, in the order of the text.

    With `order`, a number for each name, attributes and arguments are visited in that order, as in Nix. Raises
    `UndefinedVariable`, with the offset in `at`. Below a `with` every name may be bound.
    """

    def __init__(self, known: frozenset[str], order: dict[str, int] | None = None) -> None:
        self.order = order
        self.counts: dict[str, int] = dict.fromkeys(known, 1)
        self.withs = 0
        self.at = (0, 0)

    def _undefined(self, name: str, start: int, end: int) -> None:
        self.at = (start, end)
        raise UndefinedVariable(name, [n for n, count in self.counts.items() if count])

    def _enter(self, names: list[str]) -> None:
        counts = self.counts
        for name in names:
            counts[name] = counts.get(name, 0) + 1

    def _leave(self, names: list[str]) -> None:
        for name in names:
            self.counts[name] -= 1

    def check(self, node: nodes.Expr | nodes.Name | str | None) -> None:
        """Check one expression with the names bound now."""
        checker = _CHECKERS.get(type(node))
        if checker is not None:
            checker(self, node)

    def variable(self, node: nodes.Var) -> None:
        if not self.counts.get(node.name) and not self.withs and node.name != "__curPos":
            self._undefined(node.name, node.start, node.end)

    def function(self, node: nodes.Lambda) -> None:
        names = [f.name for f in node.formals] if node.formals is not None else []
        if node.param is not None:
            names.append(node.param)
        self._enter(names)
        for formal in self._in_order(node.formals or ()):
            self.check(formal.default)
        self.check(node.body)
        self._leave(names)

    def _in_order(self, named: tuple[Any, ...]) -> Sequence[Any]:
        order = self.order
        return named if order is None else sorted(named, key=lambda one: order[one.name])

    def attrs(self, node: nodes.AttrSet) -> None:
        self._bindings(node, None)

    def let(self, node: nodes.Let) -> None:
        self._bindings(node.bindings, node.body)

    def with_(self, node: nodes.With) -> None:
        self.check(node.scope)
        self.withs += 1
        self.check(node.body)
        self.withs -= 1

    def parts(self, node: tuple[object, ...]) -> None:
        """Visit any other node: its parts, in order."""
        for part in node:
            kind = type(part)
            if kind is tuple:
                self.parts(part)  # type: ignore[arg-type]
            else:
                checker = _CHECKERS.get(kind)
                if checker is not None:
                    checker(self, part)

    def binary(self, node: nodes.Binary) -> None:
        if node.operator in (">", "<="):
            # They are `<` with its operands exchanged.
            self.check(node.right)
            self.check(node.left)
        else:
            self.check(node.left)
            self.check(node.right)

    def _bindings(self, node: nodes.AttrSet, body: nodes.Expr | None) -> None:
        names: list[str] = [attr.name for attr in node.attrs]
        if node.recursive:
            self._enter(names)
        for origin in node.origins:
            self.check(origin)
        for attr in self._in_order(node.attrs):
            if type(attr) is nodes.Attr:
                self.check(attr.value)
            elif type(attr) is nodes.Inherited:
                # It refers to the scope around the set.
                around = self.counts.get(attr.name, 0) - node.recursive
                if not around and not self.withs:
                    self._undefined(attr.name, attr.start, attr.end)
        for dynamic in node.dynamic:
            self.check(dynamic.key)
            self.check(dynamic.value)
        self.check(body)
        if node.recursive:
            self._leave(names)


_CHECKERS: Final[dict[type, Callable[[NameCheck, Any], None]]] = {
    nodes.Var: NameCheck.variable,
    nodes.Lambda: NameCheck.function,
    nodes.AttrSet: NameCheck.attrs,
    nodes.Let: NameCheck.let,
    nodes.With: NameCheck.with_,
    nodes.Binary: NameCheck.binary,
    **dict.fromkeys(
        (nodes.Apply, nodes.Select, nodes.HasAttr, nodes.Str, nodes.Path, nodes.List, nodes.Unary, nodes.If,
         nodes.Assert),
        NameCheck.parts,
    ),
}  # fmt: skip
