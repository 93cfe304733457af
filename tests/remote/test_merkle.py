"""Trees have the digests that the API gives them: by hand, and by golden values."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.remote.digests import Digest, Function
from chx.remote.merkle import Built, Item, Node, build, directory
from chx.remote.wire import BLAKE3, SHA256, parse
from chx.store.manifest import Kind, path_bytes, path_text

from .encoding import digest, field

SHA = Function(SHA256)
EMPTY = Digest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0)
HELLO = Digest("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", 6)
"""Of `hello` and a line feed."""


def file(path: str, content: Digest = HELLO, kind: str = Kind.FILE) -> Item:
    return Item(path, kind, content)


def folder(path: str) -> Item:
    return Item(path, Kind.DIRECTORY)


def link(path: str, target: str) -> Item:
    return Item(path, Kind.SYMLINK, target=target)


def made(*items: Item, mode: int | None = None, function: Function = SHA) -> Built:
    return build(items, "name", function, mode)


def by_hand(name: bytes, message: bytes) -> bytes:
    """The DirectoryNode of a directory with this message."""
    return field(2, field(1, name) + field(2, digest(hashlib.sha256(message).hexdigest(), len(message))))


def test_an_empty_directory_is_an_empty_message() -> None:
    assert made(folder("")) == Built(Node("name", Kind.DIRECTORY, EMPTY), {EMPTY: b""}, frozenset())


def test_a_tree_of_one_file_and_one_link_is_one_node() -> None:
    assert made(file("", kind=Kind.EXECUTABLE)) == Built(Node("name", Kind.EXECUTABLE, HELLO), {}, frozenset({HELLO}))
    assert made(link("", "/chx/store/other")) == Built(
        Node("name", Kind.SYMLINK, target="/chx/store/other"), {}, frozenset()
    )


def test_a_tree_is_these_bytes() -> None:
    built = made(
        folder(""),
        file("b"),
        file("a", kind=Kind.EXECUTABLE),
        folder("empty"),
        folder("sub"),
        folder("sub/deeper"),
        link("sub/deeper/up", "../.."),
        link("lib", "/usr/lib"),
    )
    deeper = field(3, field(1, "up") + field(2, "../.."))
    sub = by_hand(b"deeper", deeper)
    hello = field(2, digest(*HELLO))
    root = (
        field(1, field(1, "a") + hello + field(4, 1))
        + field(1, field(1, "b") + hello)
        + by_hand(b"empty", b"")
        + by_hand(b"sub", sub)
        + field(3, field(1, "lib") + field(2, "/usr/lib"))
    )
    assert set(built.messages.values()) == {deeper, sub, root, b""}
    assert all(SHA.of(message) == found for found, message in built.messages.items())
    assert built.files == {HELLO}
    assert built.node == Node("name", Kind.DIRECTORY, SHA.of(root))
    # The shell's printf and sha256sum say the same.
    assert str(built.node.digest) == "ee979c39dfdd121ecce6a11e6c4eeb4bd012354b42669579b73c946471b741d4/323"


def test_modes_and_times_are_part_of_it_if_they_are_sent() -> None:
    built = made(folder(""), file("a", kind=Kind.EXECUTABLE), file("b"), link("l", "a"), folder("s"), mode=0o755)

    def properties(mode: bytes) -> bytes:
        return field(2, b"\x08\x01") + field(3, b"\x08" + mode)

    folder_mode = field(5, properties(b"\xed\x03"))
    hello = field(2, digest(*HELLO))
    root = (
        field(1, field(1, "a") + hello + field(4, 1) + field(6, properties(b"\xed\x02")))
        + field(1, field(1, "b") + hello + field(6, properties(b"\xa4\x02")))
        + by_hand(b"s", folder_mode)
        + field(3, field(1, "l") + field(2, "a"))
        + folder_mode
    )
    assert (0o755, 0o555, 0o444) == (0x6D | 3 << 7, 0x6D | 2 << 7, 0x24 | 2 << 7)
    assert set(built.messages.values()) == {root, folder_mode}
    assert str(built.node.digest) == "231fae9dba29b82d00267fa82633d4b9734971a3d389614952e63136be86b834/268"


def test_names_that_are_not_utf_8_are_kept() -> None:
    built = made(folder(""), file(path_text(b"\xff\xfe")), link(path_text(b"\x80"), path_text(b"\xc3(")))
    root = field(1, field(1, b"\xff\xfe") + field(2, digest(*HELLO))) + field(3, field(1, b"\x80") + field(2, b"\xc3("))
    assert set(built.messages.values()) == {root}


def test_entries_are_sorted_by_their_bytes() -> None:
    # As text U+FF5E comes before U+1F600, and as UTF-16 after it; a byte alone comes after all of UTF-8's beginnings.
    names = [b"a", b"B", b"a-b", b"a.b", b"a0", "\uff5e".encode(), "\U0001f600".encode(), "é".encode(), b"\xff"]
    order = [b"B", b"a", b"a-b", b"a.b", b"a0", "é".encode(), "\uff5e".encode(), "\U0001f600".encode(), b"\xff"]
    for make, entries in ((file, "files"), (folder, "directories")):
        built = made(folder(""), *(make(path_text(name)) for name in names))
        assert built.node.digest is not None
        message = parse("Directory", built.messages[built.node.digest])
        assert [node.name for node in getattr(message, entries)] == order


def test_a_directory_of_10_000_entries_is_in_order() -> None:
    names = [f"{number:04}" for number in range(10_000)]
    random.Random(1).shuffle(names)
    built = made(folder(""), *(file(name, Digest(f"{int(name):064x}", int(name))) for name in names))
    whole = b"".join(
        field(1, field(1, f"{number:04}") + field(2, digest(f"{number:064x}", number))) for number in range(10_000)
    )
    assert list(built.messages.values()) == [whole]
    assert len(built.files) == 10_000
    assert str(built.node.digest) == "bd81a70fecc87f742218cd387b20bb35e0b9d3c420ceef5432b2e8115334cc0d/789870"


def test_a_deep_tree_is_no_recursion() -> None:
    paths = [""]
    for _ in range(3000):
        paths.append(f"{paths[-1]}/d".removeprefix("/"))
    built = made(*map(folder, paths))
    message = b""
    for _ in range(3000):
        message = by_hand(b"d", message)
    assert built.node.digest == SHA.of(message)
    assert len(built.messages) == 3001


def test_equal_directories_are_one_message() -> None:
    built = made(folder(""), *(item for name in "abc" for item in (folder(name), file(f"{name}/same"))))
    assert len(built.messages) == 2


def test_blake3_is_the_digest_where_it_is_the_server_s() -> None:
    built = made(folder(""), function=Function(BLAKE3))
    assert built.node.digest == Digest("af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", 0)


def test_a_directory_of_trees_has_their_nodes() -> None:
    nodes = [
        Node("z", Kind.FILE, HELLO),
        Node("b", Kind.DIRECTORY, EMPTY),
        Node("a", Kind.DIRECTORY, EMPTY),
        Node("l", Kind.SYMLINK, target="z"),
    ]
    assert directory(nodes, None) == (
        field(1, field(1, "z") + field(2, digest(*HELLO)))
        + by_hand(b"a", b"")
        + by_hand(b"b", b"")
        + field(3, field(1, "l") + field(2, "z"))
    )


names = st.binary(min_size=1, max_size=8).filter(lambda name: b"/" not in name and b"\0" not in name)


@given(st.lists(names, max_size=20, unique=True), st.randoms())
def test_the_order_of_entries_does_not_matter(found: list[bytes], chance: random.Random) -> None:
    items = [file(path_text(name)) for name in found]
    shuffled = items[:]
    chance.shuffle(shuffled)
    assert made(folder(""), *items) == made(folder(""), *shuffled)


@given(st.lists(names, max_size=20, unique=True))
def test_each_list_is_sorted(found: list[bytes]) -> None:
    kinds = (file, folder, lambda path: link(path, "target"))
    items = [kinds[number % 3](path_text(name)) for number, name in enumerate(found)]
    built = made(folder(""), *items)
    assert built.node.digest is not None
    message = parse("Directory", built.messages[built.node.digest])
    listed = [[node.name for node in nodes] for nodes in (message.files, message.directories, message.symlinks)]
    assert all(some == sorted(some) for some in listed)
    assert sorted(name for some in listed for name in some) == sorted(path_bytes(item.path) for item in items)


@pytest.mark.parametrize("kind", [Kind.FILE, Kind.EXECUTABLE, Kind.DIRECTORY])
def test_only_links_have_no_digest(kind: str) -> None:
    with pytest.raises(AssertionError):
        directory([Node("name", kind)], None)
