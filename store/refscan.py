"""Search bytes for store hashes.

Hash parts may occur anywhere, not only after `/chx/store/`. Searching for each candidate would cost a pass each, and a
regular expression is far slower still. Instead bytes are translated to "a base-32 digit or not", runs of 32 digits are
searched for, and only those few are looked up. Scratch hashes are found by their marker (`scratch.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .digest import BASE32_ALPHABET
from .path import HASH_LENGTH
from .scratch import MARKER, MARKER_OFFSETS, REACH, has_scratch_shape, is_piece

if TYPE_CHECKING:
    from collections.abc import Collection

_CLASSES: Final = bytes(1 if c in BASE32_ALPHABET.encode() else 0 for c in range(256))
_RUN: Final = b"\1" * HASH_LENGTH
# `bytes.find` of 32 bytes runs at several GB/s, translating at one: up to this number single searches are faster.
_FEW: Final = 3
# Longer runs (base-32 text, zeros) are probed once per 25 bytes, not at every offset.
_LONG: Final = 64
_PROBE: Final = 8
_STRIDE: Final = HASH_LENGTH - _PROBE + 1
CONTEXT: Final = 2 * REACH
"""Number of preceding bytes to pass again with the next chunk."""


class Piece(Exception):
    """There is part of a scratch hash at `offset`."""

    def __init__(self, offset: int) -> None:
        self.offset = offset


class Scanner:
    """Searches for the hash parts `candidates` and for the scratch hashes `scratch`."""

    __slots__ = ("_candidates", "_few", "_probes", "_scratch")

    def __init__(self, candidates: Collection[str] = (), scratch: Collection[str] = ()) -> None:
        self._candidates = {candidate.encode(): candidate for candidate in candidates}
        self._scratch = {text.encode(): text for text in scratch}
        self._few = len(self._candidates) <= _FEW
        self._probes: dict[bytes, list[tuple[int, bytes]]] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to look for."""
        return not self._candidates and not self._scratch

    def scan(self, data: bytes, found: set[str], *, done: int = 0, last: bool = True) -> None:
        """Add the hashes that occur in `data` to `found`.

        For a file in chunks, pass each chunk with the last `CONTEXT` bytes before it; `done` is how many of those are
        settled, and `last` is false unless it is the last chunk. `settled` returns the next `done`. Raises `Piece`
        (offset in `data`) for an isolated part of a scratch hash.
        """
        if self._few:
            for text, candidate in self._candidates.items():
                if text in data:
                    found.add(candidate)
        elif len(data) >= HASH_LENGTH:
            self._scan_runs(data, found)
        if self._scratch and MARKER in data:
            self._scan_scratch(data, found, done, len(data) if last else settled(data))

    def _scan_runs(self, data: bytes, found: set[str]) -> None:
        classes = data.translate(_CLASSES)
        candidates = self._candidates
        start = classes.find(_RUN)
        while start >= 0:
            end = classes.find(b"\0", start + HASH_LENGTH)
            if end < 0:
                end = len(data)
            if end - start <= _LONG:
                for position in range(start, end - HASH_LENGTH + 1):
                    candidate = candidates.get(data[position : position + HASH_LENGTH])
                    if candidate is not None:
                        found.add(candidate)
            else:
                self._probe_run(data, start, end, found)
            start = classes.find(_RUN, end)

    def _probe_run(self, data: bytes, start: int, end: int, found: set[str]) -> None:
        """Every window of 32 in the run contains one of the probes whole."""
        if self._probes is None:
            self._probes = {}
            for text in self._candidates:
                for offset in range(_STRIDE):
                    self._probes.setdefault(text[offset : offset + _PROBE], []).append((offset, text))
        probes = self._probes
        for position in range(start + _STRIDE - 1, end - _PROBE + 1, _STRIDE):
            matches = probes.get(data[position : position + _PROBE])
            if matches is not None:
                for offset, text in matches:
                    if data.startswith(text, max(position - offset, 0)):
                        found.add(self._candidates[text])

    def _scan_scratch(self, data: bytes, found: set[str], done: int, limit: int) -> None:
        position = data.find(MARKER, done)
        while 0 <= position < limit:
            after = position + 1
            for offset in MARKER_OFFSETS:
                start = position - offset
                text = data[start : start + HASH_LENGTH] if start >= 0 else b""
                if text in self._scratch:
                    found.add(self._scratch[text])
                elif not has_scratch_shape(text):
                    continue
                after = start + HASH_LENGTH
                break
            else:
                if any(is_piece(data, position, text) for text in self._scratch):
                    raise Piece(position)
            position = data.find(MARKER, after)


def settled(data: bytes) -> int:
    """Return the position up to which markers in a chunk that is not the last can be classified."""
    return max(len(data) - REACH, 0)
