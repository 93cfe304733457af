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
_LEAST_CUT: Final = 24
"""Fewest characters that are left out at the beginning: a note of fewer saves nothing."""


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
        places = {} if self.is_full else _places(lines)
        for number, line in enumerate(self.some(lines, BRIEF_LINES, depth)):
            self._coloured(self._short(line, places.get(number, 0)), colours.get(line[:1], ""), depth)

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

    def _short(self, line: str, place: int) -> str:
        """Cut a long line around the character at `place`."""
        if self.is_full or len(line) <= LONGEST:
            return line
        self.has_left_out = True
        return line[:1] + around(line[1:], place - 1, LONGEST - 4)

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


def around(text: str, place: int, most: int) -> str:
    """Return about `most` characters of a longer text, with the one at `place`; say how many are left out.

    What is left out at the beginning is a number of characters in brackets, at the end it is `...`.
    """
    if len(text) <= most:
        return text
    start = place - most // 3
    if start <= _LEAST_CUT:
        return text[:most] + " ..."
    start = min(start, len(text) - most)
    end = " ..." if start + most < len(text) else ""
    return f"[{start} characters] ... {text[start : start + most]}{end}"


def first_difference(one: str, other: str) -> int:
    """Return the place of the first character in which two texts differ, or the length of the shorter one."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        # Slices are compared at the speed of the machine: each step halves the part that is not known.
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _places(lines: Sequence[str]) -> dict[int, int]:
    """Return the places at which long lines of a unified diff differ from their counterparts, by line number.

    The counterpart of a removed line is the added line with the same position in the group that follows.
    """
    found: dict[int, int] = {}
    start = 0
    while start < len(lines):
        if lines[start][:1] != "-":
            start += 1
            continue
        middle = _end_of_run(lines, start, "-")
        end = _end_of_run(lines, middle, "+")
        for one, other in zip(range(start, middle), range(middle, end)):
            if max(len(lines[one]), len(lines[other])) > LONGEST:
                found[one] = found[other] = 1 + first_difference(lines[one][1:], lines[other][1:])
        start = end
    return found


def _end_of_run(lines: Sequence[str], start: int, mark: str) -> int:
    while start < len(lines) and lines[start][:1] == mark:
        start += 1
    return start


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


__all__ = [
    "BRIEF_LINES",
    "LONGEST",
    "Page",
    "around",
    "count",
    "differ",
    "first_difference",
    "growth",
    "printable",
    "sizes",
]
