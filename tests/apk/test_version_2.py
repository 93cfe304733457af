"""Packages and indexes of version 2: tar and openssl read them, and a reader refuses what would leave the root."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import tracemalloc
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chx.apk import (
    Acl,
    ApkError,
    Dependency,
    Directory,
    File,
    Index,
    Info,
    Package,
    Scripts,
    entry_of,
    generate,
    index_entry_v2,
    load_private,
    load_public,
    open_index,
    open_package,
    read_index_v2,
    read_package_v2,
    tar,
    write_index,
    write_index_v2,
    write_package,
    write_package_v2,
)
from chx.apk.errors import (
    BadContent,
    BadLine,
    BadSignature,
    BadValue,
    Damaged,
    HostileName,
    NotApk,
    TooLarge,
    Truncated,
    Untrusted,
)

from .packages import opener, packages
from .programs import run

ACL = Acl(0o644)
MOTD = b"hi\n"


def demo() -> tuple[Package, dict[str, bytes]]:
    contents = {"etc/motd": MOTD, "usr/" + "d" * 120 + "/x": b"long", "usr/bin/x": bytes(3 << 20)}
    folders = ["", "etc", "usr", "usr/bin", "usr/" + "d" * 120]
    files: dict[str, list[File]] = {folder: [] for folder in folders}
    for path, data in contents.items():
        folder, _, name = path.rpartition("/")
        files[folder].append(
            File(name, Acl(0o755 if folder == "usr/bin" else 0o644), len(data), 5, hashlib.sha256(data).digest())
        )
    files["etc"].insert(0, File("issue", Acl(0o777), 4, 5, link_target="motd"))
    files["usr/bin"].append(replace(files["usr/bin"][0], name="y", hard_link="usr/bin/x"))
    directories = tuple(
        [Directory(folder, Acl(0o755), tuple(files[folder])) for folder in sorted(folders, key=str.encode)]
    )
    info = Info(
        "demo",
        "1.2-r0",
        description="a demo",
        arch="x86_64",
        license="MIT",
        origin="demo",
        maintainer="A <a@example.org>",
        url="https://example.org",
        repo_commit=bytes(range(20)),
        build_time=1700000000,
        provider_priority=7,
        depends=tuple(map(Dependency.parse, ["!bad", "so:libc.so", "zlib>=1.2"])),
        provides=(Dependency.parse("cmd:x=1.2-r0"),),
        replaces=(Dependency.parse("old"),),
        install_if=(Dependency.parse("a=1"), Dependency.parse("b")),
    )
    return Package(
        info, directories, Scripts(post_install=b"#!/bin/sh\n", trigger=b"#!/bin/sh\n"), ("/usr/share/*",), 3
    ), contents


def written(**options: object) -> bytes:
    package, contents = demo()
    out = io.BytesIO()
    write_package_v2(out, package, opener(contents), **options)  # type: ignore[arg-type]
    return out.getvalue()


def members_of(data: bytes) -> list[bytes]:
    """The members of a file, as they are packed."""
    import zlib

    found = []
    while data:
        unpacker = zlib.decompressobj(31)
        unpacker.decompress(data)
        assert unpacker.eof
        found.append(data[: len(data) - len(unpacker.unused_data)])
        data = unpacker.unused_data
    return found


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "me.rsa"
    generate(str(path), bits=2048)
    return path


def test_what_is_read_is_what_was_written() -> None:
    package, contents = demo()
    data = written()
    reader = read_package_v2(io.BytesIO(data), "x.apk")
    found = reader.package
    assert replace(found, info=replace(found.info, hashes=b"", installed_size=None)) == package
    assert found.info.hashes == reader.identity == hashlib.sha1(members_of(data)[0]).digest()
    assert found.info.installed_size == 3 + 4 + (3 << 20)
    read = {directory.path_of(file): b"".join(pieces) for directory, file, pieces in reader.contents()}
    assert read == {**contents, "etc/issue": b"", "usr/bin/y": b""}
    again = io.BytesIO()
    write_package_v2(again, found, opener(contents))
    assert again.getvalue() == data


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(packages())
def test_write_read_write_is_a_fixed_point(case: tuple[Package, dict[str, bytes]]) -> None:
    package, contents = case
    hidden = [
        directory.path_of(file) for directory, file in package.entries() if directory.path_of(file).startswith(".")
    ]
    hidden += [directory.path for directory in package.directories if directory.path.startswith(".")]
    numbers = [file.mtime for _, file in package.entries()]
    out = io.BytesIO()
    try:
        write_package_v2(out, package, opener(contents))
    except BadValue:
        assert hidden
        return
    assert not hidden and all(number >= 0 for number in numbers)
    first = read_package_v2(io.BytesIO(out.getvalue())).package
    again = io.BytesIO()
    write_package_v2(again, first, opener(contents))
    assert again.getvalue() == out.getvalue()


def test_tar_reads_the_files(tmp_path: Path) -> None:
    (tmp_path / "x.apk").write_bytes(written())
    done = run("tar", "-C", tmp_path, "--warning=no-unknown-keyword", "-xzf", tmp_path / "x.apk")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "etc/motd").read_bytes() == MOTD
    assert (tmp_path / "etc/issue").readlink() == Path("motd")
    assert (tmp_path / "usr" / ("d" * 120) / "x").read_bytes() == b"long"
    assert (tmp_path / "usr/bin/y").stat().st_ino == (tmp_path / "usr/bin/x").stat().st_ino
    assert b"pkgname = demo\n" in (tmp_path / ".PKGINFO").read_bytes()
    assert (tmp_path / ".post-install").stat().st_mode & 0o777 == 0o755
    listing = run("tar", "--warning=no-unknown-keyword", "-tvzf", tmp_path / "x.apk").stdout.decode()
    assert "root/root" in listing and ".trigger" in listing


def test_the_fragments_have_no_end_but_the_last() -> None:
    control, data = map(gzip.decompress, members_of(written()))
    assert not control.endswith(bytes(1024)) and data.endswith(bytes(1024))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        headers = {member.name: member.pax_headers for member in archive}
    assert headers["etc/motd"]["APK-TOOLS.checksum.SHA1"] == hashlib.sha1(MOTD).hexdigest()
    assert headers["etc/issue"]["APK-TOOLS.checksum.SHA1"] == hashlib.sha1(b"motd").hexdigest()
    assert "datahash = " + hashlib.sha256(members_of(written())[1]).hexdigest() in control.decode()


@pytest.mark.parametrize(("algorithm", "digest"), [("RSA", "sha1"), ("RSA256", "sha256"), ("RSA512", "sha512")])
def test_openssl_verifies_the_signature(key: Path, tmp_path: Path, algorithm: str, digest: str) -> None:
    data = written(signer=load_private(str(key)), algorithm=algorithm)
    signature, control, _ = members_of(data)
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(signature))) as archive:
        (member,) = archive
        assert member.name == f".SIGN.{algorithm}.me.rsa.pub"
        file = archive.extractfile(member)
        assert file is not None
        (tmp_path / "signature").write_bytes(file.read())
    (tmp_path / "control").write_bytes(control)
    done = run(
        "openssl",
        "dgst",
        f"-{digest}",
        "-verify",
        f"{key}.pub",
        "-signature",
        tmp_path / "signature",
        tmp_path / "control",
    )
    assert done.returncode == 0, done.stderr
    reader = read_package_v2(io.BytesIO(data))
    assert reader.verify_signature([load_public(f"{key}.pub")]).name == "me.rsa.pub"
    assert reader.package.info.name == "demo"


def test_trust(key: Path) -> None:
    public = load_public(f"{key}.pub")
    with pytest.raises(Untrusted, match="nobody"):
        read_package_v2(io.BytesIO(written())).verify_signature([public])
    signed = written(signer=load_private(str(key)))
    with pytest.raises(Untrusted, match="no trusted key"):
        read_package_v2(io.BytesIO(signed)).verify_signature([])
    signature = members_of(signed)[0]
    package, contents = demo()
    other = io.BytesIO()
    write_package_v2(other, replace(package, info=replace(package.info, description="other")), opener(contents))
    with pytest.raises(BadSignature):
        read_package_v2(io.BytesIO(signature + other.getvalue())).verify_signature([public])


def test_a_key_that_is_not_rsa_does_not_sign(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="RSA"):
        written(signer=generate(str(tmp_path / "ec"), "ec"))


def test_either_version_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    package, contents = demo()
    (tmp_path / "2.apk").write_bytes(written())
    with open(tmp_path / "3.apk", "wb") as out:
        write_package(out, package, opener(contents), compression="zstd")
    for version in (2, 3):
        path = str(tmp_path / f"{version}.apk")
        with open_package(path) as reader:
            reader.verify()
            assert reader.package.directories == package.directories
        entry = entry_of(path)
        assert (entry.name, entry.file_size) == ("demo", (tmp_path / f"{version}.apk").stat().st_size)
    (tmp_path / "x").write_bytes(b"PK\x03\x04")
    with pytest.raises(NotApk), open_package(str(tmp_path / "x")):
        pass
    with pytest.raises(NotApk):
        open_index(str(tmp_path / "x"))


INDEX = """\
C:Q1AAECAwQFBgcICQoLDA0ODxAREhM=
P:demo
V:1.2-r0
A:x86_64
S:100
I:200
T:a demo
U:https://example.org
L:MIT
o:demo
m:A <a@example.org>
t:1700000000
c:000102030405060708090a0b0c0d0e0f10111213
k:7
D:!bad so:libc.so zlib>=1.2
p:cmd:x=1.2-r0
i:a=1 b

