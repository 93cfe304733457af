"""Run the user's own clients (apt, pip, git), with the user's mirrors, proxies and passwords.

A client is a process that is ended when it has written more than the download limit, or when it makes no progress.
Progress means that its files grow or that it computes; its output does not count, since clients also print that they
wait.
"""

from __future__ import annotations

import errno
import os
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from ...store.checkpoint import Stopped, checkpoint
from ...store.exchange.conversation import PATIENCE
from ..errors import FetchFailed
from ..measure import apparent_size
from ..process import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .task import Allowance, Task

_PATIENCE = PATIENCE
_BUSY = 0.5  # seconds of computing that show that a client is not only waiting
_SLACK = 1 << 20
_GROUP, _TIMES = 2, slice(11, 15)  # of /proc/<pid>/stat, counted behind the command name: see proc_pid_stat(5)


class ClientSilent(FetchFailed):
    """A client was ended because it made no progress."""


class Answer(NamedTuple):
    """How a client ended, and its output."""

    status: int
    lines: list[str]


def ask_client(
    task: Task, url: str, command: Sequence[str], work: str, allowance: Allowance, copies: int = 1
) -> Answer:
    """Run a client for `url` with the user's environment, and its temporary files in `work`.

    In `work` it may write the download limit `copies` times. Raises `FetchFailed` if it was ended (`ClientSilent` if for want of progress), and OSError if it
    failed because the disk is full: that is no fault of the server.
    """
    said: list[bytes] = []
    environment = dict(os.environ, LC_ALL="C.UTF-8", TMPDIR=work)
    most = None if allowance.size is None else copies * allowance.size + _SLACK
    inspect = _Inspection(work, most)
    outcome = run(command, environment, said.append, task.cancellation, task.limits, inspect=inspect)
    checkpoint()
    task.cancellation.check()
    match outcome.ended:
        case "size":
            raise allowance.refusal(url)
        case "silence":
            raise ClientSilent(
                ((url, f"it brought nothing for {_PATIENCE.seconds:g} seconds"),), "is the network there?"
            )
    text = b"".join(said).decode("utf-8", "replace").replace("\r", "\n")
    if outcome.status != 0:
        for number in (errno.ENOSPC, errno.EDQUOT):
            if os.strerror(number) in text:
                raise OSError(number, os.strerror(number), work)
    return Answer(outcome.status, text.split("\n"))


class _Inspection:
    """Checks whether to end a client, and why: it wrote more than `most` bytes to `work`, or makes no progress."""

    def __init__(self, work: str, most: int | None) -> None:
        self._work, self._most = work, most
        self._size = 0
        self._busy = 0.0
        self._since = monotonic()

    def __call__(self, process: int) -> str | None:
        try:
            size = apparent_size([self._work], self._most)
        except Stopped:
            return None  # the thread that runs the client notices it, too
        if self._most is not None and size > self._most:
            return "size"
        now, busy = monotonic(), _computed(process)
        if abs(size - self._size) >= _PATIENCE.least or busy - self._busy >= _BUSY:
            self._size, self._busy, self._since = size, busy, now
        elif now - self._since >= _PATIENCE.seconds:
            return "silence"
        return None


def _computed(group: int) -> float:
    """Return the seconds of processor time of a process group, including reaped children."""
    ticks = 0
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue  # it has ended
            if fields[_GROUP] == str(group).encode():
                ticks += sum(map(int, fields[_TIMES]))
    return ticks / os.sysconf("SC_CLK_TCK")
