"""Damage to cells of the database and to files of a home: named, and mended without losing what is whole."""

import hashlib
import io
import json
import os
import random
import shutil
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import pytest

from chx.store import Store, StorePath, remove_tree

EXPRESSION = """
let
  tree = name: content: derivation {
    inherit name; system = "builtin"; builder = "builtin:tree";
    entries = builtins.toJSON [
      { path = "file"; kind = "file"; inherit content; }
      { path = "d/link"; kind = "symlink"; target = "../file"; }
    ];
  };
  base = tree "base" "nothing";
  fetched = derivation {
    name = "fetched"; system = "builtin"; builder = "builtin:fetch"; urls = [ "file:@FILE@" ];
    outputHash = "@HASH@"; outputHashAlgo = "sha256"; outputHashMode = "flat";
  };
in {
  inherit base fetched;
  middle = tree "middle" "needs ${base} and ${./source}";
  own = tree "own" "is ${placeholder "out"} and needs ${base}";
  top = tree "top" "needs ${tree "middle" "needs ${base} and ${./source}"}";
}
"""
NAMES = ("base", "fetched", "middle", "own", "top")


class Outcome(NamedTuple):
    """`text` is all that was said, `out` what went to standard output."""

    status: int
    text: str
    out: str


def run(home: Path, folder: Path, *words: str) -> Outcome:
    """Run a command in a child of this process, which has loaded everything already."""
    with TemporaryFile() as out, TemporaryFile() as errors:
        child = os.fork()
        if not child:
            status = 99
            try:
                os.dup2(out.fileno(), 1)
                os.dup2(errors.fileno(), 2)
                sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", 0), write_through=True)
                sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", 0), write_through=True)
                os.chdir(folder)
                os.environ.update(CHX_HOME=str(home), HOME=str(folder))
                from chx.cli.main import main

                status = main(list(words))
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 98
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said = []
        for file in (out, errors):
            file.seek(0)
            said.append(file.read().decode("utf-8", "replace"))
    return Outcome(ended, said[0] + said[1], said[0])


