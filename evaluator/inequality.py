"""The error of `assert a == b` for unequal values: where they differ."""

from __future__ import annotations

from .equality import equal, equal_slots
from .errors import AssertionFailed, Frame, readable
from .force import force_slot
from .values import MISSING, WHERE, Builtin, ContextString, MethodType, Partial, Path, Value, describe, items, names


def unequal(left: Value, right: Value) -> None:
    """Raise the error of `assert left == right` for unequal values."""
    frames: list[Frame] = []
    error = AssertionFailed(_reason(left, right, frames))
    error.frames.extend(reversed(frames))
    raise error


def _show(value: Value) -> str:
    from .printing import show_in_error

    return show_in_error(value)


def _noun(value: Value) -> str:
    return "a string" if type(value) is ContextString else describe(value)


def _reason(left: Value, right: Value, frames: list[Frame]) -> str:
    kind, other = type(left), type(right)
    numbers = (int, float)
    if kind in numbers and other in numbers:
        return f"{_noun(left)} with value '{_show(left)}' is not equal to {_noun(right)} with value '{_show(right)}'"
    functions = (MethodType, Builtin, Partial)
    if kind in functions and other in functions:
        return "distinct functions and immediate comparisons of identical functions compare as unequal"
    strings = (str, ContextString)
    if kind is not other and not (kind in strings and other in strings):
        return f"{_noun(left)} of value '{_show(left)}' is not equal to {_noun(right)} of value '{_show(right)}'"
    if kind in strings:
        return f"string '{_show(left)}' is not equal to string '{_show(right)}'"
    if kind is bool:
        return f"boolean '{_show(left)}' is not equal to boolean '{_show(right)}'"
    if kind is Path:
        return f"path '{_show(left)}' is not equal to path '{_show(right)}'"
    if kind is tuple:
        return _lists(left, right, frames)
    return _sets(left, right, frames)


def _lists(left: Value, right: Value, frames: list[Frame]) -> str:
    if len(left) != len(right):
        return (
            f"list of size '{len(left)}' is not equal to list of size '{len(right)}', "
            f"left hand side is '{_show(left)}', right hand side is '{_show(right)}'"
        )
    for i, (one, two) in enumerate(zip(left, right)):
        if not equal_slots(one, two):
            frames.append(Frame(f"while comparing list element {i}"))
            return _reason(force_slot(one), force_slot(two), frames)
    return "lists differ"


def _is_derivation(value: Value) -> bool:
    kind = value.get("type", MISSING)
    return kind is not MISSING and bool(force_slot(kind) == "derivation")


def _sets(left: Value, right: Value, frames: list[Frame]) -> str:
    if _is_derivation(left) and _is_derivation(right) and "outPath" in left and "outPath" in right:
        one, two = force_slot(left["outPath"]), force_slot(right["outPath"])
        if not equal(one, two):
            frames.append(Frame("while comparing a derivation by its 'outPath' attribute"))
            return _reason(one, two, frames)
    for name in names(left):
        if name not in right:
            if len(names(left)) == len(names(right)):
                return f"attribute name '{readable(name)}' is contained in '{_show(left)}', but not in '{_show(right)}'"
            break
    if len(names(left)) != len(names(right)):
        return f"attribute names of attribute set '{_show(left)}' differs from attribute set '{_show(right)}'"
    for name, slot in items(left):
        if name is not WHERE and not equal_slots(slot, right[name]):
            frames.append(Frame(f"while comparing attribute '{readable(name)}'"))
            return _reason(force_slot(slot), force_slot(right[name]), frames)
    return "sets differ"
