"""Errors of locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...store.difference import FileChange


class Contrast(NamedTuple):
    """Two values that should be equal, and a label for each.

    `lock` is the path of the lock with the expected value. `key`, if given, is the text of its line in the lock, where
    that is not the value itself.
    """

    expected: str
    actual: str
    expected_label: str = "locked"
    actual_label: str = "now"
    lock: str | None = None
    key: str | None = None


class LockError(Exception):
    """A lock that cannot be used, or that disagrees with the store or the expression.

    `contrast` are the values that should be equal, `details` further lines, `files` the differing files.
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
"""`chx.lock` or `chx.toml` cannot be read or parsed."""
NOT_LOCKED = "L010"
"""An input is not locked, or its locked declaration differs from chx.toml."""
MOVED = "L011"
"""The hash of a tree differs from the lock."""
SOURCE = "L012"
"""A source of a pinned package is not locked, or is locked with another hash."""
DIFFERS = "L020"
"""An output differs from its pin."""
DAMAGED = "L021"
"""A pinned output is damaged in the store."""
VARIES = "L024"
"""A pinned package cannot be built under variations."""
BROKEN = "L022"
"""A pin that is to be used without evaluation was edited."""
NOT_HERE = "L023"
"""A pinned output is neither in the store nor in a cache."""
