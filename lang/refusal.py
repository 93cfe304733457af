"""Why a text is refused, before anyone knows which source it belongs to."""

from __future__ import annotations


class Refusal(Exception):
    """Becomes a `ParseError`; `other` is a second place that explains the first.

    `{other}` in the message stands for the name, line and column of that place.
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
