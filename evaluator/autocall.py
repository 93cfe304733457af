"""Call functions with named arguments, as `--arg` and attribute paths do."""

from __future__ import annotations

from .errors import ArgumentMismatch, readable
from .force import force_slot
from .operators import call
from .trace import lambda_mark
from .values import MISSING, WHERE, MethodType, Slot, Value


def auto_call(value: Value, arguments: dict[str, Slot]) -> Value:
    """Call a function with formals with the arguments it names; return other values unchanged."""
    if type(value) is dict and "__functor" in value:
        inner = call(force_slot(value["__functor"]), value)
        return auto_call(inner, arguments)
    if type(value) is not MethodType:
        return value
    _, mark = lambda_mark(value)
    formals, ellipsis = mark[4], mark[6]
    if formals is None:
        return value
    given: dict[str, Slot] = {}
    if ellipsis:
        # The function may use all arguments, through `@` or in calls.
        given.update({name: slot for name, slot in arguments.items() if name is not WHERE})
    for name, has_default, _ in formals:
        slot = arguments.get(name, MISSING)
        if slot is not MISSING:
            given[name] = slot
        elif not has_default:
            raise ArgumentMismatch(
                f"cannot evaluate a function that has an argument without a value ('{readable(name)}')",
                hint="Nix attempted to evaluate a function as a top level expression; in this case it must have its "
                "arguments supplied either by default values, or passed explicitly with '--arg' or '--argstr'",
            )
    return call(value, given)
