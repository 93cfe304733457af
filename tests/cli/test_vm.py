"""`chx vm`: machines of packages, with a program in place of qemu; test_machines.py starts real ones."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from ..disk.test_parts import stub
from ..ops.vm import standin
from .conftest import Run
from .test_watching import Terminal

SET = """
let
  tree = pname: entries: extra: derivation {
    name = "${pname}-1"; system = "builtin"; builder = "builtin:tree"; entries = builtins.toJSON entries;
  } // {
    inherit pname; version = "1"; runtime = [ ]; profile.name = extra.machine or "x86_64";
    installation = import <chx/lib/installation.nix> {
      name = "${pname}-1"; arguments = builtins.removeAttrs extra [ "machine" ];
    };
  };
  file = path: content: { inherit path content; kind = "file"; };
  parts = [
    (file "boot/linux" "a kernel")
    (file "usr/lib/init" "an init")
    { path = "usr/lib/stub"; kind = "symlink"; target = "${./stub.efi}"; }
    { path = "sbin/init"; kind = "executable"; content = "init"; }
  ];
  boot = {
    kernel = { file = "boot/linux"; console = "ttyS0"; commandLine = [ "quiet" ]; };
    stub = "usr/lib/stub"; initramfs = "usr/lib/init";
  };
in
{
  system = tree "system" parts { inherit boot; };
  checked = [
    (tree "system" parts { inherit boot; checks.boot = "true"; })
    (tree "tool" [ (file "tool" "t") ] { checks.boot = ./check.sh; })
  ];
  bare = tree "bare" [ (file "tool" "t") ] { };
  other = tree "other" parts { inherit boot; machine = "loongarch64"; };
}
"""


@pytest.fixture
def bin(tmp_path: Path, work: Path) -> Path:
    """A folder with a program in place of qemu, and a set of packages in the working directory."""
    folder = tmp_path / "bin"
    folder.mkdir()
    standin.install(folder)
    work.mkdir(exist_ok=True)
    (work / "stub.efi").write_bytes(stub())
    (work / "check.sh").write_text("false\n")
    (work / "set.nix").write_text(SET)
    return folder


@pytest.fixture
def vm(chx: Run, bin: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`vm(WORD...)` of the packages in set.nix."""
    path = f"{bin}:{os.environ['PATH']}"
    return lambda *words: chx("vm", "-f", "set.nix", "--accel", "tcg", *words, PATH=path)


def test_a_command_has_the_status_that_is_passed_on(vm, work: Path) -> None:  # type: ignore[no-untyped-def]
    run = vm("system", "--append", "command", "--console", "console", "--", "cat")
    assert (run.returncode, run.stdout, run.stderr) == (7, "", "a word")
    assert (work / "console").read_bytes() == b"standing in\r\npowering off\r\n"
    told = vm("system", "--append", "command", "--console", "-", "--test", "check.sh")
    assert (told.returncode, told.stderr) == (7, "standing in\na wordpowering off\n")


def test_a_console_is_the_standard_streams(vm) -> None:  # type: ignore[no-untyped-def]
    run = vm("system")
    assert (run.returncode, run.stdout, run.stderr) == (0, "standing in\n", "")
    panicked = vm("system", "--append", "panic")
    assert panicked.returncode == 1 and "no init" in panicked.stdout
    assert panicked.stderr.endswith("error[V009]: the kernel of the machine panicked\n")
    assert vm("system", "--append", "reset").stderr == "chx: the machine restarted, which ends it here\n"


def test_checks_are_told_one_by_one(vm) -> None:  # type: ignore[no-untyped-def]
    run = vm("checked", "--checks", "--append", "checked")
    assert run.stdout == "system-1: passed\ntool-1: failed (exit status 3)\n  two\n  \x1b[2J\n"
    assert run.returncode == 1
    early = vm("checked", "--checks", "--append", "checks")
    assert "error[V011]: in the check of system-1: the machine powered itself off" in early.stderr
    assert "no package of the machine has a check" in vm("system", "--checks").stderr


