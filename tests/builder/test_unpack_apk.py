"""Packages of apk as archives: both versions, good and bad."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from chx.apk import (
    Acl,
    Device,
    Directory,
    File,
    Index,
    Info,
    Package,
    PrivateKey,
    Scripts,
    generate,
    tar,
    write_index,
    write_index_v2,
    write_package,
    write_package_v2,
)
from chx.apk.errors import ApkError
from chx.builder import Builder
from chx.builder.builtin.archive import members
from chx.builder.builtin.globs import selection
from chx.builder.builtin.unpack import unpack_archive
from chx.builder.builtin.writer import TreeWriter
from chx.builder.errors import ArchiveRefused, ArchiveUnreadable, OutputLimitExceeded
from chx.store import Derivation

from ..apk.packages import opener, packages
from .test_unpack import tar as plain_tar

ACL = Acl(0o644)
TOP = Acl(0o755)
PROGRAM = b"#!/bin/sh\n"
CONTENT = {"bin/run": PROGRAM, "usr/share/text": b"text\n" * 50_000, "bin/su": b"su"}


def regular(name: str, path: str, mode: int = 0o644) -> File:
    data = CONTENT[path]
    return File(name, Acl(mode), len(data), 1, hashlib.sha256(data).digest())


def demo(*more: Directory) -> Package:
    run = regular("run", "bin/run", 0o755)
    return Package(
        Info("demo", "1-r0", arch="x86_64"),
        (
            Directory("", TOP),
            Directory(
                "bin",
                TOP,
                (
                    run,
                    replace(run, name="run-again", hard_link="bin/run"),
                    File("sh", Acl(0o777), 3, 1, link_target="run"),
                    regular("su", "bin/su", 0o4755),
                ),
            ),
            *more,
            Directory("usr", TOP),
            Directory("usr/share", TOP, (regular("text", "usr/share/text"),)),
            Directory("var", Acl(0o700)),
        ),
        Scripts(post_install=b"#!/bin/sh\nexit 1\n"),
    )


@cache
def key() -> PrivateKey:
    with tempfile.TemporaryDirectory() as folder:
        return generate(f"{folder}/x.rsa", "rsa", 2048)


def version_3(package: Package, compression: str = "zstd", signed: bool = True) -> bytes:
    out = io.BytesIO()
    signers = [key()] if signed else []
    write_package(out, package, lambda path: CONTENT[path], compression=compression, signers=signers)
    return out.getvalue()


def version_2(package: Package, signed: bool = True) -> bytes:
    out = io.BytesIO()
    write_package_v2(out, package, lambda path: CONTENT[path], signer=key() if signed else None)
    return out.getvalue()


Unpack = Callable[..., dict[str, object]]


@pytest.fixture
def unpack(tmp_path: Path) -> Unpack:
    """Unpack bytes as the archive ARCHIVE; returns what is there by path."""
    count = iter(range(10**9))

    def run(
        data: bytes, limit: int = 0, only: tuple[str, ...] = (), log: Callable[[str], None] = print
    ) -> dict[str, object]:
        root = tmp_path / f"tree-{next(count)}"
        (tmp_path / "archive").write_bytes(data)
        writer = TreeWriter(str(root), "ARCHIVE", limit)
        unpack_archive(writer, str(tmp_path / "archive"), 0, selection(only, ()), log)
        return tree(str(root))

    return run


def tree(root: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            place = os.path.join(folder, name)
            path = os.path.relpath(place, root)
            if os.path.islink(place):
                found[path] = f"->{os.readlink(place)}"
            elif os.path.isdir(place):
                found[path] = "/"
            else:
                with open(place, "rb") as file:
                    found[path] = (file.read(), bool(os.stat(place).st_mode & 0o100))
    return found


TREE = {
    "bin": "/",
    "bin/run": (PROGRAM, True),
    "bin/run-again": (PROGRAM, True),
    "bin/sh": "->run",
    "bin/su": (b"su", True),
    "usr": "/",
    "usr/share": "/",
    "usr/share/text": (CONTENT["usr/share/text"], False),
    "var": "/",
}
FORMS = {
    "3, zstd": version_3(demo()),
    "3, deflate": version_3(demo(), "deflate"),
    "3, plain": version_3(demo(), "none", False),
    "2": version_2(demo()),
    "2, unsigned": version_2(demo(), False),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_files_of_a_package(unpack: Unpack, form: str) -> None:
    log: list[str] = []
    assert unpack(FORMS[form], log=log.append) == TREE
    assert log == ["dropped the set-user-id or set-group-id bit of bin/su"]


def test_both_versions_give_one_object(store, recorder) -> None:  # type: ignore[no-untyped-def]
    objects = set()
    for data in FORMS.values():
        source = store.add_bytes(data, "demo.apk")
        env = {"src": str(source), "strip": "1", "only": "share/** run*", "exclude": "run-again"}
        drv = store.add_derivation(Derivation("x", "builtin", "builtin:unpack", env=env, input_srcs=(source,)))
        objects.add(Builder(store, reporter=recorder).realise([(drv, ("out",))])[drv, "out"])
    assert len(objects) == 1
    assert tree(store.physical(objects.pop())) == {
        "run": (PROGRAM, True),
        "share": "/",
        "share/text": (CONTENT["usr/share/text"], False),
    }


@pytest.mark.parametrize("form", FORMS)
def test_every_damage_is_found(unpack: Unpack, form: str) -> None:
    data = FORMS[form]
    for at in (3, len(data) // 3, len(data) // 2, len(data) - 12):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]):
            try:
                found = unpack(damaged)
            except (ArchiveUnreadable, ArchiveRefused):
                continue
            # Neither signatures nor what no reader looks at are content.
            assert found == TREE


def test_control_members_of_other_programs(unpack: Unpack) -> None:
    """They have extended headers, and files that nobody needs."""
    whole = version_2(demo(), False)
    control = zlib.decompressobj(31)
    head = tar.head(tar.Member(b".MORE", size=5, pax=((b"comment", b"x"),)))
    text = head + b"more\n" + tar.padding(5) + tar.head(tar.Member(b"x", pax=((b"mtime", b"1.5"),)))[:1024]
    assert unpack(gzip.compress(text + control.decompress(whole)) + control.unused_data) == TREE


def in_archive(change: Callable[[bytes], bytes]) -> bytes:
    """A package of version 2 whose data is another, and whose hash is right."""
    whole = version_2(demo(), False)
    control = zlib.decompressobj(31)
    text = control.decompress(whole)
    data = gzip.compress(change(gzip.decompress(control.unused_data)), mtime=0)
    at = text.index(b"datahash = ") + 11
    text = text[:at] + hashlib.sha256(data).hexdigest().encode() + text[at + 64 :]
    return gzip.compress(text, mtime=0) + data


def member(path: bytes, content: bytes = b"", **more: object) -> bytes:
    return tar.whole(tar.Member(path, size=len(content), **more), content) + tar.END  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "archive, reason",
    [
        (member(b"../evil"), "has the component"),
        (member(b"/etc/evil"), "is absolute"),
        (member(b"a\nb"), "newline"),
        (member(b"h", kind=tar.HARD_LINK, link=b"../etc/passwd"), "no such file"),
        (member(b"h", kind=tar.HARD_LINK, link=b"missing"), "no such file"),
        (member(b"d", kind=tar.SYMBOLIC_LINK, link=b"/tmp")[:512] + member(b"d/evil"), "through the link"),
        (member(b"null", kind=tar.CHARACTER_DEVICE, device=259), "it is a device node"),
        (member(b"pipe", kind=tar.FIFO), "it is a named pipe"),
    ],
    ids=range(8),
)
def test_what_a_package_must_not_have(unpack: Unpack, archive: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match=reason):
        unpack(in_archive(lambda data: archive))
    assert not (tmp_path / "evil").exists() and not os.path.exists("/tmp/evil")


@pytest.mark.parametrize("kind, name", [("block", "a device node"), ("fifo", "a named pipe")])
def test_devices_are_refused_in_version_3(unpack: Unpack, kind: str, name: str) -> None:
    package = demo(Directory("dev", TOP, (File("x", ACL, device=Device(kind)),)))
    with pytest.raises(ArchiveRefused, match=f"member 'dev/x' of 'ARCHIVE' is refused: it is {name}"):
        unpack(version_3(package))
    with pytest.raises(ArchiveRefused, match=name):
        unpack(version_2(package))


def test_names_are_refused_in_version_3(unpack: Unpack) -> None:
    data = version_3(demo(Directory("ev/ilx", TOP)), "none", False)
    with pytest.raises(ArchiveRefused, match=r"'ev/\.\./' of 'ARCHIVE' is refused: its path has the component"):
        unpack(data.replace(b"ev/ilx", b"ev/../", 1))


@pytest.mark.parametrize("form", FORMS)
def test_bombs_end_at_the_limit(unpack: Unpack, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 1 << 26
    zeros = bytes(size)
    monkeypatch.setitem(CONTENT, "d/bomb", zeros)
    package = demo(Directory("d", TOP, (regular("bomb", "d/bomb"),)))
    data = (
        version_2(package)
        if form.startswith("2")
        else version_3(package, form.partition(", ")[2].replace("plain", "none"))
    )
    with pytest.raises(OutputLimitExceeded):
        unpack(data, limit=1 << 20)
    # What nobody wants counts for nothing.
    assert list(unpack(data, limit=1 << 20, only=("bin/run",))) == ["bin", "bin/run"]


def test_other_archives_that_begin_alike_are_themselves(unpack: Unpack, tmp_path: Path) -> None:
    like_a_package = plain_tar((".PKGINFO", b"pkgname = x\n"), ("usr/x", b"x"))
    assert unpack(gzip.compress(like_a_package)) == {
        ".PKGINFO": (b"pkgname = x\n", False),
        "usr": "/",
        "usr/x": (b"x", False),
    }
    # A hidden file is no control file in a folder, and an archive is not searched to its end for one.
    deep = plain_tar(("./.PKGINFO", b"x\ndatahash = x\n"), (".PKGINFO", b"x\ndatahash = x\n"))
    assert sorted(unpack(gzip.compress(deep))) == [".PKGINFO"]
    many = plain_tar(*((f".{number}", b"") for number in range(100)), (".PKGINFO", b"x\ndatahash = x\n"))
    assert len(unpack(gzip.compress(many))) == 101
    out = io.BytesIO()
    write_index_v2(out, Index("", (Info("a", "1"),)))
    assert sorted(unpack(out.getvalue())) == ["APKINDEX", "DESCRIPTION"]
    out = io.BytesIO()
    write_index(out, Index("", ()))
    with pytest.raises(ArchiveUnreadable, match="it is a file of apk, but no package"):
        unpack(out.getvalue())
    with pytest.raises(ArchiveUnreadable, match="no tar, zip, Debian package, wheel or package of apk"):
        unpack(b"AD")


@given(packages())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_members_are_the_files(tmp_path: Path, drawn: tuple[Package, dict[str, bytes]]) -> None:
    package, contents = drawn
    devices = [path for path, file in walk(package) if file.device is not None]
    expected = {path: file for path, file in walk(package)}
    for write in (write_package, write_package_v2):
        out = io.BytesIO()
        try:
            write(out, package, opener(contents))
        except ApkError:
            continue  # version 2 has no place for all that version 3 has
        (tmp_path / "archive").write_bytes(out.getvalue())
        found = []
        try:
            for one in members(str(tmp_path / "archive"), "ARCHIVE"):
                if one.kind == "directory":
                    continue
                found.append(one.name)
                file = expected[one.name]
                assert one.target == (file.link_target or file.hard_link or "")
                if one.kind == "file":
                    assert one.content is not None
                    assert one.content.read(1000) == contents[one.name]
                    assert one.executable == bool(file.acl.mode & 0o100)
        except ArchiveRefused:
            assert devices
            continue
        assert sorted(found) == sorted(expected) and not devices


def walk(package: Package) -> list[tuple[str, File]]:
    return [(directory.path_of(file), file) for directory, file in package.entries()]
