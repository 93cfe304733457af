"""Convert values to JSON texts and back.

Works on byte strings and follows Nix: sets print in the order of names, a set with `outPath` prints as that, floats
print with the digits that distinguish them.
"""

from __future__ import annotations

from .context import Context, Element
from .errors import InvalidText, StackOverflow, TypeMismatch
from .force import force_slot
from .values import MISSING, ContextString, Path, Slot, Value, describe, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final


_ESCAPES: Final = {
    '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f",
    **{chr(i): f"\\u{i:04x}" for i in range(32) if chr(i) not in "\n\r\t\b\f"},
}  # fmt: skip
_TABLE: Final = str.maketrans(_ESCAPES)


def quote(text: str) -> str:
    """Return a byte string as a JSON string; it must be UTF-8."""
    if not text.isascii():
        try:
            text.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data":
                what = f"incomplete UTF-8 string; last byte: 0x{ord(text[-1]):02X}"
            else:
                # Nix reports the byte that breaks the encoding; Python reports the first byte of the character.
                at = error.end if error.reason == "invalid continuation byte" else error.start
                what = f"invalid UTF-8 byte at index {at}: 0x{ord(text[at]):02X}"
            raise InvalidText(f"JSON serialization error: [json.exception.type_error.316] {what}") from None
    return f'"{text.translate(_TABLE)}"'


def show_number(value: float) -> str:
    """Return the shortest text that reads back as the same float, as C++ JSON libraries write it."""
    if value != value or value in (float("inf"), float("-inf")):
        return "null"
    text = repr(value)
    if 1e15 <= abs(value) < 1e16:
        # Python writes one digit more before it turns to exponents.
        digits = text.lstrip("-").partition(".")[0].rstrip("0")
        sign = "-" if value < 0 else ""
        return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e+15"
    return text


def to_json(value: Value, copy: bool) -> tuple[str, Context]:
    """Return the JSON text of a value and its context; everything is forced. `copy`: paths go to the store."""
    out: list[str] = []
    context: set[Element] = set()
    _write(value, copy, out, context)
    return "".join(out), frozenset(context)


def _write(slot: Slot, copy: bool, out: list[str], context: set[Element]) -> None:
    value = force_slot(slot)
    kind = type(value)
    if kind is str:
        out.append(quote(value))
    elif kind is ContextString:
        out.append(quote(value.text))
        context.update(value.context)
    elif kind is bool:
        out.append("true" if value else "false")
    elif kind is int:
        out.append(str(value))
    elif value is None:
        out.append("null")
    elif kind is float:
        out.append(show_number(value))
    elif kind is Path:
        if copy:
            from .coerce import copy_to_store

            text = copy_to_store(value)
            context.add(("path", text))
        else:
            text = value.text
        out.append(quote(text))
    elif kind is tuple:
        out.append("[")
        for i, item in enumerate(value):
            if i:
                out.append(",")
            _write(item, copy, out, context)
        out.append("]")
    elif kind is dict:
        _write_set(value, copy, out, context)
    else:
        raise TypeMismatch(f"cannot convert {describe(value)} to JSON")


def _write_set(value: dict[str, Slot], copy: bool, out: list[str], context: set[Element]) -> None:
    to_string = value.get("__toString", MISSING)
    if to_string is not MISSING:
        from .coerce import coerce_to_string

        text, found = coerce_to_string(value, copy=copy)
        out.append(quote(text))
        context.update(found)
        return
    out_path = value.get("outPath", MISSING)
    if out_path is not MISSING:
        _write(out_path, copy, out, context)
        return
    out.append("{")
    for i, name in enumerate(names(value)):
        out.append(f"{',' if i else ''}{quote(name)}:")
        _write(value[name], copy, out, context)
    out.append("}")


def from_json(text: str) -> Value:
    """Return the value of a JSON text (a byte string)."""

    def attrs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {_bytes(name): value for name, value in pairs}

    def load() -> Value:
        decoded = text if text.isascii() else text.encode("latin-1").decode("utf-8-sig")
        try:
            return _convert(_load(decoded, attrs))
        except RecursionError:
            raise StackOverflow("the JSON text nests deeper than values may") from None

    reason = ""
    if "\\u0000" not in text:
        try:
            return load()
        except ValueError as error:
            reason = str(error)
    from .jsonerror import complain

    complain(text)
    if reason:
        raise InvalidText(f"failed to parse JSON: {reason}")
    return load()


class _Context:
    """The attributes of a decoder that the scanner of the `json` package needs."""

    strict = True
    object_hook = None
    array_hook = None

    def __init__(self, attrs: Callable[[list[tuple[str, Any]]], Any]) -> None:
        self.object_pairs_hook = attrs
        self.parse_int = _integer
        self.parse_float = _float
        self.parse_constant = _no_constant


def _load(text: str, attrs: Callable[[list[tuple[str, Any]]], Any]) -> Any:
    """`json.loads` without loading that package, and `re` with it, except to report an error."""
    try:
        from _json import make_scanner

        start = len(text) - len(text.lstrip(" \t\n\r"))
        value, end = make_scanner(_Context(attrs))(text, start)  # type: ignore[arg-type]
        if not text[end:].strip(" \t\n\r"):
            return value
    except (ImportError, StopIteration, ValueError, SystemError):
        # It cannot raise its error while `json` is not loaded, and raises a SystemError instead.
        pass
    import json

    return json.loads(
        text, object_pairs_hook=attrs, parse_int=_integer, parse_float=_float, parse_constant=_no_constant
    )


def _bytes(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8").decode("latin-1")


_DIGITS: Final = 20
"""Most characters of a 64-bit integer, with its sign."""


def _integer(text: str) -> int | float:
    if len(text) > _DIGITS:
        # Python refuses to convert very many, and what is that long is no integer anyway.
        return _float(text)
    number = int(text)
    if -(2**63) <= number < 2**63:
        return number
    if 0 < number < 2**64:
        raise ValueError
    return _float(text)


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError
    return number


def _no_constant(text: str) -> Value:
    raise ValueError


def _convert(value: Any) -> Value:
    kind = type(value)
    if kind is str:
        return _bytes(value)
    if kind is list:
        return tuple([_convert(item) for item in value])
    if kind is dict:
        for name, item in value.items():
            if type(item) in (str, list, dict):
                value[name] = _convert(item)
    return value
