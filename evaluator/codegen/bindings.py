"""Translation of sets and `let`."""

from __future__ import annotations

from ...lang import nodes
from . import calls, expressions, lambdas
from .scope import Binding, Scope, builtin_binding
from .unit import HERE, Environment, Hole, Unit


def _simple_origin(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Var)


def is_plain(scope: Scope, node: nodes.AttrSet) -> bool:
    """Whether the set can be made on the spot: nothing to evaluate, no variable to introduce."""
    return not node.recursive and not node.dynamic and all(map(_simple_origin, node.origins))


def inherit_text(unit: Unit, scope: Scope, attr: nodes.Inherited, environment: Environment) -> str:
    """Return the slot of `inherit name;`, looked up in `scope`."""
    return expressions.lazy(unit, scope, nodes.Var(attr.name, attr.start, attr.end), environment)


def inherit_from_text(unit: Unit, origin: str, attr: nodes.InheritedFrom) -> str:
    """Return the slot of `inherit (origin) name;`."""
    if unit.program.exact:
        return f"[inherit_from, ({origin}, {attr.name!r}, F, {attr.start}, {attr.end})]"
    return f"inherit_slot({origin}, {attr.name!r}, F, {attr.start}, {attr.end})"


def inherit_later(unit: Unit, origin: Binding, attr: nodes.InheritedFrom, environment: Environment) -> str:
    """Return the slot of `inherit (origin) name;` if `origin` is a variable of the same scope."""
    mark = expressions.place("t", attr, attr.name)
    child = Unit(unit.program, unit.program.fresh("t"), environment, [], mark)
    subject = expressions.variable(child, origin, attr, None)
    if not subject.isidentifier():
        child.emit(f"r = {subject}")
        subject = "r"
    child.emit(f"s = {subject}[{attr.name!r}]", expressions.place("s", attr, subject, attr.name))
    child.emit(f"return s if type(s) is not list else force_attr({subject}, {attr.name!r}, s)")
    return f"[{child.name}, {HERE if child.captured else 'None'}]"


def set_text(
    unit: Unit,
    scope: Scope,
    node: nodes.AttrSet,
    environment: Environment,
    depth: int,
    origins: list[str] | None = None,
) -> str:
    """Return the display of a set that is not recursive, without its dynamic attributes."""
    texts: list[str] = []
    for attr in node.attrs:
        if isinstance(attr, nodes.Attr):
            slot = expressions.lazy(unit, scope, attr.value, environment, attr.name, depth)
        elif isinstance(attr, nodes.Inherited):
            slot = inherit_text(unit, scope, attr, environment)
        else:
            origin_node = node.origins[attr.origin]
            builtin = calls.builtin_in(unit, scope, origin_node, attr.name)
            if builtin is not None:
                slot = unit.program.builtin_value(builtin)
            else:
                if origins is None:
                    origin = expressions.lazy(unit, scope, origin_node, environment)
                else:
                    origin = origins[attr.origin]
                slot = inherit_from_text(unit, origin, attr)
        texts.append(f"{attr.name!r}: {slot}")
    if not texts:
        return "{}" if node.dynamic else "EMPTY_SET"
    return f"{{WHERE: {unit.program.site(node)}, {', '.join(texts)}}}"


def attr_set(unit: Unit, scope: Scope, node: nodes.AttrSet, goal: str | None) -> str:
    """Evaluate a set."""
    if node.recursive:
        return _recursive_set(unit, scope, node, goal)
    environment = Environment(unit)
    origins: list[str] = []
    lines: list[str] = []
    for origin in node.origins:
        text = expressions.lazy(unit, scope, origin, environment)
        if not _simple_origin(origin):
            ident = unit.program.fresh("o")
            lines.append(f"{ident} = {text}")
            text = ident
        origins.append(text)
    lines.append(set_text(unit, scope, node, environment, 0, origins))
    *lines, display = environment.close(*lines)
    for line in lines:
        unit.emit(line)
    if not node.dynamic:
        return expressions.finish(unit, display, goal, None)
    target = expressions.finish(unit, display, None, None)
    _dynamic(unit, scope, node, target)
    return expressions.finish(unit, target, goal, None, atomic=True)


