"""Laws of merging, and the ways in which links stand for directories."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.builder.errors import RootConflict
from chx.builder.merge import Source, merge
from chx.store import Entry, Kind, Manifest


def tree(**paths: str) -> Manifest:
    """A manifest: `{path: content}`; `->target` is a link, `/` a directory, `x:` an executable. Parents are added."""
    return of(paths)


def of(paths) -> Manifest:
    entries = {"": Entry("", Kind.DIRECTORY)}
    for path, content in paths.items():
        parts = path.split("/")
        for end in range(1, len(parts)):
            parent = "/".join(parts[:end])
            entries[parent] = Entry(parent, Kind.DIRECTORY)
        if content == "/":
            entries[path] = Entry(path, Kind.DIRECTORY)
        elif content.startswith("->"):
            entries[path] = Entry(path, Kind.SYMLINK, target=content[2:])
        else:
            kind = Kind.EXECUTABLE if content.startswith("x:") else Kind.FILE
            entries[path] = Entry(path, kind, content.encode().ljust(32, b"\0"), len(content))
    return Manifest.of(entries.values())


def merged(*trees, preferred=()) -> dict[str, str]:
    """Path to content of what the trees merge to, without directories that hold something."""
    result = merge([Source(f"tree{number}", of(item), number in preferred) for number, item in enumerate(trees)])
    shown = {}
    for item in result.entries:
        if item.kind == Kind.DIRECTORY:
            shown[item.path] = "/"
        elif item.kind == Kind.SYMLINK:
            shown[item.path] = "->" + item.entry.target
        else:
            shown[item.path] = item.entry.digest.rstrip(b"\0").decode()
    inner = {path.rpartition("/")[0] for path in shown if path}
    return {path: content for path, content in shown.items() if path and (content != "/" or path not in inner)}


def test_trees_are_laid_over_each_other():
    assert merged({"usr/bin/a": "1"}, {"usr/bin/b": "2", "etc": "/"}) == {
        "usr/bin/a": "1",
        "usr/bin/b": "2",
        "etc": "/",
    }


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_preferred_tree_takes_the_place_of_files_of_others(number):
    trees = [{"a": "0", "b": "->x", "c": "0"}, {"a": "1", "b": "1"}, {"a": "2", "b": "->y", "d": "2"}]
    order = [trees[number], trees[(number + 1) % 3]]
    for pair, index in ((order, 0), (order[::-1], 1)):
        found = merged(*pair, preferred=(index,))
        assert {path: found[path] for path in trees[number]} == trees[number]
        assert set(found) == {*pair[0], *pair[1]}


def test_a_link_of_a_preferred_tree_is_the_one_that_directories_follow():
    assert merged({"lib": "->old", "old": "/"}, {"lib": "->new", "new": "/"}, preferred=(1,))["lib"] == "->new"


def test_preferred_trees_must_agree_with_each_other_and_in_kind():
    for trees, preferred in (
        (({"a": "1"}, {"a": "2"}), (0, 1)),
        (({"a": "1"}, {"a/b": "2"}), (0,)),
        (({"a": "1"}, {"a/b": "2"}), (1,)),
        (({"a": "1"}, {"a": "2"}), ()),
    ):
        with pytest.raises(RootConflict, match="at '/a'"):
            merged(*trees, preferred=preferred)


def test_identical_files_and_links_do_not_conflict():
    assert merged({"a": "1", "l": "->a"}, {"a": "1", "l": "->a"}) == {"a": "1", "l": "->a"}


@pytest.mark.parametrize(
    "one, other, path",
    [
        ({"a/b": "1"}, {"a/b": "2"}, "a/b"),
        ({"a": "1"}, {"a": "x:1"}, "a"),
        ({"a": "1"}, {"a/b": "1"}, "a"),
        ({"a": "->b"}, {"a": "->c"}, "a"),
        ({"a": "->b"}, {"a": "1"}, "a"),
        ({"a": "->b", "b": "1"}, {"a/c": "1"}, "b"),
    ],
)
def test_a_disagreement_names_both_and_the_path(one, other, path):
    for trees in ((one, other), (other, one)):
        with pytest.raises(RootConflict) as caught:
            merged(*trees)
        assert caught.value.path == path
        assert {caught.value.first, caught.value.second} == {"tree0", "tree1"}


def test_a_link_beside_a_directory_takes_in_what_lies_below():
    assert merged({"bin": "->usr/bin", "usr/bin/sh": "1"}, {"bin/ls": "2"}) == {
        "bin": "->usr/bin",
        "usr/bin/sh": "1",
        "usr/bin/ls": "2",
    }


def test_the_directory_a_link_leads_to_is_made_if_nobody_has_it():
    assert merged({"lib64": "->usr/lib64"}, {"lib64/ld.so": "1"}) == {"lib64": "->usr/lib64", "usr/lib64/ld.so": "1"}


def test_links_may_be_absolute_climb_and_lead_through_others():
    assert merged({"bin": "->/usr/bin"}, {"bin/a": "1"})["usr/bin/a"] == "1"
    assert merged({"x/bin": "->../../../usr/bin"}, {"x/bin/a": "1"})["usr/bin/a"] == "1"
    assert merged({"bin": "->sbin"}, {"sbin": "->usr/bin"}, {"bin/a": "1", "sbin/b": "2"}) == {
        "bin": "->sbin",
        "sbin": "->usr/bin",
        "usr/bin/a": "1",
        "usr/bin/b": "2",
    }
    # A link that itself lies below a link.
    assert merged({"lib": "->usr/lib"}, {"lib/x": "->y"}, {"lib/x/a": "1"}, {"usr/lib/y/b": "2"}) == {
        "lib": "->usr/lib",
        "usr/lib/x": "->y",
        "usr/lib/y/a": "1",
        "usr/lib/y/b": "2",
    }


def test_a_link_may_lead_to_the_root():
    assert merged({"usr": "->."}, {"usr/bin/a": "1", "bin/b": "2"}) == {"usr": "->.", "bin/a": "1", "bin/b": "2"}


def test_files_that_meet_behind_a_link_conflict():
    with pytest.raises(RootConflict, match="different content"):
        merged({"bin": "->usr/bin", "usr/bin/a": "1"}, {"bin/a": "2"})


def test_links_that_lead_in_a_circle_are_refused():
    with pytest.raises(RootConflict, match="circle"):
        merged({"a": "->b", "b": "->a"}, {"a/x": "1"})
    with pytest.raises(RootConflict):
        merged({"a": "->a/b"}, {"a/x": "1"})


def test_a_circle_that_nothing_goes_through_is_left_alone():
    assert merged({"a": "->b", "b": "->a"}, {"c": "1"}) == {"a": "->b", "b": "->a", "c": "1"}


def test_a_file_is_no_root():
    with pytest.raises(RootConflict):
        merge([Source("file", Manifest.of([Entry("", Kind.FILE, b"\0" * 32, 0)]))])


def test_directories_come_before_what_they_hold():
    seen = {""}
    for item in merge([Source("t", of({"a/b/c": "1", "a.b/c": "2", "a": "/"}))]).entries[1:]:
        assert item.path.rpartition("/")[0] in seen
        seen.add(item.path)


NAMES = st.sampled_from(["a", "b", "c", "d"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = st.sampled_from(["1", "2", "/", "->a", "->../b", "->/c/d", "->."])


@st.composite
def trees(draw):
    paths: dict[str, str] = {}
    for path, content in draw(st.dictionaries(PATHS, CONTENTS, max_size=5)).items():
        parts = path.split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts))]
        if all(paths.get(parent, "/") == "/" for parent in above) and not any(
            other.startswith(path + "/") for other in paths
        ):
            paths[path] = content
    return paths


def attempt(*items):
    try:
        return merged(*items)
    except RootConflict:
        return None


@given(trees(), trees())
def test_the_order_of_trees_does_not_matter(one, other):
    assert attempt(one, other) == attempt(other, one)


@given(trees())
def test_merging_with_itself_changes_nothing(one):
    assert attempt(one, one) == attempt(one)
    assert attempt(one) is not None


@given(trees(), trees())
def test_no_file_is_lost(one, other):
    both = attempt(one, other)
    if both is not None:
        for item in (one, other):
            files = [content for content in item.values() if content in ("1", "2")]
            assert set(files) <= set(both.values())
