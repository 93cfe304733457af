"""`chx diff` of packages and repositories of apk."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from chx.apk import (
    Acl,
    Dependency,
    Directory,
    File,
    Info,
    Package,
    PrivateKey,
    Scripts,
    generate,
    write_package,
    write_package_v2,
)
from chx.ops.apk import ApkComparison, compare_apk
from chx.ops.errors import RequestError

TOP = Acl(0o755)


def file(name: str, data: bytes, mode: int = 0o644, owner: str = "root") -> File:
    return File(name, Acl(mode, owner, owner), len(data), 1, hashlib.sha256(data).digest())


def relations(*words: str) -> tuple[Dependency, ...]:
    return tuple(Dependency.parse(word) for word in words)


TEXT, PROGRAM = b"one\ntwo\nthree\n", b"#!/bin/sh\n"
CONTENT = {"usr/share/text": TEXT, "usr/bin/run": PROGRAM, "usr/bin/gone": b"gone"}
DEMO = Package(
    Info("demo", "1-r0", arch="x86_64", description="d", build_time=1, depends=relations("a", "b>=2")),
    (
        Directory("usr", TOP),
        Directory(
            "usr/bin",
            TOP,
            (
                file("gone", b"gone"),
                file("run", PROGRAM, 0o755),
                File("sh", Acl(0o777), 3, 1, link_target="run"),
            ),
        ),
        Directory("usr/share", TOP, (file("text", TEXT),)),
    ),
    Scripts(post_install=b"#!/bin/sh\necho 1\n"),
    ("/usr/share/*",),
)
OTHER_TEXT = b"one\nTWO\nthree\n"
OTHER_CONTENT = {"usr/share/text": OTHER_TEXT, "usr/bin/run": PROGRAM, "usr/bin/more": b"more"}
OTHER = Package(
    replace(
        DEMO.info, version="2-r0", depends=relations("a", "c"), provides=relations("cmd:run"), install_if=relations("x")
    ),
    (
        Directory("usr", Acl(0o700)),
        Directory(
            "usr/bin",
            TOP,
            (
                file("more", b"more"),
                file("run", PROGRAM, 0o4755, "demo"),
                File("sh", Acl(0o777), 4, 1, link_target="dash"),
            ),
        ),
        Directory("usr/share", TOP, (file("text", OTHER_TEXT),)),
    ),
    Scripts(post_install=b"#!/bin/sh\necho 2\n", trigger=b"#!/bin/sh\n"),
    ("/usr/lib/*",),
)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    return generate(str(tmp_path_factory.mktemp("key") / "x.rsa"), "rsa", 2048)


def write(path: Path, package: Package, content: dict[str, bytes], version: int = 3, **more: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as out:
        if version == 3:
            write_package(out, package, content.__getitem__, **more)  # type: ignore[arg-type]
        else:
            write_package_v2(out, package, content.__getitem__, **more)  # type: ignore[arg-type]
    return str(path)


@pytest.mark.parametrize("version", [2, 3])
def test_all_that_differs_is_found(tmp_path: Path, version: int) -> None:
    one = write(tmp_path / "1.apk", DEMO, CONTENT, version)
    other = write(tmp_path / "2.apk", OTHER, OTHER_CONTENT, version)
    found = compare_apk(one, other)
    (change,) = found.changed
    assert (change.label, change.version_before, change.version_after) == ("x86_64/demo", "1-r0", "2-r0")
    assert {field.name: (field.before, field.after) for field in change.fields} == {
        "version": (("1-r0",), ("2-r0",)),
        "depends": (("a", "b>=2"), ("a", "c")),
        "provides": ((), ("cmd:run",)),
        "installIf": ((), ("x",)),
        "triggers": (("/usr/share/*",), ("/usr/lib/*",)),
        "script post-install": (("#!/bin/sh\necho 1\n",), ("#!/bin/sh\necho 2\n",)),
        "script trigger": ((), ("#!/bin/sh\n",)),
    }
    assert [(path.path, path.aspects) for path in change.paths] == [
        ("usr", ("mode",)),
        ("usr/bin/gone", ()),
        ("usr/bin/more", ()),
        ("usr/bin/run", ("mode", "owner")),
        ("usr/bin/sh", ("target",)),
        ("usr/share/text", ("content",)),
    ]
    assert [(path.before is None, path.after is None) for path in change.paths if not path.aspects] == [
        (False, True),
        (True, False),
    ]
    (content,) = change.contents
    assert content.path == "usr/share/text"
    assert content.content.lines == ("@@ -1,3 +1,3 @@", " one", "-two", "+TWO", " three")  # type: ignore[union-attr]


def test_packing_and_signing_are_no_difference(tmp_path: Path, key: PrivateKey) -> None:
    files = [
        write(tmp_path / "a.apk", DEMO, CONTENT),
        write(tmp_path / "b.apk", DEMO, CONTENT, compression="zstd", signers=[key]),
        write(tmp_path / "c.apk", DEMO, CONTENT, compression="deflate"),
    ]
    for other in files[1:]:
        assert compare_apk(files[0], other) == ApkComparison(files[0], other, 1, (), (), ())
    old = write(tmp_path / "d.apk", DEMO, CONTENT, 2)
    signed = write(tmp_path / "e.apk", DEMO, CONTENT, 2, signer=key)
    assert compare_apk(old, signed).is_equal
    # Another packing of the control member gives another identity, and so does another order of files.
    assert compare_apk(old, repacked(Path(old), tmp_path / "f.apk")).is_equal
    # What both versions can say is the same in them.
    assert compare_apk(files[0], old).is_equal


def repacked(source: Path, target: Path) -> str:
    import gzip
    import io
    import tarfile
    import zlib

    control = zlib.decompressobj(31)
    text = control.decompress(source.read_bytes())
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(gzip.decompress(control.unused_data))) as old,
        tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        found = old.getmembers()
        for one in [*(one for one in found if one.isdir()), *(one for one in reversed(found) if not one.isdir())]:
            new.addfile(one, old.extractfile(one) if one.isreg() else None)
    data = gzip.compress(out.getvalue(), 1, mtime=0)
    at = text.index(b"datahash = ") + 11
    text = text[:at] + hashlib.sha256(data).hexdigest().encode() + text[at + 64 :]
    target.write_bytes(gzip.compress(text, 1, mtime=0) + data)
    return str(target)


@pytest.fixture
def repositories(tmp_path: Path, key: PrivateKey) -> tuple[str, str]:
    one, other = tmp_path / "work/one", tmp_path / "work/other"
    named = lambda name, version: replace(DEMO, info=replace(DEMO.info, name=name, version=version))  # noqa: E731
    write(one / "x86_64/same-1.apk", named("same", "1"), CONTENT)
    write(other / "x86_64/same-1.apk", named("same", "1"), CONTENT, compression="zstd", signers=[key])
    write(one / "x86_64/demo-1-r0.apk", DEMO, CONTENT)
    write(other / "x86_64/demo-2-r0.apk", OTHER, OTHER_CONTENT)
    write(one / "x86_64/old-1.apk", named("old", "1"), CONTENT)
    write(other / "x86_64/new-1.apk", named("new", "1"), CONTENT)
    # Of two versions on one side, one is there on the other side, too.
    for version in ("1", "2"):
        write(one / f"x86_64/two-{version}.apk", named("two", version), CONTENT)
    write(other / "x86_64/two-2.apk", named("two", "2"), CONTENT)
    (one / "keys").mkdir()
    return str(one), str(other)


def test_repositories_by_package(repositories: tuple[str, str]) -> None:
    found = compare_apk(*repositories)
    assert found.removed == ("x86_64/old-1", "x86_64/two-1")
    assert found.added == ("x86_64/new-1",)
    assert [change.label for change in found.changed] == ["x86_64/demo"]
    assert found.equal == 2


def test_contents_are_read_up_to_a_limit(tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(9)]
    sides = []
    for side in (b"1", b"2"):
        package = Package(DEMO.info, (Directory("", TOP, tuple(file(name, side) for name in names)),))
        sides.append(write(tmp_path / f"{side.decode()}.apk", package, dict.fromkeys(names, side)))
    (change,) = compare_apk(*sides).changed
    assert (len(change.contents), change.skipped) == (6, 3)
    (change,) = compare_apk(*sides, everything=True).changed
    assert (len(change.contents), change.skipped) == (9, 0)


def test_a_package_is_no_repository(repositories: tuple[str, str]) -> None:
    with pytest.raises(RequestError, match="is a package, and the other one a repository"):
        compare_apk(repositories[0], f"{repositories[1]}/x86_64/same-1.apk")


def test_the_command(chx, repositories: tuple[str, str], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    found = chx("diff", "one", "other", "--exit-code")
    assert found.returncode == 1, found.stderr
    for line in (
        "one -> other: 4 packages differ, 2 equal",
        "- x86_64/old-1",
        "+ x86_64/new-1",
        "~ x86_64/demo 1-r0 -> 2-r0",
        "~ depends: -b>=2 +c",
        "~ provides: (none) -> cmd:run",
        "~ script post-install:",
        "~ usr: mode 0755 -> 0700",
        "- usr/bin/gone (file, 4 B, 0644 root:root)",
        "~ usr/bin/run: mode 0755 -> 4755, owner root:root -> demo:demo",
        "~ usr/bin/sh: target run -> dash",
        "+TWO",
    ):
        assert line in found.stdout
    assert chx("diff", "one", "other").returncode == 0
    data = json.loads(chx("diff", "one/x86_64/demo-1-r0.apk", "other/x86_64/demo-2-r0.apk", "--json").stdout)
    assert data["changed"][0]["fields"][0] == {"name": "version", "before": ["1-r0"], "after": ["2-r0"], "lines": None}
    equal = chx("diff", "one", "one", "--exit-code")
    assert (equal.returncode, equal.stdout) == (0, "one and one: 5 packages, equal\n")
    lost = chx("diff", "one/x86_64/demo-1-r0.apk", "nothing.apk")
    assert lost.returncode == 1 and "there is no package 'nothing.apk'" in lost.stderr
    damaged = tmp_path / "work/other/x86_64/demo-2-r0.apk"
    os.truncate(damaged, 100)
    refused = chx("diff", "one", "other")
    assert refused.returncode == 1
    assert "demo-2-r0.apk" in refused.stderr and "Traceback" not in refused.stderr
