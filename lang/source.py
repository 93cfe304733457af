"""Source texts and places in them.

A text is a *byte string*: a Python `str` in which every character stands for one byte (Latin-1 decoding of the file).
Nix strings are bytes, so lengths, orders and offsets are right without conversion. Convert at the edges with
`.encode("latin-1")`.
"""

from __future__ import annotations

from ..frozen import Frozen


class Span(Frozen):
    """A half-open range of byte offsets in one source."""

    start: int
    end: int


class Place(Frozen):
    """Line and column, both counted from 1; columns count bytes, as Nix does."""

    line: int
    column: int


class Source:
    """A text and the name it is reported under; not changed once made.

    `name` is an absolute path, or `«string»`, `«stdin»`. `base` is the absolute
    directory that relative paths in the text refer to.
    """

    __slots__ = ("_starts", "_was_asked", "base", "name", "text")

    def __init__(self, name: str, text: str, base: str) -> None:
        self.name = name
        self.text = text
        self.base = base
        self._starts: list[int] | None = None
        self._was_asked = False

    def __eq__(self, other: object) -> bool:
        if type(other) is not Source:
            return NotImplemented
        return self.name == other.name and self.base == other.base and self.text == other.text

    def __hash__(self) -> int:
        return hash((self.name, self.text, self.base))

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.text)} bytes, {self.base!r})"

    def _line_starts(self) -> list[int]:
        """Offsets of the lines. LF, CR and CRLF end a line, as in Nix."""
        if self._starts is None:
            starts = [0]
            at = 0
            for line in self.text.replace("\r\n", "\0\n").replace("\r", "\n").split("\n"):
                at += len(line) + 1
                starts.append(at)
            starts.pop()
            self._starts = starts
        return self._starts

    def place(self, offset: int) -> Place:
        """Return the line and column of a byte offset."""
        if not self._was_asked and "\r" not in self.text:
            # Of most files, such as packages, one place is asked for.
            self._was_asked = True
            line = self.text.count("\n", 0, offset) + 1
            return Place(line, offset - self.text.rfind("\n", 0, offset))
        from _bisect import bisect_right

        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return Place(line, offset - starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return the text of line `number` (from 1) without its newline, as readable Unicode."""
        starts = self._line_starts()
        begin = starts[number - 1]
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[begin:end].encode("latin-1").decode("utf-8", "replace").rstrip("\r")
