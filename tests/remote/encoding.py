"""Messages of Protocol Buffers by hand, for comparison with what the client makes.

A message is the concatenation of its fields. A field is a key, `number * 8 + kind`, and a value: a number in groups of
seven bits, lowest first, or for kind 2 a length and as many bytes.
"""

from __future__ import annotations


def number(value: int) -> bytes:
    """Return a number as it is on the wire."""
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])


def field(tag: int, value: int | str | bytes) -> bytes:
    """Return one field: of a number, or of bytes, text or a message."""
    if isinstance(value, int):
        return number(tag << 3) + number(value)
    data = value.encode() if isinstance(value, str) else value
    return number(tag << 3 | 2) + number(len(data)) + data


def digest(hash: str, size: int) -> bytes:
    """Return a Digest; a size of 0 is not written."""
    return field(1, hash) + (field(2, size) if size else b"")
