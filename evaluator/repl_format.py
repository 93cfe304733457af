"""The format in which the repl prints values: one level deep."""

from __future__ import annotations

from .errors import EvalError, readable
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
    except EvalError as error:
        return f"«error: {error.message}»"


def _atom(value: Value) -> str:
    if type(value) is MethodType:
        return show_in_error(value)
    from .printing import show_value

    return show_value(value).encode("latin-1").decode("utf-8", "replace")


def _derivation(value: dict[str, Slot]) -> str:
    if force_slot(value.get("type", MISSING)) != "derivation" or "drvPath" not in value:
        return ""
    path = force_slot(value["drvPath"])
    return f"«derivation {getattr(path, 'text', path)}»"
