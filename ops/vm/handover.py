"""What a machine is given to do, and how it answers.

The initramfs has a folder `handover`, which is /run/handover in the machine; its init runs `after-boot` there when all
services have started. That script binds a command to ports that lead out of the machine,
with the status of the command on a port of its own:

    chx.stdin     what the command reads. Its end is the end of the port's other side.
    chx.stdout    what the command writes, then the mark
    chx.stderr    likewise
    chx.status    the machine writes a line with the status; chx answers with a line, and the machine powers itself off

The mark is random: a reader knows by it that nothing follows, which a port cannot tell. The answer is sent when all was
read: qemu may end with bytes that nobody has read, and they would be lost.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .errors import BadGuest, WrongOption

if TYPE_CHECKING:
    from collections.abc import Sequence

STDIN: Final = "chx.stdin"
STDOUT: Final = "chx.stdout"
STDERR: Final = "chx.stderr"
STATUS: Final = "chx.status"
PORTS: Final = (STDIN, STDOUT, STDERR, STATUS)
ANSWER: Final = b"received\n"
PLACE: Final = "/run/handover"
_MARK_BYTES: Final = 16
_LONGEST_STATUS: Final = 64

_AFTER_BOOT: Final = """\
#!/bin/sh
# Runs the command beside this script with its streams bound to ports of the machine, tells its status, and powers off.
here=@here@
mark=@mark@

# Ports appear a little after their driver, and their names a little after them.
find_port() {
	tries=0
	while [ "$tries" -lt 100 ]; do
		for found in @sys@/class/virtio-ports/*; do
			name=
			[ ! -r "$found/name" ] || read -r name <"$found/name"
			if [ "$name" = "$1" ] && [ -e "@dev@/${found##*/}" ]; then
				device=@dev@/${found##*/}
				return
			fi
		done
		tries=$((tries + 1))
		sleep 0.1
	done
	echo "handover: this machine has no port $1" >&2
	poweroff
	exit 1
}

find_port chx.status && exec 6<>"$device"
find_port chx.stdin && exec 3<"$device"
find_port chx.stdout && exec 4>"$device"
find_port chx.stderr && exec 5>"$device"

cd /root 2>/dev/null || cd /
# What profiles print is for a person at a terminal.
env -i HOME=/root USER=root LOGNAME=root SHELL=/bin/sh TERM=dumb PATH=/usr/bin:/bin:/usr/sbin:/sbin /bin/sh -c '
	[ ! -r /etc/profile ] || . /etc/profile >/dev/null 2>&1 </dev/null
	exec /bin/sh "$0"' "$here/command" <&3 >&4 2>&5 3<&- 4>&- 5>&- 6>&-
status=$?

printf %s "$mark" >&4
printf %s "$mark" >&5
echo "$status" >&6
read -r answer <&6
poweroff
"""


@dataclass(frozen=True, slots=True)
class HandoverFile:
    """A file that is handed over: its path below /run/handover, whether it is a program, and its content."""

    path: str
    is_program: bool
    content: bytes


@dataclass(frozen=True, slots=True)
class Handover:
    """What a machine is given to do: `command` is a script for /bin/sh, `files` are others beside it, `mark` is what
    ends an output.
    """

    command: str
    mark: str
    files: tuple[HandoverFile, ...] = ()

    def all_files(self) -> tuple[HandoverFile, ...]:
        """Return the files that are handed over, in the order of their paths."""
        found = (
            HandoverFile("after-boot", True, after_boot(self.mark).encode()),
            HandoverFile("command", True, self.command.encode("utf-8", "surrogateescape")),
            *self.files,
        )
        return tuple(sorted(found, key=lambda file: file.path))


def after_boot(mark: str, here: str = PLACE, sys: str = "/sys", dev: str = "/dev") -> str:
    """Return the script `after-boot`; `here`, `sys` and `dev` are where it finds the handover, ports and devices."""
    script = _AFTER_BOOT
    for name, value in (("here", here), ("mark", mark), ("sys", sys), ("dev", dev)):
        script = script.replace(f"@{name}@", value)
    return script


def new_mark() -> str:
    """Return a mark that no output has by chance."""
    import secrets

    return secrets.token_hex(_MARK_BYTES)


def command_handover(words: Sequence[str], mark: str) -> Handover:
    """Return the handover of a command, whose words reach it as they are. Raises `WrongOption`."""
    if not words or not words[0]:
        raise WrongOption("the command is empty", hint="chx vm X -- COMMAND ARG...")
    if any("\0" in word for word in words):
        raise WrongOption("a word of the command has a NUL")
    return Handover(f"#!/bin/sh\nexec {shlex.join(words)}\n", mark)


def script_handover(script: bytes, mark: str) -> Handover:
    """Return the handover of a script, which /bin/sh runs until something in it fails (`sh -e`)."""
    file = HandoverFile("script", False, script)
    return Handover(f"#!/bin/sh\nexec /bin/sh -e {PLACE}/script\n", mark, (file,))


class MarkedOutput:
    """What comes out of a port up to the mark, which may come in pieces.

    The mark counts where nothing follows it. So an output that contains it is whole, too.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark.encode()
        self._held = b""

    @property
    def is_complete(self) -> bool:
        """Whether the mark was the last that came."""
        return self._held == self._mark

    def passed(self, data: bytes) -> bytes:
        """Return what is certainly of the output."""
        data = self._held + data
        length = next(
            length
            for length in range(min(len(self._mark), len(data)), -1, -1)
            if data.endswith(self._mark[:length])
        )  # fmt: skip
        self._held = data[len(data) - length :]
        return data[: len(data) - length]

    def rest(self) -> bytes:
        """Return what was kept of an output that ended without a mark."""
        return b"" if self.is_complete else self._held


class StatusLine:
    """The line that comes out of the port of the status. `value` is the status, None until it is there."""

    def __init__(self) -> None:
        self._data = b""
        self.value: int | None = None

    def add(self, data: bytes) -> bytes:
        """Add what came; return nothing. Raises `BadGuest`."""
        if self.value is None:
            self._data += data
            line, end, _ = self._data.partition(b"\n")
            if len(line) > _LONGEST_STATUS or (end and not (line.isdigit() and int(line) < 256)):
                raise BadGuest(f"the machine gave {line[:_LONGEST_STATUS]!r} as the status of its command")
            if end:
                self.value = int(line)
        return b""
