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

ARCHITECTURES = ("aarch64", "riscv64")
pytestmark = [
    pytest.mark.network,
    pytest.mark.sandbox,
    pytest.mark.emulator,
    pytest.mark.skipif(
        os.uname().machine != "x86_64", reason="x86-64 is the machine that the other ones are emulated on"
    ),
]

# What this machine compiled for the other one is the toolchain and the userland there.
EXPRESSION = """
{ arch }:
let
  cross = (import <chx> { system = "x86_64-linux"; }).tiny.cross.${arch};
  native = (import <chx> { system = "${arch}-linux"; }).over {
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
  machine = derivation {
    name = "machine";
    system = builtins.currentSystem;
    rootfs = with cross; [ dash toybox ];
    builder = "/bin/sh";
    args = [ "-c" "uname -m > $out" ];
  };
  tried = derivation {
    name = "tried";
    system = "${arch}-linux";
    rootfs = with cross; [ tinycc musl dash toybox awk ];
    builder = "/bin/sh";
    args = [ "-euc" ''
      printf '%s\\n' '#include <stdio.h>' '#include <math.h>' '#include <pthread.h>' '#include <setjmp.h>' \\
        'static jmp_buf place;' \\
        'static void *twice(void *x) { return (char *)x + (long)x; }' \\
        'int main(void) {' \\
        '  volatile int n = 0; pthread_t t; void *r; volatile long double three = 3;' \\
        '  if (setjmp(place) == 0) { n = 1; longjmp(place, 1); }' \\
        '  pthread_create(&t, 0, twice, (void *)21); pthread_join(t, &r);' \\
        '  printf("%d %ld %.30Lf %g %a\\n", n, (long)r, 1 / three, sin(1), 0.1);' \\
        '  return 0; }' > x.c
      cc x.c -o x
      ./x > $out
      awk 'BEGIN { print 2 ^ 0.5 }' >> $out
    '' ];
  };
}
"""


@pytest.fixture(scope="module", params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> Iterator[str]:
    """An architecture whose programs the kernel runs, in sandboxes as well."""
    name = request.param
    system = f"{name}-linux"
    if emulator_of(system) is not None:
        yield name
        return
    emulator = shutil.which(f"qemu-{name}-static")
    register = Path(REGISTRATIONS, "register")
    if emulator is None or os.getuid() != 0:
        pytest.skip(f"no emulator of {name} is registered, and this user may not register one")
    if not register.exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", REGISTRATIONS], check=False)
    mask = b"\xff" * 7 + b"\0" + b"\xff" * 8 + b"\xfe" + b"\xff" * 3
    fields = [f"chx-{name}", "M", "", escaped(elf_header(*ELF[system])), escaped(mask), emulator, "F"]
    try:
        register.write_text(":" + ":".join(fields))
    except OSError as error:
        pytest.skip(f"this kernel takes no emulators from here: {error}")
    yield name
    Path(REGISTRATIONS, f"chx-{name}").write_text("-1")


def escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


@pytest.fixture
def words(work: Path, architecture: str) -> tuple[str, ...]:
    (work / "both.nix").write_text(EXPRESSION)
    return ("-f", "both.nix", "--argstr", "arch", architecture)


def test_the_machine_in_the_sandbox_is_the_other_one(
    architecture: str, shared_chx: Run, words: tuple[str, ...], work: Path
) -> None:
    run = shared_chx("build", *words, "machine", "-o", "said", "--system", f"{architecture}-linux")
    assert run.returncode == 0, run.stderr
    assert (work / "said").read_text() == f"{architecture}\n"


def test_native_is_cross_compiled_bit_for_bit(shared_chx: Run, words: tuple[str, ...]) -> None:
    names = ("tinycc", "dash", "awk")
    paths = {}
    for where in ("cross", "native"):
        run = shared_chx("build", *words, *(f"{where}.{name}" for name in names))
        assert run.returncode == 0, run.stderr
        paths[where] = run.stdout.split()
    assert len(paths["cross"]) == len(names)
    assert paths["native"] == paths["cross"]


def test_what_is_cross_compiled_runs_there(shared_chx: Run, words: tuple[str, ...], work: Path) -> None:
    run = shared_chx("build", *words, "tried", "-o", "tried")
    assert run.returncode == 0, run.stderr
    assert (work / "tried").read_text().splitlines() == [
        "1 42 0.333333333333333333333333333333 0.841471 0x1.999999999999ap-4",
        "1.41421",
    ]


def test_one_lock_pins_an_attribute_for_each_system(
    architecture: str, shared_chx: Run, words: tuple[str, ...], work: Path
) -> None:
    (work / "default.nix").write_text(
        f"""{{ system ? builtins.currentSystem }}:
        let
          here = (import <chx> {{ system = "x86_64-linux"; }}).tiny;
          tools = if system == "x86_64-linux" then here else here.cross.{architecture};
        in
        {{
          said = derivation {{
            name = "said"; inherit system; rootfs = [ tools.dash tools.toybox ];
            builder = "/bin/sh"; args = [ "-c" "uname -m > $out" ];
          }};
        }}"""
    )
    systems = ("x86_64-linux", f"{architecture}-linux")
    for system in systems:
        run = shared_chx("lock", "said", "--system", system)
        assert run.returncode == 0, run.stderr
    pins = json.loads((work / "chx.lock").read_text())["pins"]["said"]
    assert set(pins) == set(systems)
    for system in systems:
        run = shared_chx("lock", "check", "--system", system)
        assert run.returncode == 0 and f"said ({system})" in run.stdout, run.stderr
        run = shared_chx("build", "--pinned", "said", "--system", system, "--no-out-link")
        assert run.stdout.strip() == pins[system]["outputs"]["out"]["path"], run.stderr


@pytest.mark.long
def test_a_bootstrap_of_the_other_system_ends_in_what_this_one_compiles(architecture: str, shared_chx: Run) -> None:
    run = shared_chx("bootstrap", "tiny", "--system", f"{architecture}-linux", "--seeds", "debian-gcc", "--json")
    report = json.loads(run.stdout)
    crossed = report["cross"]["crossed"]
    assert len(crossed["items"]) == 7 and crossed["divergences"] == []
    assert report["verdicts"]["fixed_points"][0]["stage"] == 1
