"""Scratch paths: build outputs before their names are known.

The scratch hash of an output is a constant of its name, as long as a real hash, so that the real one can replace it
afterwards. It has a shape:

    zqxjAzqxjBzqxjCzqxjDzqxjEzqxjFzq      A-F: base-32 digits derived from the output's name

Any eight consecutive characters contain the four of the marker `zqxj`, so one search for the marker finds every
occurrence, whole or in part, of every output's scratch hash. Its shape distinguishes a whole one of another
derivation's output from a piece. Of the pieces of four characters in 32-bit immediates, at least one is the marker.
"""

from __future__ import annotations

from typing import Final

from .digest import BASE32_ALPHABET, base32_encode
from .path import HASH_LENGTH, STORE_DIR

MARKER: Final = b"zqxj"
_PERIOD: Final = len(MARKER) + 1
MARKER_OFFSETS: Final = tuple(range(0, HASH_LENGTH - len(MARKER) + 1, _PERIOD))
PIECE: Final = 8
SPREAD: Final = 64
"""Greatest distance, in bytes, between the pieces of one path."""
REACH: Final = SPREAD + HASH_LENGTH
"""Bytes around a marker on which its classification depends."""
_DOMAIN: Final = b"chx scratch path 1\0"
_DIGITS: Final = frozenset(BASE32_ALPHABET.encode())


def scratch_hash(output: str) -> str:
    """Return the hash part of the scratch path of every output called `output`."""
    from blake3 import blake3

    marker = MARKER.decode()
    digits = base32_encode(blake3(_DOMAIN + output.encode()).digest())
    return "".join(marker + digit for digit in digits[:7])[:HASH_LENGTH]


def scratch_path(output: str, name: str) -> str:
    """Return the path in the sandbox to which an output is written; `name` is the name of its store object."""
    return f"{STORE_DIR}/{scratch_hash(output)}-{name}"


SELF: Final = scratch_hash("out")
"""Placeholder for an object's own hash while its content is hashed."""


def has_scratch_shape(text: bytes) -> bool:
    """Whether 32 bytes look like a scratch hash of some output."""
    return (
        len(text) == HASH_LENGTH
        and all(text[i : i + len(MARKER)] == MARKER for i in MARKER_OFFSETS)
        and text[-2:] == MARKER[:2]
        and all(text[i] in _DIGITS for i in range(len(MARKER), HASH_LENGTH, _PERIOD))
    )


def is_piece(data: bytes, position: int, scratch: bytes) -> bool:
    """Whether the marker at `position` in `data` belongs to a piece of `scratch`.

    It does if it is within eight consecutive characters of `scratch`, or if other pieces of four characters are near: a
    path cut into 32-bit immediates looks like that. A marker alone proves nothing; one occurs by chance in every 4 GB.
    """
    for offset in MARKER_OFFSETS:
        start = position - offset
        first, last = offset, offset + len(MARKER)
        while first > 0 and start + first > 0 and data[start + first - 1] == scratch[first - 1]:
            first -= 1
        while last < HASH_LENGTH and start + last < len(data) and data[start + last] == scratch[last]:
            last += 1
        if last - first >= PIECE:
            return True
    # Whole occurrences nearby are no pieces; they may cross the border of the window.
    before = _without_whole(data[max(position - REACH, 0) : position])[-SPREAD:]
    after = _without_whole(data[position + len(MARKER) : position + REACH])[:SPREAD]
    quads = {scratch[i : i + 4] for i in range(HASH_LENGTH - 3)} - {MARKER}
    return sum(quad in before or quad in after for quad in quads) >= 2


def _without_whole(data: bytes) -> bytes:
    """Return `data` with zeros in place of everything shaped like a scratch hash."""
    position = data.find(MARKER)
    while position >= 0:
        after = position + 1
        if has_scratch_shape(data[position : position + HASH_LENGTH]):
            after = position + HASH_LENGTH
            data = data[:position] + bytes(HASH_LENGTH) + data[after:]
        position = data.find(MARKER, after)
    return data
