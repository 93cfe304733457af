"""Compile one file."""

from __future__ import annotations

import functools
import marshal
from typing import Any, Final

from ...lang import nodes
from ..builtins.registry import CONSTANTS, GLOBAL_NAMES, TABLE
from ..errors import UndefinedVariable
from ..symbols import first_seen, numbered
from . import expressions
from .compiled import CompiledFile, mangled
from .scope import LITERALS, Binding, NameCheck, Scope, builtin_binding
from .unit import Mark, Unit

_OPERATOR_NAMES: Final = ("__sub", "__mul", "__div", "__lessThan", "__findFile", "__nixPath")


@functools.cache
def _global_names() -> dict[str, Binding]:
    """Return the variables that are bound everywhere."""
    return {name: builtin_binding(builtin) for name, builtin in GLOBAL_NAMES.items()}


@functools.cache
def _identifiers() -> dict[str, str]:
    """Return the builtins by their identifiers as values."""
    return {f"G_{mangled(name)}": name for name in (*TABLE, *CONSTANTS)}


class Program:
    """A generated module under construction."""

    def __init__(self, text: str, exact: bool) -> None:
        self.exact = exact
        self.units: list[Unit] = []
        self.extras: list[list[tuple[str, Mark | None]]] = []
        self.after: list[str] = []
        self.hoisted: set[str] = set()
        self.pending: Mark | None = None
        self.rebound = {name for name in _OPERATOR_NAMES if name in text}
        self.symbols: dict[str, int] = {}
        """The order in which names are first seen; only if `exact`."""
        self._count = 0
        self._values: dict[str, str] = {}
        self._functions: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        self._sites: list[tuple[tuple[str, int], ...]] = []

    def fresh(self, kind: str) -> str:
        """Return a new identifier."""
        self._count += 1
        return f"{kind}{self._count}"

    def extra(self, lines: list[tuple[str, Mark | None]]) -> None:
        """Add a function that is no unit."""
        self.extras.append(lines)

    def builtin_value(self, name: str) -> str:
        """Return the text of a builtin as a value."""
        return LITERALS.get(name) or self._values.setdefault(name, f"G_{mangled(name)}")

    def builtin_function(self, name: str) -> str:
        """Return the text of a builtin as a Python function of its arguments."""
        return self._functions.setdefault(name, f"B_{mangled(name)}")

    def path(self, text: str) -> str:
        """Return the text of a path literal."""
        return self._paths.setdefault(text, f"P{len(self._paths)}")

    def path_prefix(self, text: str) -> str:
        """Return the text of the absolute string before the first interpolation of a path."""
        return self._prefixes.setdefault(text, f"S{len(self._prefixes)}")

    def site(self, node: nodes.AttrSet) -> str:
        """Return the text of the `WHERE` entry of a set literal."""
        self._sites.append(tuple((attr.name, attr.start) for attr in node.attrs))
        return f"W{len(self._sites) - 1}"

    def compile(self, tree: nodes.Expr, extra_names: tuple[str, ...]) -> CompiledFile:
        """Write and compile everything."""
        if self.exact:
            self.symbols = {name: number for number, name in enumerate(first_seen(tree))}
        top = Unit(self, "main", None, [], ("t", tree.start, tree.end, None))
        scope = Scope(None)
        scope.names = _global_names()
        hole = top.hole()
        if extra_names:
            scope = Scope(scope)
            for name in extra_names:
                scope.names[name] = self._imported(top, hole, name)
        expressions.gen(top, scope, tree, expressions.RETURN)
        lines: list[tuple[str, Mark | None]] = []
        for unit in self.units:
            lines.extend(unit.assemble())
        for extra in self.extras:
            lines.extend(extra)
        lines.extend((line, None) for line in self.after)
        text = "\n".join([line for line, _ in lines])
        self._note_values(text)
        code = compile(text, "<chx>", "exec", dont_inherit=True)
        marks = marshal.dumps(tuple(mark for _, mark in lines))
        table = marshal.dumps((marks, tuple(self._sites), tuple(self.symbols)))
        return CompiledFile(
            code,
            tuple(self._values),
            tuple(self._functions),
            tuple((ident, text) for text, ident in (*self._paths.items(), *self._prefixes.items())),
            len(self._sites),
            table,
        )

    def _imported(self, top: Unit, hole: Any, name: str) -> Binding:
        binding = Binding(self.fresh("v"), top)

        def demand() -> None:
            with top.fill(hole):
                top.emit(f"{binding.ident} = e[{name!r}]")

        binding.demand = demand
        return binding

    def _note_values(self, text: str) -> None:
        # Bindings of builtins return their text without recording the use. A string may look like a use, which does no harm.
        if "G_" not in text:
            return
        import re

        for ident in re.findall(r"G_\w+", text):
            name = _identifiers().get(ident)
            if name is not None:
                self._values[name] = ident


def compile_tree(tree: nodes.Expr, text: str, extra_names: tuple[str, ...] = (), exact: bool = False) -> CompiledFile:
    """Compile a tree whose source is `text`.

    `extra_names` are bound around it, by the dictionary that `main` gets. `exact`: suspend all that
    Nix suspends, so that printing without forcing shows the same. Raises `UndefinedVariable` with
    its offsets in `span`.
    """
    check_names(tree, extra_names)
    program = Program(text, exact)
    try:
        return program.compile(tree, extra_names)
    finally:
        # Its units refer to it. Without this all programs stay in memory, as there is no cycle collector.
        program.__dict__.clear()


def check_names(tree: nodes.Expr, extra_names: tuple[str, ...] = ()) -> None:
    """Raise `UndefinedVariable`, with its offsets in `span`, for the first variable that nothing binds."""
    known = frozenset(GLOBAL_NAMES) | frozenset(extra_names)
    try:
        NameCheck(known).check(tree)
    except UndefinedVariable:
        # There is one; finding the first needs another order, which takes longer.
        check = NameCheck(known, numbered(first_seen(tree)))
        try:
            check.check(tree)
        except UndefinedVariable as error:
            error.span = check.at
            raise error from None
