"""What a person sees while things are built: plain lines on standard error.

Each line starts with `chx:`, so that it can be told from what builders print.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..output import tell

if TYPE_CHECKING:
    from ...builder import Bubblewrap


def size(count: int) -> str:
    """A number of bytes for people: `12.3 MB` (powers of 1000)."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def speed(count: int, seconds: float) -> str:
    """Bytes in a time for people: `3.4 MB/s`."""
    return f"{size(int(count / max(seconds, 0.001)))}/s"


def duration(seconds: float) -> str:
    """A time for people: `0.4 s`, `1 min 20 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def say(text: str) -> None:
    """One line of progress."""
    tell(f"chx: {text}\n")


def age(bubblewrap: Bubblewrap) -> str:
    """What is to be known of an old one."""
    return (
        f"{bubblewrap.name} ({bubblewrap.path}) is older than 0.12: it follows links of a root while it sets up, which chx guards against;"
        " `chx build bubblewrap` makes a newer one"
    )
