"""The script that a machine runs after it has started, by a shell here, with files and a terminal in place of ports."""

from __future__ import annotations

import os
import shutil
import subprocess
import tty
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.ops import vm
from chx.ops.vm.handover import MarkedOutput, StatusLine, after_boot

MARK = "00ff" * 8
NAMES = {"vport0p1": "chx.stdout", "vport0p2": "chx.status", "vport1p1": "chx.stdin", "vport1p2": "chx.stderr"}
Guest = Callable[..., tuple[bytes, bytes, str]]


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    """`guest(HANDOVER, INPUT)` runs a handover; what came out of its three ports."""
    shell = shutil.which("dash") or "/bin/sh"
    for port, name in NAMES.items():
        (tmp_path / "sys/class/virtio-ports" / port).mkdir(parents=True)
        (tmp_path / "sys/class/virtio-ports" / port / "name").write_text(f"{name}\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "poweroff").write_text(f"#!/bin/sh\necho off >>{tmp_path}/off\n")
    (programs / "poweroff").chmod(0o755)

    def run(handover: vm.Handover, data: bytes = b"") -> tuple[bytes, bytes, str]:
        dev, here = tmp_path / "dev", tmp_path / "handover"
        for folder in (dev, here):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        for file in handover.all_files():
            text = file.content.replace(b"/run/handover", os.fsencode(here))
            (here / file.path).write_bytes(text)
        (here / "after-boot").write_text(after_boot(MARK, str(here), str(tmp_path / "sys"), str(dev)))
        for port, name in NAMES.items():
            (dev / port).write_bytes({"chx.stdin": data}.get(name, b""))
        os.unlink(dev / "vport0p2")
        # What is read of it is not what was written to it.
        master, slave = os.openpty()
        tty.setraw(slave)
        os.symlink(os.ttyname(slave), dev / "vport0p2")
        environment = {"PATH": f"{programs}:{os.environ['PATH']}", "SECRET": "of init"}
        with (
            subprocess.Popen([shell, here / "after-boot"], env=environment, stderr=subprocess.PIPE) as process,
            open(master, "r+b", buffering=0) as port,
        ):
            status = b""
            while not status.endswith(b"\n"):
                status += port.read(1)
            port.write(b"received\n")
            assert process.stderr is not None
            assert (process.wait(60), process.stderr.read()) == (0, b"")
        os.close(slave)
        assert (tmp_path / "off").read_text() == "off\n"
        (tmp_path / "off").unlink()
        outputs = [(dev / port).read_bytes() for port in ("vport0p1", "vport1p2")]
        assert all(output.endswith(MARK.encode()) for output in outputs)
        out, err = (output.removesuffix(MARK.encode()) for output in outputs)
        return out, err, status.decode()

    return run


def command(*words: str) -> vm.Handover:
    return vm.command_handover(words, MARK)


def test_a_command_reads_and_writes_any_bytes(guest: Guest) -> None:
    data = bytes(range(256)) * 100
    assert guest(command("cat"), data) == (data, b"", "0\n")


def test_words_arrive_as_they_are(guest: Guest) -> None:
    words = ["", "a b", "'", '"$HOME"', "a\nb", "*", "\\n", "-e", "\udcff\udc81\udc88", "ü", "\x01\x7f"]
    out, err, status = guest(command("sh", "-c", 'printf "%s\\0" "$@"', "sh", *words))
    assert out.split(b"\0")[:-1] == [word.encode("utf-8", "surrogateescape") for word in words]
    assert (err, status) == (b"", "0\n")


@pytest.mark.parametrize(
    ("words", "status"),
    [(("false",), "1\n"), (("sh", "-c", "exit 200"), "200\n"), (("sh", "-c", "kill -9 $$"), "137\n")],
    ids=["false", "exit", "signal"],
)
def test_the_status_is_that_of_a_shell(guest: Guest, words: tuple[str, ...], status: str) -> None:
    assert guest(command(*words))[2] == status


def test_a_command_that_is_not_there(guest: Guest) -> None:
    out, err, status = guest(command("no-such-program"))
    assert (out, status) == (b"", "127\n") and b"no-such-program" in err


def test_the_environment_is_that_of_a_login(guest: Guest) -> None:
    out, _, _ = guest(command("env"))
    variables = dict(line.partition("=")[::2] for line in out.decode().splitlines())
    assert variables["HOME"] == "/root" and variables["USER"] == variables["LOGNAME"] == "root"
    assert variables["PATH"].startswith("/usr/") and "SECRET" not in variables


def test_a_script_ends_where_something_fails(guest: Guest) -> None:
    script = b"echo one; cat; echo two >&2\nfalse\necho three\n"
    assert guest(vm.script_handover(script, MARK), b"in") == (b"one\nin", b"two\n", "1\n")


def test_the_handover_has_what_the_contract_says() -> None:
    files = vm.script_handover(b"true\n", MARK).all_files()
    assert [(file.path, file.is_program) for file in files] == [
        ("after-boot", True),
        ("command", True),
        ("script", False),
    ]
    assert files[0].content.startswith(b"#!/bin/sh\n") and b"@" not in files[0].content


@pytest.mark.parametrize("words", [[], [""], ["a", "b\0c"]], ids=repr)
def test_no_command(words: list[str]) -> None:
    with pytest.raises(vm.WrongOption):
        vm.command_handover(words, MARK)


@given(st.lists(st.sampled_from([MARK[:5], MARK, "0", "f", "x", MARK[3:]]), max_size=8), st.data())
def test_an_output_is_what_stands_before_the_last_mark(parts: list[str], data: st.DataObject) -> None:
    whole = "".join(parts).encode()
    stream, output, found = whole + MARK.encode(), MarkedOutput(MARK), b""
    while stream:
        length = data.draw(st.integers(1, len(stream)))
        found += output.passed(stream[:length])
        stream = stream[length:]
        assert whole.startswith(found)
    assert output.is_complete and (found, output.rest()) == (whole, b"")


def test_an_output_without_its_mark_is_given_whole() -> None:
    output = MarkedOutput(MARK)
    assert output.passed(b"x" + MARK[:7].encode()) + output.rest() == b"x" + MARK[:7].encode()
    assert not output.is_complete


@given(st.binary(max_size=80))
def test_a_status_is_a_small_number_or_refused(data: bytes) -> None:
    status = StatusLine()
    try:
        for byte in data:
            status.add(bytes([byte]))
    except vm.BadGuest:
        assert status.value is None
    else:
        line, end, _ = data.partition(b"\n")
        assert status.value == (int(line) if end else None)
