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

_TOO_LARGE_FLOAT: Final = "[error] toml::parse_floating: failed to read floating point value from stream"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def from_toml(argument: Slot) -> Value:
    """`fromTOML s`."""
    from ...store.foreign import Unreadable, parse_toml
    from ..tomltime import mark_timestamps

    data = plain_string(argument).encode("latin-1").removeprefix(_BYTE_ORDER_MARK)
    try:
        text, marks = mark_timestamps(data.decode("utf-8"))

        def number(written: str) -> Any:
            return marks[written] if written in marks else _float(written)

        return _convert(parse_toml(text, number))
    except RecursionError:
        raise StackOverflow("the TOML text nests deeper than values may") from None
    except Unreadable as error:
        raise InvalidText(f"while parsing TOML: {_TOO_LARGE if error.is_digits else error}") from None
    except ValueError as error:
        raise InvalidText(f"while parsing TOML: {error}") from None


def _float(written: str) -> float:
    """Return a float. Raises `InvalidText` for one that is too large."""
    found = float(written)
    if found in (float("inf"), float("-inf")) and "inf" not in written:
        raise InvalidText(f"while parsing TOML: {_TOO_LARGE_FLOAT}")
    return found


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
    from ..tomltime import Timestamp

    if not isinstance(value, Timestamp):
        # Newer Pythons take times without seconds, as TOML 1.1 does.
        raise InvalidText(f"while parsing TOML: '{value}' is written as no date or time of TOML 1.0")
    if "parse-toml-timestamps" in session.evaluator().options.features:
        return {"_type": "timestamp", "value": value.text}
    raise TypeMismatch("while parsing TOML: Dates and times are not supported")
