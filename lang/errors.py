"""Errors in a source text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .source import Source, Span


class Label:
    """A span of a source, with a remark about it."""

    __slots__ = ("source", "span", "text")

    def __init__(self, source: Source, span: Span, text: str = "") -> None:
        self.source = source
        self.span = span
        self.text = text

    def __repr__(self) -> str:
        place = self.source.place(self.span.start)
        return f"Label({self.source.name}:{place.line}:{place.column}, {self.text!r})"


class LangError(Exception):
    """A text is not an expression. `message` follows the wording of Nix.

    `labels[0]` is the place of the error; `hint` proposes a fix.
    """

    frames = ()
    details = ()

    def __init__(
        self, message: str, labels: list[Label] | None = None, hint: str | None = None, code: str = "E100"
    ) -> None:
        super().__init__(message)
        self.message = message
        self.labels = labels if labels is not None else []
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        return self.message


class ParseError(LangError):
    """The text cannot be parsed.

    E101: it does not follow the grammar. E102: an attribute is defined twice. E103: a
    function has two arguments of one name. E104: a name is computed where it must not be.
    E105: a number is too large. E106: a path is malformed. E107: a string holds a NUL. E108: a lint
    whose level is fatal found a literal.
    """

    @property
    def unexpected(self) -> str | None:
        """The unexpected word, "" for the end of the text; None for other errors."""
        if self.code != "E101" or not self.labels:
            return None
        span = self.labels[0].span
        return self.labels[0].source.text[span.start : span.end]