def _dynamic(unit: Unit, scope: Scope, node: nodes.AttrSet, target: str) -> None:
    for attr in node.dynamic:
        key = expressions.value(unit, scope, attr.key)
        environment = Environment(unit)
        (slot,) = environment.close(expressions.lazy(unit, scope, attr.value, environment))
        unit.emit(f"add_dynamic({target}, {key}, {slot}, F, {attr.start})", expressions.place("d", attr.key))


def _recursive_set(unit: Unit, scope: Scope, node: nodes.AttrSet, goal: str | None) -> str:
    overridden = any(attr.name == "__overrides" for attr in node.attrs)
    recursion = Recursion(unit, scope, node, everything=overridden)
    texts = [f"{attr.name!r}: {recursion.slot(attr)}" for attr in node.attrs]
    display = f"{{WHERE: {unit.program.site(node)}, {', '.join(texts)}}}" if texts else "{}"
    hole = unit.hole()
    if overridden:
        recursion.keep_environment()
    target = expressions.finish(unit, display, None, None)
    if overridden:
        places = recursion.places_text()
        unit.emit(f"{target} = overrides({target}, {recursion.ident}, {places})", expressions.place("x", node))
    _dynamic(unit, recursion.scope, node, target)
    recursion.close(hole)
    return expressions.finish(unit, target, goal, None, atomic=True)


