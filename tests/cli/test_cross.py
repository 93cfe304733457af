"""Packages for other machines, compiled here and run by a user-mode emulator.

Two machines that differ in all that matters: one is little-endian, the other big. The three
others take as long again and are left to `-m long`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "arch"
QUICK = ("aarch64",)
REST = ("ppc64", "ppc64le", "riscv64", "x86_64")
PACKAGES = (
    "awk",
    "bzip2",
    "dash",
    "hello",
    "libarchive",
    "libedit",
    "lua",
    "make",
    "mandoc",
    "mksh",
    "ncurses",
    "ninja",
    "toybox",
    "xz",
    "zlib",
    "zstd",
)  # fmt: skip
NAMES_OF_MACHINES = {"aarch64": 183, "ppc64": 21, "ppc64le": 21, "riscv64": 243, "x86_64": 62}

pytestmark = [pytest.mark.network, pytest.mark.sandbox, pytest.mark.emulator]


class Machine:
    """The packages of one architecture, realised, and the emulator that runs them."""

    def __init__(self, name: str, places: dict[str, Path], emulator: str) -> None:
        self.name = name
        self.places = places
        self.emulator = emulator

    def start(self, package: str, program: str, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        path = self.places[package] / "usr" / "bin" / program
        return subprocess.run(
            [self.emulator, "-0", program, str(path), *words], input=stdin, capture_output=True, timeout=300
        )

    def run(self, package: str, program: str, *words: str, stdin: bytes = b"") -> bytes:
        """What the program prints; it has to succeed."""
        done = self.start(package, program, *words, stdin=stdin)
        assert done.returncode == 0, (program, words, done)
        return done.stdout


def emulator_of(name: str) -> str:
    found = shutil.which(f"qemu-{name}-static") or shutil.which(f"qemu-{name}")
    if found is None:
        if "CI" in os.environ:
            pytest.fail(f"there is no qemu-{name}-static here, and CI installs it")
        pytest.skip(f"no qemu-{name}-static (Debian: qemu-user-static)")
    return found


def built(shared_chx, shared_home, name: str) -> Machine:
    emulator = emulator_of(name)
    run = shared_chx("build", "--target", name, *PACKAGES, "--no-out-link")
    assert run.returncode == 0, run.stderr
    paths = run.stdout.split()
    assert len(paths) == len(PACKAGES)
    more = shared_chx(
        "build", "-f", ROOT / "tests" / "cli" / "cross-programs.nix", "--argstr", "arch", name, "--no-out-link"
    )
    assert more.returncode == 0, more.stderr
    places = dict(zip((*PACKAGES, "cross-programs"), (*paths, more.stdout.strip())))
    return Machine(
        name,
        {package: shared_home / "store" / Path(path).name for package, path in places.items()},
        emulator,
    )


@pytest.fixture(
    params=[*QUICK, *(pytest.param(name, marks=pytest.mark.long) for name in REST)],
)
def machine(request, shared_chx, shared_home) -> Machine:
    return built(shared_chx, shared_home, request.param)


def test_the_base_set_is_for_the_machine_and_runs(machine: Machine, tmp_path: Path) -> None:
    order = "big" if machine.name == "ppc64" else "little"
    for package, place in machine.places.items():
        for path in place.rglob("*"):
            if path.is_symlink() or not path.is_file():
                continue
            head = path.read_bytes()[:20]
            if head[:4] != b"\x7fELF":
                continue
            assert head[4] == 2, (package, path)
            assert head[5] == (2 if order == "big" else 1), (package, path)
            assert int.from_bytes(head[18:20], order) == NAMES_OF_MACHINES[machine.name], (package, path)

    run = machine.run
    assert run("hello", "hello") == b"Hello, world!\n"
    assert run("dash", "dash", "-c", "set -- a b; echo $((6 * 7)) $#") == b"42 2\n"
    assert run("mksh", "mksh", "-c", "typeset -i x=6; echo $((x * 7))") == b"42\n"
    assert run("lua", "lua", "-e", 'print(6 * 7, 2^53, string.format("%.3f", math.sin(1)))') == (
        b"42\t9.007199254741e+15\t0.841\n"
    )
    assert run("awk", "awk", '{ printf "%d %s\\n", $1 * $2, substr("abcdef", 2, 3) }', stdin=b"6 7\n") == b"42 bcd\n"
    text = os.urandom(1000) + bytes(100_000)
    for package, program in (("bzip2", "bzip2"), ("xz", "xz")):
        packed = run(package, program, "-c", stdin=text)
        assert len(packed) < 5000
        assert run(package, program, "-dc", stdin=packed) == text
        ours = subprocess.run([shutil.which(program) or program, "-dc"], input=packed, capture_output=True)
        assert ours.stdout == text
    (tmp_path / "file").write_text("42\n")
    packed = run("zstd", "zstd", "-c", stdin=text)
    assert len(packed) < 5000
    assert run("zstd", "zstd", "-dc", stdin=packed) == text
    page = b".Dd November 26, 2026\n.Dt ANSWER 6\n.Os\n.Sh NAME\n.Nm answer\n.Nd forty-two\n"
    assert b"- forty-two" in run("mandoc", "mandoc", "-T", "ascii", stdin=page)
    archive = run("libarchive", "bsdtar", "-C", str(tmp_path), "-cf", "-", "file")
    assert run("libarchive", "bsdtar", "-xOf", "-", stdin=archive) == b"42\n"
    assert run("toybox", "toybox", "sha256sum", stdin=b"42\n").split()[0] == (
        b"084c799cd551dd1d8d5c5f9a5d593b2e931f5e36122ee5c793c1d08a19839cc0"
    )
    assert run("toybox", "toybox", "sort", "-n", stdin=b"10\n9\n8\n") == b"8\n9\n10\n"
    (tmp_path / "makefile").write_text("answer := $(words a b c)\nall: ; @:\n$(info $(answer) $(MAKE_VERSION))\n")
    assert run("make", "make", "-f", str(tmp_path / "makefile")).startswith(b"3 4.3\n")

    (tmp_path / "build.ninja").write_text("rule nothing\n command = :\nbuild answer: nothing\n")
    assert run("ninja", "ninja", "--version") == b"1.11.1\n"
    assert run("ninja", "ninja", "-C", str(tmp_path), "-t", "targets", "all").endswith(b"answer: nothing\n")

    printed = run("cross-programs", "all").decode().splitlines()
    assert printed[:4] == ["exception from below", "cast derived", "thread 42", "regex 42"]
    assert printed[4] == "floats 0.666667 1.414214"
    assert printed[5] == f"wide 614 {(2**64 - 1) ** 2 % 1000003}"
    assert printed[6:] == ["path /usr/lib", f"order {1 if order == 'big' else 4}"]


def test_a_program_ends_where_it_would_go_beyond_an_object(machine: Machine) -> None:
    functions = machine.run("cross-programs", "fortify").decode().split()
    assert len(functions) == 32 and {"memcpy", "read", "realpath"} <= set(functions)
    for function in functions:
        assert machine.start("cross-programs", "fortify", function).returncode == 0, function
        # An instruction that no machine has, or one that is for traps.
        beyond = machine.start("cross-programs", "fortify", function, "beyond").returncode
        assert beyond in (-signal.SIGILL, -signal.SIGTRAP), function


def test_the_libraries_of_the_set_are_there(machine: Machine) -> None:
    for package, library in (
        ("zlib", "libz.a"),
        ("bzip2", "libbz2.a"),
        ("xz", "liblzma.a"),
        ("ncurses", "libncurses.a"),
        ("libedit", "libedit.a"),
        ("zstd", "libzstd.a"),
    ):
        assert (machine.places[package] / "usr" / "lib" / library).read_bytes().startswith(b"!<arch>\n")


def test_nothing_refers_to_the_build(machine: Machine, shared_chx) -> None:
    for package, place in machine.places.items():
        references = shared_chx("store", "references", str(place))
        assert references.returncode == 0, references.stderr
        assert references.stdout.split() == [], package


@pytest.mark.parametrize(
    "packages",
    [
        ("dash", "hello", "lua"),
        pytest.param(("bmake", "byacc", *PACKAGES), marks=pytest.mark.long, id="all"),
    ],
)
def test_what_runs_is_what_a_machine_of_another_name_compiles(shared_chx, packages: tuple[str, ...]) -> None:
    """The same programs, from a set whose build machine is the host, and from one whose build machine is not.

    In the second nothing that is compiled can be run, so `configure` is told what it would find out.
    """
    file = ROOT / "tests" / "cli" / "cross-elsewhere.nix"
    sides = {}
    derivations = {}
    for side in ("here", "elsewhere"):
        attributes = [word for package in packages for word in ("-A", f"{side}.{package}")]
        run = shared_chx("build", "-f", file, "--no-out-link", *attributes)
        assert run.returncode == 0, run.stderr
        sides[side] = dict(zip(packages, run.stdout.split(), strict=True))
        asked = shared_chx("eval", "--raw", "-f", file, "-A", f"{side}.{packages[0]}.drvPath")
        derivations[side] = asked.stdout
    assert sides["here"] == sides["elsewhere"]
    assert derivations["here"] != derivations["elsewhere"]


def test_the_system_has_its_own_compiler_for_other_machines(shared_chx) -> None:
    """What is compiled for them is made by the last stage and nothing else; of LLVM one part is added."""
    expression = """
        let
          pkgs = import <chx> { seed = "debian-clang"; };
          inherit (pkgs.bootstrap.chimera.debian-clang) stage2;
          llvmFor = targets: builtins.head (stage2.toolchainFor targets);
          names = llvm: map (part: part.pname) llvm.libraries;
          drvs = llvm: map (part: part.drvPath) llvm.libraries;
          more = llvmFor [ "X86" "AArch64" ];
          reached = builtins.genericClosure {
            startSet = [ { key = pkgs.chimera.cross.aarch64.hello.drvPath; package = pkgs.chimera.cross.aarch64.hello; } ];
            operator = item: map (package: { key = package.drvPath; inherit package; }) (item.package.inputs or [ ]);
          };
          keys = map (item: item.key) reached;
        in
        {
          own = (llvmFor [ "X86" ]).drvPath == stage2.packages.llvm.drvPath;
          added = builtins.filter (name: !builtins.elem name (names stage2.packages.llvm)) (names more);
          shared = builtins.all (drv: builtins.elem drv (drvs more)) (drvs stage2.packages.llvm);
          compiler = builtins.elem more.drvPath keys;
        }
    """
    run = shared_chx("eval", "--strict", "--json", "-E", expression)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {"own": True, "added": ["llvm-AArch64"], "shared": True, "compiler": True}
