"""What a builder tells chx, and not the reader of its log.

A line `@nix { "action": "setPhase", "phase": "buildPhase" }` on standard error (NIX_LOG_FD) says which phase has begun.
It is what builders written for Nix print, so they need no change. Such lines are left out of the log; one that
is no JSON, or says something else, is left in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK: Final = b"@nix {"
_LONGEST: Final = 4096


class Announcements:
    """Takes announcements out of a stream of bytes; `heard` is called with the name of each phase."""

    __slots__ = ("_heard", "_held", "_inside")

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._held = b""
        self._inside = False  # what came last was no whole line

    def filter(self, chunk: bytes) -> bytes:
        """What is to be logged now. The beginning of a line that may be an announcement waits for its end."""
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
                # On to the next line that could be one.
                found = data.find(b"\n@", start)
                end = found + 1 if found >= 0 else data.rfind(b"\n") + 1
                kept.append(data[start:end])
            elif not (data.startswith(_MARK, start) and self._is_understood(data[start:end])):
                kept.append(data[start:end])
            start = end
        self._inside = False
        return b"".join(kept)

    def rest(self) -> bytes:
        """What waited in vain when the stream has ended."""
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
        self._heard(said["phase"][:80])
        return True
