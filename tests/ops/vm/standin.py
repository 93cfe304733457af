"""A program in place of qemu: it answers as a machine would, as the kernel's command line says.

echo          the console says what it is told, until a line `bye`
command       the command of the handover is `cat`, with a word on its errors and the status 7
mark          as `command`, in single bytes
status=TEXT   what the port of the status says
panic, reset  how a kernel and a machine end that do not power off
hang          the console says a line, and nothing follows
refuse        qemu says a line, and fails; `refuse=kvm` only with KVM
"""

from __future__ import annotations

import os
import re
import socket
import stat
import sys
import time
from itertools import pairwise
from pathlib import Path

PROGRAM = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import standin
standin.main(sys.argv[1:])
"""


def install(folder: Path, name: str = "qemu-system-x86_64") -> str:
    """Put the program into a folder under the name of qemu's; return its path."""
    file = folder / name
    file.write_text(PROGRAM)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def main(arguments: list[str]) -> None:
    """Be a machine."""
    pairs = list(pairwise(arguments))
    words = next((value for name, value in pairs if name == "-append"), "").split()
    said = next((word for word in words if word.startswith("refuse")), None)
    if said == "refuse" or (said == "refuse=kvm" and ("-accel", "kvm") in pairs):
        sys.exit("qemu: it cannot be")
    ends: dict[str, socket.socket] = {}
    for name, value in pairs:
        if name == "-chardev":
            fields = dict(field.partition("=")[::2] for field in value.split(",")[1:])
            ends[fields["id"]] = socket.socket(fileno=int(fields["fd"]))
    monitor = ends["monitor"]
    monitor.send(b'{"QMP": {}}\n')
    assert b"qmp_capabilities" in monitor.recv(1000)
    monitor.send(b'{"return": {}}\n')
    ends["console"].send(b"standing in\r\n")
    reason = Guest(ends, words, mark_of(pairs, words)).run()
    monitor.send(b'{"event": "SHUTDOWN", "data": {"guest": true, "reason": "%s"}}\n' % reason)


def mark_of(pairs: list[tuple[str, str]], words: list[str]) -> str:
    """The mark of the handover: a word of the command line, or else what the initramfs has."""
    for word in words:
        if word.startswith("mark="):
            return word.partition("=")[2]
    for name, value in pairs:
        if name == "-initrd" and (found := re.search(rb"\nmark=([0-9a-f]+)\n", Path(value).read_bytes())):
            return found[1].decode()
    return ""


class Guest:
    """What runs in the machine."""

    def __init__(self, ends: dict[str, socket.socket], words: list[str], mark: str) -> None:
        self.ends, self.words, self.mark = ends, words, mark
        self.console = ends["console"]

    def run(self) -> bytes:
        """Run; return the reason of the end."""
        if "hang" in self.words:
            time.sleep(1000)
        if "panic" in self.words:
            self.console.send(b"[    1.0] Kernel panic - not syncing: no init\r\n")
            return b"guest-reset"
        if "reset" in self.words:
            return b"guest-reset"
        if "echo" in self.words:
            data = b""
            while b"bye" not in data:
                data = self.console.recv(1000)
                self.console.send(data.upper())
        if "checks" in self.words:
            self.ends["chx.stdout"].send(b"begin 0\n|one\n")
        if "checked" in self.words:
            stdout, stderr, status = (self.ends[f"chx.{name}"] for name in ("stdout", "stderr", "status"))
            stdout.send(b"begin 0\n|one\nend 0 0\nbegin 1\n|two\n|\x1b[2J\nend 1 3\n" + self.mark.encode())
            stderr.send(self.mark.encode())
            status.send(b"0\n")
            status.recv(100)
        if {"command", "mark"} & set(self.words):
            self.command()
        return b"guest-shutdown"

    def command(self) -> None:
        mark = self.mark.encode()
        stdin, stdout, stderr, status = (self.ends[f"chx.{name}"] for name in ("stdin", "stdout", "stderr", "status"))
        while data := stdin.recv(1 << 16):
            stdout.sendall(data)
        stderr.send(b"a word")
        for byte in mark:
            stdout.send(bytes([byte]))
            if "mark" in self.words:
                time.sleep(0.002)
        stderr.sendall(mark)
        text = next((word.partition("=")[2] for word in self.words if word.startswith("status=")), "7")
        status.send(f"{text}\n".encode())
        if status.recv(100) != b"received\n":
            os._exit(3)
        self.console.send(b"powering off\r\n")
