"""Details of lock errors as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .files import draw_files
from .page import Page
from .style import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...ops.lock.errors import Contrast, LockError
    from ...store.difference import FileChange


def details_of(error: LockError) -> list[str]:
    """Return the lines before the message of a lock error: values, remarks, files."""
    lines = [] if error.contrast is None else contrast_lines(error.contrast)
    return [*lines, *error.details, *(file_lines(error.files) if error.files else ())]


def contrast_lines(found: Contrast) -> list[str]:
    """Return two values, one below the other; the line of the lock that has the first is named."""
    width = max(len(found.expected_label), len(found.actual_label))
    where = "" if found.lock is None else _line_of(found.lock, found.key or found.expected)
    return [
        f"  {found.expected_label:>{width}}: {found.expected}{where}",
        f"  {found.actual_label:>{width}}: {found.actual}",
    ]


def _line_of(lock: str, text: str) -> str:
    """Return the line of a lock that contains a text, in parentheses; empty if none does."""
    import os

    try:
        with open(lock, encoding="utf-8", errors="surrogateescape") as file:
            for number, line in enumerate(file, 1):
                if f'"{text}"' in line:
                    return f"  ({os.path.relpath(lock)}:{number})"
    except OSError:
        pass
    return ""


def file_lines(changes: Sequence[FileChange]) -> list[str]:
    """Return a line for each of the first files that differ."""
    page = Page(Style(None))
    draw_files(page, changes, 1)
    return page.lines
