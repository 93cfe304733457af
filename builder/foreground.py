"""Run a sandbox in the foreground, on the caller's streams and terminal.

The command shares the process group of chx, so the terminal treats them as one job: the kernel sends Ctrl-C to the
command directly, Ctrl-Z stops both and `fg` continues both, and a shell inside may create process groups.
Ctrl-C must not end the sandbox around a command that handles it, such as a shell.
There are three processes:

    chx -> bwrap outside ("monitor") -> bwrap inside, first of the process namespace -> the command

chx blocks such signals and checks their sender. A signal from the kernel has reached the whole group, the command
included. A signal from a process (`kill`, `timeout`) was sent to chx alone; chx forwards it. The first process is immune,
as first processes are. The monitor is not, and cannot be made so without making the command immune as well. So it
may die: chx is the *subreaper*, becomes the parent of the first process then, and reads the exit status from it.

When the command ends, chx kills the processes that it left. The monitor exits when the command does; without a monitor
chx polls.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from .process import Outcome, child_pid, given_only

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PASSED_ON: Final = frozenset(
    {signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
)
_WATCHED: Final = _PASSED_ON | {signal.SIGCHLD}
_PACE: Final = 0.1  # seconds
_COMMAND: Final = 2  # process id of the command inside: the first process starts nothing else
_PR_SET_CHILD_SUBREAPER: Final = 36


@contextmanager
def as_subreaper() -> Iterator[bool]:
    """Become the parent of descendants whose own parent dies; yield False if that is not possible."""
    adopted = _set_subreaper(1)
    try:
        yield adopted
    finally:
        if adopted:
            _set_subreaper(0)


def _set_subreaper(value: int) -> bool:
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, value, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def run_in_foreground(
    argv: Sequence[str], env: Mapping[str, str], inherited: Sequence[int], report: tuple[int, int]
) -> Outcome:
    """Run bwrap with `argv` until its command has ended. `inherited` and `report` are those of `process.run`.

    Call it in the main thread only. Raises OSError if bwrap cannot be started.
    """
    reader, writer = report
    os.set_blocking(reader, False)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    try:
        with _terminal_restored():
            try:
                pid = os.posix_spawn(
                    argv[0],
                    list(argv),
                    env,
                    file_actions=given_only([*inherited, writer]),
                    setsigmask=(),
                    # Signals that Python changed. Signals that our caller ignores (`nohup`) stay ignored.
                    setsigdef=(signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT),
                )
            finally:
                os.close(writer)
            return _ForegroundProcess(pid, reader).wait()
    finally:
        os.close(reader)
        while signal.sigtimedwait(_WATCHED, 0) is not None:
            pass  # the command has ended: nothing is left to forward these to
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def _terminal_restored() -> Iterator[None]:
    """Restore the foreground process group of the terminal, which a shell may have changed."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        yield
        return
    try:
        own = os.getpgrp()
        had_it = os.tcgetpgrp(terminal) == own
        yield
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        with suppress(OSError):  # the terminal may be closed by now
            if had_it and os.tcgetpgrp(terminal) != own:
                os.tcsetpgrp(terminal, own)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    finally:
        os.close(terminal)


class _ForegroundProcess:
    """One running bwrap; `_monitor` is 0 after it has exited."""

    def __init__(self, pid: int, reader: int) -> None:
        self._monitor, self._reader = pid, reader
        self._first: int | None = None
        self._reported = b""

    def wait(self) -> Outcome:
        while True:
            info = signal.sigwaitinfo(_WATCHED) if self._monitor else signal.sigtimedwait(_WATCHED, _PACE)
            if info is not None and info.si_signo in _PASSED_ON and info.si_code <= 0:
                self._pass_on(info.si_signo)
            status = self._look()
            if status is not None:
                return Outcome(status, None, self._reported.decode("utf-8", "replace"))

    def _pass_on(self, number: int) -> None:
        self._read_report()
        command = _children(self._first)[:1] if self._first else []
        target = command[0] if command else self._monitor
        if target:
            with suppress(ProcessLookupError):
                os.kill(target, number)

    def _look(self) -> int | None:
        """Return the exit status; None while the command runs."""
        if self._monitor:
            ended, status = os.waitpid(self._monitor, os.WNOHANG)
            if ended == 0:
                return None
            self._monitor = 0
            self._read_report()
            code = os.waitstatus_to_exitcode(status)
            if code >= 0:
                self._kill_first()
                return code
            if self._first is None:
                # It was killed while it set the sandbox up; the first process would wait for it for ever.
                for pid in _children(os.getpid()):
                    self._first = pid
                    self._kill_first()
                return 128 - code
        return self._look_at_first()

    def _look_at_first(self) -> int | None:
        assert self._first is not None
        try:
            ended, status = os.waitpid(self._first, os.WNOHANG)
        except ChildProcessError:
            return 128 + signal.SIGKILL  # not adopted: it died with its parent
        if ended:
            code = os.waitstatus_to_exitcode(status)
            # In place of the monitor, which would have reported it.
            self._reported += b'"exit-code"'
            return code if code >= 0 else 128 - code
        others = _children(self._first)
        if not any(_number_inside(pid) == _COMMAND for pid in others):
            # The command has ended, or has not started and `others` is empty. Children of those killed here are killed in the next round.
            for pid in others:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return None

    def _kill_first(self) -> None:
        """Kill the remaining processes of the sandbox, and wait for them."""
        if self._first is not None:
            # A first process that is not our child has exited, and its id may have been reused.
            with suppress(ChildProcessError):
                if os.waitpid(self._first, os.WNOHANG)[0] == 0:
                    os.kill(self._first, signal.SIGKILL)
                    os.waitpid(self._first, 0)

    def _read_report(self) -> None:
        with suppress(BlockingIOError):
            while chunk := os.read(self._reader, 4096):
                self._reported += chunk
        if self._first is None:
            self._first = child_pid(self._reported)


def _number_inside(pid: int) -> int:
    """Return the id of a process in its own namespace; that of the command if unknown, so that it is not killed."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[-1]) for line in file if line.startswith("NSpid:")), _COMMAND)
    except OSError:
        return 0  # it has exited


def _children(pid: int) -> list[int]:
    """Return the children of a process, oldest first; none if the kernel does not list them."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []
