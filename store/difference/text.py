"""Compare texts line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .bytewise import Bytes

CONTEXT_LINES: Final = 2
_MOST_BYTES: Final = 8 << 20
_MOST_LINES: Final = 4000
"""Line limit: the worst case is quadratic, about one second here."""


def text_of(data: Bytes) -> str | None:
    """Return bytes as text, if there are not too many, and they are UTF-8 without control characters other than white space."""
    if len(data) > _MOST_BYTES or data.find(b"\0") >= 0:
        return None
    try:
        text = data[:].decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if not any(c < " " and c not in "\t\n\r\f\x1b" for c in set(text)) else None


def line_diff(before: str, after: str, context: int = CONTEXT_LINES) -> tuple[str, ...] | None:
    """The lines of a unified diff without its two header lines; None if the texts differ in too many lines.

    A last line without an end is marked as diff(1) does.
    """
    return diff_lines(_lines(before), _lines(after), context)


def diff_lines(before: Sequence[str], after: Sequence[str], context: int = CONTEXT_LINES) -> tuple[str, ...] | None:
    """Compare lists of lines like `line_diff`."""
    head = 0
    for line, counterpart in zip(before, after):
        if line != counterpart:
            break
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    # Drop equal lines at both ends, except for the context, so that only the middle is compared.
    skip = max(head - context, 0)
    keep = max(tail - context, 0)
    one, other = before[skip : len(before) - keep], after[skip : len(after) - keep]
    if len(one) > _MOST_LINES or len(other) > _MOST_LINES:
        return None
    from difflib import SequenceMatcher

    result: list[str] = []
    for group in SequenceMatcher(None, one, other, autojunk=False).get_grouped_opcodes(context):
        first, last = group[0], group[-1]
        result.append(
            f"@@ -{_range(skip + first[1], last[2] - first[1])} +{_range(skip + first[3], last[4] - first[3])} @@"
        )
        for tag, start, stop, other_start, other_stop in group:
            if tag == "equal":
                result += [f" {line}" for line in one[start:stop]]
            else:
                result += [f"-{line}" for line in one[start:stop]]
                result += [f"+{line}" for line in other[other_start:other_stop]]
    return tuple(result)


def _range(start: int, length: int) -> str:
    return str(start + 1) if length == 1 else f"{start + bool(length)},{length}"


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines[-1]:
        lines[-1] += " (no end of line)"
    else:
        lines.pop()
    return lines
