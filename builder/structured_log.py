"""Structured log lines: messages from a builder to chx in its output.

The line `@nix { "action": "setPhase", "phase": "buildPhase" }` on standard error (NIX_LOG_FD) announces a phase.
Builders written for Nix print it, so they need no change. The filter removes such lines from the log, and keeps those
that are not JSON or have another action.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK: Final = b"@nix {"
_LONGEST: Final = 4096


class StructuredLogFilter:
    """Removes structured lines from a stream of bytes; calls `on_phase` with the name of each phase."""

    __slots__ = ("_held", "_inside", "_on_phase")

    def __init__(self, on_phase: Callable[[str], None]) -> None:
        self._on_phase = on_phase
        self._held = b""
        self._inside = False  # the last chunk ended within a line

    def filter(self, chunk: bytes) -> bytes:
        """Return the bytes to log now. The beginning of a line that may be structured is held back until its end."""
        data = self._held + chunk
        self._held = b""
        start = 0 if not self._inside else data.find(b"\n") + 1
        if self._inside and not start:
            return data
        kept = [data[:start]]
        while start < len(data):
            end = data.find(b"\n", start) + 1
            if not end:
                rest = data[start:]
                if len(rest) <= _LONGEST and (rest.startswith(_MARK) or _MARK.startswith(rest)):
                    self._held = rest
                    rest = b""
                kept.append(rest)
                self._inside = bool(rest)
                return b"".join(kept)
            if data[start : start + 1] != b"@":
                # Go on to the next line that may be structured.
                found = data.find(b"\n@", start)
                end = found + 1 if found >= 0 else data.rfind(b"\n") + 1
                kept.append(data[start:end])
            elif not (data.startswith(_MARK, start) and self._is_understood(data[start:end])):
                kept.append(data[start:end])
            start = end
        self._inside = False
        return b"".join(kept)

    def rest(self) -> bytes:
        """Return the bytes held back, after the end of the stream."""
        held, self._held = self._held, b""
        return held

    def _is_understood(self, line: bytes) -> bool:
        from ..store.foreign import parse_json

        try:
            said = parse_json(line[len(_MARK) - 1 :])
        except ValueError:
            return False
        if said.get("action") != "setPhase" or not isinstance(said.get("phase"), str):
            return False
        self._on_phase(said["phase"][:80])
        return True
