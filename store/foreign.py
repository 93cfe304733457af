"""Untrusted JSON and TOML, read within limits.

Python's readers recurse. The recursion limit is one number for all threads, and is raised during evaluation: deeply
nested text could then exhaust the stack of another thread, which ends the process. So nesting is checked first. Errors
for integers of thousands of digits are reworded, because Python's speak of its settings.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

DEEPEST: Final = 500
"""Most levels of lists and objects in a text. chx writes less than ten; attributes of a derivation may have more."""
MOST_KEY_PARTS: Final = 1000
"""Most dots in a TOML key: the library needs quadratic memory for them."""
_DIGITS: Final = "a number in it has too many digits"


class Unreadable(ValueError):
    """A text is not JSON or TOML, or exceeds a limit; with the place, if known."""

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(reason + (f" (line {line}, column {column})" if line else ""))
        self.reason, self.line, self.column = reason, line, column
        self.is_digits = reason == _DIGITS


def parse_json(data: bytes | str, **hooks: Any) -> Any:
    """Return the result of `json.loads`. Raises `Unreadable`, also for NaN, infinite numbers and too many levels."""
    import json

    try:
        text = data if isinstance(data, str) else str(data, json.detect_encoding(data), "surrogatepass")
        _check_depth(text)
        return json.loads(text, **{"parse_constant": _no_constant, "parse_float": _finite, **hooks})
    except json.JSONDecodeError as error:
        raise Unreadable(error.msg, error.lineno, error.colno) from None
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable(f"it has more than {DEEPEST} levels") from None
    except ValueError as error:
        raise Unreadable(_DIGITS if "integer string conversion" in str(error) else str(error)) from None


def parse_toml(data: bytes | str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """Return the result of `tomllib.loads`, floats by `parse_float`. Raises `Unreadable`, and `RecursionError` for too many levels."""
    import re
    import tomllib

    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        # Starts of keys: in a line, and in an inline table.
        key = r'(?:[A-Za-z0-9_-]++|"[^"\n]*+"|\'[^\'\n]*+\')[ \t]*+\.[ \t]*+'
        begin = r"(?:^[ \t]*+\[{0,2}+[ \t]*+|[{,][ \t]*+)"
        if text.count(".") >= MOST_KEY_PARTS and re.search(
            rf"{begin}(?:{key}){{{MOST_KEY_PARTS}}}", text, re.MULTILINE
        ):
            raise Unreadable(f"a key has more than {MOST_KEY_PARTS} parts")
        return tomllib.loads(text, parse_float=parse_float)
    except Unreadable:
        raise
    except ValueError as error:
        raise Unreadable(_DIGITS if "integer string conversion" in str(error) else str(error)) from None


def _check_depth(text: str) -> None:
    # Nearly all texts have fewer brackets than the deepest may have.
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    import re

    depth = 0
    for found in re.finditer(r'"(?:[^"\\]++|\\.)*+"|[\[{\]}]', text, re.DOTALL):
        first = text[found.start()]
        if first in "[{":
            depth += 1
            if depth > DEEPEST:
                line = text.count("\n", 0, found.start()) + 1
                column = found.start() - text.rfind("\n", 0, found.start())
                raise Unreadable(f"it has more than {DEEPEST} levels", line, column)
        elif first != '"':
            depth -= 1


def _no_constant(name: str) -> None:
    raise Unreadable(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise Unreadable("a number in it is too large")
    return number
