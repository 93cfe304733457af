"""Source texts and places in them.

A text is held as a *byte string*: a Python `str` in which every character
stands for one byte (Latin-1 decoding of the file). Nix strings are bytes, so
lengths, orders and offsets come out right without further thought. Convert at
the edges with `.encode("latin-1")`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """Half-open range of byte offsets in one source."""

    start: int
    end: int


class Place(NamedTuple):
    """Line and column, both counted from 1; columns count bytes, as Nix does."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Source:
    """A text and the name it is reported under.

    `name` is an absolute path, or `«string»`, `«stdin»`. `base` is the absolute
    directory that relative paths in the text refer to.
    """

    name: str
    text: str
    base: str
    _starts: list[int] = field(default_factory=list, repr=False, compare=False)

    def _line_starts(self) -> list[int]:
        if not self._starts:
            starts = [0]
            find = self.text.find
            at = find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = find("\n", at + 1)
            self._starts.extend(starts)
        return self._starts

    def place(self, offset: int) -> Place:
        """The line and column of a byte offset."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return Place(line, offset - starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its newline, as readable Unicode."""
        starts = self._line_starts()
        begin = starts[number - 1]
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[begin:end].encode("latin-1").decode("utf-8", "replace").rstrip("\r")
