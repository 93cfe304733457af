"""Store objects compared."""

from __future__ import annotations

from chx.store import Store
from chx.store.difference import (
    HashChange,
    TextChange,
    compare_all_contents,
    compare_contents,
    compare_objects,
    compare_packages,
    packages_of,
)


def build(store: Store, tools, tree, name="thing-1", candidates=(), deriver=None):
    return store.add_outputs(tools.build(store, {"out": tree}, name), candidates, deriver)["out"]


def test_files_of_two_objects_are_told(store, tools) -> None:
    one = build(store, tools, {b"same": b"1", b"gone": b"22", b"text": b"a\n"})
    other = build(store, tools, {b"same": b"1", b"new": b"333", b"text": b"b\n"})
    found = compare_objects(store, one, other)
    assert [change.path for change in found.files] == ["gone", "new", "text"]
    assert [change.path for change in found.contents] == ["text"]
    assert (found.size_before, found.size_after) == (5, 6)
    assert compare_contents(store, one, other, "text") == TextChange(("@@ -1 +1 @@", "-a", "+b"), 1, 1)
    assert compare_contents(store, one, other, "same") is None
    assert [change.path for change in compare_all_contents(store, found)] == ["text"]
    assert compare_all_contents(store, found, most=0) == ()


def test_an_object_does_not_differ_from_itself(store, tools) -> None:
    one = build(store, tools, {b"self": b"@out@"})
    assert compare_objects(store, one, one).files == ()
    assert compare_contents(store, one, one, "self") is None


def test_the_own_hash_is_set_aside(store, tools) -> None:
    one = build(store, tools, {b"self": b"@out@/bin", b"x": b"1"})
    other = build(store, tools, {b"self": b"@out@/bin", b"x": b"2"})
    assert [change.path for change in compare_objects(store, one, other).files] == ["self", "x"]
    assert compare_contents(store, one, other, "self") == HashChange()


def test_hashes_of_corresponding_references_are_set_aside(store, tools) -> None:
    zlib, newer, rest = (
        store.add_bytes(text, name) for text, name in ((b"1", "zlib-1"), (b"2", "zlib-2"), (b"3", "a"))
    )
    one = build(store, tools, {b"refers": f"{zlib} {rest}\n".encode()}, candidates=[zlib, rest])
    other = build(
        store,
        tools,
        {b"refers": f"{zlib.__class__(newer.hash, zlib.name)} {rest}\n".encode()},
        candidates=[newer, rest],
    )
    assert compare_contents(store, one, other, "refers") == HashChange()


def test_empty_files_and_objects_that_are_files_are_compared(store) -> None:
    one, other = store.add_bytes(b"", "x"), store.add_bytes(b"words\n", "x")
    assert compare_contents(store, one, other, "") == TextChange(("@@ -0,0 +1 @@", "+words"), 0, 1)


def test_closures_are_compared_by_package_and_output(store, tools) -> None:
    from chx.store import Derivation

    drv = store.add_derivation(Derivation("lib-1", "s", "/b", outputs=("out", "dev")))
    outputs = store.add_outputs(tools.build(store, {"out": b"1", "dev": b"22"}, "lib-1"), (), drv)
    other = store.add_bytes(b"333", "lib-2")
    same = store.add_bytes(b"same", "same")
    found = compare_packages(packages_of(store, [*outputs.values(), same]), packages_of(store, [other, same]))
    assert [(c.label, c.before and c.before.version, c.after and c.after.version, c.growth) for c in found.changes] == [
        ("lib", "1", "2", 2),
        ("lib.dev", "1", None, -2),
    ]
    assert (found.equal, found.size_before, found.size_after) == (1, 7, 7)
