"""What can be wrong with a text."""

from __future__ import annotations

from dataclasses import dataclass, field

from .source import Source, Span


@dataclass(slots=True)
class Label:
    """A place in a source and what to say about it."""

    source: Source
    span: Span
    text: str = ""


@dataclass(slots=True)
class LangError(Exception):
    """A text is not an expression. `message` follows the wording of Nix.

    `labels[0]` is the place itself; `hint` is what to try.
    """

    message: str
    labels: list[Label] = field(default_factory=list)
    hint: str | None = None
    code: str = "E100"

    def __str__(self) -> str:
        return self.message


class ParseError(LangError):
    """The text does not follow the grammar (E101), repeats an attribute (E102), ..."""
