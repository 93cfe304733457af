"""Signatures in Python alone: those of RFC 8032, and of `cryptography`."""

from __future__ import annotations

import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from chx.store import ed25519
from chx.store.keys import InvalidKey, Signer, is_signed_by

# RFC 8032, section 7.1: TEST 1, TEST 2, TEST 3.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("private", "public", "message", "signature"), VECTORS)
def test_signatures_are_those_of_the_standard(private: str, public: str, message: str, signature: str) -> None:
    assert ed25519.public_of(bytes.fromhex(private)).hex() == public
    assert ed25519.sign(bytes.fromhex(private), bytes.fromhex(message)).hex() == signature
    assert ed25519.is_signed(*(bytes.fromhex(text) for text in (public, message, signature)))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_signatures_are_those_of_cryptography(private: bytes, message: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(private)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = ed25519.sign(private, message)
    assert (ed25519.public_of(private), signature) == (public, key.sign(message))
    assert ed25519.is_signed(public, message, signature)
    assert not ed25519.is_signed(public, message + b"x", signature)


def test_what_is_no_signature_is_refused() -> None:
    public, message, text = (bytes.fromhex(part) for part in VECTORS[1][1:])
    # The same scalar by another number, a bit changed in either half, and other lengths.
    larger = text[:32] + (int.from_bytes(text[32:], "little") + ORDER).to_bytes(32, "little")
    wrong = [larger, bytes([text[0] ^ 1]) + text[1:], text[:-1] + bytes([text[-1] ^ 1]), text[:-1], b""]
    assert not any(ed25519.is_signed(public, message, signature) for signature in wrong)
    # Keys that are no points: y is not below the prime, and no x belongs to it.
    for key in (b"\xff" * 32, (2).to_bytes(32, "little")):
        assert not ed25519.is_signed(key, message, text)
    for call in (lambda: ed25519.is_signed(b"x", message, text), lambda: ed25519.sign(b"x", message)):
        with pytest.raises(ValueError, match="has 32 bytes, and this 1"):
            call()


def test_a_store_signs_without_cryptography_as_with_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = str(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as context:
        for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
            context.delitem(sys.modules, name)
        context.setitem(sys.modules, "cryptography", None)
        signer = Signer(home)
        public, signature = signer.public, signer.sign(b"message")
        assert is_signed_by(public, b"message", signature) and not is_signed_by(public, b"another", signature)
        with pytest.raises(InvalidKey, match="no public key"):
            is_signed_by("ed25519:eA==", b"message", signature)
    assert is_signed_by(public, b"message", signature)
    assert (Signer(home).public, Signer(home).sign(b"message")) == (public, signature)
