"""Translation of expressions.

`gen(unit, scope, node, goal)` writes statements that evaluate a node. The goal decides the use of the value (never a
thunk): with `None`, the function returns a text that may be used repeatedly (a variable or a constant); with `RETURN`,
the unit returns it; with `TEXT`, the function returns any expression, to be used once on a line with the mark
`unit.program.pending`; otherwise the goal is the name of a variable to assign.

`lazy(unit, scope, node, environment)` writes nothing and returns an expression for a slot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ...lang import nodes
from ..values import INT_MAX, INT_MIN
from . import bindings, calls, lambdas
from .scope import Binding, Scope
from .unit import HERE, Environment, Mark, Unit

RETURN: Final = "return"
TEXT: Final = "?"
_DEEPEST_INDENT: Final = 12
_DEEPEST_LITERAL: Final = 12

_REVERSED: Final = frozenset({">", "<="})
_COMPARISONS: Final = frozenset({"==", "!=", "<", ">", "<=", ">="})
_LEXICAL: Final = {"-": "__sub", "*": "__mul", "/": "__div", "<": "__lessThan", ">": "__lessThan",
                   "<=": "__lessThan", ">=": "__lessThan"}  # fmt: skip


def place(kind: str, node: Any, *more: Any) -> Mark:
    """Return the mark of a line that evaluates `node`."""
    return (kind, node.start, node.end, *more)


def finish(unit: Unit, text: str, goal: str | None, mark: Mark | None, atomic: bool = False) -> str:
    """Use a value as the goal demands."""
    if goal is None:
        if atomic:
            return text
        target = unit.program.fresh("r")
        unit.emit(f"{target} = {text}", mark)
        return target
    if goal is RETURN:
        unit.emit(f"return {text}", mark)
    elif goal is TEXT:
        unit.program.pending = mark
        return text
    else:
        unit.emit(f"{goal} = {text}", mark)
    return text


def value(unit: Unit, scope: Scope, node: nodes.Expr) -> str:
    """Evaluate a node; return a text of the value that may be used more than once."""
    return gen(unit, scope, node, None)


def named(unit: Unit, text: str) -> str:
    """Return a variable for a text; Python warns about some operations on literals."""
    if text.isidentifier():
        return text
    target: str = unit.program.fresh("r")
    unit.emit(f"{target} = {text}")
    return target


def gen(unit: Unit, scope: Scope, node: nodes.Expr, goal: str | None) -> str:
    """Evaluate a node, see above."""
    if unit.indent > _DEEPEST_INDENT and type(node) in _NESTING:
        return outline(unit, scope, node, goal)
    return _GENERATORS[type(node)](unit, scope, node, goal)


def outline(unit: Unit, scope: Scope, node: nodes.Expr, goal: str | None) -> str:
    """Evaluate a node in a function of its own."""
    environment = Environment(unit)
    child = thunk_unit(unit, scope, node, environment)
    (text,) = environment.close(f"{child.name}({HERE if environment.places else 'None'})")
    return finish(unit, text, goal, place("x", node))


def thunk_unit(unit: Unit, scope: Scope, node: nodes.Expr, environment: Environment, name: str | None = None) -> Unit:
    """Return the function that evaluates `node` later."""
    child = Unit(unit.program, unit.program.fresh("t"), environment, [], place("t", node, name))
    if isinstance(node, nodes.Lambda):
        _lambda(child, scope, node, RETURN, name)
    else:
        gen(child, scope, node, RETURN)
    return child


def thunk(unit: Unit, scope: Scope, node: nodes.Expr, environment: Environment, name: str | None = None) -> str:
    """Return a suspended thunk."""
    child = thunk_unit(unit, scope, node, environment, name)
    return f"[{child.name}, {HERE if child.captured else 'None'}]"


def constant(unit: Unit, scope: Scope, node: nodes.Expr) -> str | None:
    """Return a text for a node that needs no evaluation and means the same everywhere, or None."""
    find = _CONSTANTS.get(type(node))
    return None if find is None else find(unit, scope, node)


def _constant_float(unit: Unit, scope: Scope, node: nodes.Float) -> str:
    return repr(node.value) if abs(node.value) != float("inf") else f"{'-' if node.value < 0 else ''}1e999"


def _constant_text(unit: Unit, scope: Scope, node: nodes.Str) -> str | None:
    if not node.parts:
        return "''"
    if len(node.parts) == 1 and isinstance(node.parts[0], str):
        return repr(node.parts[0])
    return None


def _constant_path(unit: Unit, scope: Scope, node: nodes.Path) -> str | None:
    if len(node.parts) == 1 and isinstance(node.parts[0], str):
        return unit.program.path(node.parts[0])
    return None


def _constant_variable(unit: Unit, scope: Scope, node: nodes.Var) -> str | None:
    found = scope.find(node.name)
    return found.const if found is not None and found.demand is None else None


def _constant_selection(unit: Unit, scope: Scope, node: nodes.Select) -> str | None:
    if unit.program.exact:
        return None
    name = calls.builtin_name(unit, scope, node)
    return None if name is None else unit.program.builtin_value(name)


def _constant_set(unit: Unit, scope: Scope, node: nodes.AttrSet) -> str | None:
    return None if unit.program.exact or node.attrs or node.dynamic else "EMPTY_SET"


_CONSTANTS: Final[dict[type, Callable[[Unit, Scope, Any], str | None]]] = {
    nodes.Int: lambda unit, scope, node: str(node.value),
    nodes.Float: _constant_float,
    nodes.Str: _constant_text,
    nodes.Path: _constant_path,
    nodes.Var: _constant_variable,
    nodes.List: lambda unit, scope, node: None if node.items else "()",
    nodes.Select: _constant_selection,
    nodes.AttrSet: _constant_set,
}


def lazy(
    unit: Unit, scope: Scope, node: nodes.Expr, environment: Environment, name: str | None = None, depth: int = 0
) -> str:
    """Return a slot for a node, without evaluating anything."""
    text = constant(unit, scope, node)
    if text is not None:
        return text
    if isinstance(node, nodes.Var):
        found = scope.find(node.name)
        if found is not None:
            return unit.use(found)
        if node.name != "__curPos":
            return lookup_later(unit, scope, node, name)
    elif isinstance(node, nodes.Select):
        text = select_later(unit, scope, node, name)
        if text is not None:
            return text
    elif not unit.program.exact and depth < _DEEPEST_LITERAL:
        if isinstance(node, nodes.Lambda):
            return lambdas.closure(unit, scope, node, environment, name)
        if isinstance(node, nodes.List):
            return list_text(unit, scope, node, environment, depth + 1, name)
        if isinstance(node, nodes.AttrSet):
            if bindings.is_plain(scope, node):
                return bindings.set_text(unit, scope, node, environment, depth + 1)
        elif isinstance(node, nodes.Binary):
            cheap = _cheap_arithmetic(unit, scope, node)
            if cheap is not None:
                fast, test = cheap
                # Total for integers in range, so evaluating it early is not observable.
                return f"({fast} if {test} else {thunk(unit, scope, node, environment, name)})"
    return thunk(unit, scope, node, environment, name)


def lookup_later(unit: Unit, scope: Scope, node: nodes.Var, name: str | None) -> str:
    """Return the slot of a variable that a `with` may bind: one function serves all, so none is generated."""
    return f"lookup_slot({node.name!r}, {with_scopes(unit, scope)}, F, {(node.start, node.end, name, ())!r})"


def with_scopes(unit: Unit, scope: Scope) -> str:
    """Return the enclosing `with` sets, in the form of `operators.lookup`, or None."""
    binding = next(scope.with_sets(), None)
    return "None" if binding is None else unit.use(binding)


def select_later(
    unit: Unit, scope: Scope, node: nodes.Select, name: str | None, own: Mapping[str, Binding] | None = None
) -> str | None:
    """Return the thunk of `variable.a.b`; None if the node is not that simple.

    `own`: variables that may not be made yet and cannot occur in an expression.
    """
    if node.default is not None or not isinstance(node.subject, nodes.Var):
        return None
    found = scope.find(node.subject.name)
    if found is None and node.subject.name == "__curPos":
        return None
    if found is not None and own is not None and own.get(node.subject.name) is found:
        return None
    names = []
    for key in node.path:
        if not isinstance(key, nodes.Name):
            return None
        names.append(key.name)
    subject = unit.use(found) if found is not None else lookup_later(unit, scope, node.subject, None)
    keys = tuple((key.start, key.end) for key in node.path)
    if own is None and not unit.program.exact:
        if len(names) == 1:
            return f"select_slot1({subject}, {names[0]!r}, F, {(node.start, node.end, name, keys)!r})"
        return f"select_slot({subject}, {tuple(names)!r}, F, {(node.start, node.end, name, keys)!r})"
    return f"[select_late, ({subject}, {tuple(names)!r}, F, {(node.start, node.end, name, keys)!r})]"


def _cheap_arithmetic(unit: Unit, scope: Scope, node: nodes.Binary) -> tuple[str, str] | None:
    if node.operator not in ("+", "-") or not isinstance(node.left, nodes.Var) or not isinstance(node.right, nodes.Int):
        return None
    found = scope.find(node.left.name)
    step = node.right.value
    if found is None or found.const is not None or found.demand is not None or not 0 <= step < 2**32:
        return None
    if node.operator == "-" and _shadowed(unit, scope, "-"):
        return None
    ident = unit.use(found)
    limit = f"{ident} < {2**62}" if node.operator == "+" else f"{ident} > {-(2**62)}"
    return f"{ident} {node.operator} {step}", f"type({ident}) is int and {limit}"


def list_text(
    unit: Unit, scope: Scope, node: nodes.List, environment: Environment, depth: int, name: str | None = None
) -> str:
    """Return a list of slots; errors in its elements name the attribute with the list."""
    texts = [
        # A function in a list does not have the attribute's name.
        lazy(unit, scope, item, environment, None if isinstance(item, nodes.Lambda) else name, depth)
        for item in node.items
    ]
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})" if texts else "()"


# --- leaves


def _constant(unit: Unit, scope: Scope, node: Any, goal: str | None) -> str:
    text = constant(unit, scope, node)
    assert text is not None
    return finish(unit, text, goal, None, atomic=True)


def _string(unit: Unit, scope: Scope, node: nodes.Str, goal: str | None) -> str:
    text = constant(unit, scope, node)
    if text is not None:
        return finish(unit, text, goal, None, atomic=True)
    parts: list[str] = []
    atoms: list[str] = []
    fast: list[str] = []
    mark = place("i", node)
    given = [
        "".join(map(str, part.parts))
        if isinstance(part, nodes.Str) and all(isinstance(inner, str) for inner in part.parts)
        else part
        for part in node.parts
    ]
    last = max((i for i, part in enumerate(given) if not isinstance(part, str)), default=-1)
    for number, part in enumerate(given):
        if isinstance(part, str):
            parts.append(repr(part))
            fast.append(_in_f_string(part))
        else:
            atom = value(unit, scope, part)
            if number < last and not _is_text(atom):
                # Each becomes a string before the next is evaluated.
                target = unit.program.fresh("r")
                unit.emit(f"{target} = {atom} if type({atom}) is str else interpolate(({atom},))", mark)
                atom = target
            parts.append(atom)
            fast.append("{" + atom + "}")
            if atom.isidentifier() and atom not in atoms:
                atoms.append(atom)
            elif not atom.isidentifier():
                # A constant that is not plain text takes the general way, which raises the error.
                fast.append("\0")
    slow = f"interpolate(({', '.join(parts)},))"
    if "\0" in fast or not atoms:
        return finish(unit, slow, goal, mark)
    quick = atoms[0] if len(fast) == 1 else f'f"{"".join(fast)}"'
    test = " is ".join(f"type({atom})" for atom in atoms)
    return finish(unit, f"{quick} if {test} is str else {slow}", goal, mark)


def _in_f_string(text: str) -> str:
    escaped = text.encode("unicode_escape").decode("ascii").replace('"', '\\"')
    return escaped.replace("{", "{{").replace("}", "}}")


def _path(unit: Unit, scope: Scope, node: nodes.Path, goal: str | None) -> str:
    text = constant(unit, scope, node)
    if text is not None:
        return finish(unit, text, goal, None, atomic=True)
    parts: list[str] = []
    for i, part in enumerate(node.parts):
        if isinstance(part, str):
            parts.append(unit.program.path_prefix(part) if i == 0 else repr(part))
        else:
            parts.append(value(unit, scope, part))
    return finish(unit, f"path_literal(({', '.join(parts)},))", goal, place("i", node))


def _search_path(unit: Unit, scope: Scope, node: nodes.SearchPath, goal: str | None) -> str:
    environment = Environment(unit)
    find = calls.operator_function(unit, scope, "__findFile")
    entries = scope.find("__nixPath")
    assert entries is not None
    path = unit.use(entries)
    mark = place("c", node)
    if find is None:
        text = f"{unit.program.builtin_function('findFile')}({path}, {node.name!r})"
    else:
        text = f"call2({find}, {path}, {node.name!r})"
    environment.close(text)
    return finish(unit, text, goal, mark)


def _current_position(unit: Unit, scope: Scope, node: nodes.CurPos, goal: str | None) -> str:
    return finish(unit, f"current_position(F, {node.start})", goal, None)


def variable(unit: Unit, binding: Binding, node: Any, goal: str | None) -> str:
    """Return the value of a bound variable."""
    ident = unit.use(binding)
    if binding.const is not None or binding.whnf or ident in unit.forced:
        return finish(unit, ident, goal, None, atomic=True)
    mark = place("v", node, ident)
    if goal is RETURN:
        unit.emit(
            f"return {ident} if type({ident}) is not list else {ident}[1] if {ident}[0] is None else force({ident})",
            mark,
        )
        return ident
    unit.emit(f"if type({ident}) is list: {ident} = {ident}[1] if {ident}[0] is None else force({ident})", mark)
    unit.forced.add(ident)
    return finish(unit, ident, goal, None, atomic=True)


def _variable(unit: Unit, scope: Scope, node: nodes.Var, goal: str | None) -> str:
    found = scope.find(node.name)
    if found is not None:
        return variable(unit, found, node, goal)
    if node.name == "__curPos":
        return _current_position(unit, scope, nodes.CurPos(node.start, node.end), goal)
    scopes = with_scopes(unit, scope)
    mark = place("w", node)
    if scopes == "None":
        return finish(unit, f"lookup({node.name!r}, None)", goal, mark)
    target = unit.program.fresh("r")
    unit.emit(f"{target} = {scopes}[2].get({node.name!r}, MISSING)")
    unit.emit(f"if {target} is MISSING: {target} = lookup({node.name!r}, {scopes})", mark)
    return finish(unit, target, goal, None, atomic=True)


# --- sets


def _select(unit: Unit, scope: Scope, node: nodes.Select, goal: str | None) -> str:
    name = calls.builtin_name(unit, scope, node)
    if name is not None:
        return finish(unit, unit.program.builtin_value(name), goal, None, atomic=True)
    if node.default is not None:
        return _select_or(unit, scope, node, goal)
    current = value(unit, scope, node.subject)
    last = len(node.path) - 1
    for i, key in enumerate(node.path):
        target = unit.program.fresh("r") if i < last or goal in (None, RETURN, TEXT) else str(goal)
        if isinstance(key, nodes.Name):
            if not current.isidentifier() or current in ("None", "True", "False"):
                unit.emit(f"{target} = {current}")
                current = target
                target = unit.program.fresh("r")
            unit.emit(f"{target} = {current}[{key.name!r}]", place("s", key, current, key.name))
            mark = place("a", key, key.name)
            if i == last and goal is RETURN:
                unit.emit(
                    f"return {target} if type({target}) is not list else force_attr({current}, {key.name!r}, {target})",
                    mark,
                )
            else:
                unit.emit(f"if type({target}) is list: {target} = force_attr({current}, {key.name!r}, {target})", mark)
        else:
            text = dynamic_key(unit, scope, key)
            unit.emit(f"{target} = select({current}, {text})", place("a", key, None))
            if i == last and goal is RETURN:
                unit.emit(f"return {target}")
        current = target
    if goal in (None, TEXT):
        return current
    return current


def dynamic_key(unit: Unit, scope: Scope, key: nodes.Expr) -> str:
    """Return the name that a dynamic key evaluates to."""
    text = value(unit, scope, key)
    if isinstance(key, nodes.Str) and constant(unit, scope, key) is not None:
        return text
    return finish(unit, f"{text} if type({text}) is str else name_of({text})", None, place("k", key))


def _select_or(unit: Unit, scope: Scope, node: nodes.Select, goal: str | None) -> str:
    assert node.default is not None
    target = value(unit, scope, node.subject)
    # A constant default is passed at once; otherwise MISSING requests it.
    default = constant(unit, scope, node.default)
    last = len(node.path) - 1
    depth = unit.indent
    for i, key in enumerate(node.path):
        otherwise = default if i == last and default is not None else "MISSING"
        mark = place("a", key, getattr(key, "name", None))
        current, target = target, unit.program.fresh("r")
        if isinstance(key, nodes.Name):
            unit.emit(f"{target} = select_or({current}, {key.name!r}, {otherwise})", mark)
            continue
        unit.emit(f"{target} = {otherwise}")
        unit.emit(f"if {current} is not MISSING:")
        unit.indent += 1
        forced = unit.forced.copy()
        text = dynamic_key(unit, scope, key)
        unit.forced = forced
        unit.emit(f"{target} = select_or({current}, {text}, {otherwise})", mark)
        unit.indent = depth
    if default is None:
        unit.emit(f"if {target} is MISSING:")
        unit.indent += 1
        forced = unit.forced.copy()
        gen(unit, scope, node.default, RETURN if goal is RETURN else target)
        unit.forced = forced
        unit.indent = depth
    return finish(unit, target, goal, None, atomic=True)


def _has_attr(unit: Unit, scope: Scope, node: nodes.HasAttr, goal: str | None) -> str:
    subject = value(unit, scope, node.subject)
    environment = Environment(unit)
    if len(node.path) == 1 and isinstance(node.path[0], nodes.Name):
        text = f"type({subject}) is dict and {node.path[0].name!r} in {subject}"
        return finish(unit, f"({text})", goal, place("?", node))
    keys = [repr(key.name) if isinstance(key, nodes.Name) else lazy(unit, scope, key, environment) for key in node.path]
    (text,) = environment.close(f"has_path({subject}, ({', '.join(keys)},))")
    return finish(unit, text, goal, place("?", node))


def _list(unit: Unit, scope: Scope, node: nodes.List, goal: str | None) -> str:
    environment = Environment(unit)
    (text,) = environment.close(list_text(unit, scope, node, environment, 0))
    return finish(unit, text, goal, None)


def _lambda(unit: Unit, scope: Scope, node: nodes.Lambda, goal: str | None, name: str | None = None) -> str:
    environment = Environment(unit)
    (text,) = environment.close(lambdas.closure(unit, scope, node, environment, name))
    return finish(unit, text, goal, None)


# --- control


def is_boolean(node: nodes.Expr) -> bool:
    """Whether a node can only evaluate to a Boolean."""
    if isinstance(node, nodes.Binary):
        return node.operator in _COMPARISONS or node.operator in ("&&", "||", "->")
    if isinstance(node, nodes.Unary):
        return node.operator == "!"
    return isinstance(node, nodes.HasAttr)


def condition(unit: Unit, scope: Scope, node: nodes.Expr, what: str, at: Any = None) -> str:
    """Return a text that is True or False; the mark of the line that uses it is `program.pending`."""
    unit.program.pending = None
    if is_boolean(node) and not _overridable(unit, scope, node):
        return gen(unit, scope, node, TEXT)
    text = gen(unit, scope, node, None)
    unit.program.pending = None
    if text in ("True", "False"):
        return text
    text = named(unit, text)
    unit.emit(f"if {text} is not True and {text} is not False: not_bool({text})", place("b", node, what))
    return text


def _overridable(unit: Unit, scope: Scope, node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Binary) and _shadowed(unit, scope, node.operator)


def _if(unit: Unit, scope: Scope, node: nodes.If, goal: str | None) -> str:
    text = condition(unit, scope, node.condition, "while evaluating a branch condition")
    unit.emit(f"if {text}:", unit.program.pending)
    target: str | None = goal
    if goal in (None, TEXT):
        target = unit.program.fresh("r")
    before = unit.forced.copy()
    unit.indent += 1
    gen(unit, scope, node.then, target)
    unit.indent -= 1
    after = unit.forced
    unit.forced = before
    if target is RETURN:
        # The other branch follows at the same depth: chains of `else if` stay flat.
        gen(unit, scope, node.otherwise, target)
        return ""
    unit.emit("else:")
    unit.indent += 1
    gen(unit, scope, node.otherwise, target)
    unit.indent -= 1
    unit.forced &= after
    unit.program.pending = None
    return target or ""


def _assert(unit: Unit, scope: Scope, node: nodes.Assert, goal: str | None) -> str:
    condition_node = node.condition
    if isinstance(condition_node, nodes.Binary) and condition_node.operator == "==":
        left = value(unit, scope, condition_node.left)
        right = value(unit, scope, condition_node.right)
        mark: Mark = ("o", condition_node.operator_start, condition_node.operator_start + 2, "==")
        unit.emit(f"if not {_equal_text(left, right)}: unequal({left}, {right})", mark)
        return gen(unit, scope, node.body, goal)
    text = condition(unit, scope, node.condition, "in the condition of the assert statement")
    unit.emit(f"if not ({text}): assertion_failed(F, {node.condition.start}, {node.condition.end})", place("A", node))
    return gen(unit, scope, node.body, goal)


def _with(unit: Unit, scope: Scope, node: nodes.With, goal: str | None) -> str:
    environment = Environment(unit)
    binding = Binding(unit.program.fresh("w"), unit)
    (text,) = environment.close(lazy(unit, scope, node.scope, environment))
    unit.emit(f"{binding.ident} = ({text}, {with_scopes(unit, scope)}, {{}})")
    return gen(unit, Scope(scope, binding), node.body, goal)


def _let(unit: Unit, scope: Scope, node: nodes.Let, goal: str | None) -> str:
    recursion = bindings.Recursion(unit, scope, node.bindings)
    text = gen(unit, recursion.scope, node.body, goal)
    pending = unit.program.pending
    recursion.close()
    unit.program.pending = pending
    return text


# --- operators


def _shadowed(unit: Unit, scope: Scope, operator: str) -> bool:
    """Whether the program rebinds the function of an operator (`let __sub = ...`)."""
    name = _LEXICAL.get(operator)
    return name is not None and name in unit.program.rebound and calls.operator_function(unit, scope, name) is not None


def _unary(unit: Unit, scope: Scope, node: nodes.Unary, goal: str | None) -> str:
    if node.operator == "!":
        text = condition(unit, scope, node.operand, "in the argument of the not operator")
        return finish(unit, f"not ({text})", goal, unit.program.pending)
    if isinstance(node.operand, nodes.Int) and not _shadowed(unit, scope, "-"):
        return finish(unit, f"(-{node.operand.value})", goal, None, atomic=True)
    zero = nodes.Int(0, node.start, node.start)
    return gen(unit, scope, nodes.Binary("-", zero, node.operand, node.start, node.start, node.end), goal)


def _binary(unit: Unit, scope: Scope, node: nodes.Binary, goal: str | None) -> str:
    operator = node.operator
    if operator in ("&&", "||", "->"):
        return _logic(unit, scope, node, goal)
    name = _LEXICAL.get(operator)
    if name is not None and name in unit.program.rebound:
        function = calls.operator_function(unit, scope, name)
        if function is not None:
            return calls.rebound_operator(unit, scope, node, function, goal)
    mark: Mark = ("o", node.operator_start, node.operator_start + len(operator), operator, node.start, node.end)
    if operator in _REVERSED:
        right = value(unit, scope, node.right)
        left = value(unit, scope, node.left)
    elif operator == "//":
        right = value(unit, scope, node.right)
        if not isinstance(node.right, nodes.AttrSet):
            unit.emit(f"if type({right}) is not dict: not_set({right})", ("o", *mark[1:3], "//r", *mark[4:]))
        left = value(unit, scope, node.left)
    else:
        left = value(unit, scope, node.left)
        if operator == "+" and left.isidentifier() and not _is_quiet(unit, scope, node.right):
            # A set becomes a string before the right operand is evaluated.
            target = unit.program.fresh("r")
            unit.emit(f"{target} = {left} if type({left}) is int or type({left}) is str else addable({left})", mark)
            left = target
        right = value(unit, scope, node.right)
    return finish(unit, _OPERATIONS[operator](left, right), goal, mark)


def _is_quiet(unit: Unit, scope: Scope, node: nodes.Expr) -> bool:
    """Whether evaluating a node has no observable effect."""
    if isinstance(node, nodes.Var):
        binding = scope.find(node.name)
        return binding is not None and binding.demand is None and unit.use(binding) in unit.forced
    return isinstance(node, (nodes.AttrSet, nodes.List, nodes.Lambda)) or constant(unit, scope, node) is not None


def _is_text(text: str) -> bool:
    return text[0] in "'\""


def _is_int(text: str) -> bool:
    return text.isdigit() or (text[0] == "(" and text[1] == "-" and text[2:-1].isdigit())


def _add_text(left: str, right: str) -> str:
    if _is_int(right) and left.isidentifier() and right.isdigit() and len(right) < 10:
        return f"{left} + {right} if type({left}) is int and {left} < {2**62} else add({left}, {right})"
    if _is_int(left) and right.isidentifier() and left.isdigit() and len(left) < 10:
        return f"{left} + {right} if type({right}) is int and {right} < {2**62} else add({left}, {right})"
    if _is_text(left) and right.isidentifier():
        return f"{left} + {right} if type({right}) is str else add({left}, {right})"
    if _is_text(right) and left.isidentifier():
        return f"{left} + {right} if type({left}) is str else add({left}, {right})"
    return _checked(left, "+", right, f"add({left}, {right})")


def _checked(left: str, operator: str, right: str, slow: str) -> str:
    """Return code for integer arithmetic in place, for results within 64 bits; `z` is an otherwise unused variable."""
    if not (left.isidentifier() and right.isidentifier()):
        return slow
    fast = f"z if {INT_MIN} <= (z := {left} {operator} {right}) <= {INT_MAX} else {slow}"
    return f"({fast}) if type({left}) is type({right}) is int else {slow}"


def _sub_text(left: str, right: str) -> str:
    if right.isdigit() and left.isidentifier() and len(right) < 10:
        return f"{left} - {right} if type({left}) is int and {left} > {-(2**62)} else sub({left}, {right})"
    return _checked(left, "-", right, f"sub({left}, {right})")


def _mul_text(left: str, right: str) -> str:
    for one, two in ((left, right), (right, left)):
        if one.isidentifier() and two.isdigit() and len(two) < 10:
            # A factor below 2 ** 30 and one below 2 ** 33 stay in 64 bits.
            return (
                f"{left} * {right} if type({one}) is int and -8589934592 < {one} < 8589934592 else mul({left}, {right})"
            )
    return _checked(left, "*", right, f"mul({left}, {right})")


def _div_text(left: str, right: str) -> str:
    if left.isidentifier() and right.isdigit() and right.strip("0"):
        return f"{left} // {right} if type({left}) is int and {left} >= 0 else div({left}, {right})"
    return f"div({left}, {right})"


def _equal_text(left: str, right: str) -> str:
    for one, two in ((left, right), (right, left)):
        if two in ("None", "True", "False") and one.isidentifier():
            return f"({one} is {two})"
        if two == "()" and one.isidentifier():
            return f"(type({one}) is tuple and not {one})"
        if one.isidentifier():
            if _is_int(two):
                return f"({one} == {two} if type({one}) is int else equal({left}, {right}))"
            if _is_text(two):
                return f"({one} == {two} if type({one}) is str else equal({left}, {right}))"
    if left.isidentifier() and right.isidentifier():
        return f"({left} == {right} if type({left}) is type({right}) in SCALARS else equal({left}, {right}))"
    return f"equal({left}, {right})"


def _less_text(left: str, right: str) -> str:
    if left.isidentifier() and _is_int(right):
        return f"({left} < {right} if type({left}) is int else less({left}, {right}))"
    if right.isidentifier() and _is_int(left):
        return f"({left} < {right} if type({right}) is int else less({left}, {right}))"
    if left.isidentifier() and right.isidentifier():
        return f"({left} < {right} if type({left}) is type({right}) is int else less({left}, {right}))"
    return f"less({left}, {right})"


def _update_text(left: str, right: str) -> str:
    return f"update({left}, {right}) if type({left}) is dict else not_set({left})"


def _concat_text(left: str, right: str) -> str:
    if left.isidentifier() and right.isidentifier():
        return f"{left} + {right} if type({left}) is type({right}) is tuple else concat({left}, {right})"
    return f"concat({left}, {right})"


_OPERATIONS: Final = {
    "+": _add_text,
    "-": _sub_text,
    "*": _mul_text,
    "/": _div_text,
    "==": _equal_text,
    "!=": lambda left, right: f"(not {_equal_text(left, right)})",
    "<": _less_text,
    ">": lambda left, right: _less_text(right, left),
    "<=": lambda left, right: f"(not {_less_text(right, left)})",
    ">=": lambda left, right: f"(not {_less_text(left, right)})",
    "//": _update_text,
    "++": _concat_text,
}


_OPERAND_FRAMES: Final = {
    "&&": ("in the left operand of the AND (&&) operator", "in the right operand of the AND (&&) operator"),
    "||": ("in the left operand of the OR (||) operator", "in the right operand of the OR (||) operator"),
    "->": ("in the left operand of the IMPL (->) operator", "in the right operand of the IMPL (->) operator"),
}


def _logic(unit: Unit, scope: Scope, node: nodes.Binary, goal: str | None) -> str:
    left_frame, right_frame = _OPERAND_FRAMES[node.operator]
    text = condition(unit, scope, node.left, left_frame)
    mark = unit.program.pending
    target = goal if goal not in (None, RETURN, TEXT) else unit.program.fresh("r")
    assert target is not None
    if node.operator == "&&":
        test, decided = text, "False"
    elif node.operator == "||":
        test, decided = f"not ({text})", "True"
    else:
        test, decided = text, "True"
    if goal is RETURN:
        unit.emit(f"if not ({test}): return {decided}", mark)
        text = condition(unit, scope, node.right, right_frame)
        unit.emit(f"return {text}", unit.program.pending)
        return ""
    unit.emit(f"{target} = {decided}")
    unit.emit(f"if {test}:", mark)
    forced = unit.forced.copy()
    unit.indent += 1
    text = condition(unit, scope, node.right, right_frame)
    unit.emit(f"{target} = {text}", unit.program.pending)
    unit.indent -= 1
    unit.forced = forced
    unit.program.pending = None
    return target


_NESTING: Final = frozenset({nodes.If, nodes.Binary, nodes.Select, nodes.Let, nodes.Assert})

_GENERATORS: Final[dict[type, Callable[[Unit, Scope, Any, str | None], str]]] = {
    nodes.Int: _constant,
    nodes.Float: _constant,
    nodes.Str: _string,
    nodes.Path: _path,
    nodes.SearchPath: _search_path,
    nodes.Var: _variable,
    nodes.CurPos: _current_position,
    nodes.Select: _select,
    nodes.HasAttr: _has_attr,
    nodes.Apply: calls.apply,
    nodes.Lambda: _lambda,
    nodes.AttrSet: bindings.attr_set,
    nodes.Let: _let,
    nodes.With: _with,
    nodes.Assert: _assert,
    nodes.If: _if,
    nodes.List: _list,
    nodes.Unary: _unary,
    nodes.Binary: _binary,
}
