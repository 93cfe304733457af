"""Installing packages: where files come to lie, what says how they are, and which layer they are in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chx.builder.services.rendering import render
from chx.ops.images import layers
from chx.ops.images.layers import plan_layers
from chx.ops.installed import FilesConflict, InstalledRoot, Package, WrongAttribute, assemble
from chx.store import Store, StorePath

from ..services.test_rendering import PLAIN

NOTHING: dict[str, Any] = {
    "modes": {}, "users": {}, "groups": {}, "tmpfiles": [], "services": {}, "triggers": {}, "alternatives": {},
}  # fmt: skip
Make = Callable[..., Package]


@pytest.fixture
def make(store: Store, tmp_path: Path) -> Make:
    """`make(NAME, {PATH: CONTENT}, ATTRIBUTE=...)`: a package; what ends in a slash is a directory, a tuple is a link."""

    def tree(name: str, files: dict[str, str | tuple[str]]) -> StorePath:
        folder = tmp_path / "trees" / name
        folder.mkdir(parents=True)
        for path, content in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if path.endswith("/"):
                place.mkdir(exist_ok=True)
            elif isinstance(content, tuple):
                place.symlink_to(content[0])
            else:
                place.write_text(content)
                place.chmod(0o755 if "/bin/" in f"/{path}" else 0o644)
        return store.add_tree(str(folder), name)

    def package(name: str, *trees: dict[str, str | tuple[str]], is_whole: bool = True, **attributes: Any) -> Package:
        objects = tuple(tree(name if not number else f"{name}-{number}", files) for number, files in enumerate(trees))
        return Package(name, name, objects, {**NOTHING, **attributes}, is_whole=is_whole)

    return package


def mode(text: str | None, owner: str = "root:root") -> dict[str, Any]:
    return {"mode": text, "owner": owner}


def tmpfile(kind: str, path: str, **more: Any) -> dict[str, Any]:
    found = {
        "type": kind,
        "path": path,
        "mode": None,
        "owner": "root:root",
        "age": None,
        "argument": None,
        "boot": False,
    }
    return {**found, **more}


def modes(root: InstalledRoot) -> dict[str, int]:
    return {entry.path: entry.mode for entry in root.entries}


def test_a_directory_and_a_link_in_its_place_are_one(store: Store, make: Make) -> None:
    linked = make("linked", {"bin": ("usr/bin",), "usr/bin/a": "a"})
    plain = make("plain", {"bin/b": "b"}, modes={"bin/b": mode("4711"), "bin": mode("0711")})
    root = assemble(store, [linked, plain])
    assert [entry.path for entry in root.entries if entry.package == "plain"] == ["usr/bin/b"]
    assert modes(root)["usr/bin/b"] == 0o4711 and modes(root)["usr/bin"] == 0o711
    assert {path: [root.entries[index].path for index in indices] for path, indices in root.parts.items()} == {
        linked.objects[0]: ["", "bin", "usr", "usr/bin", "usr/bin/a"],
        plain.objects[0]: ["", "usr", "usr/bin", "usr/bin/b"],
    }
    found = root.find("/bin/b")
    assert found is not None and found.path == "usr/bin/b"
    assert root.find("bin/c") is None and root.find("bin/a/b") is None


def test_modes_of_an_output_that_is_not_installed_are_passed_over(store: Store, make: Make) -> None:
    root = assemble(store, [make("p", {"a": "a"}, is_whole=False, modes={"b": mode("0600")})])
    assert "b" not in modes(root)
    both = make("q", {"a": "a"}, {"b": "b"}, modes={"b": mode("0600"), "a": mode("0640")})
    root = assemble(store, [both])
    assert (modes(root)["a"], modes(root)["b"], len(root.parts)) == (0o640, 0o600, 2)


def test_two_packages_say_the_same_of_a_directory_or_it_is_an_error(store: Store, make: Make) -> None:
    one = make("one", {"var/x/": ""}, modes={"var/x": mode("0750")})
    two = make("two", {"var/x/": ""}, modes={"var/x": mode("0750")})
    assert modes(assemble(store, [one, two]))["var/x"] == 0o750
    three = make("three", {"var/x/": ""}, modes={"var/x": mode("0700")})
    with pytest.raises(WrongAttribute, match="one wants another mode or owner of /var/x"):
        assemble(store, [one, three])


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"modes": {"link": mode("0600")}}, "a link has no mode"),
        ({"modes": {"file": mode("0600", "root:no")}}, "of the group 'no', which nothing declares"),
        ({"tmpfiles": [tmpfile("d", "/file")]}, "has something else there"),
        ({"tmpfiles": [tmpfile("d", "/file/x")]}, "/file is no directory, and /file/x would be in it"),
        ({"tmpfiles": [tmpfile("d", "/a/../../x")]}, "is no plain path below the root"),
        ({"tmpfiles": [tmpfile("f", "/")]}, "is no plain path below the root"),
        ({"alternatives": {"x": {"target": "no", "priority": 1}}}, "the package has no /no"),
        ({"alternatives": {"file": {"target": "link", "priority": 1}}}, "p has something at /file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_applied_is_an_error(store: Store, make: Make, attributes: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongAttribute, match=said):
        assemble(store, [make("p", {"file": "", "link": ("file",)}, **attributes)])


def test_tmpfiles_change_what_packages_have(store: Store, make: Make) -> None:
    lines = [
        tmpfile("d", "/run/x/", mode="1777"), tmpfile("f", "/etc/kept", argument="no", mode="0600"),
        tmpfile("f+", "/etc/replaced", argument="new"), tmpfile("L+", "/etc/link", argument="other"),
        tmpfile("p", "/run/pipe"), tmpfile("d", "/bin/inner"), tmpfile("d", "/run/%b"), tmpfile("d", "/run/y", boot=True),
        tmpfile("L", "/run/lost"), tmpfile("Z", "/run"),
    ]  # fmt: skip
    files = {"bin": ("usr/bin",), "usr/bin/x": "x", "etc/kept": "kept", "etc/replaced": "old", "etc/link": ("this",)}
    package = make("p", files, tmpfiles=lines)
    root = assemble(store, [package])
    found = root.by_path
    assert (found["run/x"].mode, found["run"].mode, found["run/pipe"].kind) == (0o1777, 0o755, "p")
    assert (found["etc/kept"].mode, found["etc/kept"].content, found["etc/kept"].package) == (0o600, None, "p")
    assert (found["etc/replaced"].content, found["etc/replaced"].package) == (b"new", None)
    assert (found["etc/link"].target, found["etc/link"].package) == ("other", None)
    assert "usr/bin/inner" in found
    assert [line.name for line in root.unapplied] == ["/run/%b", "/run/y", "/run/lost", "/run"]
    # What was replaced is in the last layer alone.
    first, last = plan_layers(root, "package")
    assert {"etc/replaced", "etc/link"}.isdisjoint(entry.path for entry in first.entries)
    assert {"", "etc", "etc/replaced", "etc/link", "run/pipe"} <= {entry.path for entry in last.entries}


def test_what_an_object_refers_to_lies_at_its_store_path(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "file").write_text("x")
    other = store.add_tree(str(folder), "other")
    (folder / "file").write_text(f"{other}")
    path = store.add_tree(str(folder), "one", references=[other])
    root = assemble(store, [Package("one", "", (path,), {})])
    assert [entry.path for entry in root.entries] == [
        "", "chx", "chx/store", f"chx/store/{other.base}", f"chx/store/{other.base}/file", "file",
    ]  # fmt: skip
    for entry in root.entries:
        if entry.source is not None:
            assert os.path.isfile(entry.source)


def test_entries_are_in_the_order_of_bytes(store: Store, make: Make) -> None:
    root = assemble(store, [make("p", {"a/x": "", "a-b": "", "a.b": "", "é": "", "~": ""})])
    paths = [entry.path.encode() for entry in root.entries if entry.package == "p"]
    assert paths == sorted(paths) and paths.index(b"a") < paths.index(b"a/x")


def test_conflicts_name_both_packages(store: Store, make: Make) -> None:
    with pytest.raises(
        FilesConflict, match=r"'/x' is in two packages: the files have different content\n  one \(.*\n  two \("
    ):
        assemble(store, [make("one", {"x": "1"}), make("two", {"x": "2"})])


def test_a_system_that_starts_finds_the_lines_of_all_packages(store: Store, make: Make) -> None:
    b = make("b", {"b": ""}, tmpfiles=[tmpfile("d", "/run/b c", mode="0750", owner="root:tty"), tmpfile("r", "/b")])
    a = make("a", {"a": ""}, tmpfiles=[tmpfile("f", "/run/a", argument="x y", boot=True, age="1d")])
    c = make("c", {"etc/group": "tty:x:5:\n"})
    roots = [assemble(store, packages) for packages in ([a, b, c], [c, b, a])]
    assert {root.by_path["usr/lib/tmpfiles.d/packages.conf"].content for root in roots} == {
        b'f! /run/a - root root 1d x y\nd "/run/b c" 0750 root tty -\nr /b - root root -\n'
    }
    assert assemble(store, [c]).find("usr/lib/tmpfiles.d") is None


def test_services_of_one_name_are_an_error(store: Store, make: Make) -> None:
    services = {"s": PLAIN | {"command": ["/x"]}}
    one, three = make("one", {"a": ""}, services=services), make("three", {"b": ""}, services=services)
    root = assemble(store, [one])
    assert root.services[0].name == "s"
    assert root.by_path["usr/lib/services/s"].content == render(services["s"]).encode()
    with pytest.raises(WrongAttribute, match="one has such a service, too"):
        assemble(store, [three, one])


def test_the_smallest_of_many_packages_share_a_layer(store: Store, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MOST", 3)
    packages = [make(f"p{number}", {f"f{number}": "x" * number}) for number in range(5)]
    planned = plan_layers(assemble(store, packages), "package")
    assert [layer.title for layer in planned] == ["p3", "p4", "3 packages", "accounts, alternatives and tmpfiles"]
    assert [entry.path for entry in planned[2].entries] == ["", "f0", "f1", "f2"]
    assert len(plan_layers(assemble(store, packages[:3]), "package")) == 4


def test_a_root_of_nothing_is_empty(store: Store) -> None:
    root = assemble(store, [])
    assert [entry.path for entry in root.entries] == [""] and root.machine is None
    assert plan_layers(root, "package") == []