C:Q1AAECAwQFBgcICQoLDA0ODxAREhM=
P:empty
V:1
S:0
I:0
T:
U:
L:

"""


def test_the_text_of_an_index() -> None:
    package, _ = demo()
    info = replace(package.info, hashes=bytes(range(20)), file_size=100, installed_size=200, replaces=())
    empty = Info("empty", "1", bytes(range(20)))
    out = io.BytesIO()
    write_index_v2(out, Index("d", (empty, info)))
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
        names = archive.getnames()
        file = archive.extractfile("APKINDEX")
        assert file is not None and file.read().decode() == INDEX
    assert names == ["DESCRIPTION", "APKINDEX"]
    found = read_index_v2(io.BytesIO(out.getvalue())).index
    assert found == Index("d", (info, replace(empty, file_size=0, installed_size=0)))


def test_an_index_is_signed(key: Path, tmp_path: Path) -> None:
    entry = index_entry_v2(io.BytesIO(written()))
    path = tmp_path / "APKINDEX.tar.gz"
    with open(path, "wb") as out:
        write_index_v2(out, Index("d", (entry,)), signer=load_private(str(key)))
    found = open_index(str(path))
    assert found.verify_signature([load_public(f"{key}.pub")]).name == "me.rsa.pub"
    assert found.index.packages == (replace(entry, replaces=()),)
    with open(path, "wb") as out:
        write_index(out, Index("d", (entry,)), compression="deflate")
    assert open_index(str(path)).index.packages[0].name == "demo"


def test_metadata_of_an_index_is_not_read_from_the_data() -> None:
    control, data = members_of(written())
    found = index_entry_v2(io.BytesIO(control + b"\x1f\x8b" + bytes(len(data) - 2)))
    assert found.name == "demo"


# What is refused


def archive_of(*members: tuple[tar.Member, bytes]) -> bytes:
    return b"".join([tar.whole(replace(member, size=len(data)), data) for member, data in members]) + tar.END


def package_of(data: bytes, control: bytes = b"", data_hash: str | None = None) -> bytes:
    packed = gzip.compress(data, mtime=0)
    text = (
        b"pkgname = demo\npkgver = 1\ndatahash = "
        + (data_hash or hashlib.sha256(packed).hexdigest()).encode()
        + b"\n"
        + control
    )
    head = tar.whole(tar.Member(b".PKGINFO", size=len(text)), text)
    return gzip.compress(head, mtime=0) + packed


def refused(error: type[ApkError], data: bytes, words: str = "") -> None:
    with pytest.raises(error) as caught:
        read_package_v2(io.BytesIO(data), "x.apk").verify()
    assert caught.value.message.startswith("'x.apk': ")
    assert words in caught.value.message, caught.value.message
    assert len(caught.value.message) < 600


FILE, LINK = tar.Member(b"etc/a"), tar.Member(b"etc", kind=tar.SYMBOLIC_LINK, link=b"/tmp")


@pytest.mark.parametrize(
    "path",
    [
        b"../x",
        b"/x",
        b"a/../x",
        b"a//b",
        b"a/./b",
        b"a\nb",
        b"a/",
        b"usr/../../x",
        b"a\n",
        b"x" * 256,
        b"a/" * 2100 + b"a",
    ],
)
def test_paths_that_leave_or_deceive(path: bytes) -> None:
    refused(HostileName, package_of(archive_of((replace(FILE, path=path), b""))))


@pytest.mark.parametrize("path", [b"../x/", b"/x/", b"a/../", b"a\nb/", b"/", b"//"])
def test_paths_of_directories_that_leave_or_deceive(path: bytes) -> None:
    refused(HostileName, package_of(archive_of((tar.Member(path, kind=tar.DIRECTORY), b""))))


def test_a_path_in_an_extended_header_counts() -> None:
    refused(HostileName, package_of(archive_of((replace(FILE, pax=((b"path", b"../x"),)), b""))))


def test_names_at_the_top_that_begin_with_a_dot_are_not_installed() -> None:
    data = package_of(archive_of((replace(FILE, path=b".hidden"), b"x"), (replace(FILE, path=b"./etc/b"), b"y")))
    found = read_package_v2(io.BytesIO(data)).package
    assert [directory.path_of(file) for directory, file in found.entries()] == ["etc/b"]


def test_a_link_and_then_a_file_below_it() -> None:
    refused(HostileName, package_of(archive_of((LINK, b""), (FILE, b"x"))), "something else at once")


def test_links_to_nothing_and_hard_links_to_others() -> None:
    refused(HostileName, package_of(archive_of((replace(LINK, link=b""), b""))))
    refused(HostileName, package_of(archive_of((replace(LINK, link=b"a\nb"), b""))))
    for target in (b"etc/passwd", b"/etc/passwd", b"../x"):
        hard = tar.Member(b"x", kind=tar.HARD_LINK, link=target)
        refused(HostileName, package_of(archive_of((hard, b""))), "no such file")
    hard = tar.Member(b"x", kind=tar.HARD_LINK, link=b"etc")
    refused(HostileName, package_of(archive_of((LINK, b""), (hard, b""))), "no such file")


def test_a_file_twice() -> None:
    refused(Damaged, package_of(archive_of((FILE, b""), (FILE, b""))), "twice")


def test_a_wrong_hash_of_the_data() -> None:
    refused(BadContent, package_of(archive_of((FILE, b"")), data_hash="0" * 64), "hash")
    text = b"pkgname = demo\npkgver = 1\n"
    head = gzip.compress(tar.whole(tar.Member(b".PKGINFO", size=len(text)), text))
    refused(BadContent, head + gzip.compress(archive_of((FILE, b""))), "hash")


def test_a_wrong_checksum_of_a_file() -> None:
    for member in (
        replace(FILE, pax=((b"APK-TOOLS.checksum.SHA1", b"0" * 40),)),
        replace(LINK, pax=((b"APK-TOOLS.checksum.SHA1", b"0" * 40),)),
    ):
        refused(BadContent, package_of(archive_of((member, b""))), "SHA-1")


def test_something_after_the_data() -> None:
    data = package_of(archive_of((FILE, b"x")))
    refused(Damaged, data + data, "follows")
    refused(Damaged, data + b"x", "")
    refused(Damaged, package_of(archive_of((FILE, b"x")) + b"x" * 512), "follows")


def test_every_truncation_is_named() -> None:
    data = package_of(archive_of((FILE, b"x" * 3000)))
    for size in range(len(data) - 1):
        with pytest.raises((Truncated, NotApk, BadContent)):
            read_package_v2(io.BytesIO(data[:size])).verify()


def test_large_extended_headers() -> None:
    head = replace(FILE, pax=((b"SCHILY.xattr.user.x", bytes(2 << 20)),))
    refused(TooLarge, package_of(archive_of((head, b""))))


def test_many_extended_headers_of_many_files() -> None:
    members = [
        (tar.Member(b"%d" % number, pax=((b"SCHILY.xattr.user.x", bytes(1 << 20 - 1)),)), b"") for number in range(300)
    ]
    data = package_of(archive_of(*members))
    assert len(data) < 1 << 20
    refused(TooLarge, data, "names and attributes")


@pytest.mark.parametrize(
    "records", [b"x", b"5 a\n", b"99 a=b\n", b"0 a=b\n", b"-6 a=b\n", b"6 a=b", b"7 a=b\n", b"06a=b\n"]
)
def test_damaged_extended_headers(records: bytes) -> None:
    head = tar.whole(tar.Member(b"pax", kind=b"x", size=len(records)), records)
    refused(Damaged, package_of(head + archive_of((FILE, b""))), "extended header")


@pytest.mark.parametrize("size", [b"9" * 30, b"-1", b"x", str(1 << 62).encode()])
def test_sizes_in_extended_headers(size: bytes) -> None:
    refused(ApkError, package_of(archive_of((replace(FILE, pax=((b"size", size),)), b""))))


def test_giant_sizes_take_no_memory() -> None:
    head = bytearray(tar.head(FILE))
    head[124:136] = b"\x80" + (1 << 58).to_bytes(11, "big")
    head[148:156] = b"        "
    head[148:156] = b"%06o\0 " % sum(head)
    tracemalloc.start()
    refused(Truncated, package_of(bytes(head) + b"x" * 1024))
    head[124:136] = b"\xff" * 12
    head[148:156] = b"        "
    head[148:156] = b"%06o\0 " % sum(head)
    refused(TooLarge, package_of(bytes(head) + b"x" * 1024))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_header_with_a_wrong_checksum_or_number() -> None:
    head = bytearray(tar.head(FILE))
    head[0] ^= 1
    refused(Damaged, package_of(bytes(head) + tar.END), "checksum")
    head[100:108] = b"09zzzzz\0"
    head[148:156] = b"        "
    head[148:156] = b"%06o\0 " % sum(head)
    refused(Damaged, package_of(bytes(head) + tar.END), "number")


def test_kinds_of_members_that_are_not_known() -> None:
    refused(Damaged, package_of(archive_of((replace(FILE, kind=b"S"), b""))), "kind")


def test_a_bomb_in_the_control_member() -> None:
    bomb = gzip.compress(tar.head(tar.Member(b".PKGINFO", size=1 << 30)) + bytes(64 << 20))
    tracemalloc.start()
    refused(TooLarge, bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 << 20


def test_control_members_that_are_none() -> None:
    refused(NotApk, b"")
    refused(NotApk, gzip.compress(b""))
    refused(NotApk, gzip.compress(archive_of((FILE, b""))))
    twice = gzip.compress(
        archive_of((tar.Member(b".PKGINFO"), b"pkgname = a\npkgver = 1\n"), (tar.Member(b".PKGINFO"), b""))
    )
    refused(Damaged, twice, "two files")
    large = gzip.compress(archive_of((tar.Member(b".PKGINFO"), b""), (tar.Member(b".post-install"), bytes(300 << 10))))
    refused(TooLarge, large, "post-install")


@pytest.mark.parametrize(
    "line",
    [
        "x",
        "pkgname = b",
        "size = -1",
        "size = x",
        "builddate = " + "9" * 30,
        "depend = a b=",
        "commit = xyz",
        "size = ٣",
        "url = a\0b",
    ],
)
def test_lines_of_pkginfo(line: str) -> None:
    refused(BadLine, package_of(archive_of((FILE, b"")), f"{line}\n".encode()), "line 4")


def test_pkginfo_in_no_utf_8() -> None:
    refused(BadLine, package_of(archive_of((FILE, b"")), b"url = \xff\n"), "line 4: it is no UTF-8")


@pytest.mark.parametrize("line", ["C:x", "C:Q1AAAA", "C:Q2AAAA", "V:x", "S:-1", "D:a=", "Xy", "Y:new", "P:a", "P:../x"])
def test_lines_of_an_index(line: str) -> None:
    packed = gzip.compress(archive_of((tar.Member(b"APKINDEX"), f"P:a\nV:1\n{line}\n\n".encode())))
    if line == "P:../x":
        packed = gzip.compress(archive_of((tar.Member(b"APKINDEX"), f"{line}\nV:1\n".encode())))
    elif line == "V:x":
        packed = gzip.compress(archive_of((tar.Member(b"APKINDEX"), b"P:a\nT:\nV:x\n")))
    with pytest.raises(BadLine, match=r"'x': line [13]"):
        read_index_v2(io.BytesIO(packed), "x")


def test_lower_case_letters_that_are_not_known_are_left_out() -> None:
    packed = gzip.compress(archive_of((tar.Member(b"APKINDEX"), b"P:a\nV:1\nz:new\n")))
    assert read_index_v2(io.BytesIO(packed)).index.packages == (Info("a", "1"),)


def test_what_is_no_index() -> None:
    for data in (b"", gzip.compress(archive_of((FILE, b""))), gzip.compress(b"")):
        with pytest.raises(NotApk):
            read_index_v2(io.BytesIO(data))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_changed_bytes_of_the_archive_give_a_package_or_a_named_error(data: st.DataObject) -> None:
    archive = bytearray(
        archive_of((LINK, b""), (replace(FILE, path=b"usr/a", pax=((b"SCHILY.xattr.user.x", b"y"),)), b"xyz"))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ApkError):
        read_package_v2(io.BytesIO(package_of(bytes(archive)))).verify()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_changed_bytes_of_a_file_are_named_errors(data: st.DataObject) -> None:
    original = bytearray(package_of(archive_of((FILE, b"xyz"))))
    original[data.draw(st.integers(0, len(original) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(ApkError):
        read_package_v2(io.BytesIO(bytes(original))).verify()
