"""Hide the machine in /proc.

The procfs of a sandbox shows only the sandbox's processes, but everything else in it describes the whole machine, and
its permissions depend on the user *outside*: when root runs chx, a build could set any sysctl. So entries that do not
describe a process are covered. Directories and writable files are covered by themselves, read-only. Files that an
unprivileged user may not read, and those that reveal other people's work, are covered by a device that cannot be
opened. Then a build run by root sees the same as any other; for an unprivileged user the kernel refuses the same
itself, except the revealing files. Entries of processes stay: writing to /proc/self/comm or opening /proc/self/fd/3 is
harmless.

A *build* also gets constants (`procfiles`) in place of the files from which programs learn about the machine, all of
/proc/sys among them, and empty directories in place of all others. Bubblewrap reads the table of mounts for each mount,
which takes a tenth of a millisecond, and more with more mounts. So files that only describe the kernel's configuration,
or count its work, stay uncovered if no program is known to build differently by them (docs/sandbox.md lists them).

The files depend on the kernel, so they are looked up, not listed here.
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
"""Entries of the sandbox's namespaces, never writable."""
_CLOSED: Final = "/dev/null"
"""Bubblewrap's mounts forbid devices, so opening this one fails with "permission denied"."""


class Constants(NamedTuple):
    """A directory of replacement files for /proc: its path, and the names of its files and directories."""

    place: str
    names: frozenset[str]


def covers(entries: Iterable[tuple[str, int]], is_root: bool, constants: Constants | None = None) -> tuple[Bind, ...]:
    """Return the mounts over a procfs with entries of these names and modes, for root or any user; with `constants` for a build."""
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
    """Covers that protect this machine, for interactive sandboxes, which may see it."""
    return covers(_entries(), os.geteuid() == 0)


def build_covers(store: Store) -> tuple[Bind, ...]:
    """Covers that also hide this machine from a build. The constants are in the home of `store`. Raises OSError."""
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
                continue  # of a module that was just unloaded, or unreadable
    return found
