"""What processes inherit from whoever started chx, made the same for every build.

A mask of file modes and limits belong to a whole process and go to its children, so they are set for as long as
builds run. Signals that the caller ignores (`nohup`) are dealt with where a child is started.
"""

from __future__ import annotations

import os
import resource
from types import TracebackType
from typing import Final

MASK: Final = 0o022
LIMITS: Final = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 1024,
    resource.RLIMIT_STACK: 8 << 20,
}
"""Soft limits that programs look at or behave by; lower if the caller's hard limits are."""


class ConstantInheritance:
    """A context in which children inherit constants; process-wide, so there may be one at a time."""

    def __init__(self) -> None:
        self._mask = 0
        self._limits: dict[int, tuple[int, int]] = {}

    def __enter__(self) -> None:
        self._mask = os.umask(MASK)
        for which, wanted in LIMITS.items():
            soft, hard = self._limits[which] = resource.getrlimit(which)
            chosen = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            if chosen != soft:
                resource.setrlimit(which, (chosen, hard))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.umask(self._mask)
        for which, limits in self._limits.items():
            resource.setrlimit(which, limits)
