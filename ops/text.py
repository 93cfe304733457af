"""Names and texts of expressions, for people."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..store import StorePath


def readable(text: str) -> str:
    """Text of an expression (a byte string) as Unicode; other text stays as it is."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def title(derivation: StorePath) -> str:
    """The name of a derivation without its extension."""
    return derivation.name.removesuffix(".drv")


def count(number: int, word: str, plural: str | None = None) -> str:
    """A number with its noun: `1 file`, `2 files`."""
    return f"{number} {word if number == 1 else plural or word + 's'}"
