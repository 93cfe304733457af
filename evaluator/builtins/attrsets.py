"""Builtins on sets."""

from __future__ import annotations

from ...native import native
from ..errors import MissingAttribute, TypeMismatch
from ..force import force, force_slot
from ..operators import FULL2, call, call2
from ..trace import attr_place, lambda_mark
from ..values import MISSING, WHERE, Builtin, MethodType, Partial, Slot, Value, names
from .arguments import attrs, function, items, plain_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


@native
def attr_names(argument: Slot) -> tuple[str, ...]:
    """`attrNames set`."""
    return tuple(names(attrs(argument)))


@native
def attr_values(argument: Slot) -> tuple[Slot, ...]:
    """`attrValues set`, in the order of names."""
    found = attrs(argument)
    return tuple([found[name] for name in names(found)])


@native
def cat_attrs(name: Slot, sets: Slot) -> tuple[Slot, ...]:
    """`catAttrs name sets`."""
    wanted = plain_string(name)
    result = []
    for slot in items(sets):
        found = attrs(slot).get(wanted, MISSING)
        if found is not MISSING:
            result.append(found)
    return tuple(result)


@native
def get_attr(name: Slot, subject: Slot) -> Value:
    """`getAttr name set`."""
    wanted = plain_string(name)
    found = attrs(subject)
    slot = found.get(wanted, MISSING)
    if slot is MISSING:
        raise MissingAttribute(wanted, names(found))
    return force(slot) if type(slot) is list else slot


@native
def has_attr(name: Slot, subject: Slot) -> bool:
    """`hasAttr name set`."""
    wanted = plain_string(name)
    return wanted in attrs(subject)


@native
def remove_attrs(subject: Slot, unwanted: Slot) -> dict[str, Slot]:
    """`removeAttrs set names`."""
    found = attrs(subject)
    gone = [plain_string(slot) for slot in items(unwanted)]
    if not any(name in found for name in gone):
        return found
    result = dict(found)
    for name in gone:
        result.pop(name, None)
    return result


@native
def intersect_attrs(left: Slot, right: Slot) -> dict[str, Slot]:
    """`intersectAttrs left right`: the attributes of `right` that `left` has too."""
    mask = attrs(left)
    source = attrs(right)
    if len(mask) < len(source):
        result = {name: source[name] for name in mask if name in source}
        # WHERE has to stay the first key.
        return {WHERE: source[WHERE], **result} if WHERE in source and WHERE not in mask else result
    return {name: slot for name, slot in source.items() if name is WHERE or name in mask}


@native
def list_to_attrs(pairs: Slot) -> dict[str, Slot]:
    """`listToAttrs [ { name; value; } ]`; the first of equal names counts."""
    result: dict[str, Slot] = {}
    for slot in items(pairs):
        pair = slot
        if type(pair) is list:
            pair = pair[1] if pair[0] is None else force(pair)
        if type(pair) is not dict:
            pair = attrs(pair)
        name = pair["name"] if "name" in pair else _needed(pair, "name")
        if type(name) is list:
            name = name[1] if name[0] is None else force(name)
        if type(name) is not str:
            name = plain_string(name)
        if name not in result:
            result[name] = pair["value"] if "value" in pair else _needed(pair, "value")
    return result


def _needed(pair: dict[str, Slot], name: str) -> Slot:
    found = pair.get(name, MISSING)
    if found is MISSING:
        raise MissingAttribute(name, names(pair))
    return found


@native
def _apply_named(argument: tuple[Value, str, Slot]) -> Value:
    return call2(argument[0], argument[1], argument[2])


@native
def map_attrs(mapper: Slot, subject: Slot) -> dict[str, Slot]:
    """`mapAttrs f set`; the new attributes have no place of their own."""
    found = subject if type(subject) is dict else attrs(subject)
    known = mapper
    if type(known) is list and known[0] is None:
        known = known[1]
    if type(known) is MethodType:
        full = FULL2.get(known.__func__)
        if full is not None:
            captured = known.__self__
            result: dict[str, Slot] = {
                name: [_apply_full, (full, captured, name, slot)] for name, slot in found.items()
            }
            result.pop(WHERE, None)
            return result
    return {name: [_apply_late, (mapper, name, slot)] for name, slot in found.items() if name is not WHERE}


@native
def _apply_full(argument: tuple[Callable[[Any, str, Slot], Value], Any, str, Slot]) -> Value:
    full, captured, name, slot = argument
    return full(captured, name, slot)


@native
def _apply_late(argument: tuple[Slot, str, Slot]) -> Value:
    mapper, name, slot = argument
    return call2(force(mapper) if type(mapper) is list else mapper, name, slot)


@native
def zip_attrs_with(mapper: Slot, sets: Slot) -> dict[str, Slot]:
    """`zipAttrsWith f sets`: `f name values` for every name."""
    function_value = function(mapper)
    found = [attrs(slot) for slot in items(sets)]
    columns: dict[str, list[Slot]] = {}
    for one in found:
        for name, slot in one.items():
            column = columns.get(name)
            if column is None:
                columns[name] = [slot]
            else:
                column.append(slot)
    columns.pop(WHERE, None)
    return {name: [_apply_named, (function_value, name, tuple(column))] for name, column in columns.items()}


@native
def group_by(mapper: Slot, subject: Slot) -> dict[str, Slot]:
    """`groupBy f list`."""
    key = function(mapper)
    groups: dict[str, list[Slot]] = {}
    for slot in items(subject):
        groups.setdefault(plain_string(call(key, slot)), []).append(slot)
    return {name: tuple(members) for name, members in groups.items()}


def function_args(argument: Slot) -> dict[str, Slot]:
    """`functionArgs f`: which formals have defaults."""
    found = force_slot(argument)
    kind = type(found)
    if kind is Builtin or kind is Partial:
        return {"outputs": True} if kind is Builtin and found.name == "derivation" else {}
    if kind is not MethodType:
        raise TypeMismatch("'functionArgs' requires a function")
    known = _arguments.get(found.__func__)
    if known is None:
        file, mark = lambda_mark(found)
        known = {}
        if mark[4] is not None:
            known[WHERE] = ((file, {name: offset for name, _, offset in mark[4]}),)
            known.update((name, has_default) for name, has_default, _ in mark[4])
        _arguments[found.__func__] = known
    return known


_arguments: dict[Any, dict[str, Any]] = {}
"""Results of `functionArgs` for compiled functions."""


def unsafe_get_attr_pos(name: Slot, subject: Slot) -> Value:
    """`unsafeGetAttrPos name set`: where an attribute is defined, or null."""
    wanted = plain_string(name)
    found = attrs(subject)
    if wanted not in found:
        return None
    place = attr_place(found, wanted)
    if place is None or not place[0].source.name.startswith("/"):
        return None
    from ..loader import position_set

    return position_set(*place)
