"""Taking the machine out of /proc.

The procfs of a sandbox shows only the sandbox's processes, but everything else in it is about the whole
machine, and its permissions go by the user *outside*: when root runs chx, a build could set any sysctl. So what
is not about a process is covered: directories, and files that somebody may write to, by themselves read-only;
files that an ordinary user may not read, and those that tell of other people's work, by a device that cannot be
opened. Then a build of root's sees what anybody's does; for an ordinary user the kernel refuses the same by itself, except
the telling files. What is about a process stays as it is: writing to /proc/self/comm or opening /proc/self/fd/3 harms nobody.

A *build* is also shown constants (`procfiles`) in place of the files that programs look at to learn about the machine, the whole
of /proc/sys among them, and nothing in place of any other directory. Bubblewrap reads the table of mounts
for each mount, a tenth of a millisecond and more the more there are; so files that only tell how the kernel was configured, or
count its work, and that no program is known to build differently by, stay as they are (docs/sandbox.md lists them).

Which files there are depends on the kernel, so they are looked up, and not listed here.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from .procfiles import EMPTY, RANDOM, proc_files, this_machine
from .sandbox import FIRST_PROCESS, Bind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store.store import Store

_TELLING: Final = frozenset(
    {"interrupts", "kcore", "key-users", "keys", "latency_stats", "sched_debug", "timer_list", "timer_stats"}
)
_OWN: Final = frozenset({"sysvipc"})
"""Of the namespaces of the sandbox, and never writable."""
_CLOSED: Final = "/dev/null"
"""Bubblewrap's mounts forbid devices, so that this one gives "permission denied"."""


class Constants(NamedTuple):
    """A directory of files to be seen in /proc: where it is, and which names it has a file or a directory for."""

    place: str
    names: frozenset[str]


def covers(entries: Iterable[tuple[str, int]], is_root: bool, constants: Constants | None = None) -> tuple[Bind, ...]:
    """The mounts over a procfs whose entries have these names and modes, for root or for anybody; with `constants` for a build."""
    binds = []
    for name, mode in sorted(entries):
        path = f"/proc/{name}"
        if name.isdigit() or name in _OWN or stat.S_ISLNK(mode):
            continue
        is_open = bool(mode & stat.S_IROTH)
        if constants is not None and name in constants.names:
            binds.append(Bind(f"{constants.place}/{name}", path))
            if RANDOM.startswith(f"{name}/"):
                binds.append(Bind(f"/proc/{RANDOM}", f"/proc/{RANDOM}"))
        elif constants is not None and stat.S_ISDIR(mode):
            binds.append(Bind(f"{constants.place}/{EMPTY}", path))
        elif not stat.S_ISDIR(mode) and (name in _TELLING if is_open else is_root):
            binds.append(Bind(_CLOSED, path))
        elif is_root and (stat.S_ISDIR(mode) or mode & 0o222):
            binds.append(Bind(path, path))
    if constants is not None:
        binds.append(Bind(f"{constants.place}/{EMPTY}", FIRST_PROCESS))
    return tuple(binds)


def proc_covers() -> tuple[Bind, ...]:
    """What keeps this machine from harm: for people, who may see it."""
    return covers(_entries(), os.geteuid() == 0)


def build_covers(store: Store) -> tuple[Bind, ...]:
    """What keeps a build from seeing this machine, too. The constants lie in the home of `store`. Raises OSError."""
    from .compose import compose_proc

    files = proc_files(this_machine())
    place = compose_proc(store, files)
    constants = Constants(place, frozenset(path.partition("/")[0] for path in files))
    return covers(_entries(), os.geteuid() == 0, constants)


def _entries() -> list[tuple[str, int]]:
    """Names and modes of what is in /proc and not about a process.

    For an ordinary user without what is an empty directory anyway; root's build could write to what appears there.
    """
    found = []
    is_root = os.geteuid() == 0
    for name in os.listdir("/proc"):
        if not name.isdigit():
            try:
                mode = os.lstat(f"/proc/{name}").st_mode
                if is_root or not stat.S_ISDIR(mode) or os.listdir(f"/proc/{name}"):
                    found.append((name, mode))
            except OSError:
                continue  # of a module that was just unloaded, or nobody may look into it
    return found
