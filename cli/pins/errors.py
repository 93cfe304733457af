"""What a lock refuses."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...store.difference import FileChange
    from .document import PinnedOutput


class LockError(Exception):
    """A lock that cannot be used, or that something does not agree with; `details` stand before the message."""

    def __init__(self, code: str, message: str, hint: str | None = None, details: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = tuple(details)


class Differs(LockError):
    """An output is not what is pinned. `files` are those that differ, as far as the pinned output is there."""

    def __init__(
        self,
        message: str,
        hint: str,
        details: Iterable[str],
        output: str,
        pinned: PinnedOutput,
        built: PinnedOutput,
        files: tuple[FileChange, ...],
    ) -> None:
        super().__init__(DIFFERS, message, hint, details)
        self.output = output
        self.pinned = pinned
        self.built = built
        self.files = files


UNREADABLE = "L001"
"""`chx.lock` or `chx.toml` is not what it should be."""
NOT_LOCKED = "L010"
"""An input is not locked, or as something else than what is declared."""
MOVED = "L011"
"""A tree has another hash than is locked."""
SOURCE = "L012"
"""A source of a pinned package is not locked, or has another hash there."""
DIFFERS = "L020"
"""An output is not what is pinned."""
DAMAGED = "L021"
"""A pinned output was changed in the store."""
VARIES = "L024"
"""A pinned package cannot be built under other circumstances."""
BROKEN = "L022"
"""A pin was edited, and is to be taken on its word."""
NOT_HERE = "L023"
"""A pinned output is to be taken, and nobody has it."""


def both(
    locked: str, now: str, wanted: str = "locked", got: str = "now", lock: str | None = None, key: str | None = None
) -> tuple[str, str]:
    """Two values below each other; with the place of the lock, the line of the first (or of `key`) is told."""
    width = max(len(wanted), len(got))
    where = "" if lock is None else _line_of(lock, key or locked)
    return (f"  {wanted:>{width}}: {locked}{where}", f"  {got:>{width}}: {now}")


def _line_of(lock: str, text: str) -> str:
    """Where a text stands in a lock, in parentheses; nothing if it does not."""
    import os

    try:
        with open(lock, encoding="utf-8", errors="surrogateescape") as file:
            for number, line in enumerate(file, 1):
                if f'"{text}"' in line:
                    return f"  ({os.path.relpath(lock)}:{number})"
    except OSError:
        pass
    return ""
