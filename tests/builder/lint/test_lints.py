"""Each lint has a tree that trips it, and one much like it that does not."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess

import pytest

from chx.builder.lint import LINTS, Severity, Subject, Target, inspect, lint_called
from chx.builder.lint.subject import promised
from chx.store import STORE_DIR

from .conftest import X86_64, archive, dynamic, elf, target

PROGRAM = {"usr/bin/program": ("run", b"\x7f")}
OBJECT = f"{STORE_DIR}/{'0' * 32}-zlib-1.3"
STACK = 0x6474E551


def found(subject: Subject) -> list[tuple[str, str, str]]:
    return [(finding.lint, finding.output, finding.path) for finding in inspect(subject)]


def compressed(time: int) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile("", "wb", fileobj=buffer, mtime=time) as file:
        file.write(b"text")
    return buffer.getvalue()


def compiled(flags: int, time: int) -> bytes:
    return b"\x6f\x0d\x0d\x0a" + flags.to_bytes(4, "little") + time.to_bytes(4, "little") + bytes(4) + b"code"


# Lint, path at which it trips, what trips it, what does not. All lie in one output.
CASES = {
    "fhs: usr/local": ("fhs", "usr/local", {"usr/local/bin/x": b"x"}, {"usr/share/local/bin/x": b"x"}),
    "fhs: opt": ("fhs", "opt", {"opt/x": b"x"}, {"etc/opt/x": b"x", "var/opt/x": b"x", "boot/x": b"x"}),
    "fhs: bin": ("fhs", "bin", {"bin/x": b"x"}, {**PROGRAM, "bin": ("link", "usr/bin")}),
    "fhs: lib64": (
        "fhs",
        "lib64",
        {"usr/lib64x": b"", "usr/bin/x": b"", "lib64": ("link", "usr/bin")},
        {"usr/lib/x": b"x", "lib64": ("link", "usr/lib")},
    ),
    "fhs: a file": ("fhs", "usr/share", {"usr/share": b"x"}, {"usr/share/x": b"x"}),
    "fhs: sbin": ("fhs", "usr/sbin", {"usr/sbin/x": b"x"}, {**PROGRAM, "usr/sbin": ("link", "bin")}),
    "text relocation": (
        "text-relocation",
        "usr/lib/a.so",
        {"usr/lib/a.so": elf(segments=(dynamic((5, 1), (22, 0)),))},
        {"usr/lib/a.so": elf(segments=(dynamic((5, 22), (30, 2)),))},
    ),
    "text relocation by a flag": (
        "text-relocation",
        "usr/lib/a.so",
        {"usr/lib/a.so": elf(segments=(dynamic((30, 4)),))},
        {"usr/lib/a.so": elf(segments=((2, 6, b""), (1, 5, b"\x16\0\0\0\0\0\0\0")))},
    ),
    "executable stack": (
        "executable-stack",
        "usr/bin/x",
        {"usr/bin/x": elf(segments=((STACK, 7, b""),))},
        {"usr/bin/x": elf(segments=((STACK, 6, b""), (1, 5, b"code")))},
    ),
    "a loader": (
        "loader",
        "usr/bin/x",
        {"usr/bin/x": elf(segments=((3, 4, b"/lib/ld.so\0"),))},
        {"usr/bin/x": elf(segments=((3, 4, b"/usr/lib/ld.so\0"),)), "usr/lib/ld.so": b""},
    ),
    "another machine": ("foreign-machine", "usr/bin/x", {"usr/bin/x": elf(183)}, {"usr/bin/x": elf()}),
    "another word size": ("foreign-machine", "usr/bin/x", {"usr/bin/x": elf(bits=32)}, {"usr/bin/x": elf(kind=1)}),
    "another byte order": ("foreign-machine", "usr/bin/x", {"usr/bin/x": elf(endian="big")}, {"usr/bin/x": elf()}),
    "another machine in an archive": (
        "foreign-machine",
        "usr/lib/x.a",
        {"usr/lib/x.a": archive(("a.o", 0, elf(kind=1)), ("b.o", 0, elf(243, kind=1)))},
        {"usr/lib/x.a": archive(("a.o", 0, elf(kind=1)), ("notes", 0, b"no object"))},
    ),
    "a cut off ELF file": ("foreign-machine", "usr/bin/x", {"usr/bin/x": elf()[:30]}, {"usr/bin/x": elf()}),
    "a broken link": (
        "broken-link",
        "usr/bin/x",
        {"usr/bin/x": ("link", "y")},
        {"usr/bin/x": ("link", "../lib/y"), "usr/lib/y": b"", "usr/bin/z": ("link", "/usr/lib/y")},
    ),
    "a link to itself": ("broken-link", "usr/bin/x", {"usr/bin/x": ("link", "x")}, {"etc/x": ("link", "/proc/mounts")}),
    "a link above the root": (
        "escaping-link",
        "usr/bin/x",
        {"usr/bin/x": ("link", "../../../usr/bin/y"), "usr/bin/y": b""},
        {"usr/bin/x": ("link", "../../usr/bin/y"), "usr/bin/y": b""},
    ),
    "a link into the store": (
        "escaping-link",
        "usr/bin/x",
        {"usr/bin/x": ("link", f"{OBJECT}/usr/bin/x")},
        {"usr/bin/x": ("link", "y"), "usr/bin/y": b""},
    ),
    "a path of the build": (
        "build-path",
        "usr/bin/x",
        {"usr/bin/x": b"\0/build/source/x.c\0"},
        {"usr/bin/x": b"see https://example.org/build/x and obj/build/x, ./build/x, ~/build/x, /builds/x, /build"},
    ),
    "a path of the build in flags": (
        "build-path",
        "usr/x.pc",
        {"usr/share/x": b"", "usr/x.pc": b"-I/build/x"},
        PROGRAM,
    ),
    "a store path": (
        "store-path",
        "usr/share/x",
        {"usr/share/x": f"prefix={OBJECT}/usr\n".encode()},
        {"usr/share/x": f"{STORE_DIR}/ has names such as {STORE_DIR}/HASH-zlib".encode()},
    ),
    "a gzip header": ("timestamp", "usr/x.gz", {"usr/x.gz": compressed(1700000000)}, {"usr/share/x.gz": compressed(0)}),
    "compiled Python": (
        "timestamp",
        "usr/x.pyc",
        {"usr/x.pyc": compiled(0, 1700000000)},
        {"usr/share/x.pyc": compiled(1, 1700000000), "usr/share/y.pyc": compiled(0, 1)},
    ),
    "a member of an archive": (
        "timestamp",
        "usr/lib/x.a",
        {"usr/lib/x.a": archive(("a.o", 0, b"a"), ("b.o", 1700000000, b"b"))},
        {"usr/lib/x.a": archive(("a.o", 0, b"a"), ("b.o", 1, b"b"))},
    ),
    "libtool": ("libtool", "usr/lib/x.la", {"usr/lib/x.la": b"# libtool"}, {"usr/lib/x.a": archive()}),
    "an interpreter": (
        "interpreter",
        "usr/bin/x",
        {"usr/bin/x": ("run", b"#!/bin/sh\n")},
        {"usr/bin/x": ("run", b"#! /bin/sh -e\n"), "usr/bin/sh": ("run", b"\x7f"), "bin": ("link", "usr/bin")},
    ),
    "an interpreter that is looked for": (
        "interpreter",
        "usr/bin/x",
        {"usr/bin/x": ("run", b"#!/usr/bin/env python3\n"), "usr/bin/env": ("run", b"\x7f")},
        {
            "usr/bin/x": ("run", b"#!/usr/bin/env -S python3 -I\n"),
            "usr/bin/env": b"\x7f",
            "usr/bin/python3": ("run", b"\x7f"),
            "usr/share/example": b"#!/usr/bin/perl\n",
        },
    ),
    "an interpreter by a relative path": (
        "interpreter",
        "usr/bin/x",
        {"usr/bin/x": ("run", b"#!sh\n"), "usr/bin/sh": b""},
        PROGRAM,
    ),
    "nothing": ("empty", "", {}, PROGRAM),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_found_and_what_is_not_is_left_alone(package, case: str) -> None:
    lint, path, wrong, right = CASES[case]
    assert (lint, "" if lint == "empty" else "out", path) in found(package(out=wrong))
    assert found(package(out=right)) == []


def test_every_lint_has_a_case() -> None:
    # Those in test_installing.py are about what a package says, and not about a path.
    said = {"account-clash", "alternative", "alternative-clash", "installation", "lonely-alternative", "modes", "owner"}
    said |= {"gnu-in-base", "origin", "service", "service-clash", "trigger", "update-check"}
    elsewhere = said | {"set-id", "static-library", "licence", "meta", "idle-waiver", "unknown-waiver"}
    assert {lint for lint, *_ in CASES.values()} | elsewhere == {lint.name for lint in LINTS}
    assert all(lint.what and lint.advice and lint_called(lint.name) is lint for lint in LINTS)


def test_a_folder_that_is_refused_is_named_once(package) -> None:
    tree = {"usr/local/bin/x": b"", "usr/local/share/y": b"", "usr/share/z": b""}
    assert found(package(out=tree)) == [("fhs", "out", "usr/local")]


def test_an_output_that_is_a_file_is_no_tree(store, package) -> None:
    from chx.builder.lint import Output

    path = store.add_bytes(b"x", "test-1")
    subject = Subject("test-1", (Output("out", store.manifest(path), store.physical(path)),), meta={"license": "MIT"})
    assert found(subject) == [("fhs", "out", "")]


def test_set_id_bits_that_somebody_gave_an_object_are_found(package) -> None:
    subject = package(out=PROGRAM)
    place = f"{subject.outputs[0].directory}/usr/bin/program"
    assert found(subject) == []
    os.chmod(place, 0o4555)
    assert found(subject) == [("set-id", "out", "usr/bin/program")]
    os.chmod(place, 0o2555)
    assert found(subject) == [("set-id", "out", "usr/bin/program")]


def test_static_libraries_belong_to_static_if_there_are_sub_outputs(package) -> None:
    library = {"usr/lib/x.a": archive()}
    assert found(package(out=library)) == []
    assert found(package(out=PROGRAM, static=library)) == []
    assert found(package(out=PROGRAM, devel=library)) == [("static-library", "devel", "usr/lib/x.a")]
    assert found(package(out=library, doc={"usr/share/doc/x": b""})) == [("static-library", "out", "usr/lib/x.a")]


def test_outputs_see_each_other(package) -> None:
    library = {"usr/lib/libx.so.1": elf()}
    assert found(package(out=library, devel={"usr/lib/libx.so": ("link", "libx.so.1")})) == []
    assert found(package(out=library, devel={"usr/lib/libx.so": ("link", "libx.so.2")})) == [
        ("broken-link", "devel", "usr/lib/libx.so")
    ]
    assert found(package(out=library, devel={})) == [("empty", "devel", "")]


def test_what_a_package_runs_with_has_interpreters_and_ends_of_links(package) -> None:
    shell = package(out={"usr/bin/dash": ("run", b"\x7f"), "usr/bin/sh": ("link", "dash"), "bin": ("link", "usr/bin")})
    runtime = (shell.outputs[0].manifest,)
    tree = {"usr/bin/x": ("run", b"#!/bin/sh\n"), "usr/bin/y": ("link", "dash")}
    assert found(package(out=tree)) == [("broken-link", "out", "usr/bin/y"), ("interpreter", "out", "usr/bin/x")]
    assert found(package(out=tree, about={"runtime": runtime})) == []
    script = {"usr/bin/x": ("run", b"#!/bin/sh\n")}
    for path in ("/bin/sh", "/usr/bin/sh"):
        assert found(package(out=script, about={"promised": promised([path])})) == []
    assert found(package(out=script, about={"promised": promised(["/bin/dash"])})) != []


def test_a_package_without_a_licence_is_told_so(package) -> None:
    assert found(package(out=PROGRAM, about={"meta": {}})) == [("licence", "", "")]
    (finding,) = inspect(package(out=PROGRAM, about={"meta": {}, "problem": "`license` is 'GPL'"}))
    assert (finding.lint, finding.message) == ("meta", "`license` is 'GPL'")


def test_what_is_waived_is_told_and_does_not_count(package) -> None:
    tree = {"usr/local/x": b"", "usr/share/y": ("link", "z")}
    broken, strange = inspect(package(out=tree, about={"waived": {"fhs": "it is for administrators"}}))
    assert (broken.lint, broken.waived, broken.counts) == ("broken-link", None, True)
    assert (strange.lint, strange.waived, strange.counts) == ("fhs", "it is for administrators", False)


def test_waivers_that_do_nothing_are_found(package) -> None:
    idle, unknown = inspect(package(out=PROGRAM, about={"waived": {"fsh": "spelt wrong", "fhs": "not needed"}}))
    assert (idle.lint, idle.severity, idle.counts) == ("idle-waiver", Severity.WARNING, False)
    assert (unknown.lint, unknown.counts) == ("unknown-waiver", True) and "'fsh'" in unknown.message


def test_messages_say_what_is_there_and_what_was_wanted(package) -> None:
    tree = {
        "usr/bin/x": elf(21, endian="big"),
        "usr/lib/x.a": archive(("a.o", 0, b"a"), ("b.o", 1700000000, b"b"), ("c.o", 1700000000, b"c")),
        "usr/share/x": b"in /build/source/a.c and /build/source/b.c",
    }
    told = {finding.lint: finding.message for finding in inspect(package(out=tree))}
    assert told["foreign-machine"] == ("it is made for machine 21, 64 bits, big-endian, flags 0x0, and not for x86_64")
    assert told["timestamp"] == "2 of its members have a time, b.o in it is of 2023-11-14 22:13:20"
    assert told["build-path"] == "it holds /build/source/a.c at byte 3, and 1 more"


@pytest.mark.parametrize(
    ("wanted", "file"),
    [
        (target("aarch64", 183), elf(183)),
        (target("ppc64", 21, endian="big"), elf(21, endian="big")),
        (target("ppc64le", 21, mask=3, value=2), elf(21, flags=2)),
        (target("riscv64", 243, mask=6, value=4), elf(243, flags=5)),
        (target("loongarch64", 258), elf(258)),
        (target("arm", 40, 32), elf(40, bits=32)),
    ],
)
def test_a_program_for_its_target_is_not_foreign(package, wanted: Target, file: bytes) -> None:
    assert found(package(out={"usr/bin/x": file}, about={"target": wanted})) == []
    assert found(package(out={"usr/bin/x": file}, about={"target": X86_64})) == [
        ("foreign-machine", "out", "usr/bin/x")
    ]


def test_another_abi_of_the_same_machine_is_foreign(package) -> None:
    wanted = target("ppc64", 21, endian="big", mask=3, value=2)
    file = elf(21, endian="big", flags=1)
    (finding,) = inspect(package(out={"usr/bin/x": file}, about={"target": wanted}))
    assert "flags 0x1, and not for ppc64" in finding.message


def test_32_bit_and_big_endian_segments_are_read(package) -> None:
    wanted = target("ppc", 20, 32, "big")
    file = elf(20, 32, "big", segments=(dynamic((22, 0), bits=32, endian="big"), (STACK, 7, b"")))
    assert [lint for lint, *_ in found(package(out={"usr/bin/x": file}, about={"target": wanted}))] == [
        "executable-stack",
        "text-relocation",
    ]


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_what_a_compiler_makes_is_read(package, tmp_path) -> None:
    source = tmp_path / "x.c"
    source.write_text("int main(void) { return 0; }\n")

    def made(*flags: str) -> bytes:
        subprocess.run(["cc", "-static", "-o", tmp_path / "x", source, *flags], check=True)
        return (tmp_path / "x").read_bytes()

    plain = package(out={"usr/bin/x": made("-Wl,-z,noexecstack")}, about={"target": None})
    assert found(plain) == []
    wild = package(out={"usr/bin/x": made("-Wl,-z,execstack")}, about={"target": None})
    assert found(wild) == [("executable-stack", "out", "usr/bin/x")]


def test_packages_of_the_base_say_where_they_come_from(package) -> None:
    home = {"license": "MIT", "homepage": "https://www.gnu.org/software/x/"}
    assert found(package(out=PROGRAM, about={"in_base": True})) == [("origin", "", "")]
    assert found(package(out=PROGRAM, about={"in_base": True, "meta": {"license": "MIT", "origin": "NetBSD"}})) == []
    assert found(package(out=PROGRAM, about={"meta": {**home, "origin": "independent"}})) == [("origin", "", "")]
    assert found(package(out=PROGRAM, about={"in_base": True, "meta": home})) == [("origin", "", "")]
    assert found(package(out=PROGRAM, about={"meta": home})) == [("origin", "", "")]
    assert found(package(out=PROGRAM, about={"meta": {**home, "origin": "GNU"}})) == []
    (finding,) = inspect(package(out=PROGRAM, about={"breaches": ("it is of GNU",)}))
    assert (finding.lint, finding.message, finding.counts) == ("gnu-in-base", "it is of GNU", True)
