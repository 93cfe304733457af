"""Times of the build that remain in files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ...store.difference.archive import NotArchive, is_archive, members
from ..environment import SOURCE_DATE_EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .subject import File, Subject

_GZIP: Final = b"\x1f\x8b\x08"
_CONSTANT: Final = frozenset({0, 1, int(SOURCE_DATE_EPOCH)})
"""Constant times: that of files in the store, and the one that builds see."""


def timestamp(subject: Subject, file: File) -> Iterator[str]:
    """Find gzip headers, compiled Python and members of archives with the time of their creation."""
    data = file.data
    if bytes(data[:3]) == _GZIP and len(data) >= 8:
        seconds = int.from_bytes(data[4:8], "little")
        if seconds not in _CONSTANT:
            yield f"its gzip header says {_date(seconds)}"
    elif file.entry.path.endswith(".pyc") and len(data) >= 16 and not int.from_bytes(data[4:8], "little"):
        seconds = int.from_bytes(data[8:12], "little")
        if seconds not in _CONSTANT:
            yield f"it is only good for a source of {_date(seconds)}"
    elif is_archive(data):
        yield from _members(file)


def _members(file: File) -> Iterator[str]:
    try:
        parts = members(file.data)
    except NotArchive:
        return
    dated = [(part.name, int(digits)) for part in parts if (digits := part.stamp[:12].strip()).isdigit()]
    dated = [(name, seconds) for name, seconds in dated if seconds not in _CONSTANT]
    if dated:
        name, seconds = dated[0]
        many = f"{len(dated)} of its members have a time, " if len(dated) > 1 else ""
        yield f"{many}{name} in it is of {_date(seconds)}"


def _date(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return f"second {seconds}"
