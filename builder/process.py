"""Run a program and monitor it: output, time, silence, cancellation.

`posix_spawn` is used directly: it is thread-safe, and importing `subprocess` takes longer than a small build. Every
descriptor is close-on-exec except those for a child.

A program is killed with all its descendants. For an ordinary program they are its process group. For a sandbox, the
first process of its process namespace is killed; the kernel then ends all others before that one can be reaped. bwrap
itself exits as soon as the command does, when processes that the command left behind may still write; so a sandbox has
ended when its first process has, not when bwrap has.
"""

from __future__ import annotations

import os
import select
import signal
import time
from typing import TYPE_CHECKING, NamedTuple

from .sandbox import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .cancellation import Cancellation

_CHUNK = 1 << 16
_NO_LIMITS = Limits()
_SIGNALS = signal.valid_signals() - {
    signal.SIGKILL,
    signal.SIGSTOP,
}  # none is ignored, whatever the caller of chx ignores
_GRACE = 5.0  # seconds until a killed process must have exited
_PACE = 1.0  # seconds between inspections, or more:
_SHARE = 20  # an inspection may take this fraction of the time


class Outcome(NamedTuple):
    """How a program ended.

    `status` is that of a shell (128 + signal). `ended` names the limit that ended it, or is "cancelled", or the result
    of the inspection, else None. `report` is the text that it wrote to its report descriptor.
    """

    status: int
    ended: str | None
    report: str


def run(
    argv: Sequence[str],
    env: Mapping[str, str],
    sink: Callable[[bytes], None],
    cancellation: Cancellation | None = None,
    limits: Limits = _NO_LIMITS,
    inherited: Sequence[int] = (),
    report: tuple[int, int] | None = None,
    ready: Callable[[int], None] | None = None,
    inspect: Callable[[int], str | None] | None = None,
) -> Outcome:
    """Run `argv` with exactly `env`, no input, and both outputs going to `sink`.

    `inherited` are descriptors that the child gets under the same numbers; `report` is a pipe whose second end it gets,
    too. `ready` is called with the first process of a sandbox, once it exists. `inspect` is called with the process
    from time to time, and returns a reason to end it, or None. Raises OSError if the program cannot be started.
    """
    out, child_out = os.pipe2(os.O_CLOEXEC)
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, child_out, 1),
        (os.POSIX_SPAWN_DUP2, child_out, 2),
    ]
    actions += given_only([*inherited] + ([report[1]] if report else []))
    try:
        pid = os.posix_spawn(
            argv[0],
            list(argv),
            env,
            file_actions=actions,
            setpgroup=0,  # an interrupt from the terminal is ours to handle
            setsigmask=(),
            setsigdef=_SIGNALS,
        )
    except BaseException:
        os.close(out)
        if report:
            os.close(report[0])
        raise
    finally:
        os.close(child_out)
        if report:
            os.close(report[1])
    return _Watch(pid, out, report[0] if report else None, sink, cancellation, limits, ready, inspect).wait()


