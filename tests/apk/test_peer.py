"""A real client, if `CHX_APK` names one, has the same opinion: it writes the same bytes, and installs and verifies what chx signs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from chx.apk import (
    Acl,
    Dependency,
    Directory,
    File,
    Index,
    Info,
    Package,
    PrivateKey,
    compare,
    generate,
    index_entry,
    installed_package,
    open_index,
    pack,
    read_installed,
    read_package,
    write_index,
    write_index_v2,
    write_installed,
    write_package,
    write_package_v2,
)
from chx.apk.package import Reader

from .test_versions import ASCENDING

CLIENT = os.environ.get("CHX_APK", "")
pytestmark = [pytest.mark.peer, pytest.mark.skipif(not CLIENT, reason="CHX_APK names no client of apk")]
ARCH = "x86_64"


def client(*words: object, status: int = 0) -> str:
    """Run the client; what it says."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1"}
    done = subprocess.run([CLIENT, *map(str, words)], env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def make_tree(root: Path) -> None:
    """A tree with files, empty ones, links, an empty folder and a name that sorts oddly."""
    for folder in ("etc", "usr/bin", "usr/share/empty", "usr/share/a", "usr/share/a-b"):
        (root / folder).mkdir(parents=True)
    for name, text in (
        ("etc/motd", "hi\n"),
        ("usr/share/a/x", "x" * 70000),
        ("usr/share/a-b/x", ""),
        ("usr/bin/x", "#!/bin/sh\n"),
    ):
        (root / name).write_text(text)
    (root / "usr/bin/x").chmod(0o755)
    (root / "etc/issue").symlink_to("motd")
    for path in [root, *root.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
        elif not path.is_symlink() and path.name != "x":
            path.chmod(0o644)


def tree_of(root: Path) -> tuple[Directory, ...]:
    """What chx says of it; times are those of SOURCE_DATE_EPOCH."""
    directories = []
    for folder in sorted([root, *[path for path in root.rglob("*") if path.is_dir() and not path.is_symlink()]]):
        files = []
        for path in folder.iterdir():
            found = path.lstat()
            acl = Acl(found.st_mode & 0o7777)
            if path.is_symlink():
                target = os.readlink(path)
                files.append(File(path.name, acl, len(target), 1, link_target=target))
            elif path.is_file():
                files.append(File(path.name, acl, found.st_size, 1, sha256(path.read_bytes()).digest()))
        name = "" if folder == root else str(folder.relative_to(root))
        directories.append(Directory(name, Acl(0o755), tuple(sorted(files, key=lambda file: file.name))))
    return tuple(sorted(directories, key=lambda one: one.path.encode()))


def opened(root: Path) -> Callable[[str], bytes]:
    return lambda path: (root / path).read_bytes()


INFO = Info(
    "demo",
    "1.2-r0",
    description="a demo",
    arch=ARCH,
    license="MIT",
    origin="demo",
    maintainer="A <a@example.org>",
    url="https://example.org",
    build_time=1700000000,
    provides=(Dependency.parse("cmd:x=1.2-r0"), Dependency.parse("virtual")),
)


def mkpkg(out: Path, info: Info, tree: Path | None, *words: str) -> None:
    fields = [f"name:{info.name}", f"version:{info.version}", f"arch:{info.arch}", f"description:{info.description}"]
    fields += [f"license:{info.license}", f"origin:{info.origin}", f"maintainer:{info.maintainer}", f"url:{info.url}"]
    if info.build_time is not None:
        fields.append(f"build-time:{info.build_time}")
    for key, dependencies in (("depends", info.depends), ("provides", info.provides)):
        if dependencies:
            fields.append(f"{key}:{' '.join(map(str, dependencies))}")
    options = [option for field in fields if not field.endswith(":") for option in ("-I", field)]
    client("mkpkg", *options, *(("-F", tree) if tree else ()), *words, "-o", out)


@pytest.mark.parametrize("compression", ["none", "deflate", "deflate:3"])
def test_packages_are_byte_for_byte_those_of_the_client(tmp_path: Path, compression: str) -> None:
    make_tree(tmp_path / "tree")
    mkpkg(tmp_path / "theirs.apk", INFO, tmp_path / "tree", "-c", compression)
    with open(tmp_path / "ours.apk", "wb") as out:
        package = Package(INFO, tree_of(tmp_path / "tree"))
        write_package(out, package, opened(tmp_path / "tree"), compression=compression)
    assert (tmp_path / "ours.apk").read_bytes() == (tmp_path / "theirs.apk").read_bytes()


def test_times_that_do_not_fit_in_a_word_lie_where_the_client_has_them(tmp_path: Path) -> None:
    make_tree(tmp_path / "tree")
    for number, path in enumerate(sorted((tmp_path / "tree").rglob("*"))):
        os.utime(path, (1700000000 + number,) * 2, follow_symlinks=False)
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    words = [
        "mkpkg",
        "-I",
        "name:demo",
        "-I",
        "version:1",
        "-I",
        f"arch:{ARCH}",
        "-c",
        "none",
        "-F",
        str(tmp_path / "tree"),
        "-o",
        str(tmp_path / "x"),
    ]
    subprocess.run([CLIENT, *words], env=environment, check=True, capture_output=True)
    theirs = (tmp_path / "x").read_bytes()
    with open(tmp_path / "x", "rb") as file:
        package = read_package(file).package
    with open(tmp_path / "ours", "wb") as out:
        write_package(out, package, opened(tmp_path / "tree"))
    assert (tmp_path / "ours").read_bytes() == theirs


def test_the_container_in_zstd_is_that_of_the_client(tmp_path: Path) -> None:
    make_tree(tmp_path / "tree")
    mkpkg(tmp_path / "theirs.apk", INFO, tmp_path / "tree", "-c", "zstd")
    with open(tmp_path / "theirs.apk", "rb") as file, open(tmp_path / "plain", "wb") as out:
        pack(file, out, "none")
    with open(tmp_path / "ours", "wb") as out:
        write_package(out, Package(INFO, tree_of(tmp_path / "tree")), opened(tmp_path / "tree"))
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "plain").read_bytes()


def key_of(folder: Path) -> tuple[PrivateKey, Path]:
    """A new key, and a folder in which the client finds it."""
    key = generate(str(folder / "me.rsa"), bits=2048)
    (folder / "keys").mkdir()
    (folder / "keys" / key.public.name).write_bytes(key.public.to_pem())
    return key, folder / "keys"


@pytest.mark.parametrize("kind", ["sha256", "sha256-160"])
def test_indexes_are_byte_for_byte_those_of_the_client(tmp_path: Path, kind: str) -> None:
    names = []
    key, keys = key_of(tmp_path)
    for number in (3, 1, 10, 2):
        info = replace(INFO, name=f"demo{number}", depends=(Dependency.parse("so:libc.so"), Dependency.parse("b>1")))
        names.append(tmp_path / f"demo{number}-1.2-r0.apk")
        with open(names[-1], "wb") as out:
            write_package(out, Package(info), lambda path: b"", signers=[key])
    client("--keys-dir", keys, "mkndx", "-d", "hello", "-c", "none", "--hash", kind, "-o", tmp_path / "theirs", *names)
    with open(tmp_path / "ours", "wb") as out:
        write_index(out, Index("hello", tuple([index_entry(str(name), kind) for name in names])))
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


@pytest.fixture(params=["rsa", "ec"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A signed repository and a root that trusts its key."""
    make_tree(tmp_path / "tree")
    key = generate(str(tmp_path / f"me.{request.param}"), request.param, 2048)
    folder = tmp_path / "repository" / ARCH
    folder.mkdir(parents=True)
    tree = tree_of(tmp_path / "tree")
    needy = Info("needy", "1-r0", arch=ARCH, depends=(Dependency.parse("cmd:x>=1"), Dependency.parse("!bad")))
    for info, directories in ((INFO, tree), (needy, ())):
        with open(folder / f"{info.full_name}.apk", "wb") as out:
            write_package(out, Package(info, directories), opened(tmp_path / "tree"), compression="zstd", signers=[key])
    entries = tuple([index_entry(str(path)) for path in sorted(folder.iterdir())])
    with open(folder / "Packages.adb", "wb") as out:
        write_index(out, Index("test", entries), compression="zstd", signers=[key])
    os.link(folder / "Packages.adb", folder / "APKINDEX.tar.gz")
    keys = tmp_path / "root/etc/apk/keys"
    keys.mkdir(parents=True)
    (keys / key.public.name).write_bytes(key.public.to_pem())
    (tmp_path / "root/etc/apk/arch").write_text(f"{ARCH}\n")
    return tmp_path


def in_root(folder: Path, *words: object, status: int = 0) -> str:
    options = (
        "--root",
        folder / "root",
        "--arch",
        ARCH,
        "--repository",
        folder / "repository",
        "--no-network",
        "--usermode",
    )
    return client(*options, *words, status=status)


def test_the_client_installs_what_chx_signs(repository: Path) -> None:
    in_root(repository, "add", "--initdb", "needy")
    root = repository / "root"
    assert (root / "etc/motd").read_text() == "hi\n"
    assert (root / "etc/issue").readlink() == Path("motd")
    text = (root / "lib/apk/db/installed").read_bytes()
    found = {one.info.name: one for one in read_installed(text, "installed")}
    assert set(found) == {"demo", "needy"}
    assert write_installed(read_installed(text, "installed")) == text
    with open(repository / "repository" / ARCH / "demo-1.2-r0.apk", "rb") as file:
        reader: Reader = read_package(file)
        expected = installed_package(reader.package, reader.identity, lambda acl: (0, 0))
    assert found["demo"].info.hashes == expected.info.hashes
    ours = {
        (directory.path, file.name): file.checksum for directory in expected.directories for file in directory.files
    }
    theirs = {
        (directory.path, file.name): file.checksum
        for directory in found["demo"].directories
        for file in directory.files
    }
    assert ours == theirs


def test_the_client_verifies_packages_and_indexes(repository: Path) -> None:
    files = sorted((repository / "repository" / ARCH).iterdir())
    client("--keys-dir", repository / "root/etc/apk/keys", "verify", *[path for path in files if path.suffix == ".apk"])


def test_the_client_refuses_what_another_key_has_signed(repository: Path) -> None:
    other = generate(str(repository / "other"), bits=2048)
    keys = repository / "root/etc/apk/keys"
    for path in keys.iterdir():
        path.unlink()
    (keys / "other.pub").write_bytes(other.public.to_pem())
    package = repository / "repository" / ARCH / "demo-1.2-r0.apk"
    options = ("--root", repository / "root", "--arch", ARCH, "--no-network", "--usermode")
    done = subprocess.run([CLIENT, *map(str, options), "add", "--initdb", package], capture_output=True, text=True)
    assert done.returncode != 0


def test_version_2_is_installed_with_its_signature(tmp_path: Path) -> None:
    make_tree(tmp_path / "tree")
    key = generate(str(tmp_path / "me.rsa"), bits=2048)
    folder = tmp_path / "repository" / ARCH
    folder.mkdir(parents=True)
    with open(folder / "demo-1.2-r0.apk", "wb") as out:
        write_package_v2(out, Package(INFO, tree_of(tmp_path / "tree")), opened(tmp_path / "tree"), signer=key)
    from chx.apk import index_entry_v2

    with open(folder / "APKINDEX.tar.gz", "wb") as out:
        write_index_v2(out, Index("test", (index_entry_v2(str(folder / "demo-1.2-r0.apk")),)), signer=key)
    keys = tmp_path / "root/etc/apk/keys"
    keys.mkdir(parents=True)
    (keys / key.public.name).write_bytes(key.public.to_pem())
    (tmp_path / "root/etc/apk/arch").write_text(f"{ARCH}\n")
    in_root(tmp_path, "add", "--initdb", "demo")
    assert (tmp_path / "root/etc/motd").read_text() == "hi\n"


def test_chx_reads_what_the_client_indexes(tmp_path: Path) -> None:
    _, keys = key_of(tmp_path)
    mkpkg(tmp_path / "demo-1.2-r0.apk", INFO, None, "--sign-key", str(tmp_path / "me.rsa"))
    client("--keys-dir", keys, "mkndx", "-o", tmp_path / "Packages.adb", tmp_path / "demo-1.2-r0.apk")
    (found,) = open_index(str(tmp_path / "Packages.adb")).index.packages
    assert replace(found, unique_id=b"", hashes=b"") == replace(
        index_entry(str(tmp_path / "demo-1.2-r0.apk")), unique_id=b"", hashes=b""
    )


def test_versions_are_compared_as_the_client_does() -> None:
    signs = {"<": -1, "=": 0, ">": 1}
    for left in ASCENDING:
        for right in ASCENDING:
            assert compare(left, right) == signs[client("version", "-t", left, right).strip()], (left, right)
