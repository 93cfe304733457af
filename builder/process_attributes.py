"""Inherited process attributes (umask, limits, groups, priority), made the same for every build.

The umask and the limits belong to a whole process and its children, so they are set while builds run. Signals that the
caller ignores (`nohup`) are reset where a child is started.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .sandbox import SandboxSpec

MASK: Final = 0o022
LIMITS: Final = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 1024,
    resource.RLIMIT_STACK: 8 << 20,
}
"""Soft limits that influence programs; lower if the caller's hard limits are."""


class ConstantAttributes:
    """Context in which child processes inherit constants. It is process-wide: only one may be active."""

    def __init__(self) -> None:
        self._mask = 0
        self._limits: dict[int, tuple[int, int]] = {}
        self._groups: list[int] = []

    def __enter__(self) -> None:
        self._mask = os.umask(MASK)
        for which, wanted in LIMITS.items():
            soft, hard = self._limits[which] = resource.getrlimit(which)
            chosen = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            if chosen != soft:
                resource.setrlimit(which, (chosen, hard))
        self._groups = os.getgroups()
        _set_groups([])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.umask(self._mask)
        for which, limits in self._limits.items():
            resource.setrlimit(which, limits)
        _set_groups(self._groups)


def _set_groups(groups: list[int]) -> None:
    """Change the supplementary groups, if this process may."""
    if os.geteuid() == 0 and os.getgroups() != groups:
        with suppress(OSError):
            os.setgroups(groups)


_CLONE_FS: Final = 0x200


@contextmanager
def thread_attributes(spec: SandboxSpec) -> Iterator[None]:
    """Context in which children of the current thread inherit the umask, personality and processors of `spec`.

    Linux keeps them per thread; only the umask is shared by threads, until one of them calls `unshare`. Children do not
    inherit the caller's personality (`setarch`, `linux32`), nor its priority (`nice`, `chrt`) if this process may raise its
    own. Raises OSError.
    """
    with _usual_priority(), _sandbox_attributes(spec):
        yield


@contextmanager
def _usual_priority() -> Iterator[None]:
    """Set niceness 0 and the default policy for this thread, as far as the kernel allows."""
    niceness, policy = os.getpriority(os.PRIO_PROCESS, 0), _policy()
    if niceness == 0 and policy == os.SCHED_OTHER:
        yield
        return
    before = None
    with suppress(OSError):
        before = os.sched_getparam(0)
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 0)
    try:
        yield
    finally:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, niceness)
        if before is not None:
            with suppress(OSError):
                os.sched_setscheduler(0, policy, before)


def _policy() -> int:
    """The scheduling policy of this thread; the default one where the C library, as musl, does not ask the kernel."""
    try:
        return os.sched_getscheduler(0)
    except OSError:
        return os.SCHED_OTHER


@contextmanager
def _sandbox_attributes(spec: SandboxSpec) -> Iterator[None]:
    if spec.umask == MASK and not spec.personality and spec.processors is None and not _has_personality():
        yield
        return
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)

    def call(name: str, argument: int) -> int:
        result: int = getattr(library, name)(ctypes.c_ulong(argument))
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

    processors = os.sched_getaffinity(0)
    if spec.umask != MASK:
        call("unshare", _CLONE_FS)
    mask = os.umask(spec.umask)
    before = call("personality", 0xFFFFFFFF)
    try:
        call("personality", spec.personality)
        if spec.processors is not None:
            os.sched_setaffinity(0, spec.processors)
        yield
    finally:
        os.umask(mask)
        call("personality", before)
        os.sched_setaffinity(0, processors)


def _has_personality() -> bool:
    """Whether this thread has a personality, or may have one. Reading a file is faster than loading `ctypes`."""
    try:
        with open("/proc/thread-self/personality") as file:
            return file.read().strip("0\n") != ""
    except OSError:
        return True
