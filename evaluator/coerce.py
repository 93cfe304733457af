"""Coerce values to strings and paths."""

from __future__ import annotations

from ..native import native, share
from .context import EMPTY, Context
from .errors import FileUnavailable, TypeMismatch, readable
from .force import force, force_slot
from .values import MISSING, ContextString, Path, Slot, Value, describe, show_nan

share(EMPTY=EMPTY)


@native
def coerce_to_string(value: Value, *, copy: bool, more: bool = False) -> tuple[str, Context]:
    """Coerce a value to a string; return its text and context.

    `copy`: paths become store objects (otherwise their own text). `more`: accept numbers, booleans, null and lists,
    too, as `toString` and derivations do.
    """
    kind = type(value)
    if kind is str:
        return value, EMPTY
    if kind is ContextString:
        return value.text, value.context
    if kind is Path:
        if not copy:
            return value.text, EMPTY
        text = copy_to_store(value)
        return text, frozenset((("path", text),))
    if kind is dict:
        to_string = value.get("__toString", MISSING)
        if to_string is not MISSING:
            from .operators import call

            return coerce_to_string(call(force_slot(to_string), value), copy=copy, more=more)
        out_path = value.get("outPath", MISSING)
        if out_path is not MISSING:
            return coerce_to_string(force_slot(out_path), copy=copy, more=more)
    elif more:
        if kind is bool:
            return ("1" if value else ""), EMPTY
        if kind is int:
            return str(value), EMPTY
        if kind is float:
            return (f"{value:f}" if value == value else show_nan(value)), EMPTY
        if value is None:
            return "", EMPTY
        if kind is tuple:
            return _join_list(value, copy)
    from .operators import show

    raise TypeMismatch(
        f"cannot coerce {describe(value)} to a string: {show(value)}", shows_parts=kind in (tuple, dict) and bool(value)
    )


def _join_list(items: tuple[Slot, ...], copy: bool) -> tuple[str, Context]:
    """Join elements with spaces; an empty list adds no space."""
    texts: list[str] = []
    context = EMPTY
    last = len(items) - 1
    for i, slot in enumerate(items):
        value = force(slot) if type(slot) is list else slot
        kind = type(value)
        if kind is str:
            texts.append(value)
        elif kind is ContextString:
            texts.append(value.text)
            context |= value.context
        else:
            text, found = coerce_to_string(value, copy=copy, more=True)
            texts.append(text)
            if found:
                context |= found
        if i < last and (type(value) is not tuple or value):
            texts.append(" ")
    return "".join(texts), context


@native
def interpolate(parts: tuple[Value, ...]) -> Value:
    """Return a string with interpolated values; texts and values in order."""
    texts: list[str] = []
    context = EMPTY
    for part in parts:
        if type(part) is str:
            texts.append(part)
        else:
            text, found = coerce_to_string(part, copy=True)
            texts.append(text)
            if found:
                context |= found
    joined = "".join(texts)
    return ContextString(joined, context) if context else joined


def copy_to_store(path: Path) -> str:
    """Return the store path that represents a path value in a string."""
    from . import session

    return session.evaluator().copy_to_store(path.text)


def join_paths(left: Path, right: Value) -> Path:
    """`path + string`."""
    text, context = coerce_to_string(right, copy=False)
    if context:
        raise FileUnavailable("a string that refers to a store path cannot be appended to a path")
    return Path(canonical(left.text + text))


def path_literal(parts: tuple[Value, ...]) -> Path:
    """Return a path literal with interpolated values; the first part is the absolute text before them."""
    texts: list[str] = []
    for part in parts:
        text, context = coerce_to_string(part, copy=False)
        if context:
            raise FileUnavailable("a string that refers to a store path cannot be appended to a path")
        texts.append(text)
    return Path(canonical("".join(texts)))


def canonical(text: str) -> str:
    """Return an absolute path without `.`, `..`, doubled or trailing slashes."""
    if "/." not in text and "//" not in text and not text.endswith("/"):
        return text
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


def coerce_to_path(value: Value) -> tuple[str, Context]:
    """Return an absolute canonical path and its context."""
    kind = type(value)
    if kind is Path:
        return value.text, EMPTY
    if kind is dict and "__toString" not in value and "outPath" in value:
        return coerce_to_path(force_slot(value["outPath"]))
    text, context = coerce_to_string(value, copy=False)
    if not text.startswith("/"):
        raise FileUnavailable(f"string '{readable(text)}' doesn't represent an absolute path")
    return canonical(text), context
