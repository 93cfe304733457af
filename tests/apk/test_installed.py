"""The database of installed packages: what a client writes is read, and what is written is read as it was."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from chx.apk import (
    Dependency,
    InstalledScript,
    Package,
    Triggers,
    installed_package,
    read_installed,
    read_package,
    read_scripts,
    read_triggers,
    read_world,
    tar,
    write_installed,
    write_package,
    write_scripts,
    write_triggers,
    write_world,
)
from chx.apk.errors import ApkError, BadLine, BadValue, Damaged

from .packages import opener, packages
from .test_hostile import two_files

TEXT = """\
C:Q1C1OTKyDVeKvPqU34MkPo8ia/Zw8=
P:demo
V:1-r0
A:x86_64
S:120
I:3
T:
U:
L:
g:x y
r:old
q:5
s:edge
f:fS
F:
M:0:0:1777
F:etc
R:issue
a:0:0:777
Z:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=
R:motd
F:usr/bin
R:su
a:0:0:4755:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=
Z:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=

C:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=
P:.build-deps
V:20200814.1
S:0
I:0
T:virtual
U:
L:
D:gcc make

"""


def test_a_database() -> None:
    found = read_installed(TEXT.encode(), "installed")
    demo, virtual = found
    assert [(directory.path, [file.name for file in directory.files]) for directory in demo.directories] == [
        ("", []),
        ("etc", ["issue", "motd"]),
        ("usr/bin", ["su"]),
    ]
    assert (demo.info.tags, demo.replaces_priority, demo.repository_tag, demo.flags) == (("x", "y"), 5, "edge", "fS")
    assert demo.directories[0].owner.mode == 0o1777
    assert demo.directories[2].files[0].owner.mode == 0o4755
    assert demo.directories[1].files[1].checksum is None
    assert virtual.info.name == ".build-deps"
    assert write_installed(found).decode() == TEXT
    assert read_installed(b"", "installed") == ()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(packages())
def test_what_is_written_is_read_as_it_was(case: tuple[Package, dict[str, bytes]]) -> None:
    package, contents = case
    out = io.BytesIO()
    identity = write_package(out, package, opener(contents))
    installed = installed_package(
        read_package(io.BytesIO(out.getvalue())).package, identity, lambda acl: (len(acl.user), 7)
    )
    assert installed.info.hashes == identity[:20] and installed.flags == "S"
    text = write_installed([installed, installed])
    found = read_installed(text, "installed")
    assert len(found) == 2
    assert found[0].directories == installed.directories
    assert write_installed(found) == text


@pytest.mark.parametrize(
    "line",
    [
        "x",
        "X:new",
        "R:a",
        "a:0:0:644",
        "Z:Q1AAAA",
        "M:0:0:755",
        "F:/etc",
        "F:etc/..",
        "F:../x",
        "F:etc\nR:a/b",
        "F:etc\nR:..",
        "F:etc\nR:",
        "F:etc\nM:0:0",
        "F:etc\nM:0:0:99",
        "F:etc\nM:0:0:-1",
        "F:etc\nM:0:0:77777",
        "F:etc\nM:x:0:755",
        "F:etc\nR:a\nZ:",
        "q:x",
        "f:z",
        "T:\udcff",
        "V:2",
    ],
)
def test_lines_that_are_refused(line: str) -> None:
    text = f"C:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\nP:a\nV:1\n{line}\n\n".encode("utf-8", "surrogateescape")
    with pytest.raises(BadLine, match=r"'installed': line [456]"):
        read_installed(text, "installed")


def test_a_package_without_a_name() -> None:
    with pytest.raises(BadLine, match="line 1: a package has no name"):
        read_installed(b"V:1\n\n", "installed")


def test_names_that_would_forge_lines_are_not_written() -> None:
    package, _ = two_files()
    installed = installed_package(package, bytes(32), lambda acl: (0, 0))
    for change in (
        {"directories": (replace(installed.directories[0], path="a\nF:b"),)},
        {
            "directories": (
                replace(installed.directories[0], files=(replace(installed.directories[0].files[0], name="a\nR:b"),)),
            )
        },
        {"info": replace(installed.info, description="x\nP:b")},
    ):
        with pytest.raises(BadValue):
            write_installed([replace(installed, **change)])  # type: ignore[arg-type]


def test_triggers() -> None:
    triggers = (Triggers(bytes(range(20)), ("/usr/share/*", "+/lib")), Triggers(bytes(20), ("/etc",)))
    text = write_triggers(triggers)
    assert text.splitlines()[0] == b"Q1AAECAwQFBgcICQoLDA0ODxAREhM= /usr/share/* +/lib"
    assert read_triggers(text, "triggers") == triggers
    for bad in (b"x y\n", b"Q1AAAA /x\n", b"Q1AAECAwQFBgcICQoLDA0ODxAREhM=  /x\n"):
        with pytest.raises(BadLine):
            read_triggers(bad, "triggers")
    with pytest.raises(BadValue):
        write_triggers([Triggers(bytes(20), ("a\nb",))])


def test_world() -> None:
    world = tuple(map(Dependency.parse, ["base-files", "dash>=0.5", "!bad"]))
    assert write_world(world) == b"base-files\ndash>=0.5\n!bad\n"
    assert read_world(b"base-files\n\n dash>=0.5  !bad\n", "world") == world
    with pytest.raises(BadLine, match="line 2"):
        read_world(b"a\nb=\n", "world")


def test_scripts() -> None:
    scripts = (
        InstalledScript("demo-1-r0", bytes(range(20)), "post-install", b"#!/bin/sh\n"),
        InstalledScript("b-2", bytes(20), "trigger", b"x"),
    )
    data = write_scripts(scripts)
    assert data == write_scripts(scripts)
    assert read_scripts(data, "scripts") == scripts
    assert read_scripts(b"", "scripts") == ()
    assert b"demo-1-r0.X1000102030405060708090a0b0c0d0e0f10111213.post-install" in gzip.decompress(data)
    for name in (
        b"x",
        b"../demo.X1" + b"0" * 40 + b".trigger",
        b"a.X1" + b"0" * 39 + b".trigger",
        b"a.X1" + b"0" * 40 + b".else",
    ):
        with pytest.raises(Damaged):
            read_scripts(gzip.compress(tar.whole(tar.Member(name), b"") + tar.END), "scripts")
    with pytest.raises(ApkError):
        read_scripts(data[:-1], "scripts")
    with pytest.raises(BadValue):
        write_scripts([InstalledScript("a/b", bytes(20), "trigger", b"")])
