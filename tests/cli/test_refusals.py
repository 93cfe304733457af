"""Machines that allow no sandbox, made from this one: namespaces with other limits, covered /proc, filters, chroots."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from chx.builder import find_bubblewrap
from chx.builder.seccomp import ARCHITECTURES

from ..builder.conftest import programs_root
from .conftest import ROOT, Run

CALLS = ARCHITECTURES.get(os.uname().machine)
NUMBERS = {"x86_64": {"mount": 165, "pivot_root": 155}}.get(os.uname().machine, {"mount": 40, "pivot_root": 41})
IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not IS_ROOT, reason="only root can make such a machine")
pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(not all(map(shutil.which, ("unshare", "setpriv", "mount"))), reason="needs util-linux"),
]
BUILD = 'derivation { name = "n"; system = builtins.currentSystem; builder = "/bin/sh"; }'


@pytest.fixture
def inside(tmp_path: Path):  # type: ignore[no-untyped-def]
    """`inside(COMMAND, SCRIPT, WORD...)` runs chx by a shell script (`exec "$@"` at its end) that a command starts."""
    environment = {**os.environ, "CHX_HOME": str(tmp_path / "home"), "CHX_BWRAP": find_bubblewrap().path}
    environment.pop("KUBERNETES_SERVICE_HOST", None)

    def run(before: list[str], script: str, *words: str, **more: object) -> subprocess.CompletedProcess[str]:
        command = [*before, "sh", "-c", f'{script}\nexec "$@"', "sh", sys.executable, str(ROOT), *words]
        return subprocess.run(command, env=environment, cwd=tmp_path, text=True, capture_output=True, **more)  # type: ignore[call-overload, no-any-return]

    return run


@pytest.fixture
def refusal(inside):  # type: ignore[no-untyped-def]
    """The same for `chx sandbox check`: the cause and all that is known. A build fails for the same reason."""

    def run(before: list[str], script: str = "", **more: object) -> dict[str, object]:
        checked = inside(before, script, "sandbox", "check", "--json", **more)
        assert checked.returncode == 1 and not checked.stderr, checked.stderr + checked.stdout
        data: dict[str, object] = json.loads(checked.stdout)
        built = inside(before, script, "build", "--no-out-link", "-E", BUILD, **more)
        assert built.returncode == 1 and "Traceback" not in built.stderr
        assert f"error[B013]: no sandbox can be made here: {data['reason']}" in built.stderr, built.stderr
        for line in data["advice"]:  # type: ignore[attr-defined]
            assert f"  = {line}\n" in built.stderr
        return data

    return run


def filtered(*names: str) -> dict[str, object]:
    """Arguments to start a process that is refused some system calls, with the error that Docker's filter gives."""
    if CALLS is None or CALLS.big_endian:
        pytest.skip("no system call numbers of this machine")
    program = [(0x20, 0, 0, 0)]
    for name in names:
        error = 38 if name == "clone3" else 1
        program += [(0x15, 0, 1, {**CALLS.numbers, **NUMBERS}[name]), (6, 0, 0, 0x50000 | error)]
    # The flags of clone that make namespaces.
    program += [(0x15, 0, 3, CALLS.numbers["clone"]), (0x20, 0, 0, 16), (0x45, 0, 1, 0x7E020000), (6, 0, 0, 0x50001)]
    if "unshare" not in names:
        program = program[:-4]
    program.append((6, 0, 0, 0x7FFF0000))
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in program))
    described = struct.pack("@HP", len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None)

    def apply() -> None:
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_char_p(described), 0, 0):
            os._exit(99)
        assert code

    return {"preexec_fn": apply}


USER = ["unshare", "--user", "--map-root-user"]
MOUNTS = [*USER, "--mount", "--pid", "--fork", "--mount-proc"]


def test_this_machine_allows_sandboxes(inside) -> None:  # type: ignore[no-untyped-def]
    checked = inside(["env"], "", "sandbox", "check")
    assert checked.returncode == 0 and "sandbox     works\n" in checked.stdout, checked.stdout
    data = json.loads(inside(["env"], "", "sandbox", "check", "--json").stdout)
    assert data["works"] and data["cause"] is None and data["advice"] == [] and data["facts"]["has_proc"]


@pytest.mark.parametrize("kind", ["user", "net"])
def test_a_limit_of_no_namespaces(refusal, kind: str) -> None:  # type: ignore[no-untyped-def]
    found = refusal(USER, f"echo 0 > /proc/sys/user/max_{kind}_namespaces")
    assert found["cause"] == "max-namespaces" and found["reason"] == f"user.max_{kind}_namespaces is 0"


