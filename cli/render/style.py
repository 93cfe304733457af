"""Colours of terminals."""

from __future__ import annotations

from ..output import colours


class Style:
    """Escape sequences, or nothing: honours NO_COLOR and non-terminals."""

    def __init__(self, stream: object) -> None:
        self.red, self.green, self.blue, self.dim, self.bold, self.reset = (
            ("\033[1;31m", "\033[1;32m", "\033[1;34m", "\033[2m", "\033[1m", "\033[0m")
            if colours(stream)
            else ("",) * 6
        )
