"""Machines with a program in place of qemu: consoles, commands, limits, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chx.ops import vm

from . import standin

MARK = "0123456789abcdef" * 2


@pytest.fixture
def runner(tmp_path: Path) -> vm.Runner:
    return vm.Runner(standin.install(tmp_path), seconds=60)


@pytest.fixture
def earlier() -> set[int]:
    """Processes that other tests have started here."""
    return set(children())


def machine(*words: str, accelerator: str = "tcg") -> vm.VirtualMachine:
    boot = vm.KernelBoot("/kernel", None, words)
    return vm.VirtualMachine(vm.platform_of("x86_64"), boot, accelerator=accelerator)  # type: ignore[arg-type]


@pytest.fixture
def streams(tmp_path: Path) -> Iterator[Callable[[bytes], tuple[int, int, int]]]:
    """Descriptors of a command: input with some bytes, output and errors as files `out` and `err`."""
    opened: list[int] = []

    def make(data: bytes) -> tuple[int, int, int]:
        (tmp_path / "in").write_bytes(data)
        opened.append(os.open(tmp_path / "in", os.O_RDONLY))
        opened.extend(os.open(tmp_path / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for name in ("out", "err"))
        return opened[-3], opened[-2], opened[-1]

    yield make
    for number in opened:
        os.close(number)


@pytest.mark.parametrize("way", ["command", "mark"])
def test_a_command_has_its_streams_and_its_status(runner, streams, tmp_path: Path, way: str) -> None:  # type: ignore[no-untyped-def]
    # All bytes, the mark itself, and its beginning at the end.
    data = bytes(range(256)) * 3000 + MARK.encode() + b"\0" + MARK[:9].encode()
    result = vm.run_command(machine(way, f"mark={MARK}"), runner, MARK, streams(data))
    assert (result.status, (tmp_path / "err").read_bytes()) == (7, b"a word")
    assert (tmp_path / "out").read_bytes() == data
    assert result.ended is not None and result.ended.reason == "guest-shutdown"
    assert result.ended.console == ("standing in", "powering off")


def test_a_slow_reader_loses_nothing(runner, streams) -> None:  # type: ignore[no-untyped-def]
    data = bytes(range(256)) * 8000
    source, _, errors = streams(data)
    reader, writer = os.pipe()
    found = bytearray()

    def read() -> None:
        while chunk := os.read(reader, 1 << 16):
            found.extend(chunk)
            time.sleep(0.005)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        vm.run_command(machine("command", f"mark={MARK}"), runner, MARK, (source, writer, errors))
    finally:
        os.close(writer)
        thread.join()
        os.close(reader)
    assert found == data


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        (["panic"], vm.NoStatus, "panicked before"),
        (["reset"], vm.NoStatus, "restarted before"),
        ([], vm.NoStatus, "powered itself off before"),
        (["command", "status=x"], vm.BadGuest, "b'x' as the status"),
        (["command", "status=256"], vm.BadGuest, "b'256' as the status"),
        (["command", "status=" + 100 * "7"], vm.BadGuest, "as the status"),
        (["refuse"], vm.EmulatorFailed, "qemu-system-x86_64 failed (exit status 1): qemu: it cannot be"),
    ],
    ids=["panic", "restart", "end", "text", "number", "length", "qemu"],
)
def test_a_machine_without_a_status_is_an_error(runner, streams, words, error, text: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error) as caught:
        vm.run_command(machine(*words, f"mark={MARK}"), runner, MARK, streams(b""))
    assert text in caught.value.message
    if error is vm.NoStatus:
        assert caught.value.console[0] == "standing in"


def test_a_machine_that_takes_too_long_is_ended(runner, streams, earlier) -> None:  # type: ignore[no-untyped-def]
    began = time.monotonic()
    with pytest.raises(vm.TimeLimitReached) as caught:
        vm.run_command(machine("hang"), vm.Runner(runner.program, seconds=1), MARK, streams(b"x"))
    assert caught.value.console == ("standing in",) and time.monotonic() - began < 30
    assert set(children()) <= earlier


def test_without_kvm_after_all_a_machine_is_emulated(tmp_path: Path, streams) -> None:  # type: ignore[no-untyped-def]
    said: list[str] = []
    runner = vm.Runner(standin.install(tmp_path), 60, slower=said.append)
    words = ("refuse=kvm", "command", f"mark={MARK}")
    result = vm.run_command(machine(*words, accelerator="kvm"), runner, MARK, streams(b"all of it"))
    assert (result.status, said) == (7, ["qemu: it cannot be"])
    assert (tmp_path / "out").read_bytes() == b"all of it"
    with pytest.raises(vm.EmulatorFailed):
        vm.run_command(machine("refuse", accelerator="kvm"), runner, MARK, streams(b""))


def test_a_console_is_a_stream(runner, streams, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    logged: list[bytes] = []
    source, out, _ = streams(b"say\x01 bye\n")
    ended = vm.watch(machine("echo"), vm.Runner(runner.program, 60, logged.append), source, out)
    assert ended is not None and ended.status == 0
    assert (tmp_path / "out").read_bytes() == b"standing in\r\nSAY\x01 BYE\n" == b"".join(logged)


def test_the_keys_of_a_console_end_a_machine(runner, streams, earlier) -> None:  # type: ignore[no-untyped-def]
    source, out, _ = streams(b"\x01a\x01\x01\x01x")
    assert vm.watch(machine("echo"), runner, source, out, keys=True) is None
    assert set(children()) <= earlier


def test_a_panic_is_an_error_and_a_restart_is_an_end(runner, streams) -> None:  # type: ignore[no-untyped-def]
    source, out, _ = streams(b"")
    with pytest.raises(vm.KernelPanicked) as caught:
        vm.watch(machine("panic"), runner, source, out)
    assert caught.value.details[-1].endswith("Kernel panic - not syncing: no init")
    ended = vm.watch(machine("reset"), runner, source, out)
    assert ended is not None and ended.how == "restarted"


def test_a_machine_can_be_driven(runner) -> None:  # type: ignore[no-untyped-def]
    with vm.start(machine("echo"), runner.program) as running:
        running.console.setblocking(True)
        assert running.console.recv(100) == b"standing in\r\n"
        running.console.send(b"bye\n")
        assert running.console.recv(100) == b"BYE\n"
        assert running.wait().status == 0


def test_a_reader_that_is_gone_ends_the_machine(runner, streams, earlier) -> None:  # type: ignore[no-untyped-def]
    reader, writer = os.pipe()
    os.close(reader)
    source, _, errors = streams(b"x")
    with pytest.raises(BrokenPipeError):
        vm.run_command(machine("command", f"mark={MARK}"), runner, MARK, (source, writer, errors))
    os.close(writer)
    assert set(children()) <= earlier


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_no_machine_outlives_who_started_it(runner, tmp_path: Path, number: int) -> None:  # type: ignore[no-untyped-def]
    words = "import sys; sys.path[:0] = sys.argv[1:3]\nimport conftest\nfrom chx.ops import vm\n"
    words += "boot = vm.KernelBoot('/kernel', None, ('hang',))\n"
    words += "vm.watch(vm.VirtualMachine(vm.platform_of('x86_64'), boot), vm.Runner(sys.argv[3]), 0, 1)\n"
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", words, str(root), "", runner.program]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"standing in\r\n"
        (child,) = children(process.pid)
        process.send_signal(number)
        process.wait(30)
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
            return
        time.sleep(0.05)
    pytest.fail("it still runs")


def children(of: int | None = None) -> list[int]:
    """Processes that a process has started and that run, this one by default."""
    pid = os.getpid() if of is None else of
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
