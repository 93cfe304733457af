"""Taking arguments: forced and of the right type, or an error."""

from __future__ import annotations

from ...native import native
from ..force import force
from ..operators import expected, refers_to_store
from ..values import Builtin, ContextString, MethodType, Partial, Slot, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@native
def value(slot: Slot) -> Value:
    """Any value."""
    return force(slot) if type(slot) is list else slot


def integer(slot: Slot) -> int:
    """An integer."""
    found = force(slot) if type(slot) is list else slot
    if type(found) is not int:
        raise expected("an integer", found)
    return found


@native
def items(slot: Slot) -> tuple[Slot, ...]:
    """A list."""
    found = slot if type(slot) is not list else slot[1] if slot[0] is None else force(slot)
    if type(found) is not tuple:
        raise expected("a list", found)
    return found


@native
def attrs(slot: Slot) -> dict[str, Slot]:
    """A set."""
    found = force(slot) if type(slot) is list else slot
    if type(found) is not dict:
        raise expected("a set", found)
    return found


@native
def boolean(found: Value) -> bool:
    """A Boolean, from a value."""
    if found is not True and found is not False:
        raise expected("a Boolean", found)
    return found


@native
def function(slot: Slot) -> Any:
    """Something that can be called."""
    found = force(slot) if type(slot) is list else slot
    kind = type(found)
    if kind is MethodType or kind is Builtin or kind is Partial:
        return found
    if kind is dict and "__functor" in found:
        return found
    raise expected("a function", found)


def string(slot: Slot) -> str:
    """The bytes of a string; context is dropped."""
    found = force(slot) if type(slot) is list else slot
    if type(found) is str:
        return found
    if type(found) is ContextString:
        return found.text
    raise expected("a string", found)


@native
def plain_string(slot: Slot) -> str:
    """A string that must not refer to the store."""
    found = force(slot) if type(slot) is list else slot
    if type(found) is str:
        return found
    if type(found) is ContextString:
        raise refers_to_store(found)
    raise expected("a string", found)


def string_with_context(slot: Slot) -> tuple[str, frozenset[tuple[str, ...]]]:
    """The bytes and context of a string."""
    found = force(slot) if type(slot) is list else slot
    if type(found) is str:
        return found, frozenset()
    if type(found) is ContextString:
        return found.text, found.context
    raise expected("a string", found)