def test_a_limit_that_is_reached(refusal) -> None:  # type: ignore[no-untyped-def]
    found = refusal(
        USER, "echo 1 > /proc/sys/user/max_mnt_namespaces; unshare --mount sleep 10 > /dev/null 2>&1 & sleep 0.5"
    )
    assert found["cause"] == "too-many-namespaces"


@pytest.mark.parametrize(
    "cover",
    [
        "mount --bind /dev/null /proc/version",
        "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys",
        "mount -t tmpfs none /proc/fs",
    ],
)
def test_parts_of_proc_are_covered(refusal, cover: str) -> None:  # type: ignore[no-untyped-def]
    found = refusal(MOUNTS, cover)
    assert found["cause"] == "masked-proc" and found["facts"]["covered"] == [
        f"/proc/{cover.split('/proc/')[1].split()[0]}"
    ]


def test_proc_is_not_mounted(refusal) -> None:  # type: ignore[no-untyped-def]
    found = refusal([*USER, "--mount"], "mount -t tmpfs none /proc")
    assert found["cause"] == "no-proc" and not found["facts"]["has_proc"]


def test_the_filter_of_docker(refusal) -> None:  # type: ignore[no-untyped-def]
    found = refusal(["env"], **filtered("unshare", "clone3", "mount", "pivot_root", "setns"))
    assert found["cause"] == "seccomp" and found["facts"]["refuses_unshare"]


@pytest.mark.parametrize("call", ["mount", "pivot_root"])
def test_a_filter_that_refuses_mounts_alone(refusal, call: str) -> None:  # type: ignore[no-untyped-def]
    found = refusal(["env"], **filtered(call))
    assert found["cause"] == "seccomp" and not found["facts"]["refuses_unshare"]


@as_root
@pytest.mark.parametrize("proc", ["--rbind", "--bind"])
def test_a_chroot(refusal, tmp_path: Path, proc: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "root").mkdir()
    other = f'mount {proc} / {tmp_path}/root && set -- chroot {tmp_path}/root "$@"'
    found = refusal(["unshare", "--mount"], other)
    assert found["cause"] == ("chroot" if proc == "--rbind" else "no-proc")


def test_the_way_into_a_directory_that_is_proposed_in_place_of_a_chroot(inside) -> None:  # type: ignore[no-untyped-def]
    way = [find_bubblewrap().path, "--bind", "/", "/", "--dev-bind", "/dev", "/dev", "--bind", "/proc", "/proc"]
    checked = inside(way, "", "sandbox", "check")
    assert checked.returncode == 0, checked.stdout


@as_root
def test_root_without_any_capability(refusal) -> None:  # type: ignore[no-untyped-def]
    assert refusal(["setpriv", "--bounding-set=-all"])["cause"] == "setfcap"


@as_root
def test_root_with_the_capabilities_of_a_container_is_allowed(inside) -> None:  # type: ignore[no-untyped-def]
    kept = (
        "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod setfcap"
    )
    few = ",".join(["-all", *(f"+{name}" for name in kept.split())])
    assert inside(["setpriv", f"--bounding-set={few}", "--no-new-privs"], "", "sandbox", "check").returncode == 0


@as_root
def test_a_user_whose_programs_have_capabilities(tmp_path: Path) -> None:
    """The program is asked directly, since this Python may lie where that user cannot read."""
    from chx.builder.diagnosis import Facts, diagnose

    program = tmp_path / "bwrap"
    shutil.copy(find_bubblewrap().path, program)
    who = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--inh-caps=+net_raw",
        "--ambient-caps=+net_raw",
    ]
    run = subprocess.run([*who, find_bubblewrap().path, "--unshare-all", "--", "/"], text=True, capture_output=True)
    if "bwrap:" not in run.stderr:
        pytest.skip("another user cannot start this bubblewrap")
    found = diagnose(Facts(ambient=1 << 13), run.stderr)
    assert found is not None and found.cause == "capabilities"


