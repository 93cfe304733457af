"""`toXML`."""

from __future__ import annotations

from .. import xmltext
from ..values import Slot, Value, make_string
from .arguments import value


def to_xml(argument: Slot) -> Value:
    """`toXML x`."""
    return make_string(*xmltext.to_xml(value(argument), location=False, strict=True))
