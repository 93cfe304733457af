"""`toJSON` and `fromJSON`."""

from __future__ import annotations

from .. import jsontext
from ..values import Slot, Value, make_string
from .arguments import plain_string, value


def to_json(argument: Slot) -> Value:
    """`toJSON x`."""
    return make_string(*jsontext.to_json(value(argument), copy=True))


def from_json(argument: Slot) -> Value:
    """`fromJSON s`."""
    return jsontext.from_json(plain_string(argument))
