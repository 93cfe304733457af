"""Variations of sandboxes as values, and the search for those that matter."""

import os
import shutil
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.builder.duplicate import Change, Duplicator, occupy_inodes, tree_size
from chx.builder.procfiles import proc_files, this_machine, write_proc_files
from chx.builder.reproducibility import ReproducibilityCheck
from chx.builder.sandbox import Bind, Overlay, SandboxSpec
from chx.builder.variation import USUAL, VARIATIONS, Workspace, minimal_set, refined, vary
from chx.store import StorePath

NAMES = tuple("abcdefgh")


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_a_set_of_changes_that_matter_together_is_found_exactly(guilty):
    asked = []

    def differs(part):
        asked.append(part)
        return guilty <= set(part)

    assert set(minimal_set(NAMES, differs)) == guilty
    assert len(asked) <= 64


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_of_changes_that_matter_alone_one_is_found(guilty):
    found = minimal_set(NAMES, lambda part: bool(guilty & set(part)))
    assert len(found) == 1 and set(found) <= guilty


@pytest.fixture
def memory():
    """Makes folders in memory, where directories list their entries by age."""
    made = []

    def make():
        made.append(tempfile.mkdtemp(prefix="chx-test-", dir="/dev/shm"))
        return made[-1]

    try:
        yield make
    finally:
        for folder in made:
            shutil.rmtree(folder)


def test_variations_are_values(tmp_path, memory):
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    for name in ("passwd", "group"):
        (root / "etc" / name).write_text("")
    (tmp_path / "build").mkdir()

    def workspace():
        return Workspace(tempfile.mkdtemp(dir=tmp_path), memory())

    spec = SandboxSpec(
        ("/bin/sh",),
        str(root),
        (Bind(str(tmp_path / "build"), "/build", True), Bind("/x", "/tmp", True)),
        {"TMPDIR": "/build"},
    )
    for name in USUAL:
        if name not in ("time", "processors"):
            varied = vary(spec, [name], workspace())
            assert varied != spec, name
            assert varied.command == spec.command and varied.network == spec.network
    moved = vary(spec, ["directory"], workspace())
    assert moved.cwd == moved.env["TMPDIR"] == "/tmp/varied/build" == moved.binds[-1].target
    assert vary(spec, (), workspace()) is spec
    unmade = []
    fixed = SandboxSpec(("/bin/sh",), env={"TZ": "UTC", "LANG": "C"})
    vary(fixed, ["user", "timezone", "locale", "time"], workspace(), unmade.append)
    assert unmade == ["timezone", "locale", "time"]
    assert vary(spec, reversed(USUAL), workspace()) is not None
    assert os.listdir(root / "etc") and set(USUAL) < set(VARIATIONS)


def path(content: str) -> StorePath:
    return StorePath(content[0] * 32, "x")


def check(depends, reference="a", rounds=1, names=NAMES, unmade=()):
    """`depends` gives the content made under a set of variations; the number of the build is the second argument."""
    count = iter(range(1000))
    unvaried = set()

    def attempt(part):
        unvaried.update(name for name in part if name in unmade)
        return {"out": path(depends(set(part), next(count)))}

    return ReproducibilityCheck(attempt, {"out": path(reference)}, unvaried=unvaried).run(rounds, names)


def test_verdicts():
    assert check(lambda part, number: "a").cause == "nothing"
    assert check(lambda part, number: "a", rounds=3, names=()).builds == 3
    assert check(lambda part, number: "b" if "c" in part else "a").variations == ("c",)
    assert check(lambda part, number: "0123456789abcdfghijklmnpqrsvwxyz"[number + 10]).cause == "itself"
    assert check(lambda part, number: "b").cause == "the first build"
    stopped = check(lambda part, number: "b" if part else "cd"[number % 2] if number < 2 else "d")
    assert stopped.cause == "clock"
    # Chance that strikes while the search goes on.
    assert check(lambda part, number: "b" if number else "a").cause == "itself"


