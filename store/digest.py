"""Digests and the two alphabets they are written in.

Base-32 is the one of Nix (`libutil/hash.cc`): digits and lower-case letters
without `e o u t`, the last digit first.
"""

from __future__ import annotations

from ..frozen import Frozen
from ..native import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

BASE32_ALPHABET: Final = "0123456789abcdfghijklmnpqrsvwxyz"
_PAIRS: Final = [first + second for first in BASE32_ALPHABET for second in BASE32_ALPHABET]
_SHIFTS: Final = tuple(range(150, -1, -10))
_LONG_SHIFTS: Final = tuple(range(250, -1, -10))
_VALUES: Final = {c: i for i, c in enumerate(BASE32_ALPHABET)}


@native
def base32_encode(data: bytes) -> str:
    """Nix base-32 of `data`: `ceil(8 * len / 5)` characters."""
    value = int.from_bytes(data, "little")
    if len(data) == 20:
        # A store path, of which there are thousands.
        return "".join([_PAIRS[value >> shift & 1023] for shift in _SHIFTS])
    if len(data) == 32:
        return "".join([_PAIRS[value >> shift & 1023] for shift in _LONG_SHIFTS])
    length = (len(data) * 8 + 4) // 5
    pairs = [_PAIRS[value >> shift & 1023] for shift in range((length - 1) // 2 * 10, -1, -10)]
    return "".join(pairs)[-length:] if length else ""


def base32_decode(text: str, size: int) -> bytes:
    """The `size` bytes that `text` encodes; ValueError if it is not base-32 of that many."""
    if len(text) != (size * 8 + 4) // 5:
        raise ValueError(f"base-32 text of {len(text)} characters is not {size} bytes")
    value = 0
    for c in text:
        digit = _VALUES.get(c)
        if digit is None:
            raise ValueError(f"{c!r} is not a base-32 digit")
        value = value << 5 | digit
    if value >> (8 * size):
        raise ValueError("base-32 text has bits left over")
    return value.to_bytes(size, "little")


def blake3_of(data: bytes) -> bytes:
    """The BLAKE3 digest of `data` as bytes."""
    global _blake3
    if _blake3 is None:
        from blake3 import blake3

        _blake3 = blake3
    digest: bytes = _blake3(data).digest()
    return digest


_blake3: Any = None


class Digest(Frozen):
    """A BLAKE3 digest: 32 bytes; written as 64 hexadecimal digits."""

    raw: bytes

    if not TYPE_CHECKING:

        def __new__(cls, raw):
            if len(raw) != 32:
                raise ValueError(f"a BLAKE3 digest has 32 bytes, not {len(raw)}")
            return tuple.__new__(cls, (raw,))

    @classmethod
    def parse(cls, text: str) -> Digest:
        """From 64 hexadecimal digits; ValueError otherwise."""
        return cls(bytes.fromhex(text))

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """The digest of `data`."""
        return cls(blake3_of(data))

    def __str__(self) -> str:
        return self.raw.hex()
