"""What profiles say of the compiler and the ABI, held against a clang, and against qemu, if there are any.

CHX_CLANG names the clang. What needs a newer one than there is, is left out: profiles speak of LLVM 19.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from chx.arch import Profile, load_profile
from chx.evaluator import Evaluator

from .test_profiles import NAMES

LLVM = 19
LOONGARCH_LINKER = 17

MANTISSA = {"double": "53", "x87": "64", "quad": "113"}

# Ends with status 42, if floating point and the order of bytes are as they were when it was compiled.
START = """
extern int answer(volatile double *, const unsigned char *);
static _Noreturn void leave(long status) {
#if defined __x86_64__
  __asm__ volatile("syscall" : : "a"(60L), "D"(status));
#elif defined __aarch64__
  register long number __asm__("x8") = 93, first __asm__("x0") = status;
  __asm__ volatile("svc 0" : : "r"(number), "r"(first));
#elif defined __powerpc64__
  register long number __asm__("r0") = 1, first __asm__("r3") = status;
  __asm__ volatile("sc" : : "r"(number), "r"(first));
#elif defined __riscv
  register long number __asm__("a7") = 93, first __asm__("a0") = status;
  __asm__ volatile("ecall" : : "r"(number), "r"(first));
#elif defined __loongarch__
  register long number __asm__("$a7") = 93, first __asm__("$a0") = status;
  __asm__ volatile("syscall 0" : : "r"(number), "r"(first));
#endif
  __builtin_unreachable();
}
void _start(void) {
  volatile double four = 4;
  volatile unsigned short one = 1;
  leave(answer(&four, (const unsigned char *)&one));
}
"""
ANSWER = """
extern int scale(double);
int answer(volatile double *number, const unsigned char *one) {
  if (one[__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__] != 1) return 1;
  return scale(*number);
}
"""
SCALE = "int scale(double number) { return (int)(number * 10.5); }"


class Clang:
    """A compiler and how old it is."""

    def __init__(self, program: str) -> None:
        self.program = program
        said = re.search(r"clang version (\d+)", self("--version").stdout)
        self.version = int(said[1]) if said else 0

    def __call__(self, *words: str | Path, ok: bool = True) -> subprocess.CompletedProcess[str]:
        run = subprocess.run([self.program, *map(str, words)], text=True, capture_output=True)
        assert run.returncode == 0 or not ok, run.stderr
        return run

    def target(self, profile: Profile) -> list[str]:
        return [f"--target={profile.triplet}", *profile.flags]


@pytest.fixture(scope="module")
def clang() -> Clang:
    names = [os.environ.get("CHX_CLANG", ""), "clang", *(f"clang-{version}" for version in range(25, 15, -1))]
    found = next(filter(None, map(shutil.which, filter(None, names))), None)
    if found is None:
        pytest.skip("there is no clang")
    return Clang(found)


@pytest.fixture(params=NAMES)
def profile(request: pytest.FixtureRequest, evaluator: Evaluator) -> Profile:
    return load_profile(request.param, evaluator)


def test_the_compiler_agrees_about_the_abi(clang: Clang, profile: Profile, tmp_path: Path) -> None:
    (tmp_path / "empty.c").write_text("")
    told = dict(
        line.split(" ", 2)[1:]
        for line in clang(*clang.target(profile), "-dM", "-E", tmp_path / "empty.c").stdout.splitlines()
        if line.count(" ") > 1
    )
    assert told["__BYTE_ORDER__"] == f"__ORDER_{profile.endian.upper()}_ENDIAN__"
    assert int(told["__SIZEOF_POINTER__"]) * 8 == int(told["__SIZEOF_LONG__"]) * 8 == profile.word_size
    assert told["__LDBL_MANT_DIG__"] == MANTISSA[profile.long_double]


def test_objects_have_the_header_that_the_profile_says(clang: Clang, profile: Profile, tmp_path: Path) -> None:
    (tmp_path / "one.c").write_text("double one(double x) { return x + 1; }")
    clang(*clang.target(profile), "-c", tmp_path / "one.c", "-o", tmp_path / "one.o")
    header = (tmp_path / "one.o").read_bytes()[:64]
    assert profile.elf.fits(header)
    # The mask leaves out only what may differ; of the machines here that is one bit, that of compressed code.
    flags = int.from_bytes(header[48:52], profile.endian)
    assert flags & ~profile.elf.flags.mask in ({0, 1} if profile.name == "riscv64" else {0})


def test_the_compiler_asks_for_the_loader_of_the_profile(clang: Clang, profile: Profile, tmp_path: Path) -> None:
    (tmp_path / "none.o").touch()
    told = clang(*clang.target(profile), "-###", tmp_path / "none.o", "-o", tmp_path / "out").stderr
    assert f'"-dynamic-linker" "/lib/{profile.loader}"' in told


def hardened(profile: Profile) -> list[str]:
    """The flags that the profile says the compiler has, of those that not every machine has."""
    clash = ["-fstack-clash-protection"] if profile.hardening.stack_clash else []
    traps = "signed-integer-overflow,integer-divide-by-zero"
    sanitizers = [f"-fsanitize={traps}", f"-fsanitize-trap={traps}"] if profile.hardening.integer_sanitizers else []
    return [*clash, *sanitizers, *profile.hardening.branch_protection]


def test_the_compiler_has_the_hardening_that_the_profile_says(clang: Clang, profile: Profile, tmp_path: Path) -> None:
    flags = hardened(profile)
    if clang.version < LLVM and profile.name == "aarch64":
        flags.remove("-fstack-clash-protection")
    (tmp_path / "one.c").write_text("int one(int x) { return 10 / (x + 1); }")
    run = clang(*clang.target(profile), *flags, "-Werror", "-c", tmp_path / "one.c", "-o", tmp_path / "one.o")
    assert run.stderr == ""


def test_what_the_profile_leaves_out_the_compiler_does_not_have(clang: Clang, profile: Profile, tmp_path: Path) -> None:
    if clang.version > LLVM:
        pytest.skip("a newer clang has more")
    left = [] if profile.hardening.stack_clash else ["-fstack-clash-protection"]
    if not profile.hardening.branch_protection:
        left += ["-fcf-protection=full", "-mbranch-protection=standard"]
    (tmp_path / "one.c").write_text("int one(int x) { return x; }")
    for flag in left:
        words = [*clang.target(profile), flag, "-Werror", "-c", tmp_path / "one.c", "-o", tmp_path / "one.o"]
        assert clang(*words, ok=False).returncode != 0, flag


@pytest.mark.parametrize("lto", ["none", "full", "thin"])
def test_a_program_with_the_flags_of_the_profile_runs(clang: Clang, profile: Profile, tmp_path: Path, lto: str) -> None:
    if (lto == "full" and not profile.lto.supported) or (lto == "thin" and not profile.lto.thin):
        pytest.skip("the profile says that this does not work")
    if clang.version < LOONGARCH_LINKER and profile.llvm == "LoongArch":
        pytest.skip("this lld does not know the machine")
    qemu = shutil.which(f"qemu-{profile.qemu}-static") or shutil.which(f"qemu-{profile.qemu}")
    if qemu is None:
        pytest.skip("there is no qemu for it")
    words: list[str | Path] = [*clang.target(profile), "-O2", "-ffreestanding", "-fno-stack-protector"]
    at_link = [] if lto == "none" else [f"-flto={lto}"]
    objects = []
    for name, text in {"start": START, "answer": ANSWER, "scale": SCALE}.items():
        source, out = tmp_path / f"{name}.c", tmp_path / f"{name}.o"
        source.write_text(text)
        # What starts a program is never optimised with it; and lld defines .TOC. only if an ordinary object asks for it.
        clang(*words, *([] if name == "start" else at_link), "-c", source, "-o", out)
        objects.append(out)
    page = f"-Wl,-z,max-page-size={profile.page_size}"
    program = tmp_path / "program"
    link = clang(*words, *at_link, "-nostdlib", "-static", "-fuse-ld=lld", page, *objects, "-o", program, ok=False)
    if "invalid linker name" in link.stderr:
        pytest.skip("there is no lld")
    assert link.returncode == 0, link.stderr
    assert profile.elf.fits(program.read_bytes()[:64])
    assert subprocess.run([qemu, program]).returncode == 42
