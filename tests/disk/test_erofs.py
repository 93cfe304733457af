"""EROFS file systems: what is written is what the format's own programs read, and the same bytes each time."""

from __future__ import annotations

import io
import os
import random
import shutil
import stat
import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from chx.disk import ContentChanged, InvalidNode, InvalidParameter, Kind, Node, erofs
from chx.disk.nodes import in_order

from ..programs import needed
from .reader import Reader

IDENTIFIER = UUID("12345678-1234-8234-9234-123456789abc")
SIZES = (0, 1, 31, 4000, 4031, 4032, 4033, 4064, 4095, 4096, 4097, 8191, 8192, 300_000)


def file(path: bytes, content: bytes, mode: int = 0o644, uid: int = 0, gid: int = 0) -> Node:
    return Node(
        path, Kind.FILE, mode, uid, gid, len(content), lambda: io.BytesIO(content), digest=blake3(content).digest()
    )


def written(nodes: list[Node]) -> bytes:
    planned = erofs.plan(nodes, IDENTIFIER, "root", 1)
    data = b"".join(planned.chunks(blake3))
    assert len(data) == planned.size
    return data


def extracted(data: bytes, tmp_path: Path) -> Path:
    """What `fsck.erofs` reads, after it has compared the checksum."""
    (tmp_path / "image").write_bytes(data)
    target = tmp_path / "root"
    shutil.rmtree(target, ignore_errors=True)
    words = [needed("fsck.erofs"), f"--extract={target}", str(tmp_path / "image")]
    subprocess.run(words, check=True, capture_output=True)
    return target


def trees() -> list[Node]:
    content = random.Random(1).randbytes
    nodes = [file(b"sizes/%d" % size, content(size)) for size in SIZES]
    twice = content(100_001)
    nodes += [file(b"twice/a", twice), file(b"twice/b", twice, 0o755, 70_000, 5)]
    nodes += [file(b"many/file-%04d-%s" % (number, b"x" * (number % 200)), b"%d" % number) for number in range(2000)]
    nodes += [file(b"names/" + name, name) for name in (b"y" * 255, b"\xff\xfe", b"!before the dot", b"a b")]
    nodes += [Node(b"folders/%d" % number, Kind.DIRECTORY, 0o700 + number % 8) for number in range(200)]
    nodes += [Node(b"empty", Kind.DIRECTORY, 0o1777), Node(b"fifo", Kind.FIFO, 0o600)]
    targets = (b"/x", b"z" * 4000, b"z/" * 2047)
    nodes += [Node(b"links/%d" % len(target), Kind.SYMLINK, 0o777, target=target) for target in targets]
    return nodes


def test_what_is_written_is_read_by_the_formats_own_program(tmp_path: Path) -> None:
    nodes = trees()
    root = extracted(written(nodes), tmp_path)
    for node in nodes:
        place = os.fsencode(root) + b"/" + node.path
        found = os.lstat(place)
        assert (stat.S_IFMT(found.st_mode), stat.S_IMODE(found.st_mode)) == (node.kind, node.mode), node.path
        if os.geteuid() == 0:
            assert (found.st_uid, found.st_gid) == (node.uid, node.gid), node.path
        if node.kind == Kind.FILE:
            assert node.open is not None and Path(os.fsdecode(place)).read_bytes() == node.open().read(), node.path
        if node.kind == Kind.SYMLINK:
            assert os.readlink(place) == node.target
    assert len(os.listdir(root / "many")) == 2000


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_devices_have_their_numbers(tmp_path: Path) -> None:
    nodes = [
        Node(b"console", Kind.CHARACTER, 0o600, device=(5, 1)),
        Node(b"nvme", Kind.BLOCK, 0o660, gid=6, device=(259, 70_000)),
    ]
    root = extracted(written(nodes), tmp_path)
    for node in nodes:
        found = os.lstat(root / os.fsdecode(node.path))
        assert (os.major(found.st_rdev), os.minor(found.st_rdev)) == node.device


def test_the_bytes_follow_from_the_nodes_alone() -> None:
    nodes = trees()
    shuffled = list(nodes)
    random.Random(2).shuffle(shuffled)
    assert written(nodes) == written(shuffled)
    first = written([])
    assert blake3(first).hexdigest() == "10760f3882abd18dc7a6d2c582e27e4c5b626b8f1cde0ea39a0bc5dff7f6d062"
    # Magic, features, 4096 bytes a block, the root's number, one inode, the time, one block.
    assert first[1024:1028] == b"\xe2\xe1\xf5\xe0" and first[1036] == 12
    assert int.from_bytes(first[1038:1040], "little") == 1152 // 32
    assert len(first) == 4096 and first[1072:1088] == IDENTIFIER.bytes and first[1088:1104] == b"root".ljust(16, b"\0")


