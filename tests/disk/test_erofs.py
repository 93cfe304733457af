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

from ..programs import needed

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


names = st.binary(min_size=1, max_size=40).filter(lambda name: not set(name) & {0, 0x2F} and name not in (b".", b".."))


@settings(max_examples=15)
@given(st.dictionaries(names, st.one_of(st.integers(0, 20_000), st.none()), max_size=30))
def test_any_tree_is_read_again(tmp_path_factory: pytest.TempPathFactory, tree: dict[bytes, int | None]) -> None:
    nodes = [
        Node(name, Kind.DIRECTORY, 0o755) if size is None else file(name, name[:1] * size)
        for name, size in tree.items()
    ]
    root = extracted(written(nodes), tmp_path_factory.mktemp("erofs"))
    assert set(os.listdir(os.fsencode(root))) == set(tree)
    for name, size in tree.items():
        if size is not None:
            assert Path(os.fsdecode(os.fsencode(root) + b"/" + name)).read_bytes() == name[:1] * size


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
