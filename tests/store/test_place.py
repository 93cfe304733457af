"""A home that was moved or copied: it says so once, and nothing goes because of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from chx.store import (
    Adopted,
    Digest,
    Realisation,
    RowsLost,
    Store,
    StorePath,
    adopt,
    loss,
    lost_objects,
    plan_gc,
    remove_tree,
)


def kept(store: Store) -> set[StorePath]:
    plan = plan_gc(store)
    plan.execute(store)
    return set(store.objects())


@pytest.fixture
def places(tmp_path: Path):  # type: ignore[no-untyped-def]
    yield str(tmp_path / "a"), str(tmp_path / "b")
    for name in ("a", "b"):
        remove_tree(os.fsencode(tmp_path / name))


def furnish(home: str, project: Path) -> dict[str, StorePath]:
    """Objects that are kept by links: below the home, of a project, and one of a project that was moved; and one that is not."""
    project.mkdir()
    with Store.open(home) as store:
        paths = {name: store.add_bytes(name.encode(), name) for name in ("inner", "outer", "moved", "garbage")}
        os.makedirs(home + "/kept/bootstrap-x")
        store.add_root(f"{home}/kept/bootstrap-x/{paths['inner'].base}", paths["inner"])
        store.add_root(str(project / "result"), paths["outer"])
        store.add_root(str(project / "before"), paths["moved"])
        os.rename(project / "before", project / "after")
        store.record([Realisation(Digest.of(b"1"), "out", paths["outer"], None, 1.0, 1.0)])
        return paths


def names(paths: dict[str, StorePath], *wanted: str) -> set[StorePath]:
    return {paths[name] for name in wanted}


def test_a_home_that_is_moved_says_so_once_and_keeps_what_was_kept(places, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    a, b = places
    paths = furnish(a, tmp_path / "project")
    with Store.open(a) as store:
        assert store.notices == []
        witness = store.witness()
    os.rename(a, b)
    with Store.open(b) as store:
        assert store.notices == [f"this store was in {a} and is in {b} now", "pointed 1 result link to where it is now"]
        assert os.readlink(tmp_path / "project" / "result") == store.physical(paths["outer"])
        assert (tmp_path / "project" / "result").read_text() == "outer"
        assert store.witness() == witness
        assert kept(store) == names(paths, "inner", "outer", "moved")
    with Store.open(b) as store:
        assert store.notices == []
        os.unlink(tmp_path / "project" / "result")
        os.unlink(tmp_path / "project" / "after")
        assert kept(store) == names(paths, "inner")
    os.rename(b, a)
    with Store.open(a) as store:
        assert store.notices == [], "it was said already that it was here"
        assert kept(store) == names(paths, "inner")


def test_a_copy_is_another_home_and_keeps_what_the_first_one_keeps(places, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    a, b = places
    paths = furnish(a, tmp_path / "project")
    with Store.open(a) as store:
        first = store.witness()
    subprocess.run(["cp", "-a", a, b], check=True)
    with Store.open(b) as store:
        assert f"is a copy of that in {a}, which is still there" in store.notices[0]
        assert "1 result link cannot be followed in a copied store" in store.notices[1] and len(store.notices) == 2
        assert store.witness().home != first.home
        assert store.signer.public == store.ledger()[0].builder
        assert kept(store) == names(paths, "inner", "outer", "moved")
        store.record([Realisation(Digest.of(b"1"), "out", paths["outer"], None, 1.0, 1.0)])
        assert store.check_ledger() == []
    assert os.readlink(tmp_path / "project" / "result").startswith(a + "/"), "it belongs to the first home"
    with Store.open(a) as store:
        assert store.notices == [] and store.witness() == first
        assert kept(store) == names(paths, "inner", "outer", "moved")
    shutil.rmtree(a)
    with Store.open(b) as store:
        assert kept(store) == names(paths, "inner", "outer", "moved")


def test_a_home_that_was_copied_and_removed_elsewhere_takes_the_links_with_it(places, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    a, b = places
    paths = furnish(a, tmp_path / "project")
    subprocess.run(["cp", "-a", a, b], check=True)
    remove_tree(os.fsencode(a))
    with Store.open(b) as store:
        assert f"copy of that in {a}:" in store.notices[0]
        assert store.notices[1] == "pointed 1 result link to where it is now"
        assert kept(store) == names(paths, "inner", "outer", "moved")
        shutil.rmtree(b + "/kept/moved")
        assert kept(store) == names(paths, "inner", "outer")


def test_a_backup_put_back_in_place_is_the_same_home(places, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    a, b = places
    paths = furnish(a, tmp_path / "project")
    with Store.open(a) as store:
        first = store.witness()
    subprocess.run(["cp", "-a", a, b], check=True)
    remove_tree(os.fsencode(a))
    subprocess.run(["cp", "-a", b, a], check=True)
    with Store.open(a) as store:
        assert store.witness() == first
        assert kept(store) == names(paths, "inner", "outer", "moved")


def test_another_name_of_the_same_home_is_no_move(places, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    a, b = places
    furnish(a, tmp_path / "project")
    os.symlink(a, b)
    with Store.open(b) as store:
        assert store.notices == []
    os.unlink(b)


def test_a_link_that_cannot_be_changed_keeps_its_object_all_the_same(places, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from chx.store import place

    a, b = places
    paths = furnish(a, tmp_path / "project")
    os.rename(a, b)

    def refuse(link: str, target: str) -> None:
        raise PermissionError(13, "Permission denied", link)

    monkeypatch.setattr(place, "replace_link", refuse)
    with Store.open(b) as store:
        assert store.notices[1].startswith("could not point 1 result link")
        assert kept(store) == names(paths, "inner", "outer", "moved")
    with Store.open(b) as store:
        assert kept(store) == names(paths, "inner", "outer", "moved")


def as_an_older_chx_left_it(home: str, paths: dict[str, StorePath]) -> None:
    """Roots below the home by absolute paths and with hard links, and no word of where the home is."""
    link = f"{home}/kept/bootstrap-x/{paths['inner'].base}"
    (entry,) = [
        name for name in os.listdir(home + "/gcroots") if os.readlink(f"{home}/gcroots/{name}").startswith("../kept")
    ]
    os.unlink(f"{home}/gcroots/{entry}")
    os.unlink(link)
    os.symlink(f"{home}/store/{paths['inner'].base}", link)
    os.symlink(link, f"{home}/gcroots/{'0' * 32}")
    os.link(link, f"{home}/gcroots/{'0' * 32}.link", follow_symlinks=False)
    with sqlite3.connect(home + "/db/store.sqlite") as database:
        database.execute("DELETE FROM meta WHERE key IN ('place', 'former places', 'home')")
    database.close()


@pytest.mark.parametrize("how", ["not moved", "moved", "copied", "copied and removed"])
def test_roots_of_an_older_chx_count_wherever_the_home_is(places, tmp_path: Path, how: str) -> None:  # type: ignore[no-untyped-def]
    a, b = places
    paths = furnish(a, tmp_path / "project")
    as_an_older_chx_left_it(a, paths)
    home = a if how == "not moved" else b
    if how == "moved":
        os.rename(a, b)
    elif how != "not moved":
        subprocess.run(["cp", "-a", a, b], check=True)
    if how == "copied and removed":
        remove_tree(os.fsencode(a))
    with Store.open(home) as store:
        wanted = names(paths, "inner", "outer") if how == "copied" else names(paths, "inner", "outer", "moved")
        assert kept(store) == wanted
        assert os.readlink(f"{home}/kept/bootstrap-x/{paths['inner'].base}").startswith("../../store/")
        assert kept(store) == wanted


def test_a_link_name_as_long_as_names_can_be_is_replaced_without_touching_others(home: str, tmp_path: Path) -> None:
    link = tmp_path / ("r" * 255)
    neighbour = tmp_path / f"result.{os.getpid()}.tmp"
    neighbour.write_text("mine")
    with Store.open(home) as store:
        path = store.add_bytes(b"x", "x")
        store.add_root(str(link), path)
        store.add_root(str(link), path)
        store.add_root(str(tmp_path / "result"), path)
        assert store.roots() == [(str(tmp_path / "result"), path), (str(link), path)]
    assert neighbour.read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == sorted(["home", link.name, "result", neighbour.name])


# A database that was lost


def lose(home: str) -> None:
    for name in os.listdir(home + "/db"):
        os.unlink(f"{home}/db/{name}")


def linked(store: Store, tools) -> dict[str, StorePath]:  # type: ignore[no-untyped-def]
    """Objects with references of all kinds: to others, to themselves, said and not found, found and not said."""
    source = store.add_bytes(b"source", "source")
    outputs = store.add_outputs(
        tools.build(
            store,
            {
                "out": {"bin/tool": ("run", b"@out@ @dev@ " + str(source).encode()), "l": ("link", b"@out@/bin")},
                "dev": {"x": b"y"},
            },
        ),
        [source],
        None,
    )
    said = store.add_bytes(b"mentions " + str(source).encode(), "said", [source])
    unsaid = store.add_bytes(b"mentions " + str(source).encode(), "unsaid")
    return {"source": source, "said": said, "unsaid": unsaid, **outputs}


def test_nothing_is_collected_by_a_database_that_was_lost_and_what_is_whole_is_registered_again(
    home: str, tools, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    from chx.store import Derivation

    with Store.open(home) as store:
        paths = linked(store, tools)
        drv = store.add_derivation(
            Derivation("d", "s", "b", env={"text": str(paths["said"])}, input_srcs=(paths["out"],))
        )
        store.add_root(str(tmp_path / "result"), paths["out"])
        before = {path: store.info(path) for path in store.objects()}
    lose(home)
    with Store.open(home) as store:
        fresh = store.add_bytes(b"fresh", "fresh")
        with pytest.raises(RowsLost, match=r"has lost what it knew of .* and 5 more"):
            plan_gc(store)
        with pytest.raises(RowsLost):
            plan_gc(store, only=[fresh])
    with Store.open(home) as store:
        adopted = adopt(store)
        assert set(adopted.registered) == set(before) and adopted.left == ()
        for path, info in before.items():
            now = store.info(path)
            assert (now.tree_digest, now.references, now.size) == (info.tree_digest, info.references, info.size)
        tools.check(store)
        assert lost_objects(store) == []
        assert kept(store) == {paths["out"], paths["dev"], paths["source"]} and drv not in kept(store)


def test_what_is_not_what_its_name_says_is_set_aside_and_not_registered(home: str, tools) -> None:  # type: ignore[no-untyped-def]
    with Store.open(home) as store:
        paths = linked(store, tools)
        damaged = store.physical(paths["source"])
        os.chmod(damaged, 0o644)
        Path(damaged).write_text("other")
    lose(home)
    with Store.open(home) as store:
        adopted = adopt(store)
        assert set(adopted.registered) == {paths["dev"], paths["unsaid"]}
        reasons = dict(adopted.left)
        assert reasons[paths["source"]] == "it is not what its name says"
        assert "what it refers to is missing" in reasons[paths["out"]]
        assert sorted(os.listdir(home + "/damaged")) == sorted(path.base for path in reasons)
        tools.check(store)
        plan_gc(store).execute(store)


def test_rows_that_vanish_are_missed_by_the_roots(home: str, tmp_path: Path) -> None:
    with Store.open(home) as store:
        path, other = store.add_bytes(b"x", "x"), store.add_bytes(b"y", "y")
        store.add_root(str(tmp_path / "result"), path)
        store._database.execute("DELETE FROM objects WHERE base = ?", (path.base,))
        with pytest.raises(RowsLost) as caught:
            plan_gc(store)
        assert caught.value.paths == (path,)
        assert adopt(store).registered == (path,)
    with Store.open(home) as store:
        assert kept(store) == {path} and not store.is_valid(other)


def beside(home: str, tools, monkeypatch, work) -> None:  # type: ignore[no-untyped-def]
    """Let another process do `work` as soon as this one lists the store directory, before it sees a name."""
    listdir, done = os.listdir, []

    def listing(folder: str) -> list[str]:
        if folder == home + "/store" and not done:
            done.append(folder)
            assert tools.in_child(work) == 0
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", listing)


def test_what_another_process_registers_meanwhile_is_not_lost(home: str, tmp_path: Path, tools, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def register() -> None:
        with Store.open(home) as other:
            other.add_root(str(tmp_path / "result"), other.add_bytes(b"x", "x"))

    with Store.open(home) as store:
        store.add_bytes(b"kept", "kept")
        beside(home, tools, monkeypatch, register)
        assert lost_objects(store) == []
        assert len(os.listdir(home + "/store")) == 2


def test_what_seems_lost_is_looked_at_again_under_the_write_lock(home: str, tmp_path: Path, tools, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """A killed process leaves a path; another one makes it an object, with a root, between two looks at it."""
    with Store.open(home) as store:
        path = store.add_bytes(b"x", "x")
        store.add_root(str(tmp_path / "result"), path)
        store._database.execute("DELETE FROM objects WHERE base = ?", (path.base,))

        def register() -> None:
            with Store.open(home) as other:
                adopt(other)

        transaction = Store.transaction

        def late(self: Store) -> object:
            monkeypatch.setattr(Store, "transaction", transaction)
            assert tools.in_child(register) == 0
            return transaction(self)

        monkeypatch.setattr(Store, "transaction", late)
        assert lost_objects(store) == []
        assert store.is_valid(path)


def test_a_repair_leaves_what_another_process_registers_meanwhile(home: str, tools, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    with Store.open(home) as store:
        path = StorePath.parse("0" * 32 + "-being-placed")
        Path(store.physical(path)).write_text("not whole yet")

        def whole(*_: object) -> Adopted:
            found = adopt_whole(store)
            store._database.execute(
                "INSERT INTO objects (base, tree, size, self, registered) VALUES (?, zeroblob(32), 1, 0, 1)",
                (path.base,),
            )
            return found

        adopt_whole = loss.adopt_whole
        monkeypatch.setattr(loss, "adopt_whole", whole)
        assert adopt(store) == ((), ())
        assert os.listdir(home + "/store") == [path.base]


def test_an_empty_database_is_as_it_should_be_after_a_collection_and_not_otherwise(home: str) -> None:
    with Store.open(home) as store:
        store.add_bytes(b"x", "x")
    with Store.open(home) as store:
        assert kept(store) == set()
        Path(home, "store", "0" * 32 + "-left-by-a-killed-process").write_text("")
        assert kept(store) == set() and os.listdir(home + "/store") == []
        path = store.add_bytes(b"y", "y")
        store._database.execute("DELETE FROM objects")
        with pytest.raises(RowsLost):
            plan_gc(store)
        assert adopt(store).registered == (path,)
    with Store.open(home) as store:
        assert kept(store) == set()


def test_what_a_power_cut_took_is_not_missed(home: str, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from chx.store import recovery

    with Store.open(home) as store:
        bad = store.add_bytes(b"bad", "bad")
        above = store.add_bytes(str(bad).encode(), "above", [bad])
        store.add_root(str(tmp_path / "result"), above)
        file = store.physical(bad)
        os.chmod(file, 0o644)
        Path(file).write_text("")
    monkeypatch.setattr(recovery, "current_boot", lambda: "another boot")
    with Store.open(home) as store:
        assert store.objects() == [] and os.listdir(home + "/store") == []
        assert kept(store) == set()