def test_a_profile_for_apparmor(inside, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    program = tmp_path / 'a "strange" [place]' / "bwrap"
    program.parent.mkdir()
    program.symlink_to(find_bubblewrap().path)
    real = os.path.realpath(program)
    text = inside(["env"], "", "sandbox", "apparmor", str(program)).stdout
    assert f'profile chx-bwrap "{real}" flags=(unconfined) {{\n  userns,\n' in text
    assert inside(["env"], "", "sandbox", "apparmor").stdout == text
    program.unlink()
    program.write_text("")
    escaped = str(program).replace('"', '\\"').replace("[", "\\[").replace("]", "\\]")
    assert f'"{escaped}"' in inside(["env"], "", "sandbox", "apparmor", str(program)).stdout
    refused = inside(["env"], "", "sandbox", "apparmor", "a\nb")
    assert refused.returncode == 1 and "there is no profile for" in refused.stderr


@pytest.mark.parametrize("path", ["plain", 'a "strange" [place] {x} ^ @ * ? \\'])
def test_apparmor_understands_the_profile(inside, tmp_path: Path, path: str) -> None:  # type: ignore[no-untyped-def]
    parser = os.environ.get("CHX_TEST_APPARMOR_PARSER") or shutil.which("apparmor_parser")
    if parser is None:
        pytest.skip("needs apparmor_parser")
    version = subprocess.run([parser, "--version"], text=True, capture_output=True).stdout
    if " version 3" in version or " version 2" in version:
        pytest.skip("needs AppArmor 4, which knows the rule `userns`")
    program = tmp_path / path / "bwrap"
    program.parent.mkdir()
    program.write_text("")
    base = os.environ.get("CHX_TEST_APPARMOR_BASE", "/etc/apparmor.d")
    words = [parser, "--skip-kernel-load", "--skip-cache", "--base", base, "--names"]
    text = inside(["env"], "", "sandbox", "apparmor", str(program)).stdout
    parsed = subprocess.run(words, input=text, text=True, capture_output=True)
    assert parsed.returncode == 0 and parsed.stdout.split() == ["chx-bwrap"], parsed.stderr


@pytest.mark.parametrize("options", ["", ",noexec"])
def test_a_home_from_which_no_program_can_be_started(inside, tmp_path: Path, options: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "home").mkdir()
    mount = f"mount -t tmpfs -o mode=755{options} none {tmp_path}/home"
    programs = tmp_path / "programs"
    programs_root(str(programs), ("sh",))
    build = (
        'derivation { name = "n"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo > $out" ];'
        f' rootfs = [ (builtins.path {{ path = "{programs}"; name = "programs"; }}) ]; }}'
    )
    checked = inside([*USER, "--mount"], mount, "sandbox", "check", "--json")
    built = inside([*USER, "--mount"], mount, "build", "--no-out-link", "-E", build)
    if options:
        assert checked.returncode == 1 and json.loads(checked.stdout)["cause"] == "noexec"
        assert built.returncode == 1 and "CHX_HOME is mounted with noexec" in built.stderr, built.stderr
    else:
        assert checked.returncode == 0 and built.returncode == 0, built.stderr


@pytest.mark.parametrize("devices", ["", "null"])
def test_missing_devices(refusal, tmp_path: Path, devices: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "dev").mkdir()
    script = f"mount -t tmpfs none {tmp_path}/dev"
    for name in devices.split():
        script += f"\n: > {tmp_path}/dev/{name}; mount --bind /dev/{name} {tmp_path}/dev/{name}"
    # For an ordinary user, mount(8) adds that it cannot note it down.
    script += f"\nmount --move {tmp_path}/dev /dev 2> {tmp_path}/noted"
    found = refusal([*USER, "--mount"], script, stdin=subprocess.DEVNULL)
    assert found["cause"] == "no-dev"


@as_root
@pytest.mark.parametrize("processes", [1, 3])
def test_too_few_processes(tmp_path: Path, processes: int) -> None:
    """Of another user, since root has no such limit."""
    who = ["prlimit", f"--nproc={processes}", "setpriv", "--reuid=54329", "--regid=54329", "--clear-groups"]
    (tmp_path / "home").mkdir()
    os.chown(tmp_path / "home", 54329, 54329)
    words = [sys.executable, str(ROOT), "sandbox", "check"]
    reachable = subprocess.run([*who[2:], *words], cwd="/", capture_output=True, env={"CHX_HOME": "/nonexistent"})
    if reachable.returncode:
        pytest.skip("another user cannot start this Python")
    checked = subprocess.run([*who, *words], cwd="/", capture_output=True, text=True, env={"CHX_HOME": "/nonexistent"})
    assert checked.returncode == 1 and "internal error" not in checked.stderr, checked.stderr


def test_the_name_of_a_target_is_guessed_in_every_set(chx: Run, work: Path) -> None:
    """Also where a set has few architectures, or none."""
    (work / "few.nix").write_text("{ cross.aarch64 = { a = 1; }; }")
    (work / "none.nix").write_text("{ a = 1; }")
    for words in (("hello",), ("-f", "few.nix", "a"), ("-f", "none.nix", "a")):
        run = chx("build", *words, "--target", "arm64")
        assert run.returncode == 1 and "did you mean 'aarch64'? there are aarch64, " in run.stderr
    run = chx("build", "-f", "none.nix", "a", "--target", "aarch64")
    assert run.returncode == 1 and "this set has no `cross`" in run.stderr
