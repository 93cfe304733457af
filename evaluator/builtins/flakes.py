"""Builtins on flakes and their references."""

from __future__ import annotations

from .. import session
from ..errors import InvalidInput, readable
from ..flakeref import parse_reference, reference_text
from ..force import force_slot
from ..inputs import disabled
from ..values import Slot, Value, describe, names, string_text
from .arguments import attrs, plain_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..inputs import Attribute


def need_flakes() -> None:
    """Raise `InvalidInput` unless the experimental feature is enabled."""
    if "flakes" not in session.evaluator().options.features:
        raise InvalidInput(disabled("flakes"))


def get_flake(argument: Slot) -> Value:
    """`getFlake reference`: the outputs of a flake, its inputs, and what is known of its tree. Its inputs are those in `flake.lock`."""
    from ..flakes import flake_of

    need_flakes()
    return flake_of("getFlake", parse_reference(plain_string(argument)), may_move=False)


def parse_flake_ref(argument: Slot) -> Value:
    """`parseFlakeRef text`: the attributes that a flake reference stands for."""
    need_flakes()
    return dict(parse_reference(plain_string(argument)))


def flake_ref_to_string(argument: Slot) -> Value:
    """`flakeRefToString attributes`: the flake reference that attributes stand for."""
    given = attrs(argument)
    found: dict[str, Attribute] = {}
    for name in names(given):
        value = force_slot(given[name])
        text = string_text(value)
        if text is not None:
            found[name] = text
        elif type(value) is bool:
            found[name] = value
        elif type(value) is int:
            if value < 0:
                raise InvalidInput(f"negative value given for flake ref attr {readable(name)}: {value}")
            found[name] = value
        else:
            raise InvalidInput(
                "flake reference attribute sets may only contain integers, Booleans, and strings, but attribute "
                f"'{readable(name)}' is {describe(value)}"
            )
    return reference_text(found)
