"""Check arguments of builtins: force them, and raise an error for a wrong type."""

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
    """Return any value."""
    return force(slot) if type(slot) is list else slot


def integer(slot: Slot) -> int:
    """Return an integer."""
    found = force(slot) if type(slot) is list else slot
    if type(found) is not int:
        raise expected("an integer", found)
    return found


@native
def items(slot: Slot) -> tuple[Slot, ...]:
    """Return a list."""
    found = slot if type(slot) is not list else slot[1] if slot[0] is None else force(slot)
    if type(found) is not tuple:
        raise expected("a list", found)
    return found


@native
def attrs(slot: Slot) -> dict[str, Slot]:
    """Return a set."""
    found = force(slot) if type(slot) is list else slot
    if type(found) is not dict:
        raise expected("a set", found)
    return found


@native
def boolean(found: Value) -> bool:
    """Return a Boolean, from a value."""
    if found is not True and found is not False:
        raise expected("a Boolean", found)
    return found


@native
def function(slot: Slot) -> Any:
    """Return a callable value."""
    found = force(slot) if type(slot) is list else slot
    kind = type(found)
    if kind is MethodType or kind is Builtin or kind is Partial:
        return found
    if kind is dict and "__functor" in found:
        return found
    raise expected("a function", found)


def string(slot: Slot) -> str:
    """Return the bytes of a string; drop the context."""
    found = force(slot) if type(slot) is list else slot
    if type(found) is str:
        return found
    if type(found) is ContextString:
        return found.text
    raise expected("a string", found)


@native
def plain_string(slot: Slot) -> str:
    """Return a string that must not refer to the store."""
    found = force(slot) if type(slot) is list else slot
    if type(found) is str:
        return found
    if type(found) is ContextString:
        raise refers_to_store(found)
    raise expected("a string", found)


def string_with_context(slot: Slot) -> tuple[str, frozenset[tuple[str, ...]]]:
    """Return the bytes and context of a string."""
    found = force(slot) if type(slot) is list else slot
    if type(found) is str:
        return found, frozenset()
    if type(found) is ContextString:
        return found.text, found.context
    raise expected("a string", found)
