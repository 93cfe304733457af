"""Builtins on lists.

Plain loops, not generator expressions: those call back through C, which costs stack in deep programs.
"""

from __future__ import annotations

from ...native import native
from ..equality import equal_slots
from ..errors import MissingAttribute, OutOfRange
from ..force import force
from ..operators import FULL2, LESS, call, call2, callee, less
from ..values import MISSING, Builtin, MethodType, Slot, Value, names
from .arguments import attrs, boolean, function, integer, items, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final


def _one(slot: Slot) -> Any:
    """Return a function as a Python callable with one slot."""
    found = slot if type(slot) is MethodType else function(slot)
    return found if type(found) is MethodType else callee(found)


def length(argument: Slot) -> int:
    """`length list`."""
    return len(argument) if type(argument) is tuple else len(items(argument))


@native
def head(argument: Slot) -> Value:
    """`head list`."""
    found = items(argument)
    if not found:
        raise OutOfRange("'builtins.head' called on an empty list")
    slot = found[0]
    return force(slot) if type(slot) is list else slot


@native
def tail(argument: Slot) -> tuple[Slot, ...]:
    """`tail list`."""
    found = items(argument)
    if not found:
        raise OutOfRange("'builtins.tail' called on an empty list")
    return found[1:]


@native
def elem_at(argument: Slot, position: Slot) -> Value:
    """`elemAt list n`."""
    # Nix looks at the index first.
    index = position if type(position) is int else integer(position)
    found = argument if type(argument) is tuple else items(argument)
    if not 0 <= index < len(found):
        raise OutOfRange(f"'builtins.elemAt' called with index {index} on a list of size {len(found)}")
    slot = found[index]
    return force(slot) if type(slot) is list else slot


@native
def _apply_late(argument: tuple[Value, Slot]) -> Value:
    return call(*argument)


@native
def map(mapper: Slot, argument: Slot) -> tuple[Slot, ...]:
    """`map f list`."""
    found = argument if type(argument) is tuple else items(argument)
    if not found:
        return found
    called = mapper if type(mapper) is MethodType else function(mapper)
    if type(called) is MethodType:
        # A function of one argument is all that a thunk needs.
        return tuple([[called, slot] for slot in found])
    return tuple([[_apply_late, (called, slot)] for slot in found])


@native
def filter(test: Slot, argument: Slot) -> tuple[Slot, ...]:
    """`filter f list`."""
    found = items(argument)
    if not found:
        return found
    called = _one(test)
    result: list[Slot] = []
    for slot in found:
        answer = called(slot)
        if answer is True or (answer is not False and boolean(answer)):
            result.append(slot)
    return tuple(result)


@native
def all(test: Slot, argument: Slot) -> bool:
    """`all f list`."""
    called = _one(test)
    for slot in argument if type(argument) is tuple else items(argument):
        answer = called(slot)
        if answer is False or (answer is not True and not boolean(answer)):
            return False
    return True


@native
def any(test: Slot, argument: Slot) -> bool:
    """`any f list`."""
    called = _one(test)
    for slot in argument if type(argument) is tuple else items(argument):
        answer = called(slot)
        if answer is True or (answer is not False and boolean(answer)):
            return True
    return False


@native
def elem(wanted: Slot, argument: Slot) -> bool:
    """`elem x list`."""
    found = items(argument)
    one = wanted[1] if type(wanted) is list and wanted[0] is None else wanted
    if type(one) is str:
        for slot in found:
            other = force(slot) if type(slot) is list else slot
            if other == one if type(other) is str else equal_slots(one, other):
                return True
        return False
    for slot in found:  # noqa: SIM110
        if equal_slots(wanted, slot):
            return True
    return False


@native
def concat_lists(argument: Slot) -> tuple[Slot, ...]:
    """`concatLists lists`."""
    result: list[Slot] = []
    for slot in argument if type(argument) is tuple else items(argument):
        result += slot if type(slot) is tuple else items(slot)
    return tuple(result)


@native
def concat_map(mapper: Slot, argument: Slot) -> tuple[Slot, ...]:
    """`concatMap f list`."""
    called = _one(mapper)
    result: list[Slot] = []
    for slot in argument if type(argument) is tuple else items(argument):
        found = called(slot)
        result += found if type(found) is tuple else items(found)
    return tuple(result)


