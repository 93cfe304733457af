"""Checks of packages: what a machine runs, by a shell here, and what is read of what it writes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from chx.ops import vm
from chx.ops.vm.checks import Check, CheckReport, CheckResult, checks_handover

CHECKS = [
    Check("a-1", "echo one >&2\nprintf '%s' '  two\\n'"),
    Check("b-2", "echo begin 7; cat; false; echo no"),
    Check("c-3", "kill -9 $$"),
    Check("d-4", "for n in 1 2 3; do echo end 3 0; done; true"),
]


def test_checks_run_one_after_the_other_and_are_told_apart(tmp_path: Path) -> None:
    handover = checks_handover(CHECKS, "mark", str(tmp_path))
    for file in handover.files:
        (tmp_path / file.path).write_bytes(file.content)
    shell = shutil.which("dash") or "/bin/sh"
    run = subprocess.run([shell, "-c", handover.command], input=b"input", capture_output=True)
    assert (run.returncode, run.stderr) == (0, b"")
    told: list[CheckResult] = []
    report = CheckReport(CHECKS, told.append)
    for byte in run.stdout:
        report.add(bytes([byte]))
    assert report.results == told
    # What a shell says of a command that was killed is its own.
    assert [(one.check.package, one.status, one.lines if one.status < 128 else ()) for one in told] == [
        ("a-1", 0, ("one", "  two\\n")),
        ("b-2", 1, ("begin 7",)),
        ("c-3", 137, ()),
        ("d-4", 0, ("end 3 0",) * 3),
    ]


@pytest.mark.parametrize(
    "text", ["end 0 0\n", "begin 1\n", "begin 0\nbegin 0\n", "begin 0\nend 0 x\n", "begin 0\nend 1 0\n", "\n"]
)
def test_what_no_check_writes(text: str) -> None:
    with pytest.raises(vm.BadGuest):
        CheckReport(CHECKS, lambda result: None).add(text.encode())


def test_of_a_check_that_writes_much_the_end_is_kept() -> None:
    report = CheckReport(CHECKS, lambda result: None)
    report.add(b"begin 0\n" + b"".join(b"|%d\n" % n for n in range(10000)) + b"|" + b"x" * (1 << 20))
    report.add(b"\nend 0 0\n")
    lines = report.results[0].lines
    assert len(lines) == 200 and lines[-2] == "9999" and len(lines[-1]) == 4095


def test_the_check_in_which_a_machine_ends_is_named(tmp_path: Path) -> None:
    from . import standin

    runner = vm.Runner(standin.install(tmp_path), 60)
    boot = vm.KernelBoot("/kernel", None, ("checks",))
    machine = vm.VirtualMachine(vm.platform_of("x86_64"), boot)
    with pytest.raises(vm.CheckInterrupted) as caught:
        vm.run_checks(machine, runner, CHECKS, "mark")
    assert caught.value.message == "in the check of a-1: the machine powered itself off before its command had ended"
    assert os.path.exists(runner.program)
