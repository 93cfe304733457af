"""Nothing is signed that was not read."""

import os
import sqlite3

import pytest

from chx.ops.bootstrap import ProofRefused, check_evidence
from chx.ops.bootstrap.evidence import rows_relied_on


@pytest.fixture
def built(world):
    chains = [
        world.bootstrap(seed, f"the compiler called {seed}", first, "1", "1")
        for seed, first in (("s", "0"), ("t", "2"))
    ]
    return chains, world.realise(*chains)


def test_what_was_not_changed_is_signed(world, built):
    check_evidence(world.store, *built)


def test_every_build_of_a_stage_and_of_a_seed_has_a_row_that_is_relied_on(world, built):
    # Two compilers, two first stages and two second ones; one third stage for both, whose inputs came out equal.
    assert len(set(rows_relied_on(world.store, built[0]))) == 7


def changed(path: str) -> None:
    os.chmod(path, 0o644)
    with open(path, "r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    os.chmod(path, 0o444)
    os.utime(path, (1, 1))


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_a_byte_that_was_changed_in_any_stage_is_named(world, built, stage):
    chains, outcomes = built
    path = outcomes[0].stages[stage]["p"]
    changed(f"{world.store.physical(path)}/x")
    with pytest.raises(ProofRefused, match=f"nothing is signed: `x` of {path} has other content"):
        check_evidence(world.store, chains, outcomes)


def test_a_byte_that_was_changed_in_a_seed_is_named(world, built):
    chains, outcomes = built
    (path,) = (path for path in world.store.objects() if path.name == "s-compiler")
    changed(f"{world.store.physical(path)}/usr/bin/cc")
    with pytest.raises(ProofRefused, match=f"nothing is signed: `usr/bin/cc` of {path}"):
        check_evidence(world.store, chains, outcomes)


@pytest.mark.parametrize("column", ["path", "seconds", "signature", "previous", "hash"])
def test_a_row_of_the_ledger_that_was_changed_is_named(world, built, column):
    chains, outcomes = built
    with sqlite3.connect(f"{world.store.home}/db/store.sqlite") as database:
        number, before = database.execute(f"SELECT id, {column} FROM realisations ORDER BY id LIMIT 1").fetchone()
        other = (
            before + 1.0 if isinstance(before, float) else before[:-1] + (b"\1" if isinstance(before, bytes) else "A")
        )
        assert other != before
        database.execute(f"UPDATE realisations SET {column} = ? WHERE id = ?", (other, number))
    with pytest.raises(ProofRefused, match="nothing is signed: the ledger of the store cannot be relied on"):
        check_evidence(world.store, chains, outcomes)


def test_a_row_that_is_missing_is_noticed(world, built):
    chains, outcomes = built
    with sqlite3.connect(f"{world.store.home}/db/store.sqlite") as database:
        database.execute("DELETE FROM realisations WHERE id = (SELECT max(id) FROM realisations)")
    with pytest.raises(ProofRefused, match="nothing is signed: the ledger"):
        check_evidence(world.store, chains, outcomes)
