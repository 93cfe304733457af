"""Errors of locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...store.difference import FileChange


class Contrast(NamedTuple):
    """Two values that should be equal, and what each is called.

    `lock` is the path of the lock that has the expected one; `key`, if given, stands in its line in place of the value.
    """

    expected: str
    actual: str
    expected_label: str = "locked"
    actual_label: str = "now"
    lock: str | None = None
    key: str | None = None


class LockError(Exception):
    """A lock that cannot be used, or that something does not agree with.

    `contrast` are the values that should be equal, `details` further lines, `files` those that differ.
    """

    labels = ()
    frames = ()

    def __init__(
        self,
        code: str,
        message: str,
        hint: str | None = None,
        details: Iterable[str] = (),
        contrast: Contrast | None = None,
        files: Sequence[FileChange] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = tuple(details)
        self.contrast = contrast
        self.files = tuple(files)


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
