"""Taking the machine out of /proc.

The procfs of a sandbox shows only the sandbox's processes, but everything else in it is about the whole
machine, and its permissions go by the user *outside*: when root runs chx, a build could set any sysctl. So what
is not about a process is covered: directories, and files that somebody may write to, by themselves read-only;
files that an ordinary user may not read, and those that tell of other people's work, by a device that cannot be
opened. Then a build of root's sees what anybody's does; for an ordinary user the kernel refuses the same by itself, except
the telling files, and each mount takes a tenth of a millisecond. What is about a process stays as it is: writing to
/proc/self/comm or opening /proc/self/fd/3 harms nobody.

Which files there are depends on the kernel, so they are looked up, and not listed here.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from .sandbox import Bind

if TYPE_CHECKING:
    from collections.abc import Iterable

_TELLING: Final = frozenset(
    {"interrupts", "kcore", "key-users", "keys", "latency_stats", "sched_debug", "timer_list", "timer_stats"}
)
_OWN: Final = frozenset({"sysvipc"})
"""Of the namespaces of the sandbox, and never writable."""
_CLOSED: Final = "/dev/null"
"""Bubblewrap's mounts forbid devices, so that this one gives "permission denied"."""


def covers(entries: Iterable[tuple[str, int]], is_root: bool) -> tuple[Bind, ...]:
    """The mounts over a procfs whose entries have these names and modes, for a build of root's or of anybody's."""
    binds = []
    for name, mode in sorted(entries):
        path = f"/proc/{name}"
        if name.isdigit() or name in _OWN or stat.S_ISLNK(mode):
            continue
        is_open = bool(mode & stat.S_IROTH)
        if not stat.S_ISDIR(mode) and (name in _TELLING if is_open else is_root):
            binds.append(Bind(_CLOSED, path))
        elif is_root and (stat.S_ISDIR(mode) or mode & 0o222):
            binds.append(Bind(path, path))
    return tuple(binds)


def proc_covers() -> tuple[Bind, ...]:
    """The same for this machine."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            try:
                found.append((name, os.lstat(f"/proc/{name}").st_mode))
            except OSError:
                continue  # of a module that was just unloaded
    return covers(found, os.geteuid() == 0)