def given_only(given: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the actions of a spawn that give the child the descriptors `given` and no others above 2."""
    # Duplicating a descriptor onto itself clears its close-on-exec flag in the child alone.
    actions: list[tuple[int, ...]] = [(os.POSIX_SPAWN_DUP2, number, number) for number in given]
    return actions + [(os.POSIX_SPAWN_CLOSE, number) for number in _inheritable() if number not in given]


def _inheritable() -> list[int]:
    """Return descriptors that this process inherited from a careless parent; its own are all close-on-exec."""
    found: list[int] = []
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        try:
            if number > 2 and os.get_inheritable(number):
                found.append(number)
        except OSError:
            pass  # the listing itself, or closed by another thread meanwhile
    return found


def executable(name: str, path: str | None = None) -> str | None:
    """Return the path of the program `name` on PATH."""
    for directory in (path if path is not None else os.environ.get("PATH", os.defpath)).split(os.pathsep):
        candidate = os.path.join(directory or ".", name)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return None


class _Watch:
    """One running program."""

    def __init__(
        self,
        pid: int,
        out: int,
        report: int | None,
        sink: Callable[[bytes], None],
        cancellation: Cancellation | None,
        limits: Limits,
        ready: Callable[[int], None] | None,
        inspect: Callable[[int], str | None] | None,
    ) -> None:
        self._pid, self._out, self._report, self._sink = pid, out, report, sink
        self._cancellation, self._limits, self._ready, self._inspect = cancellation, limits, ready, inspect
        self._next = time.monotonic() + _PACE
        self._process = os.pidfd_open(pid)
        self._first: int | None = None  # the first process of a sandbox, as a pidfd
        self._reported = b""
        self._ended: str | None = None
        self._written = 0
        self._started = time.monotonic()

    def wait(self) -> Outcome:
        try:
            self._follow()
            _, status = os.waitpid(self._pid, 0)
            self._pid = -1
            self._await_first()
            self._drain()
        finally:
            self._close()
        code = os.waitstatus_to_exitcode(status)
        return Outcome(code if code >= 0 else 128 - code, self._ended, self._reported.decode("utf-8", "replace"))

    def _follow(self) -> None:
        """Handle output until the process has ended."""
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        poll.register(self._process, select.POLLIN)
        if self._report is not None:
            poll.register(self._report, select.POLLIN)
        if self._cancellation is not None:
            poll.register(self._cancellation.descriptor, select.POLLIN)
        last_output = self._started
        while True:
            ready = poll.poll(self._wait_milliseconds(last_output))
            now = time.monotonic()
            for descriptor, _ in ready:
                if descriptor == self._out:
                    last_output = now
                    if not self._read_output():
                        poll.unregister(self._out)
                elif descriptor == self._report:
                    if not self._read_report():
                        poll.unregister(self._report)
                elif descriptor != self._process:
                    poll.unregister(descriptor)
                    self._end("cancelled")
            if any(descriptor == self._process for descriptor, _ in ready):
                return
            if self._ended is None:
                if self._limits.seconds and now - self._started >= self._limits.seconds:
                    self._end("time")
                elif self._limits.silence and now - last_output >= self._limits.silence:
                    self._end("silence")
                elif self._limits.log_bytes and self._written > self._limits.log_bytes:
                    self._end("log")
                elif self._inspect is not None and now >= self._next:
                    why = self._inspect(self._pid)
                    took = time.monotonic() - now
                    self._next = now + took + max(_PACE, _SHARE * took)
                    if why is not None:
                        self._end(why)

    def _wait_milliseconds(self, last_output: float) -> float | None:
        if self._ended is not None:
            return _GRACE * 1000
        deadlines = []
        if self._limits.seconds:
            deadlines.append(self._started + self._limits.seconds)
        if self._limits.silence:
            deadlines.append(last_output + self._limits.silence)
        if self._inspect is not None:
            deadlines.append(self._next)
        return max(0.0, min(deadlines) - time.monotonic()) * 1000 + 1 if deadlines else None

    def _read_output(self) -> bool:
        chunk = os.read(self._out, _CHUNK)
        self._written += len(chunk)
        if chunk and self._ended != "log":
            self._sink(chunk)
        return bool(chunk)

    def _read_report(self) -> bool:
        assert self._report is not None
        chunk = os.read(self._report, _CHUNK)
        self._reported += chunk
        if self._first is None:
            number = child_pid(self._reported)
            if number is not None:
                try:
                    self._first = os.pidfd_open(number)
                except ProcessLookupError:
                    self._first = None
                else:
                    if self._ready is not None:
                        self._ready(number)
        return bool(chunk)

    def _end(self, why: str) -> None:
        self._ended = why
        try:
            if self._first is not None:
                signal.pidfd_send_signal(self._first, signal.SIGKILL)
            else:
                os.killpg(self._pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def _await_first(self) -> None:
        """Wait until all processes of the sandbox have exited: until then, one may still write to an output.

        The kernel may take long to end a process that waits for a disk; cancellation or the time limit ends the wait.
        """
        if self._first is None:
            return
        poll = select.poll()
        poll.register(self._first, select.POLLIN)
        if self._cancellation is not None and self._ended is None:
            poll.register(self._cancellation.descriptor, select.POLLIN)
        wait = None
        if self._ended is None and self._limits.seconds:
            wait = max(0.0, self._started + self._limits.seconds - time.monotonic()) * 1000 + 1
        elif self._ended is not None:
            wait = _GRACE * 1000
        gone = {descriptor for descriptor, _ in poll.poll(wait)}
        if self._first not in gone and self._ended is None:
            self._end("cancelled" if gone else "time")

    def _drain(self) -> None:
        """Read the rest of the pipes; a process that left its group may hold them open, so do not wait long."""
        for descriptor, read in ((self._out, self._read_output), (self._report, self._read_report)):
            if descriptor is None:
                continue
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            while poll.poll(100) and read():
                pass

    def _close(self) -> None:
        if self._pid >= 0:
            self._end("cancelled")
            os.waitpid(self._pid, 0)
        for descriptor in (self._out, self._report, self._process, self._first):
            if descriptor is not None:
                os.close(descriptor)


def child_pid(report: bytes) -> int | None:
    """Return the process id in bwrap's first report: `{ "child-pid": 123, ...`."""
    _, found, rest = report.partition(b'"child-pid":')
    digits = rest.lstrip()
    end = 0
    while end < len(digits) and digits[end : end + 1].isdigit():
        end += 1
    return int(digits[:end]) if found and 0 < end < len(digits) else None