def test_what_cannot_be_varied_is_told_and_not_searched():
    asked = []

    def depends(part, number):
        asked.append(part)
        return "b" if "c" in part else "a"

    assert check(lambda part, number: "a", unmade=("d",)).unvaried == ("d",)
    verdict = check(depends, unmade=("a", "b", "h"))
    assert (verdict.variations, verdict.unvaried) == (("c",), ("a", "b", "h"))
    assert not any(part & {"a", "b", "h"} for part in asked[2:])
    # A clock that cannot be stopped is tried once.
    assert check(lambda part, number: "0123456789"[number], unmade=("stopped-clock",), names=()).builds == 3


@pytest.fixture
def tree(tmp_path):
    """Files that are one, equal ones that are several, empty ones, a link; and links from elsewhere."""
    root = tmp_path / "tree"
    (root / "deep" / "deeper").mkdir(parents=True)
    for name in ("c", "a", "z", "deep/a", "deep/deeper/b"):
        (root / name).write_text("equal")
    os.link(root / "a", root / "b")
    os.link(root / "a", tmp_path / "elsewhere")
    (root / "single").write_text("single")
    for name in ("empty", "void"):
        (root / name).touch()
    os.symlink("a", root / "link")
    for folder, _, names in os.walk(root, topdown=False):
        for path in [*(os.path.join(folder, name) for name in names), folder]:
            os.utime(path, (1, 1), follow_symlinks=False)
    return str(root)


def seen(tree):
    """What a build sees of a tree: the listing, and for each path its content, the links of a file, and which files are one."""
    listing, facts, inodes = [], {}, {}
    for folder, _, names in os.walk(tree):
        listing.append((os.path.relpath(folder, tree), os.listdir(folder)))
        for name in names:
            path = os.path.join(folder, name)
            about = os.lstat(path)
            if os.path.islink(path):
                facts[os.path.relpath(path, tree)] = os.readlink(path)
                continue
            with open(path) as file:
                facts[os.path.relpath(path, tree)] = (file.read(), about.st_mode, about.st_mtime, about.st_nlink)
            inodes.setdefault(about.st_ino, set()).add(os.path.relpath(path, tree))
    return listing, facts, {frozenset(names) for names in inodes.values()}, set(inodes)


def test_a_copy_differs_in_inodes_alone(tree, tmp_path):
    duplicator = Duplicator(str(tmp_path / "copy"), Change())
    places = duplicator.copy({tree: tree_size(tree, 1 << 20)})
    before, after = seen(tree), seen(places[tree])
    assert after[:3] == before[:3] and duplicator.is_faithful(places)
    assert before[1]["a"][3] == 3 and not before[3] & after[3]


def test_a_copy_in_another_order_has_the_same_links(tree, memory):
    duplicator = Duplicator(memory() + "/copy", Change(order=True))
    places = duplicator.copy({tree: tree_size(tree, 1 << 20)})
    before, after = seen(tree), seen(places[tree])
    assert after[1:3] == before[1:3] and duplicator.is_faithful(places)
    assert dict(after[0]) == {folder: names[::-1] for folder, names in before[0]}


def test_a_copy_with_other_links_has_the_same_order(tree, tmp_path):
    duplicator = Duplicator(str(tmp_path / "copy"), Change(links=True))
    places = duplicator.copy({tree: tree_size(tree, 1 << 20)})
    before, after = seen(tree), seen(places[tree])
    assert after[0] == before[0] and duplicator.is_faithful(places)
    for path, fact in before[1].items():
        if path == "link":
            assert after[1][path] == fact
        else:
            assert after[1][path][:3] == fact[:3] and after[1][path][3] != fact[3], path
    assert frozenset({"a", "b"}) in before[2]
    assert frozenset({"c", "z", "deep/a", "deep/deeper/b"}) in after[2] and frozenset({"empty", "void"}) in after[2]
    assert frozenset({"a"}) in after[2] and frozenset({"b"}) in after[2]


def test_files_that_are_one_in_two_trees_are_one_in_their_copies(tree, tmp_path):
    other = tmp_path / "other"
    os.link(tree + "/single", other)
    duplicator = Duplicator(str(tmp_path / "copy"), Change())
    places = duplicator.copy({path: tree_size(path, 1 << 20) for path in (tree, str(other))})
    assert os.path.samefile(places[tree] + "/single", places[str(other)])
    assert not os.path.samefile(places[str(other)], other)


