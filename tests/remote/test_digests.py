"""The index knows what was recorded, on any thread, and can always be dropped."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from blake3 import blake3

from chx.remote.digests import Digest, Function, Index, digest_of
from chx.remote.wire import BLAKE3, SHA256, new

SHA = Function(SHA256)
OWN = blake3(b"content").digest()
OTHER = hashlib.sha256(b"content").hexdigest()


@pytest.fixture
def home(tmp_path: Path) -> str:
    (tmp_path / "cache").mkdir()
    return str(tmp_path)


def test_digests_are_those_of_the_standards(tmp_path: Path) -> None:
    # The vectors of FIPS 180-4 and of BLAKE3 for `abc`.
    assert SHA.of(b"abc") == Digest("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3)
    assert Function(BLAKE3).of(b"abc") == Digest("6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85", 3)
    data = os.urandom((2 << 20) + 1)
    (tmp_path / "file").write_bytes(data)
    for function in (SHA, Function(BLAKE3)):
        assert function.of_file(str(tmp_path / "file")) == function.of(data)


def test_a_digest_is_a_message_and_a_name() -> None:
    digest = SHA.of(b"abc")
    assert digest_of(digest.message) == digest
    assert digest.message == new("Digest", hash=digest.hash, size_bytes=3)
    assert str(digest) == f"{digest.hash}/3"
    assert (SHA.name, Function(BLAKE3).name) == ("sha256", "blake3")


def test_what_was_recorded_is_known_to_the_next_process(home: str) -> None:
    index = Index(home, SHA)
    assert index.lookup([OWN]) == {}
    index.record({OWN: OTHER})
    assert index.lookup([OWN, bytes(32)]) == {OWN: OTHER}
    index.close()
    again = Index(home, SHA)
    assert again.lookup([OWN, OWN, bytes(32)]) == {OWN: OTHER}
    again.close()


def test_thousands_are_looked_up_at_once(home: str) -> None:
    pairs = {number.to_bytes(32, "big"): f"{number:064x}" for number in range(3000)}
    index = Index(home, SHA)
    index.record(pairs)
    index.close()
    again = Index(home, SHA)
    assert again.lookup([*pairs, *pairs]) == pairs
    again.close()


def test_for_a_server_with_blake3_the_digests_are_the_store_s(home: str) -> None:
    index = Index(home, Function(BLAKE3))
    assert index.lookup([OWN]) == {OWN: OWN.hex()}
    index.record({OWN: OTHER})
    assert index.lookup([OWN]) == {OWN: OWN.hex()}
    index.close()
    assert os.listdir(f"{home}/cache") == []


def test_threads_share_an_index(home: str) -> None:
    index = Index(home, SHA)

    def record(number: int) -> bool:
        own, other = number.to_bytes(32, "big"), f"{number:064x}"
        index.record({own: other})
        return index.lookup([own]) == {own: other}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(record, range(60)))
    index.close()


def test_two_processes_share_an_index(home: str) -> None:
    one, two = Index(home, SHA), Index(home, SHA)
    one.record({OWN: OTHER})
    two.record({bytes(32): "0" * 64})
    assert two.lookup([OWN]) == {OWN: OTHER}
    assert one.lookup([bytes(32)]) == {bytes(32): "0" * 64}
    one.close()
    two.close()


@pytest.mark.parametrize("content", [b"", b"no database", os.urandom(9000)])
def test_a_damaged_file_is_an_index_for_this_process(home: str, content: bytes) -> None:
    Path(home, "cache", "remote.db").write_bytes(content)
    index = Index(home, SHA)
    assert index.lookup([OWN]) == {}
    index.record({OWN: OTHER})
    assert index.lookup([OWN]) == {OWN: OTHER}
    index.close()


def test_a_home_without_cache_gets_one(tmp_path: Path) -> None:
    index = Index(str(tmp_path), SHA)
    index.record({OWN: OTHER})
    index.close()
    again = Index(str(tmp_path), SHA)
    assert again.lookup([OWN]) == {OWN: OTHER}
    again.close()


def test_where_nothing_can_be_kept_it_is_an_index_for_this_process(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file in the place of the directory")
    index = Index(str(tmp_path), SHA)
    index.record({OWN: OTHER})
    assert index.lookup([OWN]) == {OWN: OTHER}
    index.close()


def test_a_row_of_another_form_is_no_row(home: str) -> None:
    Index(home, SHA).close()
    with sqlite3.connect(f"{home}/cache/remote.db") as database:
        database.executemany(
            "INSERT INTO digests VALUES (?, ?)", [(bytes(32), b"short"), (b"\1" * 32, "x" * 32), (b"\2" * 32, None)]
        )
    database.close()
    index = Index(home, SHA)
    assert index.lookup([bytes(32), b"\1" * 32, b"\2" * 32]) == {}
    index.close()


def test_after_its_end_it_knows_what_it_knew(home: str) -> None:
    index = Index(home, SHA)
    index.record({OWN: OTHER})
    index.close()
    assert index.lookup([OWN, bytes(32)]) == {OWN: OTHER}
