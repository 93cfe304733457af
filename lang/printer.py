"""Print a tree as `nix-instantiate --parse` does, byte for byte.

Everything is in parentheses, operators that are calls in Nix are printed as calls, attributes are sorted by name and
paths are absolute. The text means the same as the tree, but loses some of it: `a < b` and `__lessThan a b` print alike.
"""

from __future__ import annotations

from .bindings import attribute_name
from .nodes import (
    Apply,
    Assert,
    Attr,
    AttrSet,
    Binary,
    CurPos,
    Float,
    HasAttr,
    If,
    Inherited,
    InheritedFrom,
    Int,
    Lambda,
    Let,
    List,
    Name,
    Path,
    SearchPath,
    Select,
    Str,
    Unary,
    Var,
    With,
)  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from .nodes import AttrKey, Expr

    Pieces: TypeAlias = "list[str | Expr]"


def show(expr: Expr, base: str, home: str) -> str:
    """The text of an expression, as a byte string.

    `base` and `home` are the absolute directories that relative paths and `~` refer to.
    """
    printer = _Printer(base, home)
    written: list[str] = []
    # Items still to be written, the next on top.
    pending: Pieces = [expr]
    while pending:
        piece = pending.pop()
        if type(piece) is str:
            written.append(piece)
        else:
            pending += reversed(printer.pieces(piece))  # type: ignore[arg-type]
    return "".join(written)


def show_string(text: str) -> str:
    """Return a text as a string literal."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return '"' + text.replace("${", "\\${") + '"'


def resolve(path: str, base: str, home: str) -> str:
    """Return the absolute path of the first text of a path literal.

    A trailing `/` stays, because text of an interpolation follows.
    """
    if path[0] == "~":
        return home + path[1:]
    parts: list[str] = []
    for part in (path if path[0] == "/" else f"{base}/{path}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts) + ("/" if parts and path[-1] == "/" else "")


class _Printer:
    """Takes nodes apart into texts and the nodes between them, one level at a time."""

    def __init__(self, base: str, home: str) -> None:
        self.base = base
        self.home = home

    def pieces(self, expr: Expr) -> Pieces:
        match expr:
            case Var(name):
                return [name]
            case Int(value):
                return [str(value)]
            case Float(value):
                return [f"{value:g}"]
            case Str(parts):
                if not parts:
                    return ['""']
                if len(parts) == 1 and type(parts[0]) is str:
                    return [show_string(parts[0])]
                return self._sum([show_string(part) if type(part) is str else part for part in parts])
            case Path(parts):
                first = parts[0]
                assert type(first) is str
                absolute = resolve(first, self.base, self.home)
                if len(parts) == 1:
                    return [absolute]
                rest = [show_string(part) if type(part) is str else part for part in parts[1:]]
                return self._sum([absolute, *rest])
            case Apply() | SearchPath() | Unary("-") | Binary("<" | ">" | "-" | "*" | "/"):
                return ["(", *self._call(expr), ")"]
            case Binary("<=" | ">=" as symbol, left, right):
                first, second = (right, left) if symbol == "<=" else (left, right)
                return ["(! (__lessThan ", first, " ", second, "))"]
            case Binary(symbol, left, right):
                return ["(", left, f" {symbol} ", right, ")"]
            case Unary(_, operand):
                return ["(! ", operand, ")"]
            case Select(subject, path, default):
                result: Pieces = ["(", subject, ").", *self._path(path)]
                return result if default is None else [*result, " or (", default, ")"]
            case HasAttr(subject, path):
                return ["((", subject, ") ? ", *self._path(path), ")"]
            case AttrSet(recursive):
                return ["rec { " if recursive else "{ ", *self._bindings(expr), "}"]
            case List(items):
                result = ["[ "]
                for item in items:
                    result += ["(", item, ") "]
                return [*result, "]"]
            case Lambda():
                return self._lambda(expr)
            case Let(bindings, body):
                return ["(let ", *self._bindings(bindings), "in ", body, ")"]
            case With(scope, body):
                return ["(with ", scope, "; ", body, ")"]
            case If(condition, then, otherwise):
                return ["(if ", condition, " then ", then, " else ", otherwise, ")"]
            case Assert(condition, body):
                return ["assert ", condition, "; ", body]
            case CurPos():
                return ["__curPos"]

    def _sum(self, parts: Pieces) -> Pieces:
        result: Pieces = ["("]
        for part in parts:
            result += [part, " + "]
        result[-1] = ")"
        return result

    def _call(self, expr: Expr) -> Pieces:
        """Print a call without its parentheses.

        A call that is one call in Nix is one call, except that `or` as a name is separate.
        """
        match expr:
            case Apply(function, arguments):
                first = arguments[0]
                apart = type(function) is Apply or (type(first) is Var and first.name == "or")
                called: Pieces = [function] if apart else self._call(function)
                for argument in arguments:
                    called += [" ", argument]
                return called
            case SearchPath(name):
                return ["__findFile __nixPath ", show_string(name)]
            case Unary("-", operand):
                return ["__sub 0 ", operand]
            case Binary(">", left, right):
                return ["__lessThan ", right, " ", left]
            case Binary("<" | "-" | "*" | "/" as symbol, left, right):
                name = {"<": "__lessThan", "-": "__sub", "*": "__mul", "/": "__div"}[symbol]
                return [name, " ", left, " ", right]
            case _:
                return [expr]

    def _path(self, path: tuple[AttrKey, ...]) -> Pieces:
        result: Pieces = []
        for key in path:
            if type(key) is Name:
                result += [attribute_name(key.name), "."]
            else:
                result += ['"${', key, '}"', "."]  # type: ignore[list-item]
        return result[:-1]

    def _bindings(self, bindings: AttrSet) -> Pieces:
        result: Pieces = []
        attrs = sorted(bindings.attrs, key=lambda attr: attr.name)
        inherited = [attr.name for attr in attrs if type(attr) is Inherited]
        if inherited:
            result.append("inherit" + "".join(f" {attribute_name(name)}" for name in inherited) + "; ")
        taken: dict[int, list[str]] = {}
        for attr in attrs:
            if type(attr) is InheritedFrom:
                taken.setdefault(attr.origin, []).append(attribute_name(attr.name))
        for origin, names in sorted(taken.items()):
            result += ["inherit (", bindings.origins[origin], ") " + " ".join(names) + "; "]
        for attr in attrs:
            if type(attr) is Attr:
                result += [f"{attribute_name(attr.name)} = ", attr.value, "; "]
        for key, value, *_ in bindings.dynamic:
            result += ['"${', key, '}" = ', value, "; "]
        return result

    def _lambda(self, function: Lambda) -> Pieces:
        result: Pieces = ["("]
        if function.formals is not None:
            result.append("{ ")
            for formal in sorted(function.formals, key=lambda formal: formal.name):
                result.append(attribute_name(formal.name))
                if formal.default is not None:
                    result += [" ? ", formal.default]
                result.append(", ")
            if function.ellipsis:
                result.append("...")
            elif function.formals:
                result.pop()
            result.append(" }")
            if function.param is not None:
                result.append(" @ ")
        if function.param is not None:
            result.append(attribute_name(function.param))
        return [*result, ": ", function.body, ")"]
