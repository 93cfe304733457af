"""Emulators that the kernel knows: builder/emulation.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from chx.arch import load_profile, profile_names
from chx.builder.emulation import ELF, elf_header, emulator_of, registrations_for
from chx.builder.errors import WrongSystem
from chx.ops.session import Session

AARCH64 = "7f454c460201010000000000000000000200b700"
MASK = "ffffffffffffff00fffffffffffffffffeffffff"


def register(folder: Path, name: str, state: str = "enabled", flags: str = "F", magic: str = AARCH64) -> None:
    (folder / "status").write_text("enabled\n")
    (folder / "register").write_text("")
    (folder / name).write_text(
        f"{state}\ninterpreter /usr/bin/{name}\nflags: {flags}\noffset 0\nmagic {magic}\nmask {MASK}\n"
    )


def test_a_registered_emulator_is_found_for_its_system_alone(tmp_path: Path) -> None:
    register(tmp_path, "qemu-aarch64")
    assert emulator_of("aarch64-linux", str(tmp_path)) == "/usr/bin/qemu-aarch64"
    assert emulator_of("riscv64-linux", str(tmp_path)) is None
    assert emulator_of("vax-vms", str(tmp_path)) is None


@pytest.mark.parametrize(("state", "flags"), [("disabled", "F"), ("enabled", ""), ("enabled", "OC")])
def test_one_that_is_disabled_or_not_opened_beforehand_does_not_count(tmp_path: Path, state: str, flags: str) -> None:
    register(tmp_path, "qemu-aarch64", state, flags)
    assert emulator_of("aarch64-linux", str(tmp_path)) is None
    assert len(registrations_for("aarch64-linux", str(tmp_path))) == (state == "enabled")


def test_without_the_kernel_s_list_there_is_none(tmp_path: Path) -> None:
    assert emulator_of("aarch64-linux", str(tmp_path / "not-mounted")) is None


@pytest.mark.parametrize("damage", ["", "enabled\n", "enabled\nmagic xyz\n", "enabled\nmagic 7f\n", "\xff\n"])
def test_what_the_kernel_does_not_write_is_passed_over(tmp_path: Path, damage: str) -> None:
    (tmp_path / "odd").write_text(damage, encoding="latin-1")
    register(tmp_path, "qemu-aarch64")
    assert emulator_of("aarch64-linux", str(tmp_path)) == "/usr/bin/qemu-aarch64"


def test_registrations_by_extension_run_no_programs(tmp_path: Path) -> None:
    (tmp_path / "java").write_text("enabled\ninterpreter /usr/bin/java\nflags: F\nextension .jar\n")
    assert registrations_for("x86_64-linux", str(tmp_path)) == []


def test_both_byte_orders_of_powerpc_are_told_apart(tmp_path: Path) -> None:
    register(tmp_path, "qemu-ppc64le", magic="7f454c4602010100000000000000000002001500")
    assert emulator_of("ppc64le-linux", str(tmp_path)) is not None
    assert emulator_of("ppc64-linux", str(tmp_path)) is None


def test_the_numbers_are_those_of_the_profiles() -> None:
    with Session() as session:
        profiles = [load_profile(name, session.evaluator) for name in profile_names(session.evaluator)]
    numbers = {item.system: (1 if item.elf.data == "little" else 2, item.elf.machine) for item in profiles}
    assert numbers == ELF
    assert elf_header(1, 183).hex() == AARCH64


def test_the_hint_says_what_there_is_to_do() -> None:
    known = WrongSystem("riscv64-linux", ("x86_64-linux",), None, True)
    assert "--target riscv64" in str(known.hint) and "flag F" in str(known.hint)
    unfit = WrongSystem("riscv64-linux", ("x86_64-linux",), "/usr/bin/qemu-riscv64", True)
    assert "/usr/bin/qemu-riscv64 with flag F" in str(unfit.hint)
    assert "--extra-systems" in str(WrongSystem("vax-vms", ("x86_64-linux",)).hint)