@native
def fold_left(operator: Slot, start: Slot, argument: Slot) -> Value:
    """`foldl' op start list`; each accumulator is forced."""
    step: Any = function(operator)
    found = items(argument)
    accumulator = start
    if not found:
        return value(start)
    if type(step) is MethodType:
        full = FULL2.get(step.__func__)
        if full is not None:
            captured = step.__self__
            for slot in found:
                accumulator = full(captured, accumulator, slot)
            return accumulator
    elif type(step) is Builtin and step.arity == 2:
        call_both = step.function
        for slot in found:
            accumulator = call_both(accumulator, slot)
        return accumulator
    for slot in found:
        accumulator = call2(step, accumulator, slot)
    return accumulator


_LARGE: Final = 1 << 22
"""Most elements of a list that is made without checking the free memory first."""
_SLOT_SIZE: Final = 96
"""Bytes per element that is a thunk, in the compiled runtime."""


@native
def gen_list(generator: Slot, count: Slot) -> tuple[Slot, ...]:
    """`genList f n`."""
    wanted = integer(count)
    if wanted < 0:
        raise OutOfRange(f"cannot create list of size {wanted}")
    called = function(generator)
    if wanted >= _LARGE:
        from ..memory import check

        check(wanted * _SLOT_SIZE, f"cannot create list of size {wanted}")
    if type(called) is MethodType:
        return tuple([[called, i] for i in range(wanted)])
    return tuple([[_apply_late, (called, i)] for i in range(wanted)])


def partition(test: Slot, argument: Slot) -> dict[str, Slot]:
    """`partition f list`."""
    called = _one(test)
    right: list[Slot] = []
    wrong: list[Slot] = []
    for slot in items(argument):
        (right if boolean(called(slot)) else wrong).append(slot)
    return {"right": tuple(right), "wrong": tuple(wrong)}


def sort(comparator: Slot, argument: Slot) -> tuple[Slot, ...]:
    """`sort before list`; stable. All elements are forced before the first is compared, as in Nix."""
    found = items(argument)
    if not found:
        return found
    before = function(comparator)
    forced = [force(slot) if type(slot) is list else slot for slot in found]
    if type(before) is Builtin and before.name == "lessThan":
        # The slots, not the values: a list in the same slot is printed as repeated.
        return _sorted(forced) or tuple(_peek_sort(list(found), _less_slots))
    full = FULL2.get(before.__func__) if type(before) is MethodType else None
    if full is not None:
        # A function that is known to be `a: b: a < b` (or `b < a`) need not be called for what Python can compare.
        descending = LESS.get(full)
        quickly = None if descending is None else _sorted(forced, descending)
        return quickly or tuple(_peek_sort(list(found), MethodType(full, before.__self__)))

    def precedes(left: Slot, right: Slot) -> Value:
        return call2(before, left, right)

    # The slots, not the values: functions are identified by their slots.
    return tuple(_peek_sort(list(found), precedes))


def _less_slots(left: Slot, right: Slot) -> bool:
    """`left < right` for slots that were forced."""
    return less(left[1] if type(left) is list else left, right[1] if type(right) is list else right)


def _sorted(values: list[Value], descending: bool = False) -> tuple[Value, ...] | None:
    """Sort with Python, if all are integers or all are strings."""
    kind = type(values[0])
    if (kind is not str and kind is not int) or {type(one) for one in values} != {kind}:
        return None
    return tuple(sorted(values, reverse=descending))


_SHORT: Final = 16


