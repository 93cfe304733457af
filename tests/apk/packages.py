"""Packages of all kinds, for laws."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import BinaryIO

from hypothesis import strategies as st

from chx.apk import Acl, Dependency, Device, Directory, File, Info, Package, Scripts

PACKAGE_NAMES = st.sampled_from(["a", "a-b", "a.b", "B", "lib+x", "0ad"])
VERSIONS = st.sampled_from(["1", "1.10-r0", "1.9", "2_rc1-r3", "0_git20200814"])
LINES = st.one_of(st.sampled_from(["", "text", "x" * 255, "x" * 256]), st.text("aé\u4e2d b", max_size=5).map(str.strip))
NUMBERS = st.one_of(st.integers(0, 9), st.integers(0, 1 << 34), st.just(1 << 28), st.just((1 << 28) - 1))
OPTIONAL = st.one_of(st.none(), NUMBERS)
BYTE_NAMES = st.one_of(
    st.sampled_from([b"a", b"b", b"a-b", b"bin", b"usr", "é".encode(), b"\xff\xfe", b"name" * 30]),
    st.binary(min_size=1, max_size=8).filter(lambda name: not set(name) & set(b"/\n\0") and name not in (b".", b"..")),
)
FILE_NAMES = BYTE_NAMES.map(lambda name: name.decode("utf-8", "surrogateescape"))
OWNERS = st.sampled_from(["root", "bin", "nobody", "x" * 31])
XATTRS = st.lists(
    st.tuples(st.sampled_from([b"user.a", b"user.b", b"security.x"]), st.binary(max_size=5)),
    max_size=2,
    unique_by=lambda one: one[0],
).map(sorted)
ACLS = st.builds(Acl, st.integers(0, 0o7777), OWNERS, OWNERS, XATTRS.map(tuple))


_SOME = [
    Dependency.parse(text)
    for text in [
        "a",
        "a=1",
        "a=2",
        "a<1.10",
        "a>=1.9",
        "a~3",
        "b",
        "!b",
        "!c<1",
        "so:libc.so",
        "cmd:x=1-r0",
        "d>~1",
        "e><Q1AAAA",
        "a/b",
        "/bin/sh",
    ]
]


def sorted_dependencies() -> st.SearchStrategy[tuple[object, ...]]:
    from chx.apk.dependencies import sort_key

    return st.lists(st.sampled_from(_SOME), max_size=4, unique=True).map(
        lambda found: tuple(sorted(found, key=sort_key))
    )


INFOS = st.builds(
    Info,
    name=PACKAGE_NAMES,
    version=VERSIONS,
    description=LINES,
    arch=st.sampled_from(["x86_64", "noarch"]),
    license=LINES,
    origin=st.one_of(st.just(""), PACKAGE_NAMES),
    maintainer=LINES,
    url=LINES,
    repo_commit=st.one_of(st.just(b""), st.binary(min_size=20, max_size=20)),
    build_time=OPTIONAL,
    provider_priority=OPTIONAL,
    depends=sorted_dependencies(),
    provides=sorted_dependencies(),
    replaces=sorted_dependencies(),
    install_if=sorted_dependencies(),
    recommends=sorted_dependencies(),
    layer=st.sampled_from([None, 0, 1]),
    tags=st.lists(st.sampled_from(["x=[1]", "y:z", "a/b,c"]), max_size=3).map(tuple),
)
SCRIPTS = st.one_of(
    st.none(),
    st.builds(
        Scripts, post_install=st.binary(min_size=1, max_size=9), trigger=st.one_of(st.none(), st.just(b"#!/bin/sh\n"))
    ),
)
TARGETS = st.one_of(FILE_NAMES, st.just("../x"), st.just("/etc/passwd"))


@st.composite
def packages(draw: Callable[..., object]) -> tuple[Package, dict[str, bytes]]:
    """A package in order, and the contents of its files."""
    contents: dict[str, bytes] = {}
    root = draw(st.booleans())
    folders: list[str] = [""] if root else []
    taken: set[str] = set()
    for _ in range(draw(st.integers(0, 4))):  # type: ignore[call-overload]
        parent, name = draw(st.sampled_from(folders or [""])), draw(FILE_NAMES)
        path = f"{parent}/{name}" if parent else str(name)
        if path not in folders:
            folders.append(path)
    taken |= set(folders)
    directories = []
    regular: list[tuple[str, File]] = []
    for folder in sorted(folders, key=lambda path: path.encode("utf-8", "surrogateescape")):
        files: list[File] = []
        earlier = list(regular)
        for _ in range(draw(st.integers(0, 3))):  # type: ignore[call-overload]
            name = str(draw(FILE_NAMES))
            path = f"{folder}/{name}" if folder else name
            if path in taken:
                continue
            taken.add(path)
            acl, mtime = draw(ACLS), draw(NUMBERS)
            kind = draw(st.sampled_from(["file", "file", "link", "hard", "device"]))
            if kind == "link":
                target = str(draw(TARGETS))
                size = len(target.encode("utf-8", "surrogateescape"))
                files.append(File(name, acl, size, mtime, link_target=target))  # type: ignore[arg-type]
            elif kind == "device":
                what = str(draw(st.sampled_from(["block", "character", "fifo"])))
                device = Device(what, 0 if what == "fifo" else int(draw(st.integers(0, 1 << 20))))  # type: ignore[call-overload]
                files.append(File(name, acl, 0, mtime, device=device))  # type: ignore[arg-type]
            elif kind == "hard" and earlier:
                first_path, first = draw(st.sampled_from(earlier))  # type: ignore[misc]
                files.append(File(name, first.acl, first.size, first.mtime, first.sha256, hard_link=first_path))
            else:
                data = bytes(draw(st.binary(max_size=20)))  # type: ignore[call-overload]
                file = File(name, acl, len(data), mtime, hashlib.sha256(data).digest())  # type: ignore[arg-type]
                contents[path] = data
                files.append(file)
                regular.append((path, file))
        files.sort(key=lambda file: file.name.encode("utf-8", "surrogateescape"))
        directories.append(Directory(folder, draw(ACLS), tuple(files)))  # type: ignore[arg-type]
    triggers = draw(st.lists(st.sampled_from(["/usr/share/*", "+/lib/x"]), max_size=2, unique=True))
    package = Package(draw(INFOS), tuple(directories), draw(SCRIPTS), tuple(triggers), draw(OPTIONAL))  # type: ignore[arg-type]
    return package, contents


def opener(contents: dict[str, bytes]) -> Callable[[str], BinaryIO]:
    """What a writer asks for contents."""
    return lambda path: io.BytesIO(contents[path])
