"""A parse error whose source is not known yet."""

from __future__ import annotations


class UnlocatedParseError(Exception):
    """Error in a text at byte offsets; `parser` turns it into a `ParseError`.

    `other`: offsets of a second place that explains the first. `{other}` in the message is replaced by its name, line and
    column.
    """

    def __init__(
        self,
        message: str,
        start: int,
        end: int,
        *,
        text: str = "",
        hint: str | None = None,
        other: tuple[int, int] | None = None,
        other_text: str = "",
        code: str = "E101",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.text = text
        self.hint = hint
        self.other = other
        self.other_text = other_text
        self.code = code
