"""The formats in which the repl prints values: one level deep, and whole."""

from __future__ import annotations

from .errors import EvalError, InternalError, OutOfMemory, StackOverflow, readable
from .force import force_slot
from .printing import show_in_error, show_name
from .values import MISSING, MethodType, Slot, Value, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


_WIDTH: Final = 80


def format_one_level(value: Value) -> str:
    """Return the text of a value, in readable Unicode. Parts are evaluated; the error of a part is shown in its place."""
    kind = type(value)
    if kind is tuple:
        return _bracketed("[", [_part(slot) for slot in value], "]")
    if kind is not dict:
        return _atom(value)
    derivation = _derivation(value)
    if derivation:
        return derivation
    parts = [f"{readable(show_name(name))} = {_part(value[name])};" for name in names(value)]
    return _bracketed("{", parts, "}")


def format_whole(value: Value, indent: str = "", seen: set[int] | None = None) -> str:
    """Return the text of a value and all that is in it, on a line for each part, as `:p` of Nix prints it.

    A derivation is shown by its path, and the error of a part in its place.
    """
    seen = set() if seen is None else seen
    is_set = type(value) is dict
    if not value or not (is_set or type(value) is tuple):
        return _atom(value)
    derivation = _derivation(value) if is_set else ""
    if derivation:
        return derivation
    if id(value) in seen:
        return "«repeated»"
    seen.add(id(value))
    inner = indent + "  "
    if is_set:
        parts = [f"{readable(show_name(name))} = {_inside(value[name], inner, seen)};" for name in names(value)]
        slots = [value[name] for name in names(value)]
    else:
        parts = [_inside(slot, inner, seen) for slot in value]
        slots = list(value)
    opening, closing = "{}" if is_set else "[]"
    if not slots:
        return "{ }"
    only = slots[0][1] if type(slots[0]) is list else slots[0]
    if len(slots) == 1 and type(only) not in (dict, tuple):
        return f"{opening} {parts[0]} {closing}"
    return "\n".join([opening, *(inner + part for part in parts), indent + closing])


def _inside(slot: Slot, indent: str, seen: set[int]) -> str:
    try:
        return format_whole(force_slot(slot), indent, seen)
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> str:
    """Return what stands for a part that cannot be evaluated; raise what ends the whole evaluation."""
    from .trace import annotate

    described = annotate(error)
    if isinstance(described, (InternalError, OutOfMemory, StackOverflow)) or not isinstance(described, EvalError):
        raise described
    return f"«error: {described.message}»"


def _bracketed(opening: str, parts: list[str], closing: str) -> str:
    line = " ".join([opening, *parts, closing])
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    return "\n".join([opening, *(f"  {part}" for part in parts), closing])


def _part(slot: Slot) -> str:
    try:
        value = force_slot(slot)
        if type(value) is dict:
            return _derivation(value) or ("{ ... }" if names(value) else "{ }")
        if type(value) is tuple:
            return "[ ... ]" if value else "[ ]"
        return _atom(value)
    except Exception as error:
        return _failed(error)


def _atom(value: Value) -> str:
    if type(value) is MethodType:
        return show_in_error(value)
    from .printing import show_value

    return show_value(value).encode("latin-1").decode("utf-8", "replace")


def _derivation(value: dict[str, Slot]) -> str:
    if force_slot(value.get("type", MISSING)) != "derivation":
        return ""
    if "drvPath" not in value:
        return "«derivation»"
    path = force_slot(value["drvPath"])
    return f"«derivation {getattr(path, 'text', path)}»"
