"""Lines of a report, coloured on a terminal, and formats of single values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...ops.text import count
from ..output import put
from ..progress.format import size
from .style import Style

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BRIEF_LINES: Final = 20
LONGEST: Final = 160


class Page:
    """Collects lines. With `is_full` nothing is left out."""

    def __init__(self, style: Style, is_full: bool = False) -> None:
        self.style = style
        self.is_full = is_full
        self.lines: list[str] = []
        self.has_left_out = False

    def title(self, text: str) -> None:
        """Begin a section after an empty line."""
        if self.lines:
            self.lines.append("")
        self.lines.append(f"{self.style.bold}{printable(text)}{self.style.reset}")

    def line(self, text: str, depth: int = 1) -> None:
        self.lines.append("  " * depth + printable(text))

    def strong(self, text: str, depth: int = 1) -> None:
        self._coloured(text, self.style.bold, depth)

    def dim(self, text: str, depth: int = 1) -> None:
        self._coloured(text, self.style.dim, depth)

    def removed(self, text: str, depth: int = 1) -> None:
        self._coloured("- " + text, self.style.red, depth)

    def added(self, text: str, depth: int = 1) -> None:
        self._coloured("+ " + text, self.style.green, depth)

    def changed(self, text: str, depth: int = 1) -> None:
        self._coloured("~ " + text, self.style.blue, depth, mark=2)

    def diff(self, lines: Sequence[str], depth: int) -> None:
        """Add the lines of a unified diff."""
        colours = {"-": self.style.red, "+": self.style.green, "@": self.style.dim}
        for line in self.some(lines, BRIEF_LINES, depth):
            self._coloured(self._short(line), colours.get(line[:1], ""), depth)

    def some(self, items: Sequence[str], most: int, depth: int) -> Iterable[str]:
        """Return the first items, and a count of those left out."""
        if self.is_full or len(items) <= most + 1:
            yield from items
            return
        yield from items[:most]
        self.more(len(items) - most, depth)

    def limit(self, count: int, most: int) -> int:
        """Return how many of `count` items to show."""
        return count if self.is_full or count <= most + 1 else most

    def more(self, count: int, depth: int, what: str = "") -> None:
        """Add the number of items left out."""
        self.has_left_out = True
        self.dim(f"... {count} more{' ' + what if what else ''}", depth)

    def _short(self, line: str) -> str:
        return line if self.is_full or len(line) <= LONGEST else line[: LONGEST - 4] + " ..."

    def _coloured(self, text: str, colour: str, depth: int, mark: int | None = None) -> None:
        text = printable(text)
        end = len(text) if mark is None else mark
        reset = self.style.reset if colour else ""
        self.lines.append("  " * depth + colour + text[:end] + reset + text[end:])

    def write(self, option: str = "--full") -> None:
        """Write to standard output; file names may contain any bytes. `option` is the one that shows everything."""
        if self.has_left_out:
            self.lines += ["", f"{self.style.dim}(all of it: {option}){self.style.reset}"]
        put("".join(f"{line}\n" for line in self.lines))


def printable(text: str) -> str:
    """Write control characters out, so that compared text cannot control the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" or "\udc80" <= c <= "\udcff" else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def growth(count: int) -> str:
    """Format a change of size: `+12.3 kB`, `-4 B`."""
    return f"{'-' if count < 0 else '+'}{size(abs(count))}"


def sizes(before: int, after: int) -> str:
    """Format two sizes."""
    if before == after:
        return f"{size(before)}, as before"
    return f"{size(before)} -> {size(after)} ({growth(after - before)})"


def differ(number: int, word: str) -> str:
    """Format a number with a verb: `1 file differs`, `2 files differ`."""
    return f"{count(number, word)} {'differs' if number == 1 else 'differ'}"


__all__ = ["BRIEF_LINES", "LONGEST", "Page", "count", "differ", "growth", "printable", "sizes"]
