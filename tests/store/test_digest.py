"""Base-32 as Nix writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.store import BASE32_ALPHABET, base32_decode, base32_encode


@given(st.binary(max_size=70))
def test_decoding_inverts_encoding(data: bytes) -> None:
    text = base32_encode(data)
    assert len(text) == (len(data) * 8 + 4) // 5
    assert set(text) <= set(BASE32_ALPHABET)
    assert base32_decode(text, len(data)) == data


def test_a_digest_is_spelt_as_nix_spells_it() -> None:
    digest = bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    assert base32_encode(digest) == "1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s"


@pytest.mark.parametrize(("text", "size"), [("", 1), ("e0", 1), ("zz", 1), ("0", 1)])
def test_what_is_no_base_32_of_that_size_is_refused(text: str, size: int) -> None:
    with pytest.raises(ValueError):
        base32_decode(text, size)
