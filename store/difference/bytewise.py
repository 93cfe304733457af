"""Bytes against bytes, at the speed of the machine and not of Python.

Both sides are XORed as whole numbers, piece by piece; what is not zero differs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from mmap import mmap

    Bytes = bytes | mmap

_PIECE: Final = 1 << 20
_STRING: Final = re.compile(rb"[\t\x20-\x7e]{6,}")
_CONTEXT: Final = 16


@dataclass(frozen=True, slots=True)
class Spread:
    """Difference of two byte strings: `count` bytes differ, the first at `first` (None if they are equal).

    Bytes beyond the end of the shorter string count as differing.
    """

    count: int
    first: int | None


def spread(before: Bytes, after: Bytes) -> Spread:
    """Return where and how much two byte strings differ."""
    common = min(len(before), len(after))
    count = 0
    first: int | None = None
    for start in range(0, common, _PIECE):
        stop = min(start + _PIECE, common)
        one, other = before[start:stop], after[start:stop]
        if one == other:
            continue
        mixed = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
        pattern = mixed.to_bytes(stop - start, "big")
        count += len(pattern) - pattern.count(0)
        if first is None:
            first = start + len(pattern) - len(pattern.lstrip(b"\0"))
    longer = max(len(before), len(after)) - common
    if longer and first is None:
        first = common
    return Spread(count + longer, first)


def context(data: Bytes, position: int) -> tuple[int, bytes]:
    """Return the bytes around a position, from a multiple of 16 on, and their offset."""
    start = max(position - position % _CONTEXT - _CONTEXT, 0)
    return start, bytes(data[start : start + 3 * _CONTEXT])


def printable_strings(data: Bytes) -> set[bytes]:
    """The runs of at least six printable ASCII characters."""
    return set(_STRING.findall(data))


def most_telling(strings: Iterable[bytes]) -> tuple[str, ...]:
    """Sort strings, longest first: short ones are more often chance."""
    return tuple(text.decode("ascii") for text in sorted(strings, key=lambda text: (-len(text), text)))
