"""Attribute paths in command-line syntax."""

from __future__ import annotations

from .autocall import auto_call
from .errors import EvalError, MissingAttributePath, OutOfRange, TypeMismatch, readable
from .force import force_slot
from .values import MISSING, Slot, Value, describe, names


class InvalidAttrPath(EvalError):
    """A text is no attribute path."""

    code = "E218"


def split_attr_path(text: str) -> list[str]:
    """Parse `a."b.c".d` into names; quoted names may contain dots."""
    parts: list[str] = []
    current: list[str] = []
    i = 0
    while i < len(text):
        c = text[i]
        if c == ".":
            parts.append("".join(current))
            current = []
        elif c == '"':
            end = text.find('"', i + 1)
            if end < 0:
                raise InvalidAttrPath(f"missing closing quote in selection path '{readable(text)}'")
            current.append(text[i + 1 : end])
            i = end
        else:
            current.append(c)
        i += 1
    if current or parts:
        parts.append("".join(current))
    return parts


def select_attr_path(value: Value, path: str, arguments: dict[str, Slot]) -> Value:
    """Select an attribute path; list elements by number; functions on the way are called with `arguments`."""
    for name in split_attr_path(path):
        value = auto_call(value, arguments)
        if name.isascii() and name.isdigit() and type(value) is not dict:
            if type(value) is not tuple:
                raise TypeMismatch(
                    f"the expression selected by the selection path '{readable(path)}' should be a list but is {describe(value)}"
                )
            digits = name.lstrip("0") or "0"
            # Python refuses to convert very many.
            index = int(digits) if len(digits) < 20 else len(value)
            if index >= len(value):
                raise OutOfRange(f"list index {digits} in selection path '{readable(path)}' is out of range")
            value = force_slot(value[index])
            continue
        if type(value) is not dict:
            raise TypeMismatch(
                f"the expression selected by the selection path '{readable(path)}' should be a set but is {describe(value)}"
            )
        if not name:
            raise InvalidAttrPath(f"empty attribute name in selection path '{readable(path)}'")
        slot = value.get(name, MISSING)
        if slot is MISSING:
            raise MissingAttributePath(name, names(value), path)
        value = force_slot(slot)
    return value
