"""Trees compared by their manifests."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chx.store import Entry, Kind, Manifest
from chx.store.difference import compare_manifests

NAMES = st.sampled_from("abc")


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    entries = {"": Entry("", Kind.DIRECTORY)}
    for _ in range(draw(st.integers(0, 8))):
        parent = draw(st.sampled_from(sorted(path for path, entry in entries.items() if entry.kind == Kind.DIRECTORY)))
        path = f"{parent}/{draw(NAMES)}".lstrip("/")
        if path in entries:
            continue
        kind = draw(st.sampled_from("dfxl"))
        if kind == "d":
            entries[path] = Entry(path, kind)
        elif kind == "l":
            entries[path] = Entry(path, kind, target=draw(NAMES))
        else:
            content = draw(st.integers(0, 2))
            entries[path] = Entry(path, kind, bytes([content]) * 32, content)
    return Manifest.of(entries.values())


@given(manifests())
def test_a_tree_does_not_differ_from_itself(manifest: Manifest) -> None:
    assert compare_manifests(manifest, manifest) == ()


@given(manifests(), manifests())
def test_what_is_added_one_way_is_removed_the_other(one: Manifest, other: Manifest) -> None:
    there, back = compare_manifests(one, other), compare_manifests(other, one)
    assert [(c.path, c.before, c.after) for c in there] == [(c.path, c.after, c.before) for c in back]


@given(manifests(), manifests())
def test_the_changes_lead_from_one_tree_to_the_other(one: Manifest, other: Manifest) -> None:
    entries = {entry.path: entry for entry in one}
    for change in compare_manifests(one, other):
        assert entries.get(change.path) == change.before
        entries.pop(change.path, None)
        if change.after is not None:
            entries[change.path] = change.after
    assert Manifest.of(entries.values()) == other
