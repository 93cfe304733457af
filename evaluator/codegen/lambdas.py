"""Translating functions.

A lambda becomes a Python function of what it captured and its argument; the value is that function
bound to its environment (`M(f7, environment)`), which CPython calls as fast as any function. A
chain `x: y: body` becomes one function of both arguments for callers that have both, and small
functions that collect arguments one by one for those that do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lang import nodes
from . import expressions, strictness
from .scope import Binding, Scope
from .unit import HERE, Environment, Unit

if TYPE_CHECKING:
    from .bindings import Recursion
    from .program import Program

_LONGEST_CHAIN = 6


def chain_of(node: nodes.Lambda) -> list[nodes.Lambda]:
    """Return the lambdas that can be called at once: plain parameters, a pattern only at the end."""
    chain = [node]
    while chain[-1].formals is None and isinstance(chain[-1].body, nodes.Lambda) and len(chain) < _LONGEST_CHAIN:
        chain.append(chain[-1].body)
    return chain


class CompiledLambda:
    """The functions of one lambda: `full` takes all arguments of the chain, `entry` the first."""

    def __init__(self, unit: Unit, scope: Scope, node: nodes.Lambda, environment: Environment, name: str | None):
        self.chain = chain_of(node)
        program = unit.program
        self.full = program.fresh("f")
        self.entry = self.full
        self._name = name
        self._program: Program = program
        self._curried = len(self.chain) == 1
        # True until the body is written: a lambda that mentions itself captures itself.
        self.captures = True
        self._place = (scope, environment)

    def write(self) -> None:
        """Write the function of all arguments."""
        scope, environment = self._place
        program, name = self._program, self._name
        parameters = [program.fresh("v") for _ in self.chain]
        last = self.chain[-1]
        child = Unit(program, self.full, environment, parameters, self._mark(last))
        inner = scope
        for lam, ident in zip(self.chain, parameters):
            inner = Scope(inner)
            if lam.formals is None:
                assert lam.param is not None
                inner.names[lam.param] = Binding(ident, child)
        pattern = Pattern(child, inner, last, parameters[-1], name) if last.formals is not None else None
        expressions.gen(child, inner, last.body, expressions.RETURN)
        if pattern is not None:
            pattern.close()
        self.captures = bool(child.captured)

    def _mark(self, node: nodes.Lambda) -> tuple[object, ...]:
        formals = None
        if node.formals is not None:
            formals = tuple((f.name, f.default is not None, f.start) for f in node.formals)
        return ("f", node.start, node.end, self._name, formals, node.param, node.ellipsis)

    def curried(self) -> str:
        """Return the name of the function that takes only the first argument."""
        if not self._curried:
            self._curried = True
            count = len(self.chain)
            stems = [f"{self.full}_{i}" for i in range(1, count + 1)]
            self.entry = stems[0]
            write = self._program.extra
            for i, stem in enumerate(stems):
                header = f"def {stem}(e, x):"
                mark = self._mark(self.chain[i])
                before = ["e"] if i == 0 else [f"e[{j}]" for j in range(i + 1)]
                if i < count - 1:
                    write([(header, mark), (f" return M({stems[i + 1]}, ({', '.join(before)}, x))", None)])
                else:
                    write([(header, mark), (f" return {self.full}({', '.join(before)}, x)", None)])
            if count in (2, 3):
                self._program.after.append(f"FULL{count}[{stems[0]}] = {self.full}")
                descending = _is_less(self.chain, self._program) if count == 2 else None
                if descending is not None:
                    self._program.after.append(f"LESS[{self.full}] = {descending}")
        return self.entry


def _is_less(chain: list[nodes.Lambda], program: Program) -> bool | None:
    """Whether a function is `a: b: a < b` (False) or `a: b: b < a` (True), which is also `a > b`; None if neither."""
    body = chain[1].body
    if not isinstance(body, nodes.Binary) or body.operator not in ("<", ">") or "__lessThan" in program.rebound:
        return None
    if not isinstance(body.left, nodes.Var) or not isinstance(body.right, nodes.Var):
        return None
    operands = [body.left.name, body.right.name]
    parameters = [lam.param for lam in chain]
    if chain[1].formals is not None or parameters[0] == parameters[1]:
        return None
    if operands == parameters:
        return body.operator == ">"
    return body.operator == "<" if operands == parameters[::-1] else None


def closure(unit: Unit, scope: Scope, node: nodes.Lambda, environment: Environment, name: str | None) -> str:
    """Return the expression that makes a function value."""
    compiled = CompiledLambda(unit, scope, node, environment, name)
    compiled.write()
    if not compiled.captures:
        return hoisted(unit, compiled.curried())
    environment.boxed = True
    return f"M({compiled.curried()}, {HERE})"


def hoisted(unit: Unit, function: str) -> str:
    """Return a function value without captures: made once for the whole file."""
    ident = f"L{function}"
    if ident not in unit.program.hoisted:
        unit.program.hoisted.add(ident)
        unit.program.after.append(f"{ident} = M({function}, ())")
    return ident


class KnownLambda:
    """A lambda that a `let` or a recursive set binds to a name, and so is known to callers.

    Its code is written on its first use, as a value (`binding`) or in a call with all arguments (`full`).
    """

    def __init__(self, recursion: Recursion, binding: Binding, node: nodes.Lambda, name: str) -> None:
        self.recursion = recursion
        self.node = node
        self.name = name
        chain = chain_of(node)
        self.arity = len(chain)
        parameters = [lam.param or "" for lam in chain]
        self.strict: list[int] = []
        if chain[-1].formals is not None:
            # A pattern forces its argument before anything else happens.
            self.strict = [self.arity - 1] if self.arity == 1 else []
        elif len(set(parameters)) == len(parameters):
            first = strictness.forces_first(chain[-1].body, parameters)
            self.strict = [parameters.index(p) for p in first]
        self.binding = binding
        binding.whnf = True
        binding.known = self
        self.compiled: CompiledLambda | None = None
        self.full = binding
        if self.arity > 1:
            self.full = Binding(f"{binding.ident}x", binding.unit)
            self.full.whnf = True
            self.full.demand = self._make_full
        binding.demand = self._make_value

    def _compile(self) -> CompiledLambda:
        if self.compiled is None:
            recursion = self.recursion
            self.compiled = CompiledLambda(recursion.unit, recursion.scope, self.node, recursion.environment, self.name)
            self.compiled.write()
        return self.compiled

    def _finish(self, binding: Binding, curried: bool) -> None:
        compiled = self._compile()
        function = compiled.curried() if curried else compiled.full
        if not compiled.captures:
            binding.const = hoisted(self.recursion.unit, function)
        else:
            self.recursion.environment.boxed = True
            self.recursion.add(binding, f"M({function}, {HERE})")

    def _make_value(self) -> None:
        self._finish(self.binding, curried=True)

    def _make_full(self) -> None:
        self._finish(self.full, curried=False)


class Pattern:
    """`{ a, b ? 1, ... } @ all:`: the function unpacks its argument on entry.

    Defaults see all formals. Their thunks share an environment that is made only if an argument is omitted; an unused
    formal is only checked for presence.
    """

    def __init__(self, unit: Unit, scope: Scope, node: nodes.Lambda, argument: str, name: str | None) -> None:
        assert node.formals is not None
        self.unit = unit
        self.scope = scope
        self.node = node
        self.argument = argument
        self.environment = Environment(unit)
        self.defaults: list[tuple[Binding, str]] = []
        self.making: set[Binding] = set()
        mark = ("p", node.start, node.end, argument)
        unit.emit(f"if type({argument}) is list: {argument} = force({argument})", mark)
        unit.emit(f"if type({argument}) is not dict: not_set({argument})", mark)
        if node.param is not None:
            whole = Binding(argument, unit)
            whole.whnf = True
            scope.names[node.param] = whole
        required: list[nodes.Formal] = []
        optional: list[nodes.Formal] = []
        for formal in node.formals:
            binding = Binding(unit.program.fresh("v"), unit)
            scope.names[formal.name] = binding
            (required if formal.default is None else optional).append(formal)
        for formal in required:
            self._require(formal, name)
        if not node.ellipsis:
            self._refuse_others(required, optional, name)
        self.late = unit.hole()
        for formal in optional:
            self._declare(formal)

    def _require(self, formal: nodes.Formal, name: str | None) -> None:
        ident = self.scope.names[formal.name].ident
        mark = ("m", self.node.start, self.node.end, formal.name, name)
        self.unit.emit(f"{ident} = {self.argument}[{formal.name!r}]", mark)

    def _refuse_others(self, required: list[nodes.Formal], optional: list[nodes.Formal], name: str | None) -> None:
        argument = self.argument
        count = " + ".join([str(len(required)), *(f"({f.name!r} in {argument})" for f in optional)])
        assert self.node.formals is not None
        allowed = repr(tuple(formal.name for formal in self.node.formals))
        self.unit.emit(
            f"if len({argument}) - (WHERE in {argument}) != {count}: bad_arguments({name or ''!r}, {argument}, {allowed})",
            ("p", self.node.start, self.node.end, argument),
        )

    def _declare(self, formal: nodes.Formal) -> None:
        binding = self.scope.names[formal.name]
        assert formal.default is not None
        node = formal.default

        def demand() -> None:
            text = expressions.constant(self.unit, self.scope, node)
            if text is not None and HERE not in text:
                with self.unit.fill(self.late):
                    self.unit.emit(f"{binding.ident} = {self.argument}.get({formal.name!r}, {text})")
                return
            if isinstance(node, nodes.Var):
                same = self._same_slot(binding, formal.name, node.name)
                if same is not None:
                    self.defaults.append((binding, same))
                    return
            # Recorded before its code is written: a default may refer to itself.
            at = len(self.defaults)
            self.defaults.append((binding, ""))
            self.making.add(binding)
            text = expressions.thunk(self.unit, self.scope, node, self.environment, formal.name)
            self.making.discard(binding)
            self.defaults[at] = (binding, text)

        binding.demand = demand

    def _same_slot(self, binding: Binding, name: str, variable: str) -> str | None:
        """The slot of the variable that a default is; None if it cannot be had before the formal is made.

        Nix makes formals in the order in which it saw their names.
        """
        found = self.scope.find(variable)
        if found is None or found is binding or found in self.making or variable == self.node.param:
            return None
        if self.scope.names.get(variable) is found:
            order = self.unit.program.symbols
            if order and order[variable] > order[name]:
                return None
        self.making.add(binding)
        text = self.unit.use(found)
        self.making.discard(binding)
        return text

    def close(self) -> None:
        """Write the code for defaults that turned out to be used."""
        if not self.defaults:
            return
        unit, argument = self.unit, self.argument
        formals = {binding: name for name, binding in self.scope.names.items()}
        own = {binding for binding, _ in self.defaults}
        places = self.environment.places
        with unit.fill(self.late):
            for binding, _ in self.defaults:
                unit.emit(f"{binding.ident} = {argument}.get({formals[binding]!r}, MISSING)")
            if not any(binding in own for binding in places):
                for binding, text in self.defaults:
                    unit.emit(f"if {binding.ident} is MISSING:")
                    unit.indent += 1
                    (line,) = self.environment.close(f"{binding.ident} = {text}")
                    unit.emit(line)
                    unit.indent -= 1
                return
            self.environment.boxed = True
            tests = " or ".join(f"{binding.ident} is MISSING" for binding, _ in self.defaults)
            ident = unit.program.fresh("n")
            unit.emit(f"if {tests}:")
            unit.indent += 1
            unit.emit(f"{ident} = [{', '.join(unit.need(binding) for binding in places)}]")
            for binding, text in self.defaults:
                target = f"{binding.ident} = "
                if binding in places:
                    target += f"{ident}[{places[binding]}] = "
                unit.emit(f"if {binding.ident} is MISSING: {target}{text.replace(HERE, ident)}")
            unit.indent -= 1