class World(NamedTuple):
    """A home that can be had again as it was, and the folder with its expression."""

    template: Path
    home: Path
    folder: Path

    def fresh(self) -> None:
        remove_tree(os.fsencode(self.home))
        shutil.copytree(self.template, self.home, symlinks=True)

    def run(self, *words: str) -> Outcome:
        return run(self.home, self.folder, *words)

    def objects(self) -> list[str]:
        return sorted(os.listdir(self.template / "store"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    top = tmp_path_factory.mktemp("damage")
    made = World(top / "template", top / "home", top / "work")
    (made.folder / "source").mkdir(parents=True)
    (made.folder / "source/a").write_text("a source")
    (made.folder / "fetched").write_text("fetched")
    digest = hashlib.sha256(b"fetched").hexdigest()
    text = EXPRESSION.replace("@FILE@", str(made.folder / "fetched")).replace("@HASH@", digest)
    (made.folder / "default.nix").write_text(text)
    for words in (["build", "-f", ".", *NAMES], ["build", "-f", ".", "top", "--check"], ["build", "-f", ".", "own"]):
        outcome = made.run(*words)
        assert outcome.status == 0, outcome.text
    assert made.run("store", "verify").status == 0
    made.home.rename(made.template)
    yield made
    for path in (made.template, made.home):
        remove_tree(os.fsencode(path))


def is_internal(outcome: Outcome) -> bool:
    return outcome.status not in (0, 1) or "Traceback" in outcome.text or "internal error" in outcome.text


# Cells

TABLES = ("objects", "manifests", "refs", "files", "realisations", "fixed_outputs", "meta")
KINDS = ("null", "zero", "flip", "cut", "blob", "text", "not UTF-8", "delete", "big", "negative")


class Cell(NamedTuple):
    """One damage: `row` is the key of the row as it was."""

    table: str
    column: str
    kind: str
    row: tuple[object, ...]


def columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]


def damage_cell(home: Path, table: str, column: str, kind: str, random: random.Random) -> Cell | None:
    """Change one cell behind the back of chx; None if the database takes no such value there."""
    database = sqlite3.connect(home / "db/store.sqlite", isolation_level=None)
    database.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    try:
        database.execute("PRAGMA foreign_keys = OFF")
        keys = columns(database, table) if table in ("refs", "files", "fixed_outputs", "meta") else ["rowid"]
        rows = database.execute(f"SELECT {', '.join(keys)} FROM {table} ORDER BY {', '.join(keys)}").fetchall()
        row = random.choice(rows)
        where = " AND ".join(f"{key} IS ?" for key in keys)
        if kind == "delete":
            database.execute(f"DELETE FROM {table} WHERE {where}", row)
            return Cell(table, column, kind, row)
        ((old,),) = database.execute(f"SELECT {column} FROM {table} WHERE {where}", row)
        raw = old if isinstance(old, bytes) else str(old).encode()
        value = "?"
        new: object = None
        if kind in ("flip", "cut"):
            if not raw:
                return None
            changed = bytearray(raw)
            changed[random.randrange(len(raw))] ^= 1 << random.randrange(7)
            new = bytes(changed) if kind == "flip" else raw[: len(raw) // 2]
            value = "CAST(? AS TEXT)" if not isinstance(old, bytes) else "?"
        elif kind != "null":
            new = {"zero": 0, "blob": b"\0\xff", "text": "x", "not UTF-8": b"\xffA", "big": 1 << 62, "negative": -1}[
                kind
            ]
            value = "CAST(? AS TEXT)" if kind == "not UTF-8" else "?"
        (same,) = database.execute(f"SELECT {column} IS {value} FROM {table} WHERE {where}", (new, *row)).fetchone()
        if same:
            return None
        database.execute(f"UPDATE {table} SET {column} = {value} WHERE {where}", (new, *row))
        return Cell(table, column, kind, row)
    except sqlite3.Error:
        return None
    finally:
        database.close()


UNSEEN = {
    "objects.deriver": {"null"},
    "objects.registered": {"zero", "flip", "cut"},
    "objects.synced": {"zero"},
    "objects.used": {"null", "zero", "flip", "cut"},
    "files.content": {"zero", "flip", "cut", "big", "negative"},
    "files.object": {"zero", "flip", "cut", "big", "negative"},
    "fixed_outputs.path": {"flip"},
    "realisations.id": {"big", "flip", "negative", "zero"},
}
"""What cannot be told from what may be so, and does no harm: times, and where to look for equal files."""
FORGOTTEN = {"files", "fixed_outputs"}
"""Tables that only save work: a row that is missing is as good as one that never was."""


def may_go_unseen(cell: Cell) -> bool:
    if cell.table == "meta" and (cell.kind == "delete" or cell.column == "value"):
        # Put right when the store is opened.
        return cell.row[0] in ("boot", "place", "former places")
    if cell.kind == "delete":
        return cell.table in FORGOTTEN
    return cell.kind in UNSEEN.get(f"{cell.table}.{cell.column}", ())


def whole(home: Path, bases: list[str]) -> None:
    """No object of these is lost."""
    with Store.open(home) as store:
        for base in bases:
            path = StorePath.parse(base)
            assert store.is_valid(path), f"{base} is lost"
            assert store.verify_object(path) == []
    damaged = home / "damaged"
    if damaged.exists():
        assert [name for name in os.listdir(damaged) if not name.startswith(("ledger-", "database-"))] == []


def mended(world: World, cell: Cell) -> None:
    """What is promised of a damaged cell."""
    seen = world.run("store", "verify")
    assert not is_internal(seen), seen.text
    if not may_go_unseen(cell):
        assert seen.status == 1, f"{cell} is not seen"
    repair = world.run("store", "verify", "--repair")
    assert not is_internal(repair) and repair.status == 0, f"{cell}: {seen.text}\n{repair.text}"
    again = world.run("store", "verify")
    assert again.status == 0, f"{cell}: {seen.text}\n{repair.text}\n{again.text}"
    whole(world.home, world.objects())


def cells(world: World) -> list[tuple[str, str, str]]:
    """All that can be damaged of a cell, in an order that is the same in each run."""
    database = sqlite3.connect(world.template / "db/store.sqlite")
    try:
        return [(table, column, kind) for table in TABLES for column in columns(database, table) for kind in KINDS]
    finally:
        database.close()


def some_damage(world: World, seed: int) -> Cell:
    chance = random.Random(seed)
    choices = cells(world)
    while True:
        world.fresh()
        cell = damage_cell(world.home, *chance.choice(choices), chance)
        if cell is not None:
            return cell


@pytest.mark.parametrize("seed", range(50))
def test_a_damaged_cell_is_named_and_mended_and_no_object_goes(world: World, seed: int) -> None:
    mended(world, some_damage(world, seed))


@pytest.mark.long
def test_every_damage_of_every_column_is_named_and_mended(world: World) -> None:
    for table, column, kind in cells(world):
        world.fresh()
        cell = damage_cell(world.home, table, column, kind, random.Random(f"{table}.{column} {kind}"))
        if cell is not None:
            mended(world, cell)


@pytest.mark.parametrize(
    "column, value", [("base", None), ("base", b"\xff"), ("tree", b"x"), ("size", "much"), ("self", 7)]
)
def test_the_damaged_row_is_named_and_the_others_are_looked_at(world: World, column: str, value: object) -> None:
    world.fresh()
    database = sqlite3.connect(world.home / "db/store.sqlite")
    base = next(base for base in world.objects() if base.endswith("-base"))
    if value is not None:
        database.execute(f"UPDATE objects SET {column} = ? WHERE base = ?", (value, base))
    else:
        database.execute("UPDATE objects SET base = 'nonsense' WHERE base = ?", (base,))
    database.commit()
    database.close()
    other = next(world.home.glob("store/*-own/file"))
    other.chmod(0o644)
    other.write_bytes(b"damaged")
    seen = world.run("store", "verify", "--json")
    found = json.loads(seen.out)
    assert seen.status == 1
    assert [item["path"] for item in found["damaged"]] == [f"/chx/store/{other.parent.name}"]
    if column == "base":
        assert any(item["table"] == "objects" and "base" in item["what"] for item in found["rows"])
    else:
        assert [(item["path"], item["what"].split()[0]) for item in found["rows"]] == [(f"/chx/store/{base}", column)]
    assert world.run("store", "verify", "--repair").status == 0
    assert world.run("store", "verify").status == 0
    whole(world.home, world.objects())


def test_other_commands_say_that_a_row_is_damaged(world: World) -> None:
    for seed in range(12):
        cell = some_damage(world, seed)
        for words in (
            ["store", "path-info", "-r", "result"],
            ["store", "closure", "result"],
            ["store", "referrers", "-r", "result"],
            ["store", "du"],
            ["store", "roots"],
            ["store", "optimise", "-n"],
            ["ledger"],
            ["gc", "-n"],
            ["build", "-f", ".", *NAMES],
        ):
            outcome = world.run(*words)
            assert not is_internal(outcome), f"{cell}: {words}: {outcome.text}"


def test_a_row_of_the_ledger_that_cannot_be_mended_is_taken_out_and_the_rest_stays_as_it_was_signed(
    world: World,
) -> None:
    world.fresh()
    head = world.run("ledger", "--head").out.strip()
    before = json.loads(world.run("ledger", "--json").out)
    database = sqlite3.connect(world.home / "db/store.sqlite")
    database.execute("UPDATE realisations SET seconds = seconds + 1, output = 'other' WHERE id = 2")
    database.commit()
    database.close()
    assert "row 2" in world.run("store", "verify").text
    repair = world.run("store", "verify", "--repair")
    assert repair.status == 0 and "ledger-1.json" in repair.text, repair.text
    kept = json.loads((world.home / "damaged/ledger-1.json").read_text())
    assert [(row["number"], row["output"]) for row in kept] == [(2, "other")]
    # A head from before is still one that it goes on from: what came after the gap was signed then.
    assert world.run("ledger", "--check", "--expect", head).status == 0
    assert json.loads(world.run("ledger", "--json").out) == [row for place, row in enumerate(before) if place != 1]
    database = sqlite3.connect(world.home / "db/store.sqlite")
    database.execute("DELETE FROM realisations WHERE id = 3")
    database.commit()
    database.close()
    assert world.run("ledger", "--check").status == 1, "a gap stands for the rows that it was signed for, and no others"


def test_a_gap_that_another_key_has_signed_counts_for_nothing(world: World, tmp_path: Path) -> None:
    from chx.store.keys import Signer
    from chx.store.ledger import Gap, gaps, write_gaps

    world.fresh()
    with Store.open(world.home) as store:
        rows = store._database.rows("SELECT hash, previous FROM realisations ORDER BY id")
        with store.transaction():
            store._database.execute("DELETE FROM realisations WHERE id = 2")
            write_gaps(store._database, Signer(str(tmp_path)), [Gap(rows[0][0], rows[1][0], 1)])
        assert gaps(store._database, store.signer.public) == []
        assert store.check_ledger() != []


@pytest.mark.parametrize("damage", ["truncated", "overwritten", "no database", "garbage"])
def test_a_damaged_database_file_is_told_and_made_anew_from_what_is_there(world: World, damage: str) -> None:
    world.fresh()
    # Everything into the file itself.
    database = sqlite3.connect(world.home / "db/store.sqlite")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    file = world.home / "db/store.sqlite"
    data = bytearray(file.read_bytes())
    chance = random.Random(damage)
    if damage == "truncated":
        del data[len(data) // 2 :]
    elif damage == "overwritten":
        for page in range(1, len(data) // 4096, 3):
            data[page * 4096 : page * 4096 + 4096] = chance.randbytes(4096)
    elif damage == "no database":
        data[:16] = b"something else  "
    else:
        data[:] = chance.randbytes(len(data))
    file.write_bytes(data)
    build = world.run("build", "-f", ".", "base", "--no-out-link")
    assert not is_internal(build)
    seen = world.run("store", "verify")
    assert seen.status == 1 and "store verify --repair" in seen.text and not is_internal(seen), seen.text
    repair = world.run("store", "verify", "--repair")
    assert repair.status == 0 and "made anew" in repair.text, repair.text
    assert world.run("store", "verify").status == 0
    whole(world.home, world.objects())
    assert (world.home / "damaged/database-1/store.sqlite").exists()
    assert world.run("gc").status == 0
    assert world.run("build", "-f", ".", *NAMES).status == 0


def damage_file(world: World, chance: random.Random) -> str:
    """Damage some file of the home; gives its path relative to it."""
    groups: dict[str, list[str]] = {}
    for folder, _, names in os.walk(world.home):
        for name in names:
            path = os.path.relpath(f"{folder}/{name}", world.home)
            if not path.endswith(("-reserve", "/reserve", "-shm")):
                groups.setdefault(path.partition("/")[0], []).append(path)
    group = chance.choice(sorted(groups))
    relative = chance.choice(sorted(groups[group]))
    file = world.home / relative
    file.parent.chmod(0o755)
    what = chance.choice(["flip", "cut", "empty", "remove", "garbage"])
    if what == "remove" or file.is_symlink():
        file.unlink()
        return f"{relative} {what}"
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    if what == "flip" and data:
        for _ in range(30 if "sqlite" in relative else 1):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif what == "cut":
        del data[len(data) // 2 :]
    elif what == "empty":
        data.clear()
    else:
        data[:] = chance.randbytes(chance.randrange(200))
    file.write_bytes(data)
    return f"{relative} {what}"


@pytest.mark.parametrize("seed", range(24))
def test_a_damaged_file_is_named_and_no_whole_object_goes(world: World, seed: int) -> None:
    world.fresh()
    told = damage_file(world, random.Random(seed))
    seen = world.run("store", "verify")
    assert not is_internal(seen), f"{told}: {seen.text}"
    damaged = [base for base in world.objects() if base in told]
    if damaged and ("db/" not in told):
        assert seen.status == 1 and all(base in seen.text for base in damaged), f"{told}: {seen.text}"
    repair = world.run("store", "verify", "--repair")
    assert not is_internal(repair), f"{told}: {repair.text}"
    again = world.run("store", "verify")
    assert not is_internal(again), f"{told}: {again.text}"
    is_left = "not repaired" in repair.text or told.startswith("keys/")
    assert is_left or again.status == 0, f"{told}: {seen.text}\n{repair.text}\n{again.text}"
    with Store.open(world.home) as store:
        for base in world.objects():
            if base not in damaged:
                assert store.is_valid(StorePath.parse(base)), f"{told}: {base} is lost"


# The key


@pytest.mark.parametrize("state", ["cut", "empty", "garbage", "a folder", "a link to nowhere"])
def test_a_damaged_key_is_named_and_stays_as_it_is(world: World, state: str) -> None:
    world.fresh()
    key = world.home / "keys/ed25519"
    good = key.read_bytes()
    key.unlink()
    if state == "a folder":
        key.mkdir()
    elif state == "a link to nowhere":
        key.symlink_to("nowhere")
    else:
        key.write_bytes({"cut": good[:20], "empty": b"", "garbage": b"\xff\0\x80"}[state])
    for words in (
        ["store", "verify"],
        ["store", "verify", "--repair"],
        ["store", "key"],
        ["ledger", "--check"],
        ["provenance", str(world.folder / "result")],
        ["build", "--no-out-link", "-E", NEW],
    ):
        outcome = world.run(*words)
        assert outcome.status == 1 and not is_internal(outcome), f"{words}: {outcome.text}"
        assert "keys/ed25519" in outcome.text
    assert state == "a folder" or os.readlink(key) == "nowhere" if key.is_symlink() else True
    assert key.is_dir() or key.is_symlink() or key.read_bytes() != good
    assert not os.path.lexists(key.parent / "nowhere")


NEW = """derivation {
  name = "new"; system = "builtin"; builder = "builtin:tree";
  entries = builtins.toJSON [ { path = "file"; kind = "file"; content = "new"; } ];
}"""


def test_rows_signed_with_a_key_that_was_lost_stay_as_those_of_another_builder(world: World) -> None:
    world.fresh()
    (world.home / "keys/ed25519").unlink()
    before = json.loads(world.run("ledger", "--json").out)
    assert world.run("store", "verify").status == 1
    assert world.run("store", "verify", "--repair").status == 0
    assert world.run("build", "--no-out-link", "-E", NEW).status == 0
    assert world.run("store", "verify").status == 0
    after = json.loads(world.run("ledger", "--json").out)
    assert len(after) == len(before) + 1
