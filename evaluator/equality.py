"""Equality, with Nix's quirk about functions.

Functions are never equal, except that the same slot equals itself when it is an element of lists
or sets that are compared. Derivations are equal if their `outPath`s are.
"""

from __future__ import annotations

from ..native import native
from .force import force, force_slot
from .session import evaluator
from .values import MISSING, WHERE, ContextString, Path, Slot, Value, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .symbols import SymbolTable


@native
def equal(left: Value, right: Value) -> bool:
    """`left == right` for values."""
    kind, other = type(left), type(right)
    if kind is not other:
        if kind is ContextString and other is str:
            return left.text == right  # type: ignore[no-any-return]
        if kind is str and other is ContextString:
            return left == right.text  # type: ignore[no-any-return]
        if (kind is int or kind is float) and (other is int or other is float):
            return float(left) == float(right)
        return False
    if kind is str or kind is int or kind is bool or kind is float:
        return left == right  # type: ignore[no-any-return]
    if kind is dict:
        return _equal_sets(left, right)
    if kind is tuple:
        return len(left) == len(right) and _equal_lists(left, right)
    if kind is ContextString or kind is Path:
        return left.text == right.text  # type: ignore[no-any-return]
    return left is None


def _equal_lists(left: tuple[Slot, ...], right: tuple[Slot, ...]) -> bool:
    # A loop, since `all` calls back through C.
    for one, two in zip(left, right):  # noqa: SIM110
        if not equal_slots(one, two):
            return False
    return True


@native
def equal_slots(left: Slot, right: Slot) -> bool:
    """Compare elements: both are forced, then the same slot equals itself."""
    one = force(left) if type(left) is list else left
    two = force(right) if type(right) is list else right
    return left is right or equal(one, two)


def _is_derivation(attrs: dict[str, Slot]) -> bool:
    kind = attrs.get("type", MISSING)
    return kind is not MISSING and force_slot(kind) == "derivation"


@native
def _is_ordered(attrs: dict[str, Slot]) -> bool:
    """Whether sets are compared in the order of symbols; for the compiled runtime."""
    return evaluator().symbols is not None


def _equal_sets(left: dict[str, Slot], right: dict[str, Slot]) -> bool:
    if _is_derivation(left) and _is_derivation(right):
        one, two = left.get("outPath", MISSING), right.get("outPath", MISSING)
        if one is not MISSING and two is not MISSING:
            return equal_slots(one, two)
    if size(left) != size(right):
        return False
    table = evaluator().symbols
    if table is not None:
        return _equal_in_order(left, right, table)
    try:
        for name, slot in left.items():
            if name is WHERE:
                continue
            found = right.get(name, MISSING)
            if found is MISSING or not equal_slots(slot, found):
                return False
    except Exception as error:
        # In the right order they might have been found unequal before, or another error.
        error.__dict__["unordered"] = True
        raise
    return True


def _equal_in_order(left: dict[str, Slot], right: dict[str, Slot], table: SymbolTable) -> bool:
    """Compare as Nix does, which walks both sets side by side."""
    # A loop, since `all` calls back through C.
    for one, two in zip(table.in_order(left), table.in_order(right)):
        if one != two or not equal_slots(left[one], right[two]):
            return False
    return True
