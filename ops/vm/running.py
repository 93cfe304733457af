"""Run qemu: a machine that is on, its console and its ports as sockets, and how it ended.

qemu is a process group of its own, so that a Ctrl-C of the terminal is chx's to handle, and it ends with chx, whatever
ends that. Its character devices are socket pairs: no other process can open them, and nothing of them lies in a folder.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .console import Tail
from .errors import EmulatorFailed, TimeLimitReached
from .flows import Flow, move
from .monitor import NEGOTIATION, Monitor
from .specification import CONSOLE, MONITOR, qemu_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import IO

    from .specification import VirtualMachine

_GRACE: Final = 5.0
"""Seconds that qemu has to end when it is asked to."""
_SAID: Final = 1 << 13
_SIGNALS: Final = (signal.SIGTERM, signal.SIGKILL)

# A process that dies without a word (SIGKILL) leaves no machine behind: PR_SET_PDEATHSIG is kept by the program that is
# started. Python has no call for it, and a hook between fork and exec is not safe beside threads.
_STARTER: Final = """\
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() != int(sys.argv[1]): sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a machine ended: qemu's `status`, as a shell has it, and its `reason` if qemu gave one ("guest-shutdown",
    "guest-reset", "guest-panic", "host-signal"); the last lines of the console; the last of what qemu printed.
    """

    status: int
    reason: str | None
    console: tuple[str, ...]
    panicked: bool
    said: str

    @property
    def how(self) -> str:
        """How it ended, in the past tense."""
        if self.panicked:
            return "panicked"
        known = {"guest-shutdown": "powered itself off", "guest-reset": "restarted", "guest-panic": "panicked"}
        return known.get(self.reason or "", "ended")


class Running:
    """A machine that is on. `console` and `ports` are sockets that do not block; `tail` is the end of the console."""

    def __init__(
        self, machine: VirtualMachine, program: str, process: subprocess.Popen[bytes], sockets: dict[str, socket.socket]
    ) -> None:
        self.machine = machine
        self.tail = Tail()
        self.console = sockets[CONSOLE]
        self.ports = {name: sockets[name] for name in machine.ports}
        self._program, self._process = program, process
        self._monitor, self._said = Monitor(), bytearray()
        self._sinks: list[Callable[[bytes], object]] = []
        assert process.stdout is not None
        self._own = [
            Flow(sockets[MONITOR].fileno(), None, self._monitor.add),
            Flow(process.stdout.fileno(), None, self._hear),
        ]

    @property
    def is_ready(self) -> bool:
        """Whether qemu has made the machine: before that, it may still refuse to."""
        return self._monitor.has_answered

    def log_to(self, sink: Callable[[bytes], object]) -> None:
        """Call `sink` with what the console says, from now on."""
        self._sinks.append(sink)

    def heard(self, data: bytes) -> bytes:
        """Take note of what the console said; return it."""
        for sink in self._sinks:
            sink(data)
        return self.tail.add(data)

    def _hear(self, data: bytes) -> bytes:
        self._said += data
        del self._said[:-_SAID]
        return b""

    def move(self, flows: Sequence[Flow], until: Callable[[], bool], deadline: float | None, limit: float) -> None:
        """Keep flows, one of which reads the console, going until `until` says so, or all that come out of the machine
        have ended, with it. Raises `TimeLimitReached` (`limit` seconds) at the deadline, and OSError of a sink.
        """
        outgoing = [flow for flow in flows if flow.source in self._sources]
        every = [*self._own, *flows]

        def is_over() -> bool:
            return until() or all(flow.is_finished for flow in (*self._own, *outgoing))

        if not move(every, is_over, deadline):
            raise TimeLimitReached(limit, self.tail.lines)

    @property
    def _sources(self) -> set[int]:
        return {self.console.fileno(), *(port.fileno() for port in self.ports.values())}

    def close_port(self, name: str) -> None:
        """Say that nothing more goes into a port. What went into it is still read, and what comes out of it."""
        with suppress(OSError):
            self.ports[name].shutdown(socket.SHUT_WR)

    def wait(self, seconds: float = _GRACE) -> Ended:
        """Return how the machine ended; end it if it has not after `seconds`. Raises `EmulatorFailed`."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            status = self._process.wait()
        said = self._said.decode("utf-8", "replace").strip()
        code = status if status >= 0 else 128 - status
        if code != 0 and self._monitor.reason is None:
            raise EmulatorFailed(os.path.basename(self._program), code, said, self.tail.lines, not self.is_ready)
        return Ended(code, self._monitor.reason, self.tail.lines, self.tail.panicked, said)

    def end(self) -> None:
        """End the machine as pulling its plug does."""
        for number in _SIGNALS:
            if self._process.poll() is not None:
                return
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)


@contextmanager
def start(machine: VirtualMachine, program: str) -> Iterator[Running]:
    """Start a machine in qemu, `program`; end it with the block. Raises `WrongOption`, `EmulatorFailed`."""
    machine.check()
    with ExitStack() as stack:
        ours: dict[str, socket.socket] = {}
        theirs: dict[str, socket.socket] = {}
        for name in (CONSOLE, MONITOR, *machine.ports):
            ours[name], theirs[name] = map(stack.enter_context, socket.socketpair())
            ours[name].setblocking(False)
        ends = {name: f"socket,fd={end.fileno()}" for name, end in theirs.items()}
        process = _spawn(program, qemu_arguments(machine, ends), [end.fileno() for end in theirs.values()])
        stack.callback(_close, process.stdout)
        for end in theirs.values():
            end.close()
        running = Running(machine, program, process, ours)
        stack.callback(running.end)
        ours[MONITOR].send(NEGOTIATION)
        yield running


def _spawn(program: str, arguments: list[str], given: Sequence[int]) -> subprocess.Popen[bytes]:
    command = [program, *arguments]
    if sys.executable:
        command = [sys.executable, "-I", "-S", "-c", _STARTER, str(os.getpid()), *command]
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=given,
            process_group=0,
        )
    except OSError as error:
        raise EmulatorFailed(os.path.basename(program), 127, error.strerror or str(error)) from error


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None:
        stream.close()


def deadline_of(seconds: float | None) -> float | None:
    """Return the time (time.monotonic) at which a limit of `seconds` is reached; None for none."""
    return None if seconds is None else time.monotonic() + seconds
