"""Builds on another machine, by an emulator that the kernel knows, beside what this machine compiles for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chx.builder.emulation import ELF, REGISTRATIONS, elf_header, emulator_of

from .conftest import Run

SYSTEM = "aarch64-linux"
pytestmark = [
    pytest.mark.network,
    pytest.mark.sandbox,
    pytest.mark.emulator,
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the other machine is this one"),
]

# What this machine compiled for the other one is the toolchain and the userland there.
EXPRESSION = """
let
  cross = (import <chx> { system = "x86_64-linux"; }).tiny.cross.aarch64;
  native = (import <chx> { system = "aarch64-linux"; }).over {
    rootfs = with cross; [ tinycc musl dash toybox byacc awk make ];
    allowedRequisites = [ ];
  };
  again = name: native.callPackage (<chx> + "/${name}/package.nix");
in
{
  inherit cross;
  native = {
    tinycc = again "tinycc" { };
    dash = again "dash" { };
    awk = again "awk" { inherit (cross) byacc; };
  };
  words = derivation {
    name = "machine";
    system = "aarch64-linux";
    rootfs = with cross; [ dash toybox ];
    builder = "/bin/sh";
    args = [ "-c" "uname -m > $out" ];
  };
}
"""


@pytest.fixture(scope="module")
def emulated() -> Iterator[None]:
    """The kernel runs programs of the other system, in sandboxes as well."""
    if emulator_of(SYSTEM) is not None:
        yield
        return
    emulator = shutil.which("qemu-aarch64-static")
    register = Path(REGISTRATIONS, "register")
    if emulator is None or os.getuid() != 0:
        pytest.skip("no emulator of aarch64 is registered, and this user may not register one")
    if not register.exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", REGISTRATIONS], check=False)
    header = elf_header(*ELF[SYSTEM])
    mask = b"\xff" * 7 + b"\0" + b"\xff" * 8 + b"\xfe" + b"\xff" * 3
    fields = ["chx-test", "M", "", escaped(header), escaped(mask), emulator, "F"]
    try:
        register.write_text(":" + ":".join(fields))
    except OSError as error:
        pytest.skip(f"this kernel takes no emulators from here: {error}")
    yield
    Path(REGISTRATIONS, "chx-test").write_text("-1")


def escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


@pytest.fixture
def expression(work: Path) -> str:
    (work / "both.nix").write_text(EXPRESSION)
    return "both.nix"


def test_the_machine_in_the_sandbox_is_the_other_one(
    emulated: None, shared_chx: Run, expression: str, work: Path
) -> None:
    run = shared_chx("build", "-f", expression, "words", "-o", "said", "--system", SYSTEM)
    assert run.returncode == 0, run.stderr
    assert (work / "said").read_text() == "aarch64\n"


def test_native_is_cross_compiled_bit_for_bit(emulated: None, shared_chx: Run, expression: str) -> None:
    names = ("tinycc", "dash", "awk")
    paths = {}
    for where in ("cross", "native"):
        run = shared_chx("build", "-f", expression, *(f"{where}.{name}" for name in names))
        assert run.returncode == 0, run.stderr
        paths[where] = run.stdout.split()
    assert len(paths["cross"]) == len(names)
    assert paths["native"] == paths["cross"]


def test_what_is_cross_compiled_runs_there(emulated: None, shared_chx: Run, expression: str, work: Path) -> None:
    (work / "try.nix").write_text(
        """with (import ./both.nix).cross; derivation {
          name = "tried"; system = "aarch64-linux"; rootfs = [ tinycc musl dash toybox awk ];
          builder = "/bin/sh"; args = [ "-euc" ''
            printf '#include <stdio.h>\\n#include <math.h>\\nint main(void){printf("%%.30Lf %%g\\\\n", 1.0L/3, sin(1)); return 0;}' > x.c
            cc x.c -o x
            ./x > $out
            awk 'BEGIN { print 2 ^ 0.5 }' >> $out
          '' ];
        }"""
    )
    run = shared_chx("build", "-f", "try.nix", "-o", "tried")
    assert run.returncode == 0, run.stderr
    assert (work / "tried").read_text().splitlines() == ["0.333333333333333333333333333333 0.841471", "1.41421"]


@pytest.mark.long
def test_a_bootstrap_of_the_other_system_ends_in_what_this_one_compiles(emulated: None, shared_chx: Run) -> None:
    run = shared_chx("bootstrap", "tiny", "--system", SYSTEM, "--seeds", "debian-gcc", "--json")
    report = json.loads(run.stdout)
    crossed = report["cross"]["crossed"]
    assert len(crossed["items"]) == 7 and crossed["divergences"] == []
    assert report["verdicts"]["fixed_points"][0]["stage"] == 1
