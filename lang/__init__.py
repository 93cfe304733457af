"""The language: text to a tree in which every node knows its span."""

from .errors import Label, LangError, ParseError
from .parser import parse
from .source import Place, Source, Span

__all__ = ["Label", "LangError", "ParseError", "Place", "Source", "Span", "parse"]
