"""The lock files of the bundled seeds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

SEEDS = Path(__file__).resolve().parents[2] / "pkgs" / "seeds"
LOCKS = sorted(path.name.removesuffix(".lock.json") for path in SEEDS.glob("*.lock.json"))
MACHINES = ("amd64", "arm64", "ppc64el", "riscv64")
HALVES = ("toolchain", "userland")


def load(name: str) -> dict:
    return json.loads((SEEDS / f"{name}.lock.json").read_text())


def test_there_are_seeds_and_each_lock_belongs_to_one() -> None:
    several = {f"{name}.{machine}" for name in ("debian-clang", "debian-gcc", "zig") for machine in MACHINES}
    assert set(LOCKS) == {"pcc", *several}
    assert all((SEEDS / f"{name.partition('.')[0]}.nix").exists() for name in LOCKS)


@pytest.mark.parametrize("name", LOCKS)
def test_every_file_has_a_place_a_size_and_a_hash(name: str) -> None:
    lock = load(name)
    assert lock["version"] == 2
    assert lock["files"]
    for file in lock["files"]:
        assert file.keys() == {"package", "version", "url", "size", "sha256"}
        assert re.fullmatch(r"[0-9a-f]{64}", file["sha256"])
        assert re.match(r"(debian|pypi):", file["url"])
        assert file["size"] > 0


@pytest.mark.parametrize("name", LOCKS)
def test_a_file_belongs_to_one_part(name: str) -> None:
    lock = load(name)
    packages = [file["package"] for file in lock["files"]]
    assert packages == sorted(set(packages))
    # What C++ needs beyond C is a part of its own, where a seed has it. zig's is another part of the one wheel.
    cxx = [] if name.startswith("zig.") else lock.get("cxx", [])
    assert sorted(lock["toolchain"] + lock["userland"] + cxx) == packages
    assert all(lock[half] == sorted(lock[half]) for half in HALVES)


@pytest.mark.parametrize("name", LOCKS)
def test_a_userland_holds_no_compiler_and_nothing_to_compile_with(name: str) -> None:
    compiling = re.compile(r".*-dev$|g?cc(-\d+)?$|cpp(-\d+)?$|binutils.*|clang.*|lld.*|llvm.*|ziglang$")
    assert [package for package in load(name)["userland"] if compiling.match(package)] == []


@pytest.mark.parametrize("machine", MACHINES)
def test_the_compilers_of_the_seeds_have_nothing_in_common_but_the_c_library(machine: str) -> None:
    gcc, clang, zig = (set(load(f"{name}.{machine}")["toolchain"]) for name in ("debian-gcc", "debian-clang", "zig"))
    assert zig == {"ziglang"}
    # libgcc-12-dev: glibc cannot be linked without libgcc; the rest only reads and prints C++ objects.
    # On riscv64 LLVM is linked with libatomic.
    libgcc = {"libgcc-14-dev", "libatomic1"} if machine == "riscv64" else {"libgcc-12-dev"}
    shared = {"libc6-dev", "linux-libc-dev", "libcrypt-dev", "libcrypt1", "libstdc++6", *libgcc}
    assert gcc & clang <= shared


def test_nothing_of_gcc_or_llvm_is_in_pcc() -> None:
    packages = {file["package"] for file in load("pcc")["files"]}
    assert [
        name for name in packages if re.match(r"(lib)?gcc|cpp|clang|llvm|lld|libstdc|ziglang|libc6-dev", name)
    ] == []
    shared = {"binutils", "binutils-common", "binutils-x86-64-linux-gnu", "libbinutils", "libctf-nobfd0", "libctf0"}
    shared |= {"libjansson4", "libzstd1", "zlib1g"}  # what binutils are linked with
    assert set(load("pcc")["toolchain"]) - {"pcc", "musl-dev"} == shared


@pytest.mark.parametrize("machine", MACHINES)
def test_the_libraries_of_cxx_are_gccs_or_zigs_own(machine: str) -> None:
    gcc, clang, zig = (set(load(f"{name}.{machine}")["cxx"]) for name in ("debian-gcc", "debian-clang", "zig"))
    assert zig == {"ziglang"}
    assert ("libstdc++-14-dev" if machine == "riscv64" else "libstdc++-12-dev") in gcc & clang


@pytest.mark.parametrize("machine", MACHINES)
def test_what_runs_make_is_all_that_the_userlands_of_zig_and_debian_share(machine: str) -> None:
    shared = set(load(f"zig.{machine}")["userland"]) & set(load(f"debian-gcc.{machine}")["userland"])
    assert shared == {"libc6", "make"}