class Recursion:
    """The scope of a `let` or a recursive set, and the code that fills it.

    Code for an attribute is written on its first use, so unused ones cost nothing. The code that makes the variables
    goes into a hole before the body, which `close` fills when all uses are known. The shared environment of the
    attributes is a list if they refer to each other: it is made first, and each variable is put into it when made.
    """

    def __init__(self, unit: Unit, scope: Scope, node: nodes.AttrSet, everything: bool = False) -> None:
        self.unit = unit
        self.outer = scope
        self.scope = Scope(scope)
        self.environment = Environment(unit)
        self.hole = unit.hole()
        self.members: list[tuple[Binding, str]] = []
        self.everything = everything
        self.ident = ""
        self._origins: dict[int, Binding] = {}
        self._node = node
        own: list[nodes.Attr | nodes.Inherited | nodes.InheritedFrom] = []
        for attr in node.attrs:
            if isinstance(attr, nodes.Inherited) and not everything:
                found = scope.find(attr.name)
                if found is not None:
                    self.scope.names[attr.name] = found
                    continue
            self.scope.names[attr.name] = Binding(unit.program.fresh("v"), unit)
            own.append(attr)
        self._declared = set(self.scope.names) - {attr.name for attr in own}
        for attr in own:
            self._declare(attr)
            self._declared.add(attr.name)

    def slot(self, attr: nodes.Attr | nodes.Inherited | nodes.InheritedFrom) -> str:
        """Return the variable of an attribute as a slot."""
        return self.unit.use(self.scope.names[attr.name])

    def add(self, binding: Binding, text: str) -> None:
        """Add a variable of this scope and the expression that makes it."""
        self.members.append((binding, text))

    def _declare(self, attr: nodes.Attr | nodes.Inherited | nodes.InheritedFrom) -> None:
        unit, names = self.unit, self.scope.names
        binding = names[attr.name]
        if isinstance(attr, nodes.Inherited):
            binding.demand = lambda: self.add(binding, inherit_text(unit, self.outer, attr, self.environment))
        elif isinstance(attr, nodes.InheritedFrom):
            origin = self._node.origins[attr.origin]
            builtin = None if self.everything else calls.builtin_in(unit, self.scope, origin, attr.name)
            if builtin is not None:
                names[attr.name] = builtin_binding(builtin)
            else:
                binding.demand = lambda: self.add(binding, self._inherit_from(attr))
        elif self.everything or not self._declare_known(binding, attr):
            binding.demand = lambda: self.add(binding, self._thunk(attr))

    def _thunk(self, attr: nodes.Attr) -> str:
        node = attr.value
        if isinstance(node, nodes.Select) and not self.everything:
            text = expressions.select_later(self.unit, self.scope, node, attr.name, self.scope.names)
            if text is not None:
                return text
        return expressions.thunk(self.unit, self.scope, node, self.environment, attr.name)

    def _declare_known(self, binding: Binding, attr: nodes.Attr) -> bool:
        """Declare an attribute that needs no thunk; return False if it needs one."""
        unit, names, node = self.unit, self.scope.names, attr.value
        if isinstance(node, nodes.Var):
            found = self.scope.find(node.name)
            if found is None:
                return False
            if unit.program.exact:
                # Like Nix, use the slot of an earlier attribute, and a thunk for a later one.
                if node.name in names and node.name not in self._declared:
                    return False
            elif names.get(node.name) is found and not self._is_settled(node.name):
                return False
            names[attr.name] = found
            return True
        text = expressions.constant(unit, self.scope, node)
        if text is not None:
            name = None if unit.program.exact else calls.builtin_name(unit, self.scope, node)
            if name is None:
                binding.const = text
            else:
                names[attr.name] = builtin_binding(name)
            return True
        if isinstance(node, nodes.Lambda) and not unit.program.exact:
            lambdas.KnownLambda(self, binding, node, attr.name)
            return True
        return False

    def _is_settled(self, name: str) -> bool:
        """Whether an attribute is itself no mere name for another one, which could be in a circle."""
        return any(
            attr.name == name and isinstance(attr, nodes.Attr) and not isinstance(attr.value, nodes.Var)
            for attr in self._node.attrs
        )

    def _inherit_from(self, attr: nodes.InheritedFrom) -> str:
        """Return the slot of `inherit (origin) name;`."""
        node = self._node.origins[attr.origin]
        origin = self.scope.find(node.name) if isinstance(node, nodes.Var) else self._origin(attr.origin)
        if origin is None:
            origin = self._origin(attr.origin)
        elif origin is not self.scope.names.get(getattr(node, "name", "")) and origin not in self._origins.values():
            return inherit_from_text(self.unit, self.unit.use(origin), attr)
        # The origin may be made after this slot, so it is read when the slot is forced.
        return inherit_later(self.unit, origin, attr, self.environment)

    def _origin(self, index: int) -> Binding:
        """Return the variable that holds the set of `inherit (origin)`."""
        binding = self._origins.get(index)
        if binding is None:
            binding = self._origins[index] = Binding(self.unit.program.fresh("o"), self.unit)
            self.add(binding, expressions.thunk(self.unit, self.scope, self._node.origins[index], self.environment))
        return binding

    def keep_environment(self) -> None:
        """Make the environment a list with every attribute in it, used or not."""
        for attr in self._node.attrs:
            self.environment.index(self.scope.names[attr.name])
        self.ident = self.unit.program.fresh("n")

    def places_text(self) -> str:
        """Return the text of a dictionary from names to indexes in the environment."""
        places = self.environment.places
        return repr({attr.name: places[self.scope.names[attr.name]] for attr in self._node.attrs})

    def close(self, hole: Hole | None = None) -> None:
        """Write the code that makes the variables."""
        own = {binding for binding, _ in self.members}
        unit, places = self.unit, self.environment.places
        with unit.fill(self.hole):
            if not any(binding in own for binding in places):
                lines = self.environment.close(*[f"{binding.ident} = {text}" for binding, text in self.members])
                for line in lines:
                    unit.emit(line)
                return
            self.environment.boxed = True
            ident = self.ident or unit.program.fresh("n")
            made = ", ".join("None" if binding in own else unit.need(binding) for binding in places)
            unit.emit(f"{ident} = [{made}]")
            for binding, text in self.members:
                target = f"{binding.ident} = "
                if binding in places:
                    target += f"{ident}[{places[binding]}] = "
                unit.emit(target + text.replace(HERE, ident))
