"""Values.

The representation uses CPython's cheapest objects:

| Nix          | Python                                                        |
|--------------|---------------------------------------------------------------|
| integer      | `int`, always within 64 bits                                  |
| float        | `float`                                                       |
| boolean      | `bool`                                                        |
| null         | `None`                                                        |
| string       | `str` in which every character is one byte, or `ContextString`|
| path         | `Path`                                                        |
| list         | `tuple` of slots                                              |
| set          | `dict` from names to slots, see `WHERE`                       |
| function     | `MethodType` (a compiled function and its captures),          |
|              | `Builtin`, `Partial`                                          |
| thunk        | `list` of two: `[function, argument]`; once forced            |
|              | `[None, value]`                                               |

A *slot* is a value or a thunk. Code tests exact types, so none of these classes
is ever subclassed.
"""

from __future__ import annotations

from ..native import native, share

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import MethodType as MethodType
    from typing import Any, Final, TypeAlias

    # `Any` on purpose: code tests exact types.
    Value: TypeAlias = Any
    Slot: TypeAlias = Any
else:
    Value = object
    """A value in weak head normal form."""
    Slot = object
    """A `Value` or a thunk."""

WHERE: Final = "\u0100"
"""A key that equals no name: under it a set may hold the positions of its attributes.

A set literal costs half if it is a plain `dict`, so its positions are stored inside it. The entry, if it exists, is the
first; it is a tuple of sites `(file, key)` to be searched in order. Code that iterates over the names of a set uses
`names`, `items` or `size`.
"""

INT_MIN: Final = -0x8000000000000000
INT_MAX: Final = 0x7FFFFFFFFFFFFFFF


class Missing:
    """The type of `MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


if not TYPE_CHECKING:
    # The module `types` takes longer to load than most files take to evaluate.
    MethodType = type(Missing().__repr__)

MISSING: Final = Missing()
"""Default for `dict.get`, where no value could be one."""

EMPTY_SET: Final[dict[str, Slot]] = {}
"""The single `{ }`; sets never change once a program can see them."""


class ContextString:
    """A string that refers to store objects; `context` is never empty.

    An element of the context is `("path", p)`, `("drv", p)` (the derivation with everything it
    was made from) or `("output", p, name)`, with `p` a full store path as text.
    """

    __slots__ = ("context", "text")

    def __init__(self, text: str, context: frozenset[tuple[str, ...]]) -> None:
        self.text = text
        self.context = context

    def __repr__(self) -> str:
        return f"ContextString({self.text!r}, {sorted(self.context)!r})"


class Path:
    """A path value: absolute, without `.`, `..` or doubled slashes."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Path({self.text!r})"


class Builtin:
    """A builtin function waiting for `arity` arguments (slots)."""

    __slots__ = ("arity", "function", "name")

    def __init__(self, name: str, arity: int, function: Callable[..., Value]) -> None:
        self.name = name
        self.arity = arity
        self.function = function

    def __repr__(self) -> str:
        return f"Builtin({self.name!r})"


class Partial:
    """A builtin applied to some of its arguments."""

    __slots__ = ("arguments", "builtin")

    def __init__(self, builtin: Builtin, arguments: tuple[Slot, ...]) -> None:
        self.builtin = builtin
        self.arguments = arguments


Lambda = MethodType

share(WHERE=WHERE, MISSING=MISSING, ContextString=ContextString, Path=Path, Builtin=Builtin, Partial=Partial)

TYPE_NAMES: Final[dict[type, str]] = {
    int: "int",
    float: "float",
    bool: "bool",
    type(None): "null",
    str: "string",
    ContextString: "string",
    Path: "path",
    tuple: "list",
    dict: "set",
    MethodType: "lambda",
    Builtin: "lambda",
    Partial: "lambda",
}
"""Results of `builtins.typeOf`."""

_DESCRIPTIONS: Final[dict[type, str]] = {
    int: "an integer",
    float: "a float",
    bool: "a Boolean",
    type(None): "null",
    str: "a string",
    ContextString: "a string with context",
    Path: "a path",
    tuple: "a list",
    dict: "a set",
    MethodType: "a function",
    list: "a thunk",
}


def describe(value: Value) -> str:
    """Return the type of a value for messages: `a set`, `the built-in function 'map'`."""
    kind = type(value)
    if kind is Builtin:
        return f"the built-in function '{value.name}'"
    if kind is Partial:
        return f"the partially applied built-in function '{value.builtin.name}'"
    return _DESCRIPTIONS[kind]


@native
def names(attrs: dict[str, Slot]) -> list[str]:
    """Return the names of a set in byte order, the order of all visible results."""
    result = list(attrs)
    if result and result[0] is WHERE:
        del result[0]
    result.sort()
    return result


def items(attrs: dict[str, Slot]) -> list[tuple[str, Slot]]:
    """Return names and slots in the order of insertion; only for results that do not reveal the order."""
    result = list(attrs.items())
    if result and result[0][0] is WHERE:
        del result[0]
    return result


@native
def size(attrs: dict[str, Slot]) -> int:
    """Return the number of attributes."""
    return len(attrs) - (WHERE in attrs)


def show_nan(value: float) -> str:
    """Return what C prints for a float that is not a number: its sign counts."""
    from math import copysign

    return "nan" if copysign(1, value) > 0 else "-nan"


def string_text(value: Value) -> str | None:
    """Return the bytes of a string with or without context; None for anything else."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is ContextString:
        return value.text  # type: ignore[no-any-return]
    return None


def make_string(text: str, context: frozenset[tuple[str, ...]]) -> Value:
    """Return a string value with a context, which may be empty."""
    return ContextString(text, context) if context else text
