"""Print values as `nix-instantiate --eval` and as error messages do."""

from __future__ import annotations

from .errors import readable
from .values import Builtin, ContextString, MethodType, Partial, Path, Slot, Value, names, show_nan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from ..lang.source import Source


_KEYWORDS: Final = frozenset({"if", "then", "else", "assert", "with", "let", "in", "rec", "inherit"})
_FIRST: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_LATER: Final = _FIRST | frozenset("0123456789'-")


def is_identifier(name: str) -> bool:
    """Whether a name can be written without quotes."""
    return bool(name) and name[0] in _FIRST and _LATER.issuperset(name) and name not in _KEYWORDS


def show_name(name: str) -> str:
    """Return a name for printing in a set."""
    return name if is_identifier(name) else quoted(name)


def quoted(text: str) -> str:
    """Return a string literal."""
    result = text.replace("\\", "\\\\").replace('"', '\\"')
    result = result.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t").replace("${", "\\${")
    return f'"{result}"'


def show_float(value: float) -> str:
    """Return six significant digits, as C++ streams print."""
    return f"{value:g}" if value == value else show_nan(value)


def _mark(text: str) -> str:
    """Return a text as a byte string, like the texts around it."""
    return text.encode().decode("latin-1")


def print_value(value: Value) -> str:
    """Print like `nix-instantiate --eval`: unevaluated parts are `<CODE>`."""
    return _Printer(_MARKS).show(value)


def show_value(value: Value) -> str:
    """Print like `builtins.trace` for a value that is no string."""
    return _Printer(_QUOTES).show(value)


_MARKS: Final = {"thunk": "<CODE>", "lambda": "<LAMBDA>", "builtin": "<PRIMOP>", "partial": "<PRIMOP-APP>",
                 "repeated": _mark("«repeated»")}  # fmt: skip
_QUOTES: Final = {"thunk": _mark("«thunk»"), "repeated": _mark("«repeated»")}


class _Printer:
    def __init__(self, marks: dict[str, str]) -> None:
        self.marks = marks
        self.seen: set[int] = set()

    def show(self, slot: Slot) -> str:
        out: list[str] = []
        # Strings are output; anything else is a slot to be printed.
        pending: list[Any] = [(slot,)]
        while pending:
            current = pending.pop()
            if type(current) is str:
                out.append(current)
                continue
            value = slot = current[0]
            if type(value) is list:
                if value[0] is not None:
                    out.append(self.marks["thunk"])
                    continue
                value = value[1]
            kind = type(value)
            if kind is dict or kind is tuple:
                # A set is known by itself, a list by the slot that it is in. Empty ones print alike each time.
                identity = id(value) if kind is dict else id(slot)
                if value and identity in self.seen:
                    out.append(self.marks["repeated"])
                    continue
                self.seen.add(identity)
                if kind is dict:
                    parts: list[Any] = ["{ "]
                    for name in names(value):
                        parts += [f"{show_name(name)} = ", (value[name],), "; "]
                    parts.append("}")
                else:
                    parts = ["[ "]
                    for item in value:
                        parts += [(item,), " "]
                    parts.append("]")
                pending.extend(reversed(parts))
            else:
                out.append(self._atom(value))
        return "".join(out)

    def _atom(self, value: Value) -> str:
        kind = type(value)
        if kind is MethodType:
            return self.marks.get("lambda") or _mark(show_lambda(value))
        if kind is Builtin:
            if value.name == "derivation" and "lambda" in self.marks:
                return self.marks["lambda"]
            return self.marks.get("builtin") or _mark(f"«primop {value.name}»")
        if kind is Partial:
            return self.marks.get("partial") or _mark(f"«partially applied primop {value.builtin.name}»")
        return show_atom(value)


def show_atom(value: Value) -> str:
    """Return the text of a value without parts that is not a function."""
    kind = type(value)
    if kind is str:
        return quoted(value)
    if kind is ContextString:
        return quoted(value.text)
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if kind is float:
        return show_float(value)
    if kind is Path:
        return value.text  # type: ignore[no-any-return]
    return str(value)


def show_lambda(value: Any) -> str:
    """`«lambda name @ file:line:column»`."""
    from .trace import lambda_mark

    file, mark = lambda_mark(value)
    line, column = file.source.place(mark[1])
    name = f" {readable(mark[3])}" if mark[3] else ""
    return f"«lambda{name} @ {source_name(file.source)}:{line}:{column}»"


def source_name(source: Source) -> str:
    """Return the name of a source as readable Unicode."""
    try:
        return source.name.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        # An undecodable path is escaped; any other name stays a byte string.
        return readable(source.name) if source.name.startswith("/") else source.name


_MOST_ATTRS: Final = 10
_MOST_ITEMS: Final = 10
_LONGEST: Final = 1024
_DEEPEST: Final = 10


def show_in_error(value: Value) -> str:
    """Return an excerpt of a value for messages, in readable Unicode: its evaluated parts, up to a limit."""
    return _Excerpt().show(value, 0)


class _Excerpt:
    """Prints a value; the limits are for all its sets, and all its lists, together."""

    def __init__(self) -> None:
        self.attrs = _MOST_ATTRS
        self.items = _MOST_ITEMS
        self.seen: set[int] = set()

    def show(self, slot: Slot, depth: int) -> str:
        value = slot
        if type(value) is list:
            if value[0] is not None:
                return "«thunk»"
            value = value[1]
        kind = type(value)
        if kind is str or kind is ContextString:
            text = value if kind is str else value.text
            if len(text) > _LONGEST:
                return f"{readable(quoted(text[:_LONGEST]))} {_elided(len(text) - _LONGEST, 'byte')}"
            return readable(quoted(text))
        if kind is dict:
            return self._repeated(id(value), value) or self._set(value, depth)
        if kind is tuple:
            return self._repeated(id(slot), value) or self._list(value, depth)
        if kind is MethodType:
            return show_lambda(value)
        if kind is Builtin:
            return f"«primop {value.name}»"
        if kind is Partial:
            return f"«partially applied primop {value.builtin.name}»"
        return readable(show_atom(value))

    def _repeated(self, identity: int, value: Value) -> str | None:
        if identity in self.seen and value:
            return "«repeated»"
        self.seen.add(identity)
        return None

    def _set(self, value: dict[str, Slot], depth: int) -> str:
        all_names = names(value)
        if depth >= _DEEPEST:
            return "{ ... }" if all_names else "{ }"
        if not all_names:
            return "{ }"
        # The kind of a set comes first, so that it is not cut off.
        all_names.sort(key=lambda name: name not in ("type", "_type"))
        parts = []
        for number, name in enumerate(all_names):
            if self.attrs <= 0:
                parts.append(_elided(len(all_names) - number, "attribute"))
                break
            parts.append(f"{readable(show_name(name))} = {self.show(value[name], depth + 1)};")
            self.attrs -= 1
        return f"{{ {' '.join(parts)} }}"

    def _list(self, value: tuple[Slot, ...], depth: int) -> str:
        if depth >= _DEEPEST:
            return "[ ... ]" if value else "[ ]"
        if not value:
            return "[ ]"
        parts = []
        for number, item in enumerate(value):
            if self.items <= 0:
                parts.append(_elided(len(value) - number, "item"))
                break
            parts.append(self.show(item, depth + 1))
            self.items -= 1
        return f"[ {' '.join(parts)} ]"


def _elided(count: int, what: str) -> str:
    return f"«{count} {what}{'' if count == 1 else 's'} elided»"
