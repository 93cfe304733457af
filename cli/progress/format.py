"""Sizes, times and messages as text.

Each message starts with `chx:`, to distinguish it from output of builders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..output import tell

if TYPE_CHECKING:
    from ...builder import Bubblewrap


def size(count: int) -> str:
    """Format a number of bytes: `12.3 MB` (powers of 1000)."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def speed(count: int, seconds: float) -> str:
    """Format bytes per second: `3.4 MB/s`."""
    return f"{size(int(count / max(seconds, 0.001)))}/s"


def duration(seconds: float) -> str:
    """Format seconds: `0.4 s`, `1 min 20 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def say(text: str) -> None:
    """Print one message to standard error."""
    tell(f"chx: {text}\n")


def age(bubblewrap: Bubblewrap) -> str:
    """Return the warning about an old bubblewrap."""
    return (
        f"{bubblewrap.name} ({bubblewrap.path}) is older than 0.12: it follows links of a root while it sets up, which chx guards against;"
        " `chx build bubblewrap` makes a newer one"
    )
