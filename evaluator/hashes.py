"""Hashes in their four notations: base 16, base 32 of Nix, base 64, SRI."""

from __future__ import annotations

from .errors import InvalidText, readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


SIZES: Final = {"blake3": 32, "md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}
FORMATS: Final = ("base16", "nix32", "base32", "base64", "sri")


class Hash:
    """An algorithm and a digest."""

    __slots__ = ("algorithm", "digest")

    def __init__(self, algorithm: str, digest: bytes) -> None:
        self.algorithm = algorithm
        self.digest = digest

    def text(self, form: str) -> str:
        """Return the hash in one of `FORMATS`."""
        if form == "base16":
            return self.digest.hex()
        if form in ("nix32", "base32"):
            from ..store.digest import base32_encode

            return base32_encode(self.digest)
        if form in ("base64", "sri"):
            from binascii import b2a_base64

            text = b2a_base64(self.digest, newline=False).decode()
            return text if form == "base64" else f"{self.algorithm}-{text}"
        raise InvalidText(f"unknown hash format '{form}', expect 'base16', 'base32', 'base64', or 'sri'")


def check_algorithm(name: str) -> str:
    """Return the algorithm, or raise an error."""
    if name not in SIZES:
        raise InvalidText(
            f"unknown hash algorithm '{readable(name)}', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'"
        )
    return name


def digest_of(algorithm: str, data: bytes) -> bytes:
    """Return the digest of bytes."""
    check_algorithm(algorithm)
    if algorithm == "blake3":
        from blake3 import blake3

        return blake3(data).digest()
    import hashlib

    return hashlib.new(algorithm, data, usedforsecurity=False).digest()


def parse_hash(text: str, algorithm: str | None) -> Hash:
    """Parse a hash in any notation; `algorithm` is needed unless the text names it (`sha256:...`, SRI)."""
    rest, is_sri = text, False
    prefix: str | None = None
    if ":" in text:
        prefix, _, rest = text.partition(":")
    elif "-" in text:
        prefix, _, rest = text.partition("-")
        is_sri = True
    if prefix is not None:
        check_algorithm(prefix)
        if algorithm is not None and algorithm != prefix:
            raise InvalidText(f"hash '{readable(text)}' should have type '{readable(algorithm)}'")
        algorithm = prefix
    if algorithm is None:
        raise InvalidText(
            f"hash '{readable(text)}' does not include a type, nor is the type otherwise known from context"
        )
    check_algorithm(algorithm)
    digest = _decode(rest, SIZES[algorithm], is_sri)
    if digest is None:
        raise InvalidText(f"hash '{readable(rest)}' has wrong length for hash algorithm '{algorithm}'")
    return Hash(algorithm, digest)


def _padded(text: str) -> bytes:
    # Nix accepts base 64 without padding.
    return (text + "=" * (-len(text) % 4)).encode("latin-1")


def _decode(text: str, size: int, only_base64: bool) -> bytes | None:
    try:
        if not only_base64 and len(text) == 2 * size:
            return bytes.fromhex(text)
        if not only_base64 and len(text) == (size * 8 + 4) // 5:
            from ..store.digest import base32_decode

            return base32_decode(text, size)
        if len(text) == (size + 2) // 3 * 4 or only_base64:
            from binascii import a2b_base64

            digest = a2b_base64(_padded(text))
            if len(digest) == size:
                return digest
            if only_base64:
                raise InvalidText(
                    f"invalid SRI hash '{readable(text)}', length {len(digest)} != expected length {size}"
                )
            return None
    except InvalidText:
        raise
    except ValueError:  # of which binascii.Error is one
        raise InvalidText(f"invalid hash '{readable(text)}'") from None
    return None
