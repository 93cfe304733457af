"""Convert values to plain Python objects."""

from __future__ import annotations

from .errors import TypeMismatch
from .values import ContextString, Path, Slot, describe, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .evaluator import Evaluator


def to_python(evaluator: Evaluator, slot: Slot) -> Any:
    """A value and all inside it: sets as dictionaries, lists as lists, strings as Unicode texts.

    Raises `TypeMismatch` for functions.
    """
    return _convert(evaluator.force_deep(slot))


def _convert(value: Slot) -> Any:
    if type(value) is list:
        value = value[1]
    kind = type(value)
    if kind is dict:
        return {_text(name): _convert(value[name]) for name in names(value)}
    if kind is tuple:
        return [_convert(item) for item in value]
    if kind is str:
        return _text(value)
    if kind is ContextString or kind is Path:
        return _text(value.text)
    if kind in (int, float, bool) or value is None:
        return value
    raise TypeMismatch(f"{describe(value)} is not data")


def _text(text: str) -> str:
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")
