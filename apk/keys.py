"""Keys, and signatures of containers of version 3: RSA (PKCS#1 v1.5) and ECDSA, both with SHA-512.

A signature by RSA is deterministic, so that a signed repository can be made again bit for bit; one by ECDSA is not. `cryptography` is
imported only to use a key.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha512
from typing import TYPE_CHECKING, Final

from .errors import BadKey, BadSignature, BadValue, Damaged, KeyExists, Unsupported, Untrusted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

RSA_BITS: Final = 4096
LEAST_RSA_BITS: Final = 2048
MOST_RSA_BITS: Final = 16384
MOST_KEY_BYTES: Final = 1 << 16
KEY_ID_BYTES: Final = 16
_VERSION: Final = 0
_SHA_512: Final = 4
_SHA_256: Final = 3
_HEAD_BYTES: Final = 2 + KEY_ID_BYTES
_KINDS: Final = "apk knows keys of the kinds RSA and EC only"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a SIG block holds. `digest` is 4 for SHA-512, 3 for SHA-256."""

    digest: int
    key_id: bytes
    signature: bytes


class PublicKey:
    """An RSA or EC key that signatures are checked with. `name` is that of its file."""

    def __init__(self, key: RSAPublicKey | EllipticCurvePublicKey, name: str = "") -> None:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self.key = key
        self.name = name
        self.kind = "rsa" if isinstance(key, RSAPublicKey) else "ec"
        if isinstance(key, RSAPublicKey):
            raw = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
        else:
            raw = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.key_id = sha512(raw).digest()[:KEY_ID_BYTES]
        """The first 16 bytes of SHA-512 of the key: how signatures name it."""

    def to_pem(self) -> bytes:
        """Return the key as clients have it in `etc/apk/keys`."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def has_signed(self, message: bytes, signature: bytes, digest: str = "sha512") -> bool:
        """Whether a signature is one of `message` by this key. `digest` is sha1, sha256 or sha512."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

        algorithm = _algorithm(digest)
        try:
            if isinstance(self.key, rsa.RSAPublicKey):
                self.key.verify(signature, message, padding.PKCS1v15(), algorithm)
            else:
                self.key.verify(signature, message, ec.ECDSA(algorithm))
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    """An RSA or EC key that signs. `name` is that of its file."""

    def __init__(self, key: RSAPrivateKey | EllipticCurvePrivateKey, name: str = "") -> None:
        self.key = key
        self.name = name
        self.public = PublicKey(key.public_key(), public_name(name))

    @property
    def key_id(self) -> bytes:
        """That of the public key."""
        return self.public.key_id

    def sign(self, message: bytes, digest: str = "sha512") -> bytes:
        """Return the signature of `message`. `digest` is sha1, sha256 or sha512."""
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

        algorithm = _algorithm(digest)
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), algorithm)
        return self.key.sign(message, ec.ECDSA(algorithm))


