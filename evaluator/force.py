"""Force thunks.

A thunk has three states, distinguished by its first element:

| state     | `thunk`                 | forcing it                                    |
|-----------|-------------------------|-----------------------------------------------|
| suspended | `[function, argument]`  | calls `function(argument)`                    |
| blackhole | `[blackhole, argument]` | is infinite recursion                         |
| evaluated | `[None, value]`         | returns `value`                               |

An error resets a thunk to its first state, so that forcing it again raises the error again.
Generated code tests for the evaluated state itself before it calls `force`.
"""

from __future__ import annotations

from ..native import native, share
from .errors import InfiniteRecursion, StackOverflow
from .values import MethodType, Slot, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def blackhole(argument: Any) -> Value:
    """Function of a thunk during its evaluation."""
    raise InfiniteRecursion


share(blackhole=blackhole, InfiniteRecursion=InfiniteRecursion)


@native
def force(thunk: list[Any]) -> Value:
    """Return the value of a thunk."""
    function = thunk[0]
    if function is None:
        return thunk[1]
    thunk[0] = blackhole
    try:
        value = function(thunk[1])
    except BaseException:
        thunk[0] = function
        raise
    thunk[0] = None
    thunk[1] = value
    return value


@native
def force_slot(slot: Slot) -> Value:
    """Return the value in a slot."""
    return force(slot) if type(slot) is list else slot


@native
def force_attr(attrs: dict[str, Slot], name: str, thunk: list[Any]) -> Value:
    """Force the thunk at `attrs[name]`, replace it by its value, and return that.

    Functions keep their thunk: two slots are equal functions only if they are the same slot, and storing the function
    itself would make other slots equal. So do lists, which are printed as repeated if they are in the same slot.
    """
    function = thunk[0]
    if function is None:
        value = thunk[1]
    else:
        # Inlined `force`, to save the call.
        thunk[0] = blackhole
        try:
            value = function(thunk[1])
        except BaseException:
            thunk[0] = function
            raise
        thunk[0] = None
        thunk[1] = value
    kind = type(value)
    if kind is not MethodType and kind is not tuple:
        attrs[name] = value
    return value


_LEAVE = object()
"""Marks the end of the parts of a list or a set."""


def deep_force(value: Value) -> None:
    """Force everything reachable from a value, attributes in the order of `SymbolTable` or of insertion."""
    from .session import evaluator

    table = evaluator().symbols
    deepest = evaluator().options.max_call_depth
    depth = 0
    seen: set[int] = set()
    pending: list[Any] = [value]
    try:
        while pending:
            slot = pending.pop()
            if slot is _LEAVE:
                depth -= 1
                continue
            if depth > deepest:
                # Nix recurses here; an endless value must end in an error, too.
                raise StackOverflow
            current = force(slot) if type(slot) is list else slot
            kind = type(current)
            if kind is dict:
                if id(current) not in seen:
                    seen.add(id(current))
                    depth += 1
                    pending.append(_LEAVE)
                    from .values import items

                    if table is None:
                        slots = [slot for _, slot in items(current)]
                    else:
                        slots = [current[name] for name in table.in_order(current)]
                    pending.extend(reversed(slots))
            elif kind is tuple and id(current) not in seen:
                seen.add(id(current))
                depth += 1
                pending.append(_LEAVE)
                pending.extend(reversed(current))
    except Exception as error:
        # In the right order it might have been another one.
        error.__dict__["unordered"] = table is None
        raise
