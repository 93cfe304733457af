"""Builtins that test types."""

from __future__ import annotations

from ..values import TYPE_NAMES, Builtin, ContextString, MethodType, Partial, Path, Slot
from .arguments import value


def type_of(argument: Slot) -> str:
    """`typeOf x`."""
    return TYPE_NAMES[type(value(argument))]


def is_attrs(argument: Slot) -> bool:
    """`isAttrs x`."""
    return type(value(argument)) is dict


def is_list(argument: Slot) -> bool:
    """`isList x`."""
    return type(value(argument)) is tuple


def is_int(argument: Slot) -> bool:
    """`isInt x`."""
    return type(value(argument)) is int


def is_float(argument: Slot) -> bool:
    """`isFloat x`."""
    return type(value(argument)) is float


def is_bool(argument: Slot) -> bool:
    """`isBool x`."""
    return type(value(argument)) is bool


def is_null(argument: Slot) -> bool:
    """`isNull x`."""
    return value(argument) is None


def is_string(argument: Slot) -> bool:
    """`isString x`."""
    kind = type(value(argument))
    return kind is str or kind is ContextString


def is_path(argument: Slot) -> bool:
    """`isPath x`."""
    return type(value(argument)) is Path


def is_function(argument: Slot) -> bool:
    """`isFunction x`."""
    kind = type(value(argument))
    return kind is MethodType or kind is Builtin or kind is Partial