def test_equal_files_are_written_once() -> None:
    content = b"0123456789abcdef" * 4096
    one = len(written([file(b"a", content)]))
    assert len(written([file(b"a", content), file(b"b", content), file(b"c/d", content)])) <= one + 4096


def test_a_small_file_system_is_these_bytes() -> None:
    """A link before `.`, a directory with a file, and a device of an owner that needs an inode of 64 bytes."""
    data = written(
        [
            Node(b"!", Kind.SYMLINK, 0o777, target=b"d/f"),
            file(b"d/f", b"x" * 4096 + b"tail", 0o4755, 1, 2),
            Node(b"n", Kind.BLOCK, 0o660, 65_536, 6, device=(259, 70_000)),
        ]
    )
    assert len(data) == 3 * 4096 and data[4096:8192] == b"x" * 4096
    root, link, folder, file_at, device = 1152, 8192, 8256, 8352, 8416

    def numbers(*values: int) -> bytes:
        """Values of 2 bytes, negative ones of 4."""
        return b"".join(
            (-value).to_bytes(4, "little") if value < 0 else value.to_bytes(2, "little") for value in values
        )

    nothing = -0xFFFFFFFF
    names = [(b"!", link, 7), (b".", root, 2), (b"..", root, 2), (b"d", folder, 2), (b"n", device, 4)]
    entries, at = b"", 60
    for name, place, kind in names:
        entries += (place // 32).to_bytes(8, "little") + numbers(at, kind)
        at += len(name)
    head = numbers(4, 0, 0o40755, 3, -66, 0, 0, nothing, -1, 0, 0, 0, 0)
    assert data[root : root + 98] == head + entries + b"!...dn"
    assert data[link : link + 35] == numbers(4, 0, 0o120777, 1, -3, 0, 0, nothing, -2, 0, 0, 0, 0) + b"d/f"
    assert data[folder : folder + 32] == numbers(4, 0, 0o40755, 2, -40, 0, 0, nothing, -3, 0, 0, 0, 0)
    assert data[file_at : file_at + 36] == numbers(4, 0, 0o104755, 1, -4100, 0, 0, -1, -4, 1, 2, 0, 0) + b"tail"
    # 259 and 70,000 as the kernel packs them: bits 8 to 19 of the minor number lie above the major one.
    rdev = 0x70 | 259 << 8 | 0x11100 << 12
    extended = numbers(1, 0, 0o60660, 0, 0, 0, 0, 0, -rdev, -5, -65_536, -6, -1, 0, 0, 0, 0, -1)
    assert data[device : device + 64] == extended.ljust(64, b"\0")
    assert not any(data[device + 64 :])


def same(data: bytes, nodes: list[Node]) -> Reader:
    """Assert that a file system has these nodes, and those that they need."""
    reader = Reader(data)
    found = dict(reader.walk())
    ordered = in_order(nodes)
    assert sorted(found) == [node.path for node in ordered] and reader.inodes == len(ordered)
    for serial, node in enumerate(ordered, 1):
        inode = found[node.path]
        assert (inode.mode, inode.uid, inode.gid) == (node.kind | node.mode, node.uid, node.gid), node.path
        assert (inode.serial, inode.mtime) == (serial, 1)
        below = [one for one in ordered if one.path and one.parent == node.path and one.kind == Kind.DIRECTORY]
        assert inode.links == (2 + len(below) if node.kind == Kind.DIRECTORY else 1)
        assert inode.is_extended == (max(node.uid, node.gid, inode.links) > 0xFFFF)
        if node.device is not None:
            rdev = inode.start
            assert (rdev >> 8 & 0xFFF, rdev & 0xFF | rdev >> 12 & 0xFFF00) == node.device and inode.size == 0
        elif node.kind == Kind.FILE:
            assert node.open is not None and inode.content == node.open().read(), node.path
        elif node.kind == Kind.SYMLINK:
            assert inode.content == node.target
    return reader


def test_what_is_written_is_read_as_the_kernel_reads_it() -> None:
    nodes = trees()
    reader = same(written(nodes), nodes)
    many = reader.inode(reader.find(reader.inode(reader.root), b"many") or 0)
    assert many.size > 20 * 4096
    for name in (b"", b"!", b"file-0000", b"file-1999", b"zzz", b"\xff" * 255):
        assert reader.find(many, name) is None


names = st.binary(min_size=1, max_size=255).filter(lambda name: not set(name) & {0, 0x2F} and name not in (b".", b".."))
paths = st.lists(st.one_of(names, st.sampled_from([b"a", b"b"])), min_size=1, max_size=3).map(b"/".join)
owners = st.sampled_from([0, 1, 65_535, 65_536, (1 << 32) - 2])
sizes = st.one_of(st.integers(0, 20_000), st.sampled_from([*SIZES, 4096 * 2 + 4032, 1 << 18, (1 << 18) + 4096 + 1]))
modes = st.integers(0, 0o7777)


@st.composite
def forests(draw: st.DrawFn) -> list[Node]:
    """Nodes of all kinds, none within one that is no directory."""
    found: dict[bytes, Node] = {}
    for path in draw(st.lists(paths, max_size=12)):
        if any((path + b"/").startswith(one + b"/") or (one + b"/").startswith(path + b"/") for one in found):
            continue
        mode, uid, gid = draw(modes), draw(owners), draw(owners)
        match draw(st.sampled_from(list(Kind))):
            case Kind.FILE:
                found[path] = file(path, b"ab" * draw(sizes), mode, uid, gid)
            case Kind.SYMLINK:
                target = b"t" * draw(st.sampled_from([1, 59, 4031, 4032, 4033, 4095]))
                found[path] = Node(path, Kind.SYMLINK, 0o777, uid, gid, target=target)
            case Kind.CHARACTER | Kind.BLOCK as kind:
                device = (draw(st.sampled_from([0, 5, 4095])), draw(st.sampled_from([0, 255, 256, (1 << 20) - 1])))
                found[path] = Node(path, kind, mode, uid, gid, device=device)
            case kind:
                found[path] = Node(path, kind, mode, uid, gid)
    return list(found.values())


@settings(max_examples=60)
@given(forests())
def test_any_tree_is_read_again(nodes: list[Node]) -> None:
    same(written(nodes), nodes)


ZEROS = bytes(1 << 18)


class Zeros(io.RawIOBase):
    """Many zeros, without the memory for them."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        count = min(size, self._left, len(ZEROS))
        self._left -= count
        return ZEROS[:count]


def test_a_file_of_4_gib_needs_a_larger_inode() -> None:
    for size, is_extended in (((1 << 32) - 1, False), (1 << 32, True)):
        node = Node(b"a", Kind.FILE, 0o644, size=size, open=lambda size=size: Zeros(size))  # type: ignore[misc]
        planned = erofs.plan([node], IDENTIFIER, "", 1)
        *_, last = planned.chunks()
        assert planned.size == (1 << 32) + 2 * 4096 and bool(last[0] & 1) == is_extended
        assert int.from_bytes(last[8 : 16 if is_extended else 12], "little") == size


def test_a_root_of_many_names_lies_in_blocks() -> None:
    nodes = [Node(b"%04d" % number, Kind.DIRECTORY, 0o755) for number in range(5000)]
    reader = Reader(written(nodes))
    root = reader.inode(reader.root)
    assert (root.links, root.is_extended, root.start) == (5002, False, 1)
    assert sum(1 for _ in reader.names(root)) == 5002
    for name in (b"0000", b"4000", b"4999"):
        found = reader.find(root, name)
        assert found is not None and reader.find(reader.inode(found), b"..") == reader.root


@pytest.mark.slow
def test_a_directory_of_65534_others_needs_a_larger_inode() -> None:
    nodes = [Node(b"%05d" % number, Kind.DIRECTORY, 0o755) for number in range(65_534)]
    for count, is_extended in ((65_533, False), (65_534, True)):
        root = next(erofs.plan(nodes[:count], IDENTIFIER, "", 1).chunks())[1152:]
        links = int.from_bytes(root[44:48] if is_extended else root[6:8], "little")
        assert (links, bool(root[0] & 1)) == (count + 2, is_extended)


def test_a_content_that_changed_is_no_image() -> None:
    node = file(b"a", b"x" * 5000)
    for content in (b"y" * 5000, b"x" * 4999, b"x" * 5001):
        changed = Node(
            b"a", Kind.FILE, 0o644, 0, 0, 5000, lambda content=content: io.BytesIO(content), b"", node.digest
        )
        with pytest.raises(ContentChanged):
            written([changed])
    small = Node(b"a", Kind.FILE, 0o644, 0, 0, 3, lambda: io.BytesIO(b"abd"), digest=blake3(b"abc").digest())
    with pytest.raises(ContentChanged):
        written([small])


@pytest.mark.parametrize(
    "nodes",
    [
        [file(b"a", b""), file(b"a", b"")],
        [file(b"a", b""), file(b"a/b", b"")],
        [file(b"../a", b"")],
        [file(b"a" * 256, b"")],
        [Node(b"a", Kind.SYMLINK, 0o777)],
        [Node(b"a", Kind.CHARACTER, 0o600)],
        [file(b"a", b"", uid=(1 << 32) - 1)],
    ],
)
def test_nodes_that_no_kernel_has_are_refused(nodes: list[Node]) -> None:
    with pytest.raises(InvalidNode):
        erofs.plan(nodes, IDENTIFIER, "", 1)


def test_labels_and_times_have_limits() -> None:
    for label, mtime in (("x" * 16, 1), ("a\0", 1), ("x", -1)):
        with pytest.raises(InvalidParameter):
            erofs.plan([], IDENTIFIER, label, mtime)
