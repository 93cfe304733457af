"""Memory limit of an evaluation: what the machine, and this process's control group, have free.

Linux overcommits memory, and kills a process when it is used. So during an evaluation that takes a while, the address
space of this process is limited to its current size plus the free memory, and exceeding it is an error. Started
programs would inherit the limit, and builds would see it: `lifted` suspends it for them.
"""

from __future__ import annotations

import sys

# `threading` would keep the process from ending without taking itself apart (see `cli/chx`).
from _thread import allocate_lock
from contextlib import contextmanager, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

_RESERVE: Final = 16
"""One part in so many of the free memory is left to others."""
_BALLAST: Final = 32 << 20
"""Bytes freed when memory runs out: reporting the error needs some."""
_PAGE: Final = 4096
_GROUPS: Final = "/sys/fs/cgroup"

_KEPT_OF_FILES: Final = ("inactive_file", "active_file")

_lock = allocate_lock()
_before: tuple[int, int] | None = None
"""The former limit, while ours is set."""
_wanted = False
_lifts = 0
_ballast: list[bytes] = []


def free(root: str = "") -> int | None:
    """Return the bytes that this process can still allocate, swap included; None if unknown.

    `root` is the directory of the kernel's files.
    """
    numbers: dict[str, int] = {}
    try:
        with open(f"{root}/proc/meminfo", "rb") as file:
            for line in file:
                name, _, rest = line.partition(b":")
                words = rest.split()
                if words and words[0].isdigit():
                    numbers[name.decode("ascii", "replace")] = int(words[0]) << 10
    except OSError:
        return None
    if "MemAvailable" not in numbers:
        return None
    return min(numbers["MemAvailable"] + numbers.get("SwapFree", 0), _left_in_groups(root), _left_by_limit())


def _left_by_limit() -> int:
    """Return the free bytes below the address space limit of this process."""
    with suppress(ImportError, OSError):
        from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit

        soft, _ = getrlimit(RLIMIT_AS)
        if soft != RLIM_INFINITY:
            return max(0, soft - _taken())
    return sys.maxsize


def _taken() -> int:
    """Return the size of this process's address space."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * _PAGE


def _left_in_groups(root: str) -> int:
    """Return the free bytes in the control groups of this process (version 2)."""
    left = sys.maxsize
    with suppress(OSError, ValueError):
        with open(f"{root}/proc/self/cgroup") as file:
            # None where the hierarchy is not mounted, as in a machine whose init has no use for it.
            group = next((line.partition("::")[2].strip() for line in file if line.startswith("0::")), "")
        while group:
            folder = f"{root}{_GROUPS}{group if group != '/' else ''}"
            with suppress(OSError, ValueError):
                # The topmost group has no limit, and no such file.
                with open(f"{folder}/memory.max") as file:
                    most = int(file.read())
                with open(f"{folder}/memory.current") as file:
                    used = int(file.read())
                with open(f"{folder}/memory.stat") as file:
                    # Cached files count as used, but are freed on demand.
                    used -= sum(int(words[1]) for words in map(str.split, file) if words[0] in _KEPT_OF_FILES)
                left = min(left, max(0, most - used))
            group = group.rpartition("/")[0]
    return left


def check(size: int, what: str) -> None:
    """Raise `OutOfMemory` if `size` bytes for `what` exceed the free memory, before allocating any."""
    from .errors import OutOfMemory

    left = free()
    if left is not None and size > left:
        raise OutOfMemory(what)


@contextmanager
def limited() -> Iterator[None]:
    """Context that limits the memory of this process."""
    global _wanted
    with _lock:
        _wanted = True
        _apply()
    with suppress(MemoryError):
        # Memory that nothing has written to yet is none.
        _ballast.append(bytes(_BALLAST))
    try:
        yield
    finally:
        _ballast.clear()
        with _lock:
            _wanted = False
            _apply()


@contextmanager
def lifted() -> Iterator[None]:
    """Context without the limit, for starting programs."""
    global _lifts
    with _lock:
        _lifts += 1
        _apply()
    try:
        yield
    finally:
        with _lock:
            _lifts -= 1
            _apply()


def give_way() -> None:
    """Memory has run out: lift the limit, so that the error can be reported."""
    global _wanted
    _ballast.clear()
    with _lock:
        _wanted = False
        _apply()


def _apply() -> None:
    global _before
    if (_wanted and not _lifts) == (_before is not None):
        return
    with suppress(ImportError, OSError, ValueError):
        from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit, setrlimit

        if _before is not None:
            setrlimit(RLIMIT_AS, _before)
            _before = None
            return
        left, taken = free(), _taken()
        if left is None:
            return
        soft, hard = getrlimit(RLIMIT_AS)
        most = taken + left - left // _RESERVE
        if soft == RLIM_INFINITY or most < soft:
            setrlimit(RLIMIT_AS, (most, hard))
            _before = soft, hard