def test_the_command_of_qemu_is_printed_with_files_that_stay(vm, work: Path) -> None:  # type: ignore[no-untyped-def]
    run = vm("system", "--dry-run", "--keep-image", "a disk", "--memory", "512M", "--cpus", "3", "--no-network",
             "--append", "one two", "--disk", "64M")  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert "-m 512M -smp 3 " in run.stdout and "net" not in run.stdout and run.stdout.count("\n") == 1
    assert "-initrd 'a disk.initramfs' -append 'console=ttyS0 root=PARTUUID=" in run.stdout
    # What 64 MiB leave is a partition for what changes, which the kernel's command line names.
    line = r" panic=-1 quiet state=PARTUUID=\S+ one two chx\.autologin' -drive "
    assert re.search(line + "'if=none,id=disk0,format=raw,cache=writeback,file=a disk'", run.stdout)
    assert (work / "a disk").stat().st_size == 64 << 20
    assert (work / "a disk.initramfs").read_bytes()[:6] == b"070701"
    assert "autologin" not in vm("system", "--dry-run", "--login").stdout
    handed = vm("system", "--dry-run", "--forward", "2222:22", "--", "true")
    assert "hostfwd=tcp:127.0.0.1:2222-:22" in handed.stdout
    assert "autologin" not in handed.stdout
    assert "virtserialport,chardev=chx.status,name=chx.status" in handed.stdout
    assert "what was written for this command is gone" in handed.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["system", "--test", "check.sh", "--", "true"], "a command and --test exclude each other"),
        (["system", "--test", "missing"], "cannot read 'missing'"),
        (["system", "--"], "error[V005]: the command is empty"),
        (["system", "--forward", "x"], "error[V005]: 'x' forwards no port"),
        (["system", "--memory", "1M"], "error[V005]: 1048576 bytes of memory"),
        (["system", "--console", "no/console"], "cannot write 'no/console': No such file or directory"),
        (["system", "--disk", "1M"], "error[I035]"),
        (["bare"], "error[I031]: no package of the image has a kernel"),
        (["other"], "error[V004]: there is no virtual machine for 'loongarch64'"),
        (["system", "--append", "refuse"], "error[V006]: qemu-system-x86_64 failed (exit status 1): qemu: it cannot"),
        (["system", "--append", "hang", "--time-limit", "1"], "error[V007]: the machine ran longer than 1 s"),
        (["system", "--append", "reset", "--", "x"], "error[V008]: the machine restarted before its command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_told(vm, words: list[str], message: str) -> None:  # type: ignore[no-untyped-def]
    run = vm(*words)
    assert run.returncode == 1 and message in run.stderr, run.stderr


def test_what_is_missing_is_told_before_anything_is_built(chx: Run, bin: Path, tmp_path: Path) -> None:
    failing = ("-E", 'derivation { name = "x"; system = "builtin"; builder = "builtin:tree"; entries = "no"; }')
    empty = tmp_path / "empty"
    empty.mkdir()
    run = chx("vm", *failing, PATH=str(empty))
    assert run.returncode == 1 and "error[V002]: there is no 'qemu-system-" in run.stderr
    assert "install Debian's qemu-system-" in run.stderr
    assert "error[B" in chx("vm", *failing, PATH=f"{bin}:{os.environ['PATH']}").stderr


def test_a_terminal_is_the_console_and_is_what_it_was(bin: Path, tmp_path: Path, work: Path) -> None:
    words = ("vm", "-f", "set.nix", "system", "--accel", "tcg", "--append", "echo")
    terminal = Terminal(tmp_path / "home", work, *words, PATH=f"{bin}:{os.environ['PATH']}")
    before = termios.tcgetattr(terminal.master)
    terminal.until("Ctrl-A x ends it")
    terminal.until("standing in\r\n")
    # In raw mode nothing is echoed but by the machine, and Ctrl-C is a key.
    terminal.type("ls\x03")
    terminal.until("LS\x03")
    assert "ls" not in terminal.said and not termios.tcgetattr(terminal.master)[3] & termios.ECHO
    terminal.type("\x01x")
    terminal.until("the machine was ended")
    assert termios.tcgetattr(terminal.master)[3] == before[3]
    assert terminal.end() == 0


def test_an_interrupt_ends_the_machine(bin: Path, tmp_path: Path, work: Path) -> None:
    words = ("vm", "-f", "set.nix", "system", "--accel", "tcg", "--append", "hang", "--console", "-", "--", "x")
    terminal = Terminal(tmp_path / "home", work, *words, PATH=f"{bin}:{os.environ['PATH']}")
    terminal.until("standing in")
    terminal.type("\x03")
    terminal.until("chx: interrupted")
    assert terminal.end() == 128 + signal.SIGINT