def _algorithm(digest: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    if digest == "sha1":
        return hashes.SHA1()
    return hashes.SHA256() if digest == "sha256" else hashes.SHA512()


def public_name(name: str) -> str:
    """Return the name of the public key that belongs to a private one of this name: with `.pub`."""
    return f"{name}.pub" if name else ""


def generate(path: str, kind: str = "rsa", bits: int = RSA_BITS) -> PrivateKey:
    """Make a key of kind `rsa` or `ec` (P-256); write it to `path` with mode 0600, and the public one to `path`.pub.

    Raises `KeyExists`, `BadValue` for another kind, and OSError.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    for taken in (path, public_name(path)):
        if os.path.lexists(taken):
            raise KeyExists(taken)
    made: RSAPrivateKey | EllipticCurvePrivateKey
    if kind == "rsa":
        if not LEAST_RSA_BITS <= bits <= MOST_RSA_BITS:
            raise BadValue("an RSA key", f"has {LEAST_RSA_BITS} to {MOST_RSA_BITS} bits, and not {bits}")
        made = rsa.generate_private_key(65537, bits)
    elif kind == "ec":
        made = ec.generate_private_key(ec.SECP256R1())
    else:
        raise BadValue(f"the key '{kind[:40]}'", f"cannot be made: {_KINDS}")
    key = PrivateKey(made, os.path.basename(path))
    _write_new(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    try:
        _write_new(public_name(path), key.public.to_pem(), 0o644)
    except BaseException:
        os.unlink(path)
        raise
    return key


def _write_new(path: str, data: bytes, mode: int) -> None:
    """Write a file that is not there yet; a file that is not whole is removed."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise KeyExists(path) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(path)
        raise


def load_private(path: str) -> PrivateKey:
    """Return the key of a PEM file without a password. Raises `BadKey` and OSError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read(path)
    try:
        key = load_pem_private_key(data, None)
    except TypeError as error:
        raise BadKey(path, "the key has a password", "remove it with openssl: chx asks for none") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey(path, "it holds no private key in PEM") from error
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise BadKey(path, f"{_KINDS}, and this is one of another kind", "make one of kind RSA")
    _check_strength(path, key.public_key())
    return PrivateKey(key, os.path.basename(path))


def load_public(path: str) -> PublicKey:
    """Return the key of a PEM file (SubjectPublicKeyInfo). Raises `BadKey` and OSError."""
    return parse_public(_read(path), path)


def parse_public(data: bytes, path: str) -> PublicKey:
    """Return the key that is in PEM; `path` names it. Raises `BadKey`."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey(path, "it holds no public key in PEM") from error
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise BadKey(path, f"{_KINDS}, and this is one of another kind")
    _check_strength(path, key)
    return PublicKey(key, os.path.basename(path))


def load_trusted(folder: str) -> tuple[PublicKey, ...]:
    """Return the public keys of a folder such as `etc/apk/keys`, sorted by name. Raises `BadKey` and OSError."""
    return tuple([load_public(os.path.join(folder, name)) for name in sorted(os.listdir(folder))])


def key_id(key: PublicKey | PrivateKey) -> bytes:
    """Return the 16 bytes that signatures name a key by."""
    return key.key_id


def _check_strength(path: str, key: object) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    if isinstance(key, rsa.RSAPublicKey) and not LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS:
        raise BadKey(path, f"an RSA key has {LEAST_RSA_BITS} to {MOST_RSA_BITS} bits, and this one {key.key_size}")


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        data = file.read(MOST_KEY_BYTES + 1)
    if len(data) > MOST_KEY_BYTES:
        raise BadKey(path, f"it has more than {MOST_KEY_BYTES} bytes, and so is no key")
    return data


def sign_adb(key: PrivateKey, schema: bytes, values: bytes | bytearray) -> bytes:
    """Return the payload of the SIG block that signs the values of a container."""
    return sign_digest(key, schema, sha512(values).digest())


def sign_digest(key: PrivateKey, schema: bytes, digest: bytes) -> bytes:
    """Return the same for who has the SHA-512 of the values."""
    head = bytes((_VERSION, _SHA_512)) + key.key_id
    return head + key.sign(schema + head + digest)


def parse_signature(payload: bytes, place: str) -> Signature:
    """Return what a SIG block says. Raises `Damaged` and `Unsupported`."""
    if len(payload) <= _HEAD_BYTES:
        raise Damaged(place, "signature", "it is too short")
    if payload[0] != _VERSION:
        raise Unsupported(place, f"it has a signature of version {payload[0]}")
    return Signature(payload[1], payload[2:_HEAD_BYTES], payload[_HEAD_BYTES:])


def verify_adb(key: PublicKey, schema: bytes, values: bytes, signature: Signature) -> bool:
    """Whether `signature` is one of the values of a container by `key`."""
    from hashlib import sha256

    if signature.key_id != key.key_id or signature.digest not in (_SHA_256, _SHA_512):
        return False
    head = bytes((_VERSION, signature.digest)) + signature.key_id
    hash_, name = (sha512, "sha512") if signature.digest == _SHA_512 else (sha256, "sha256")
    return key.has_signed(schema + head + hash_(values).digest(), signature.signature, name)


def verify_any(
    place: str, signatures: Iterable[Signature], trusted: Iterable[PublicKey], schema: bytes, values: bytes
) -> PublicKey:
    """Return the first trusted key that a signature is by. Raises `Untrusted`; `BadSignature` if one names a trusted key and is false."""
    by_id = {key.key_id: key for key in trusted}
    found = tuple(signatures)
    for signature in found:
        key = by_id.get(signature.key_id)
        if key is not None:
            if verify_adb(key, schema, values, signature):
                return key
            raise BadSignature(place, f"its signature by the key '{key.name}' is false")
    raise Untrusted(place, "no trusted key has signed it" if found else "nobody has signed it")
