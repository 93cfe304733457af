"""Format names, strings and counts for people."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..store import StorePath


def readable(text: str) -> str:
    """Decode a byte string of an expression as Unicode; return other text unchanged."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def title(derivation: StorePath) -> str:
    """Return the name of a derivation without its extension."""
    return derivation.name.removesuffix(".drv")


def count(number: int, word: str, plural: str | None = None) -> str:
    """Format a number with its noun: `1 file`, `2 files`."""
    return f"{number} {word if number == 1 else plural or word + 's'}"
