"""Archives: what was written is what tar, bsdtar and Python read, and equal members give equal bytes."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.oci import ContentChanged, InvalidMember, Kind, Member, archive, in_order

LONG = b"/".join([b"d" * 60] * 6)


def opener(content: bytes):  # type: ignore[no-untyped-def]
    return lambda: io.BytesIO(content)


def file(path: bytes, content: bytes = b"", **more: object) -> Member:
    return Member(path, Kind.FILE, 0o644, size=len(content), open=opener(content), **more)  # type: ignore[arg-type]


def directory(path: bytes) -> Member:
    return Member(path, Kind.DIRECTORY, 0o755)


def link(path: bytes, target: bytes) -> Member:
    return Member(path, Kind.SYMLINK, 0o777, target=target)


def written(*members: Member, mtime: int = 1) -> bytes:
    return b"".join(archive(in_order(members), mtime))


part = st.binary(min_size=1, max_size=120).filter(
    lambda text: not set(text) & set(b"/\0") and text not in (b".", b"..")
)
names = st.one_of(part, st.text("abcé", min_size=1, max_size=90).map(str.encode))
paths = st.lists(names, min_size=1, max_size=5).map(b"/".join)
owner_names = st.one_of(st.just(""), st.text("abcé_", min_size=1, max_size=40))
numbers = st.one_of(st.integers(0, 70000), st.just(0o7777777), st.just(1 << 22))
metadata = st.fixed_dictionaries({"uid": numbers, "gid": numbers, "user": owner_names, "group": owner_names})


@st.composite
def roots(draw: st.DrawFn) -> list[Member]:
    """Trees of files, links and empty directories, none within another."""
    leaves: dict[bytes, Member] = {}
    for path in draw(st.lists(paths, max_size=6)):
        if any((path + b"/").startswith(one + b"/") or (one + b"/").startswith(path + b"/") for one in leaves):
            continue
        more = draw(metadata)
        mode = draw(st.integers(0, 0o7777))
        match draw(st.sampled_from("fldp")):
            case "f":
                content = draw(st.binary(max_size=1200))
                leaves[path] = Member(path, Kind.FILE, mode, size=len(content), open=opener(content), **more)
            case "l":
                target = draw(st.binary(min_size=1, max_size=300).filter(lambda text: b"\0" not in text))
                leaves[path] = Member(path, Kind.SYMLINK, 0o777, target=target, **more)
            case "p":
                leaves[path] = Member(path, Kind.FIFO, mode, **more)
            case _:
                leaves[path] = Member(path, Kind.DIRECTORY, mode, **more)
    return list(leaves.values())


@given(roots())
def test_python_reads_what_was_written(members: list[Member]) -> None:
    data = written(*members)
    assert len(data) % 10240 == 0
    ordered = in_order(members)
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape") as tar:
        found = tar.getmembers()
        assert [one.name.encode("utf-8", "surrogateescape") for one in found] == [one.path for one in ordered]
        for one, member in zip(found, ordered):
            assert one.type == member.kind
            assert (one.mode, one.uid, one.gid, one.mtime) == (member.mode, member.uid, member.gid, 1)
            assert (one.uname, one.gname) == (member.user, member.group)
            assert one.linkname.encode("utf-8", "surrogateescape") == member.target
            if member.open is not None:
                content = tar.extractfile(one)
                assert content is not None and content.read() == member.open().read()


@given(roots())
def test_the_order_of_members_does_not_matter(members: list[Member]) -> None:
    assert written(*members) == written(*reversed(members))


def test_short_plain_names_need_no_extended_header() -> None:
    data = written(directory(b"usr"), file(b"usr/x", b"content", uid=5, user="some"), link(b"y", b"usr/x"))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert not any(one.pax_headers for one in tar)
    assert len(data) == 10240
    deep = written(file(b"/".join([b"d" * 70] * 3)))
    with tarfile.open(fileobj=io.BytesIO(deep)) as tar:
        assert not any(one.pax_headers for one in tar)


class Zeros(io.RawIOBase):
    """Many zeros, without the memory for them."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        count = min(size, self._left)
        self._left -= count
        return bytes(count)


def test_a_file_of_more_than_8_gib_has_its_size() -> None:
    size = (8 << 30) + 5

    def zeros() -> BinaryIO:
        return Zeros(size)  # type: ignore[return-value]

    chunks = archive([Member(b"large", Kind.FILE, 0o600, size=size, open=zeros)], 1)
    head = next(chunks)
    total = len(head) + sum(map(len, chunks))
    with tarfile.open(fileobj=io.BytesIO(head), mode="r|") as tar:
        (found,) = [tar.next()]
        assert found is not None and (found.name, found.size) == ("large", size)
    assert total % 10240 == 0 and total - size < 20480


@pytest.mark.parametrize("tool", ["tar", "bsdtar"])
def test_other_programs_unpack_it(tmp_path: Path, tool: str) -> None:
    if shutil.which(tool) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{tool} is not here")
        pytest.skip(f"{tool} is not here")
    members = [
        directory(b"etc"),
        file(b"etc/new\nline", b"1"),
        file("etc/gr\u00fc\u00dfe".encode(), b"22"),
        file(b"etc/\xff\xfe", b"333"),
        file(LONG + b"/file", b"4444"),
        link(b"link", LONG + b"/file"),
    ]
    (tmp_path / "a.tar").write_bytes(written(*members))
    (tmp_path / "out").mkdir()
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    command = [tool, "-xf", "a.tar", "-C", "out"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    out = os.fsencode(tmp_path / "out")
    for member in members:
        place = out + b"/" + member.path
        if member.open is not None:
            with open(place, "rb") as handle:
                assert handle.read() == member.open().read()
            assert os.stat(place).st_mtime == 1
        elif member.target:
            assert os.readlink(place) == member.target


@pytest.mark.parametrize(
    "member",
    [
        file(b"../x"), file(b"/x"), file(b"a//b"), file(b"a/./b"), file(b"a\0b"), link(b"a", b"b\0"), link(b"a", b""),
        file(b""), Member(b"x", Kind.FILE, 0o644), Member(b"x", Kind.DIRECTORY, 0o10755), Member(b"x", b"3", 0o644),
        Member(b"x", Kind.DIRECTORY, 0o755, uid=-1), Member(b"x", Kind.DIRECTORY, 0o755, user="a\0"),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_what_no_archive_can_have_is_refused(member: Member) -> None:
    with pytest.raises(InvalidMember):
        written(member)


def test_a_path_twice_and_a_path_below_a_link_are_refused() -> None:
    with pytest.raises(InvalidMember, match="twice"):
        written(file(b"x"), file(b"x"))
    with pytest.raises(InvalidMember, match="no directory"):
        written(link(b"x", b"/etc"), file(b"x/passwd"))


@pytest.mark.parametrize("content", [b"short", b"much longer than it was", b"another"], ids=["less", "more", "other"])
def test_a_file_that_changed_ends_the_archive_with_an_error(content: bytes) -> None:
    was = b"content"
    digest = hashlib.sha256(was).digest()
    member = Member(b"x", Kind.FILE, 0o644, size=len(was), open=opener(content), digest=digest)
    with pytest.raises(ContentChanged):
        list(archive([member], 1, hashlib.sha256))
