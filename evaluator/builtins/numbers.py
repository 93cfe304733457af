"""Builtins on numbers."""

from __future__ import annotations

import math

from ..errors import OutOfRange, TypeMismatch
from ..operators import div as divide
from ..operators import expected, less, show, sum_numbers
from ..operators import mul as multiply
from ..operators import sub as subtract
from ..values import INT_MAX, INT_MIN, Slot, Value
from .arguments import integer, value


def add(left: Slot, right: Slot) -> Value:
    """`add x y`."""
    one = value(left)
    return sum_numbers(one, value(right))


def sub(left: Slot, right: Slot) -> Value:
    """`sub x y`."""
    one = value(left)
    return subtract(one, value(right))


def mul(left: Slot, right: Slot) -> Value:
    """`mul x y`."""
    one = value(left)
    return multiply(one, value(right))


def div(left: Slot, right: Slot) -> Value:
    """`div x y`."""
    one = value(left)
    return divide(one, value(right))


def less_than(left: Slot, right: Slot) -> bool:
    """`lessThan x y`."""
    one = value(left)
    return less(one, value(right))


def bit_and(left: Slot, right: Slot) -> int:
    """`bitAnd x y`."""
    one = integer(left)
    return one & integer(right)


def bit_or(left: Slot, right: Slot) -> int:
    """`bitOr x y`."""
    one = integer(left)
    return one | integer(right)


def bit_xor(left: Slot, right: Slot) -> int:
    """`bitXor x y`."""
    one = integer(left)
    return one ^ integer(right)


def _number(slot: Slot) -> int | float:
    found = value(slot)
    if type(found) is int:
        near = float(found)
        if near == found:
            return found
        # Nix refuses what it once got wrong.
        what = "a loss of precision occurred in previous Nix versions because the NixInt argument"
        if near >= 2.0**63:
            message = f"the NixInt argument {found} caused undefined behavior in previous Nix versions"
        else:
            message = f"{what} {found} was rounded to {int(near)}"
        raise OutOfRange(
            f"Due to a bug (see https://github.com/NixOS/nix/issues/12899) {message}.\n"
            "Future Nix versions might implement the correct behavior."
        )
    if type(found) is not float:
        raise expected("a float", found)
    return found


def _rounded(result: float, given: float) -> int:
    if isinstance(result, int) and INT_MIN <= result <= INT_MAX:
        return result
    raise TypeMismatch(f"NixFloat argument {show(given)} is not in the range of NixInt")


def ceil(argument: Slot) -> int:
    """`ceil x`."""
    given = _number(argument)
    return _rounded(math.ceil(given) if math.isfinite(given) else given, given)


def floor(argument: Slot) -> int:
    """`floor x`."""
    given = _number(argument)
    return _rounded(math.floor(given) if math.isfinite(given) else given, given)
