"""Ed25519 (RFC 8032) in Python alone, for a Python that has no `cryptography`.

A signature takes a few milliseconds, and a time that depends on the key: who can measure it on the machine must not be
somebody who is to be kept from the key. `keys` prefers `cryptography` for both reasons.

Points are in extended coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z, by the formulas of section 5.1.4.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha512
from typing import Final

_Point = tuple[int, int, int, int]

_P: Final = 2**255 - 19
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ROOT: Final = pow(2, (_P - 1) // 4, _P)
"""A square root of -1."""
_NEUTRAL: Final[_Point] = (0, 1, 1, 0)
SIZE: Final = 32
"""Bytes of a private key, and of a public one; a signature has twice as many."""


def public_of(private: bytes) -> bytes:
    """Return the public key of a private one. Raises ValueError if it does not have `SIZE` bytes."""
    return _encode(_times_base(_expand(private)[0]))


def sign(private: bytes, message: bytes) -> bytes:
    """Return the signature of `message`. Raises ValueError if the key does not have `SIZE` bytes."""
    scalar, prefix = _expand(private)
    public = _encode(_times_base(scalar))
    nonce = _number(sha512(prefix + message).digest()) % _ORDER
    commitment = _encode(_times_base(nonce))
    challenge = _number(sha512(commitment + public + message).digest()) % _ORDER
    return commitment + ((nonce + challenge * scalar) % _ORDER).to_bytes(SIZE, "little")


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `message` by a public key. Raises ValueError if the key does not have `SIZE` bytes."""
    if len(public) != SIZE:
        raise ValueError(f"an Ed25519 key has {SIZE} bytes, and this {len(public)}")
    key = _decode(public)
    if key is None or len(signature) != 2 * SIZE:
        return False
    commitment, scalar = signature[:SIZE], _number(signature[SIZE:])
    if scalar >= _ORDER:
        return False
    challenge = _number(sha512(commitment + public + message).digest()) % _ORDER
    x, y, z, t = _times(challenge, key)
    return _encode(_add(_times_base(scalar), (_P - x, y, z, _P - t))) == commitment


def _expand(private: bytes) -> tuple[int, bytes]:
    """The secret scalar and the prefix of nonces (section 5.1.5)."""
    if len(private) != SIZE:
        raise ValueError(f"an Ed25519 key has {SIZE} bytes, and this {len(private)}")
    digest = sha512(private).digest()
    scalar = _number(digest[:SIZE]) & (1 << 254) - 8 | 1 << 254
    return scalar, digest[SIZE:]


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _add(one: _Point, other: _Point) -> _Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(point: _Point) -> _Point:
    x, y, z, _ = point
    a, b = x * x, y * y
    h = a + b
    e = h - (x + y) ** 2
    g = a - b
    f = 2 * z * z + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: _Point) -> _Point:
    result = _NEUTRAL
    for bit in bin(scalar)[2:]:
        result = _double(result)
        if bit == "1":
            result = _add(result, point)
    return result


def _times_base(scalar: int) -> _Point:
    result = _NEUTRAL
    for power in _powers():
        if scalar & 1:
            result = _add(result, power)
        scalar >>= 1
    return result


@cache
def _powers() -> tuple[_Point, ...]:
    """The base point, doubled 0, 1, 2, ... times."""
    y = 4 * pow(5, -1, _P) % _P
    x = _root_of(y, 0)
    assert x is not None
    found = [(x, y, 1, x * y % _P)]
    for _ in range(255):
        found.append(_double(found[-1]))
    return tuple(found)


def _root_of(y: int, sign_bit: int) -> int | None:
    """The x of the point with this y whose lowest bit is `sign_bit`; None if there is no such point (section 5.1.3)."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if square == 0:
        return None if sign_bit else 0
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT % _P
    if x * x % _P != square:
        return None
    return x if x & 1 == sign_bit else _P - x


def _encode(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(SIZE, "little")


def _decode(data: bytes) -> _Point | None:
    number = _number(data)
    y, sign_bit = number & (1 << 255) - 1, number >> 255
    if y >= _P:
        return None
    x = _root_of(y, sign_bit)
    return None if x is None else (x, y, 1, x * y % _P)
