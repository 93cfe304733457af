"""`fromTOML`."""

from __future__ import annotations

from .. import session
from ..errors import InvalidText, StackOverflow, TypeMismatch
from ..values import INT_MAX, INT_MIN, Slot, Value
from .arguments import plain_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final


_TOO_LARGE: Final = "[error] toml::parse_dec_integer: too large integer: current max digits = 2^63"


def from_toml(argument: Slot) -> Value:
    """`fromTOML s`."""
    from ...store.foreign import Unreadable, parse_toml

    text = plain_string(argument)
    try:
        return _convert(parse_toml(text.encode("latin-1")))
    except RecursionError:
        raise StackOverflow("the TOML text nests deeper than values may") from None
    except Unreadable as error:
        raise InvalidText(f"while parsing TOML: {_TOO_LARGE if error.is_digits else error}") from None
    except ValueError as error:
        raise InvalidText(f"while parsing TOML: {error}") from None


def _bytes(text: str) -> str:
    if "\0" in text:
        shown = text.replace("\0", "␀")
        raise InvalidText(
            f"while parsing TOML: error: input string '{shown}' cannot be represented as Nix string because it "
            "contains null bytes"
        )
    return text if text.isascii() else text.encode("utf-8").decode("latin-1")


def _convert(value: Any) -> Value:
    kind = type(value)
    if kind is str:
        return _bytes(value)
    if kind is list:
        return tuple([_convert(item) for item in value])
    if kind is dict:
        return {_bytes(name): _convert(item) for name, item in value.items()}
    if kind is int and not INT_MIN <= value <= INT_MAX:
        raise InvalidText(f"while parsing TOML: {_TOO_LARGE}")
    if kind in (int, float, bool):
        return value
    if "parse-toml-timestamps" in session.evaluator().options.features:
        return {"_type": "timestamp", "value": _timestamp(value)}
    raise TypeMismatch("while parsing TOML: Dates and times are not supported")


def _timestamp(value: Any) -> str:
    """A date, a time or both, with as many digits for parts of a second as are needed, of 3, 6 or none."""
    fraction = getattr(value, "microsecond", 0)
    precision = {}
    if hasattr(value, "hour"):
        precision["timespec"] = "seconds" if not fraction else "microseconds" if fraction % 1000 else "milliseconds"
    text: str = value.isoformat(**precision)
    if text.endswith("+00:00"):
        return text.removesuffix("+00:00") + "Z"
    return text
