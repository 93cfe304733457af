"""The user's own clients (apt, pip), which know the user's mirrors, proxies and passwords."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NamedTuple

from ..process import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .task import Task


class Answer(NamedTuple):
    """How a client ended, and what it said."""

    status: int
    lines: list[str]


def ask_client(task: Task, command: Sequence[str], work: str) -> Answer:
    """Run a client with the user's environment, its own temporary files in `work`; raises `Cancelled`.

    Raises OSError if it failed because the disk is full: that is no fault of the place it asked.
    """
    said: list[bytes] = []
    environment = dict(os.environ, LC_ALL="C.UTF-8", TMPDIR=work)
    outcome = run(command, environment, said.append, task.cancellation)
    task.cancellation.check()
    text = b"".join(said).decode("utf-8", "replace").replace("\r", "\n")
    if outcome.status != 0:
        for number in (errno.ENOSPC, errno.EDQUOT):
            if os.strerror(number) in text:
                raise OSError(number, os.strerror(number), work)
    return Answer(outcome.status, text.split("\n"))
