"""Running a sandbox on the caller's own streams and terminal.

The command is in the process group that chx is in, so the terminal treats them as one job: Ctrl-C reaches the command
without chx's doing, Ctrl-Z stops both and `fg` continues both, and a shell inside may make groups of its own.
What must not happen is that Ctrl-C ends the sandbox around a command that handles it, such as a shell.
There are three processes:

    chx -> bwrap outside ("monitor") -> bwrap inside, first of the process namespace -> the command

chx holds such signals back and looks where they come from: the kernel has sent one to the whole group, the command
included; one from a process (`kill`, `timeout`) was meant for chx alone, and is passed on. The first process is immune,
as first processes are. The monitor is not, and cannot be made so without making the command immune as well. So it
may die: chx is the *subreaper*, which makes the first process its child then, and learns the exit status from that.

When the command ends, what it left running is killed. The monitor's end says that the command has ended, and if there
is no monitor any more, chx looks from time to time.
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
_PR_SET_CHILD_SUBREAPER: Final = 36


@contextmanager
def orphans_adopted() -> Iterator[bool]:
    """Become the parent of descendants whose own parent dies; False if that is not possible."""
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


def attach(argv: Sequence[str], env: Mapping[str, str], inherited: Sequence[int], report: tuple[int, int]) -> Outcome:
    """Run bwrap with `argv` until its command has ended. `inherited` and `report` as for `process.run`.

    Only for the main thread. Raises OSError if bwrap cannot be started.
    """
    reader, writer = report
    os.set_blocking(reader, False)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    try:
        with _terminal_kept():
            try:
                pid = os.posix_spawn(
                    argv[0],
                    list(argv),
                    env,
                    file_actions=given_only([*inherited, writer]),
                    setsigmask=(),
                    # What Python has changed. What our caller ignores (`nohup`), the command ignores.
                    setsigdef=(signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT),
                )
            finally:
                os.close(writer)
            return _Attached(pid, reader).until_gone()
    finally:
        os.close(reader)
        while signal.sigtimedwait(_WATCHED, 0) is not None:
            pass  # the command's end is the answer to what came while it ended
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def _terminal_kept() -> Iterator[None]:
    """Take the terminal back from a shell that had made a group of its own the foreground one."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        yield
        return
    try:
        own = os.getpgrp()
        had_it = os.tcgetpgrp(terminal) == own
        yield
        if had_it and os.tcgetpgrp(terminal) != own:
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
            with suppress(OSError):
                os.tcsetpgrp(terminal, own)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    finally:
        os.close(terminal)


class _Attached:
    """One running bwrap; `_monitor` is 0 when it is gone."""

    def __init__(self, pid: int, reader: int) -> None:
        self._monitor, self._reader = pid, reader
        self._first: int | None = None
        self._command: int | None = None
        self._reported = b""

    def until_gone(self) -> Outcome:
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
        """The exit status, if it is known by now."""
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
            # The monitor would have said so.
            self._reported += b'"exit-code"'
            return code if code >= 0 else 128 - code
        others = _children(self._first)
        if self._command is None:
            self._command = others[0] if others else None
        elif self._command not in others:
            # Their children become the first process's, and have their turn the next time.
            for pid in others:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return None

    def _kill_first(self) -> None:
        """End all that is left in the sandbox, and wait for it."""
        if self._first is not None:
            # If it is not our child, it is gone, and its number may be somebody else's.
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


def _children(pid: int) -> list[int]:
    """The children of a process, the oldest first; none if the kernel does not tell."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []
