"""`builtin:apk`: what is in the packages that a tree and its metadata are made into."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chx.apk.package import Reader, read_package
from chx.builder import Builder
from chx.builder.errors import BadAttribute
from chx.builder.packaging.accounts import accounts_script
from chx.builder.packaging.description import BadDescription, parse
from chx.builder.packaging.pkgconfig import Requirement, read_pc
from chx.store import Derivation

AUTOMATIC = [
    {"suffix": "static", "paths": ["usr/lib/*.a"], "needsParent": True, "installWith": "base-devel-static"},
    {
        "suffix": "devel",
        "description": "development files",
        "paths": ["usr/include", "usr/lib/pkgconfig"],
        "links": ["usr/lib/*.so"],
        "needsParent": True,
        "installWith": "base-devel",
    },
    {"suffix": "man", "paths": ["usr/share/man"], "installWith": "base-man"},
]


@pytest.fixture
def make(store, tmp_path: Path):
    """`make(TREE, KEY=VALUE...)`: the packages by name, as readers; TREE is a path or a table of contents by path."""

    def packages(tree: Path | dict[str, str], more: dict[str, Path] | None = None, **changes: Any) -> dict[str, Reader]:
        outputs = {"out": tree, **(more or {})}
        paths = {
            name: store.add_tree(str(_written(tmp_path / name, one)), f"x-{name}") for name, one in outputs.items()
        }
        described = {
            "name": "x",
            "version": "1.2-r0",
            "architecture": "x86_64",
            "outputs": {name: str(path) for name, path in paths.items()},
            "automatic": AUTOMATIC,
            **changes,
        }
        derivation = Derivation(
            "x-apk",
            "builtin",
            "builtin:apk",
            env={"package": json.dumps(described)},
            input_srcs=tuple(sorted(paths.values())),
        )
        path = store.add_derivation(derivation)
        made = Builder(store).realise([(path, ("out",))])[path, "out"]
        folder = Path(store.physical(made)) / "x86_64"
        readers = [read_package(open(file, "rb")) for file in sorted(folder.iterdir())]  # noqa: SIM115
        for reader in readers:
            reader.verify()
        return {reader.package.info.name: reader for reader in readers}

    return packages


def _written(place: Path, tree: Path | dict[str, str]) -> Path:
    if isinstance(tree, Path):
        return tree
    for path, content in tree.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if content.startswith("-> "):
            target.symlink_to(content[3:])
        elif content == "/":
            target.mkdir()
        else:
            target.write_text(content)
            target.chmod(0o755 if content.startswith("#!") else 0o644)
    return place


def paths(reader: Reader) -> dict[str, str]:
    """The files and empty directories of a package, with their modes."""
    found = {}
    for directory in reader.package.directories:
        found |= {directory.path_of(file): f"{file.acl.mode:o}" for file in directory.files}
        others = [other.path for other in reader.package.directories if other is not directory]
        if directory.path and not directory.files and not any(path.startswith(f"{directory.path}/") for path in others):
            found[directory.path] = f"{directory.acl.mode:o}"
    return found


def texts(dependencies) -> list[str]:
    return [str(one) for one in dependencies]


def test_each_path_goes_to_the_first_rule_that_takes_it(make) -> None:
    found = make(
        {
            "usr/bin/x": "#!/bin/sh\n",
            "usr/lib/libx.a": "a",
            "usr/include/x.h": "h",
            "usr/share/man/man1/x.1": "m",
            "usr/share/x/data": "d",
            "usr/share/x/empty": "/",
            "bin": "-> usr/bin",
            "lib": "-> usr/lib",
        }
    )
    assert {name: paths(reader) for name, reader in found.items()} == {
        "x": {"usr/bin/x": "755", "usr/share/x/data": "644", "usr/share/x/empty": "755"},
        "x-static": {"usr/lib/libx.a": "644"},
        "x-devel": {"usr/include/x.h": "644"},
        "x-man": {"usr/share/man/man1/x.1": "644"},
    }
    conditions = {name: texts(reader.package.info.install_if) for name, reader in found.items()}
    assert conditions == {
        "x": [],
        "x-static": ["base-devel-static", "x=1.2-r0"],
        "x-devel": ["base-devel", "x=1.2-r0"],
        "x-man": ["base-man", "x=1.2-r0"],
    }
    needs = {name: texts(reader.package.info.depends) for name, reader in found.items()}
    assert needs == {"x": [], "x-static": ["x=1.2-r0"], "x-devel": ["x=1.2-r0"], "x-man": []}
    assert {reader.package.info.origin for reader in found.values()} == {"x"}
    assert found["x"].package.info.build_time == 1
    assert found["x-devel"].package.info.description == "x (development files)"


def test_outputs_of_the_package_are_subpackages_where_no_rule_says_otherwise(make) -> None:
    found = make(
        {"usr/bin/x": "#!/bin/sh\n"},
        {"extra": {"usr/share/extra/x": "e", "usr/share/man/man1/y.1": "m"}},  # type: ignore[dict-item]
    )
    assert {name: list(paths(reader)) for name, reader in found.items()} == {
        "x": ["usr/bin/x"],
        "x-extra": ["usr/share/extra/x"],
        "x-man": ["usr/share/man/man1/y.1"],
    }


def test_what_the_package_asks_for_comes_before_the_usual_rules(make) -> None:
    found = make(
        {"usr/bin/x": "#!/bin/sh\n", "usr/bin/xtool": "#!/bin/sh\n", "usr/share/man/man1/xtool.1": "m"},
        written=[
            {"suffix": "progs", "paths": ["usr/bin/x?*", "usr/share/man/man1/xtool.1"], "description": "tools"},
            {"suffix": "all", "name": "everything", "depends": ["x-progs"]},
        ],
    )
    assert {name: list(paths(reader)) for name, reader in found.items()} == {
        "x": ["usr/bin/x"],
        "x-progs": ["usr/bin/xtool", "usr/share/man/man1/xtool.1"],
        "everything": [],
    }
    assert found["everything"].package.info.installed_size == 0
    assert texts(found["everything"].package.info.depends) == ["x-progs"]
    assert texts(found["x-progs"].package.info.provides) == ["cmd:xtool=1.2-r0"]


def test_modes_and_owners_are_those_of_the_metadata(make) -> None:
    found = make(
        {"usr/bin/su": "#!/bin/sh\n", "var/lib/x": "/", "etc/secret": "s"},
        modes={
            "usr/bin/su": {"mode": "4755", "owner": "root:root"},
            "var/lib/x": {"mode": None, "owner": "x:x"},
            "etc/secret": {"mode": "0640", "owner": "root:x"},
        },
        users={
            "x": {
                "uid": 81,
                "group": None,
                "groups": ["audio"],
                "home": "/var/lib/x",
                "shell": "/bin/sh",
                "description": "X's",
            }
        },
    )
    package = found["x"].package
    acls = {directory.path: directory.acl for directory in package.directories}
    for directory, file in package.entries():
        acls[directory.path_of(file)] = file.acl
    said = {path: (f"{acl.mode:o}", acl.user, acl.group) for path, acl in acls.items()}
    assert said["usr/bin/su"] == ("4755", "root", "root")
    assert said["var/lib/x"] == ("755", "x", "x")
    assert said["etc/secret"] == ("640", "root", "x")
    assert said["usr/bin"] == ("755", "root", "root")
    lines = b"".join(b"".join(pieces) for _, file, pieces in _again(found["x"]) if file.name == "x.conf")
    assert lines == b'u x 81 "X\'s" /var/lib/x /bin/sh\nm x audio\n'
    assert texts(package.info.depends) == ["base-files", "cmd:sh"]


def _again(reader: Reader):
    return read_package(open(reader.place, "rb")).contents()


def test_a_mode_of_a_path_that_no_output_has_is_an_error(make) -> None:
    with pytest.raises(BadAttribute, match="'usr/bin/y', which no output has"):
        make({"usr/bin/x": "#!/bin/sh\n"}, modes={"usr/bin/y": {"mode": "4755", "owner": "root:root"}})


@pytest.mark.parametrize(
    "change, message",
    [
        ({"version": "1.2+dfsg-r0"}, "is not a version of apk"),
        ({"depends": ["a b"]}, "is no dependency"),
        ({"name": "-x"}, "cannot be the name of a package"),
        ({"colour": "red"}, "unknown attribute `colour`"),
        ({"outputs": {}}, "`outputs` of the package is empty"),
        ({"modes": {"x": {"mode": "999", "owner": "a:b"}}}, "is not octal"),
        ({"architecture": "x\ny"}, "is no line of text"),
        ({"providerPriority": True}, "is no int"),
        ({"written": [{"suffix": "b"}, {"suffix": "c", "name": "x-b"}]}, "two subpackages are called 'x-b'"),
        (
            {"written": [{"suffix": "b", "paths": ["usr/bin/y"]}]},
            "no path is like those of the subpackage 'b': usr/bin/y",
        ),
    ],
)
def test_a_wrong_description_is_told(make, change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadAttribute, match=message):
        make({"usr/bin/x": "#!/bin/sh\n"}, **change)


def test_libraries_programs_and_pc_files_say_what_is_provided_and_needed(make, tmp_path: Path) -> None:
    tree = tmp_path / "made"
    (tree / "usr/lib/pkgconfig").mkdir(parents=True)
    (tree / "usr/bin").mkdir()
    source = tmp_path / "x.c"
    source.write_text("int x(void) { return 1; } int main(void) { return x(); }\n")
    compiler = ["cc", "-nostdlib", "-shared", "-fPIC", str(source), "-o"]
    subprocess.run([*compiler, str(tree / "usr/lib/libx.so.1.2"), "-Wl,-soname,libx.so.1"], check=True)
    linked = ["-Wl,--no-as-needed", str(tree / "usr/lib/libx.so.1.2")]
    other = tmp_path / "libother.so"
    subprocess.run([*compiler, str(other), "-Wl,-soname,libother.so.7"], check=True)
    subprocess.run([*compiler, str(tree / "usr/bin/x"), *linked, str(other)], check=True)
    (tree / "usr/lib/libx.so.1").symlink_to("libx.so.1.2")
    (tree / "usr/lib/libx.so").symlink_to("libx.so.1")
    (tree / "usr/bin/[").symlink_to("x")
    (tree / "usr/lib/pkgconfig/x.pc").write_text(
        "prefix=/usr\nversion=1.2\nName: x\nVersion: ${version}-rc1\nRequires: zlib >= 1.2, y\nRequires.private: z = 3 # why\n"
    )
    found = make(
        tree,
        written=[{"suffix": "libs", "paths": ["usr/lib/*.so.*"]}],
    )
    assert texts(found["x-libs"].package.info.provides) == ["so:libx.so.1=1.2"]
    assert texts(found["x"].package.info.provides) == ["cmd:x=1.2-r0"]
    assert texts(found["x"].package.info.depends) == ["so:libother.so.7", "x-libs=1.2-r0"]
    assert texts(found["x-devel"].package.info.provides) == ["pc:x=1.2_rc1"]
    assert texts(found["x-devel"].package.info.depends) == [
        "pc:y",
        "pc:z=3",
        "pc:zlib>=1.2",
        "x=1.2-r0",
        "x-libs=1.2-r0",
    ]


def test_an_alternative_is_a_link_in_a_package_of_its_own(make) -> None:
    found = make(
        {"usr/bin/nvi": "#!/bin/sh\n"}, alternatives={"usr/bin/vi": {"target": "usr/bin/nvi", "priority": 200}}
    )
    package = found["x-alternative-vi"].package
    assert [(directory.path_of(file), file.link_target) for directory, file in package.entries()] == [
        ("usr/bin/vi", "../../usr/bin/nvi")
    ]
    assert package.info.origin == "alternative:usr/bin/vi"
    assert texts(package.info.provides) == ["alternative:usr/bin/vi", "cmd:vi"]
    assert package.info.provider_priority == 200


def test_a_trigger_gets_the_line_that_the_kernel_needs(make) -> None:
    found = make({"usr/bin/x": "#!/bin/sh\n"}, trigger="echo changed\n", triggers=["/usr/share/x"])
    assert found["x"].package.scripts.trigger == b"#!/bin/sh\necho changed\n"
    assert found["x"].package.triggers == ("/usr/share/x",)


def test_the_packages_are_the_same_for_equal_trees(make, store, tmp_path: Path) -> None:
    tree = {"usr/bin/x": "#!/bin/sh\n", "usr/share/man/man1/x.1": "m"}
    first = {name: reader.identity for name, reader in make(tree).items()}
    # The store shares equal files by hard links, of which packages know nothing.
    store.add_tree(str(_written(tmp_path / "copy", {"a": "m", "b": "m"})), "copy")
    assert {name: reader.identity for name, reader in make(tmp_path / "out").items()} == first


def test_pc_files_with_circles_and_noise_end() -> None:
    noise = b"a=${b}\nb=${a}${a}\n" + b"c=" + b"${c}" * 10_000 + b"\nRequires: x=1 y >=2,z\nVersion: ${nothing}3\n"
    found = read_pc(noise)
    assert found.version == "3"
    assert found.requires == (Requirement("x", "=", "1"), Requirement("y", ">=", "2"), Requirement("z"))


def described(**changes: Any):
    return parse({"name": "x", "version": "1-r0", "architecture": "a", "outputs": {"out": "o"}, **changes})


USERS = {
    "fixed": {"uid": 81, "group": None, "groups": ["audio"], "home": "/", "shell": "/bin/sh", "description": None},
    "free": {
        "uid": None,
        "group": "shared",
        "groups": [],
        "home": "/",
        "shell": "/bin/sh",
        "description": "it's $HOME",
    },
    "there": {"uid": 90, "group": None, "groups": [], "home": "/", "shell": "/bin/sh", "description": None},
}


def test_the_script_adds_the_accounts_that_are_missing(tmp_path: Path) -> None:
    script = accounts_script(described(users=USERS, groups={"shared": {"gid": None, "members": ["fixed"]}}))
    assert script is not None
    passwd, group = tmp_path / "passwd", tmp_path / "group"
    passwd.write_text("root:x:0:0:root:/root:/bin/sh\nthere:x:5:5:kept:/:/bin/sh\nlast:x:100:1::/:/bin/sh\n")
    group.write_text("root:x:0:\naudio:x:29:root\nthere:x:5:\n")
    text = script.decode().replace("/etc/", f"{tmp_path}/")
    for _ in range(2):
        subprocess.run(["sh", "-c", text], check=True, env={})
    assert passwd.read_text().splitlines()[3:] == [
        "fixed:x:81:81:fixed:/:/bin/sh",
        "free:x:102:101:it's $HOME:/:/bin/sh",
    ]
    assert group.read_text().splitlines() == [
        "root:x:0:",
        "audio:x:29:root,fixed",
        "there:x:5:",
        "shared:x:101:fixed",
        "fixed:x:81:",
    ]


def test_a_description_that_is_none_is_told() -> None:
    for value, message in ((None, "is no object"), ({}, "`name` of the package is missing"), ([], "is no object")):
        with pytest.raises(BadDescription, match=message):
            parse(value)
