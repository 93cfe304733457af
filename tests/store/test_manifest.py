"""Manifests have one text for one tree."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.store import Entry, InvalidManifest, Kind, Manifest, remove_tree, scan_tree
from chx.store.manifest import HEADER, path_text

NAMES = st.binary(min_size=1, max_size=6).filter(lambda n: b"/" not in n and b"\0" not in n and n not in (b".", b".."))
CONTENT = st.one_of(
    st.none(),
    st.tuples(st.just("file"), st.binary(max_size=20), st.booleans()),
    st.tuples(st.just("link"), st.binary(min_size=1, max_size=9).filter(lambda t: b"\0" not in t)),
)
TREES = st.recursive(CONTENT, lambda child: st.dictionaries(NAMES, child, max_size=5), max_leaves=12)


def entries(tree, path=b""):
    if tree is None or isinstance(tree, dict):
        yield Entry(path_text(path), Kind.DIRECTORY)
        for name, child in (tree or {}).items():
            yield from entries(child, path + b"/" + name if path else name)
    elif tree[0] == "link":
        yield Entry(path_text(path), Kind.SYMLINK, target=path_text(tree[1]))
    else:
        kind = Kind.EXECUTABLE if tree[2] else Kind.FILE
        yield Entry(path_text(path), kind, (tree[1] * 32 + b"x" * 32)[:32], len(tree[1]))


def write(tree, path):
    if tree is None or isinstance(tree, dict):
        os.mkdir(path)
        for name, child in (tree or {}).items():
            write(child, path + b"/" + name)
    elif tree[0] == "link":
        os.symlink(tree[1], path)
    else:
        with open(path, "wb") as file:
            file.write(tree[1])
        os.chmod(path, 0o755 if tree[2] else 0o644)


@given(TREES)
def test_decoding_inverts_encoding(tree):
    manifest = Manifest.of(entries(tree))
    decoded = Manifest.decode(manifest.encode())
    assert decoded == manifest
    assert decoded.encode() == manifest.encode()
    assert decoded.tree_digest == manifest.tree_digest


@given(TREES, st.data())
def test_a_change_of_any_byte_is_refused_or_gives_another_manifest(tree, data):
    text = Manifest.of(entries(tree)).encode()
    position = data.draw(st.integers(0, len(text) - 1))
    changed = text[:position] + data.draw(st.binary(max_size=2)) + text[position + 1 :]
    try:
        decoded = Manifest.decode(changed)
    except InvalidManifest:
        return
    assert decoded.encode() == changed


@given(TREES, st.randoms())
def test_the_digest_does_not_depend_on_the_order_of_creation(tmp_path_factory, tree, random):
    def shuffled(node):
        if not isinstance(node, dict):
            return node
        items = [(name, shuffled(child)) for name, child in node.items()]
        random.shuffle(items)
        return dict(items)

    folder = os.fsencode(tmp_path_factory.mktemp("trees"))
    write(tree, folder + b"/one")
    write(shuffled(tree), folder + b"/two")
    one, two = scan_tree(folder + b"/one")[0], scan_tree(folder + b"/two")[0]
    assert one == two and one.encode() == two.encode()
    # A walk gives the canonical order by itself.
    assert Manifest.of(one.entries).entries == one.entries
    assert Manifest.decode(one.encode()) == one
    remove_tree(folder)


def test_order_is_by_component_and_by_byte():
    names = ["", "a", "a/c", "a-b", "\udcff", "\U0001f600"]
    order = [entry.path for entry in Manifest.of(Entry(name, Kind.DIRECTORY) for name in reversed(names))]
    # "a/c" before "a-b" though "-" sorts before "/"; U+1F600 is F0 9F..., before FF.
    assert order == ["", "a", "a/c", "a-b", "\U0001f600", "\udcff"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"d a\0",
        b"d \0d \0",
        b"d \0d b\0d a\0",
        b"d \0d a/b\0",
        b"d \0d /a\0",
        b"d \0d ..\0",
        b"d \0d a\0d a/\0",
        b"d \0l a\0",
        b"d \0l a\0\0",
        b"d \0s a\0",
        b"d \0da\0",
        b"f " + b"0" * 64 + b" 01 \0",
        b"f " + b"A" * 64 + b" 1 \0",
        b"f " + b"0" * 62 + b" 1 \0",
        b"f " + b"0" * 64 + b" 1\0",
        b"f " + b"0" * 64 + b" 1 \0d a\0",
    ],
)
def test_what_encoding_would_not_give_is_refused(body):
    with pytest.raises(InvalidManifest):
        Manifest.decode(HEADER + body)


def test_entries_are_found_by_path():
    manifest = Manifest.of([Entry("", Kind.DIRECTORY), Entry("a", Kind.FILE, b"x" * 32, 7)])
    assert manifest.lookup("a").size == 7 == manifest.total_size
    assert manifest.lookup("b") is None
    assert [entry.path for entry in manifest] == ["", "a"] and len(manifest) == 2