def test_a_tree_is_weighed_no_further_than_needed(tree):
    assert tree_size(tree, 1 << 20).bytes == 5 * 5 + 6
    assert 4 < tree_size(tree, 4).bytes < 31


def test_inodes_are_taken_and_nothing_else_changes(tmp_path):
    folder = tmp_path / "build"
    folder.mkdir()
    os.utime(folder, (1, 1))
    occupy_inodes(str(folder), str(tmp_path / "taken"))
    assert os.listdir(folder) == [] and folder.stat().st_mtime == 1 and len(os.listdir(tmp_path / "taken")) == 16


def test_copies_take_the_place_of_the_root_and_of_inputs(tree, tmp_path, memory):
    for folder in ("lower", "build", "out"):
        (tmp_path / folder).mkdir()
    (tmp_path / "lower" / "file").touch()
    binds = (
        Bind(str(tmp_path / "build"), "/build", True),
        Bind(str(tmp_path / "out"), "/chx/store", True),
        Bind(tree + "/single", "/chx/store/x"),
        Bind("/dev/null", "/proc/keys"),
        Overlay(str(tmp_path / "lower"), "/upper", "/work", "/chx/store"),
    )
    spec = SandboxSpec(("/bin/sh",), tree, binds)
    for name in ("inodes", "links", "order"):
        workspace = Workspace(tempfile.mkdtemp(dir=tmp_path), memory())
        varied = vary(spec, [name], workspace)
        place = workspace.memory if name == "order" else workspace.folder
        assert varied.root.startswith(place) and varied.binds[2].source.startswith(place), name
        assert varied.binds[4].lower.startswith(place) and varied.binds[4].upper == "/upper"
        assert varied.binds[0].source.startswith(place) == (name == "order")
        assert (varied.binds[1], varied.binds[3]) == (spec.binds[1], spec.binds[3])
    # In all of them together, the order is that of memory, and the links are others.
    workspace = Workspace(tempfile.mkdtemp(dir=tmp_path), memory())
    unmade = []
    varied = vary(spec, ["inodes", "order", "links"], workspace, unmade.append)
    assert unmade == [] and varied.root.startswith(workspace.memory)
    assert seen(varied.root)[0] != seen(tree)[0] and seen(varied.root)[2] != seen(tree)[2]
    # Without memory there is no order, and inodes are varied for themselves.
    workspace = Workspace(tempfile.mkdtemp(dir=tmp_path), None)
    assert vary(spec, ["inodes", "order"], workspace, unmade.append).root.startswith(workspace.folder)
    assert unmade == ["order"]


def test_constants_in_proc_follow_what_is_varied(tmp_path):
    write_proc_files(proc_files(this_machine()), str(tmp_path / "proc"))
    binds = (Bind("/dev/null", "/proc/keys"), *(Bind(f"{tmp_path}/proc/{n}", f"/proc/{n}") for n in ("version", "sys")))
    spec = SandboxSpec(("/bin/sh",), binds=binds)

    def told(name, path):
        (tmp_path / name).mkdir()
        varied = vary(spec, [name], Workspace(str(tmp_path / name), None))
        assert varied.binds[0] == spec.binds[0]
        folder = os.path.dirname(varied.binds[1].source)
        assert varied.binds[2].source == folder + "/sys"
        with open(f"{folder}/{path}") as file:
            return file.read()

    assert told("host", "sys/kernel/hostname") == "another-host\n"
    assert "2.6.32" in told("kernel", "version")
    if len(os.sched_getaffinity(0)) > 1:
        assert "cpu1" not in told("processors", "stat")


def test_what_a_variation_brings_is_blamed_if_it_is_enough():
    guilty = {"inodes"}

    def differs(part):
        return bool(guilty & set(part) or any(guilty & set(VARIATIONS[name].brings) for name in part))

    assert refined(("order",), differs) == refined(("links",), differs) == ("inodes",)
    assert refined(("host", "order", "links"), differs) == ("host", "inodes")
    guilty = {"order"}
    assert refined(("order",), differs) == ("order",)
    assert refined(("unheard-of",), differs) == ("unheard-of",)