def _peek_sort(items: list[Slot], precedes: Callable[[Slot, Slot], Value]) -> list[Slot]:
    """Stable, in place, with the comparisons that Nix makes, since a program may see them.

    This is the peeksort of Munro and Wild: it looks for a run that is in order around the middle, sorts what is
    left and right of it, and merges. Not `sorted`, which would call back through C: a comparison that sorts in
    turn may nest as deep as calls may.
    """

    def rises(left: Slot, right: Slot) -> bool:
        answer = precedes(left, right)
        return answer if type(answer) is bool else boolean(answer)

    def falls(left: Slot, right: Slot) -> bool:
        answer = precedes(left, right)
        return not (answer if type(answer) is bool else boolean(answer))

    # (begin, end, end of the run at the left, begin of the run at the right), or (begin, middle, end) to be merged.
    todo: list[tuple[int, ...]] = [(0, len(items), 0, len(items))]
    while todo:
        task = todo.pop()
        if len(task) == 3:
            _merge(items, task[0], task[1], task[2], precedes)
            continue
        begin, end, left_end, right_begin = task
        if left_end == end or right_begin == begin:
            continue
        if end - begin <= _SHORT:
            _insertion_sort(items, begin, end, precedes)
            continue
        middle = begin + (end - begin) // 2
        if middle <= left_end:
            todo += [(begin, left_end, end), (left_end, end, left_end + 1, right_begin)]
            continue
        if middle >= right_begin:
            todo += [(begin, right_begin, end), (begin, right_begin, left_end, right_begin - 1)]
            continue
        falling = rises(items[middle], items[middle - 1])
        extends = rises if falling else falls
        first, last = middle, middle - 1
        while first - 1 > left_end and extends(items[first - 1], items[first - 2]):
            first -= 1
        if first > left_end:
            first -= 1
        while last + 1 < right_begin and extends(items[last + 1], items[last]):
            last += 1
        last += 1
        if falling:
            items[first:last] = items[first:last][::-1]
        if first == begin and last == end:
            continue
        if middle - first < last - middle:
            todo += [(begin, first, end), (first, end, last, right_begin), (begin, first, left_end, first - 1)]
        else:
            todo += [(begin, last, end), (last, end, last + 1, right_begin), (begin, last, left_end, first)]
    return items


def _insertion_sort(items: list[Slot], begin: int, end: int, precedes: Callable[[Slot, Slot], Value]) -> None:
    for i in range(begin + 1, end):
        slot = items[i]
        at = i
        while at > begin:
            answer = precedes(slot, items[at - 1])
            if not (answer if type(answer) is bool else boolean(answer)):
                break
            at -= 1
        if at < i:
            del items[i]
            items.insert(at, slot)


def _merge(items: list[Slot], begin: int, middle: int, end: int, precedes: Callable[[Slot, Slot], Value]) -> None:
    left, right = items[begin:middle], items[middle:end]
    result: list[Slot] = []
    add = result.append
    i = j = 0
    left_size, right_size = len(left), len(right)
    while i < left_size and j < right_size:
        answer = precedes(right[j], left[i])
        if answer if type(answer) is bool else boolean(answer):
            add(right[j])
            j += 1
        else:
            add(left[i])
            i += 1
    items[begin:end] = result + left[i:] + right[j:]


class _Keys:
    """The keys seen so far: a hash set while all are strings or all integers, else a sorted list."""

    def __init__(self) -> None:
        self._kind: type | None = None
        self._plain: set[Any] = set()
        self._ordered: list[Value] = []

    def add(self, key: Value) -> bool:
        """Whether the key is new."""
        kind = type(key)
        if not self._ordered and (kind is str or kind is int) and (kind is self._kind or not self._plain):
            if key in self._plain:
                return False
            self._kind = kind
            self._plain.add(key)
            return True
        if self._plain:
            self._ordered = sorted(self._plain)
            self._plain = set()
        low, high = 0, len(self._ordered)
        while low < high:
            middle = (low + high) // 2
            if less(key, self._ordered[middle]):
                high = middle
            elif less(self._ordered[middle], key):
                low = middle + 1
            else:
                return False
        self._ordered.insert(low, key)
        return True


def generic_closure(argument: Slot) -> tuple[Slot, ...]:
    """`genericClosure { startSet; operator; }`: breadth first, each key once."""
    given = attrs(argument)
    if "startSet" not in given:
        raise MissingAttribute("startSet", names(given))
    start = items(given["startSet"])
    if not start:
        return ()
    if "operator" not in given:
        raise MissingAttribute("operator", names(given))
    operator = function(given["operator"])
    pending: list[Slot] = list(start)
    keys = _Keys()
    result: list[Slot] = []
    at = 0
    while at < len(pending):
        slot = pending[at]
        at += 1
        item = attrs(slot)
        key = item.get("key", MISSING)
        if key is MISSING:
            raise MissingAttribute("key", names(item))
        found = value(key)
        if not keys.add(found):
            continue
        result.append(item)
        pending.extend(items(call(operator, slot)))
    return tuple(result)
