"""The language: from text to a tree in which every node has its span.

`parse` and `show` are imported on first use: a cached evaluation needs neither.
"""

from .errors import Label, LangError, ParseError
from .source import Place, Source, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .parser import parse
    from .printer import show

__all__ = ["Label", "LangError", "ParseError", "Place", "Source", "Span", "parse", "show"]


def __getattr__(name: str) -> object:
    if name == "parse":
        from .parser import parse

        return parse
    if name == "show":
        from .printer import show

        return show
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
