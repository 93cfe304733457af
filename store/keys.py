"""The signing key of the store's owner: Ed25519 (RFC 8032), generated on first use.

`$CHX_HOME/keys/ed25519` holds it, readable by its owner only. A public key is written `ed25519:` and its 32 bytes in
base 64. `cryptography` is imported only to sign or to verify; without it `ed25519` does both, more slowly.
"""

from __future__ import annotations

import base64
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .errors import StoreError, StoreIO

if TYPE_CHECKING:
    from typing import Protocol

    class _PrivateKey(Protocol):
        def sign(self, data: bytes) -> bytes: ...


PREFIX: Final = "ed25519:"
KEY_SIZE: Final = 32
"""Bytes of a private key."""


class InvalidKey(StoreError):
    """A text or file is no key, or a signature is invalid."""


class Signer:
    """Signs with the key of the store in `home`."""

    def __init__(self, home: str) -> None:
        self._key, raw = _loaded(_own_key(home))
        self.public = PREFIX + base64.b64encode(raw).decode()
        """The public key as text."""

    def sign(self, message: bytes) -> str:
        """The signature of `message`, in base 64."""
        return base64.b64encode(self._key.sign(message)).decode()


def is_signed_by(public: str, message: bytes, signature: str) -> bool:
    """Whether `signature` is that of `message` by the key `public`. Raises `InvalidKey` for what is no key."""
    if not public.startswith(PREFIX):
        raise InvalidKey(f"'{public}' is no public key: it does not begin with {PREFIX}", code="S040")
    try:
        return _verify(decode_base64(public[len(PREFIX) :]), message, decode_base64(signature))
    except ValueError as error:
        raise InvalidKey(f"'{public}' is no public key or '{signature}' no signature: {error}", code="S040") from error


def _verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Raises ValueError if `public` is no key."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        from .ed25519 import is_signed

        return is_signed(public, message, signature)
    key = Ed25519PublicKey.from_public_bytes(public)
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


class _PlainKey:
    """A private key without `cryptography`."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def sign(self, data: bytes) -> bytes:
        from .ed25519 import sign

        return sign(self._raw, data)


def _loaded(raw: bytes) -> tuple[_PrivateKey, bytes]:
    """A private key, and the bytes of its public one. Raises ValueError if it is none."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    except ImportError:
        from .ed25519 import public_of

        return _PlainKey(raw), public_of(raw)
    key = Ed25519PrivateKey.from_private_bytes(raw)
    return key, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def decode_base64(text: str) -> bytes:
    """The bytes that `text` encodes, if it is as RFC 4648 writes them (section 4). ValueError for any other spelling.

    So a key has one text, and two texts are two keys.
    """
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("it has bits left over")
    return data


def _own_key(home: str) -> bytes:
    place = f"{home}/keys/ed25519"
    try:
        with open(place, "rb") as file:
            raw = base64.b64decode(file.read().strip(), validate=True)
        if len(raw) != KEY_SIZE:
            raise ValueError(f"a key has {KEY_SIZE} bytes, and this {len(raw)}")
        return raw
    except FileNotFoundError as error:
        if os.path.islink(place):  # to nowhere: what cannot be made
            raise StoreIO("read", place, error) from error
        return _make_key(place)
    except ValueError as error:
        raise InvalidKey(
            f"'{place}' holds no Ed25519 key: {error}",
            hint="put back a copy of it; or move it away, so that a new key is made: rows that the old one has signed then"
            " count as those of another builder",
            code="S040",
        ) from error
    except OSError as error:
        raise StoreIO("read", place, error) from error


def _publish(temporary: str, place: str) -> None:
    """Give the whole file `temporary` the name `place`. Raises FileExistsError if another process was quicker: one key for all."""
    try:
        # Unlike a rename, this never replaces a file.
        os.link(temporary, place)
        return
    except FileExistsError:
        raise
    except OSError:
        # This file system has no hard links.
        import fcntl

        folder = os.open(os.path.dirname(place), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if os.path.lexists(place):
            raise FileExistsError(place)
        os.rename(temporary, place)
    finally:
        os.close(folder)


def _make_key(place: str) -> bytes:
    # A private key is any random bytes (RFC 8032, section 5.1.5).
    raw = os.urandom(KEY_SIZE)
    # Other threads may run this, too, and a killed process may have had the same id.
    temporary = f"{place}.{os.getpid()}.{os.urandom(6).hex()}"
    try:
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(raw) + b"\n")
        try:
            _publish(temporary, place)
        except FileExistsError:
            return _own_key(os.path.dirname(os.path.dirname(place)))
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
    except OSError as error:
        raise StoreIO("write", place, error) from error
    return raw
