"""Limits for all processes of a build together, by control groups, where chx may create one.

Supports both versions. In version 1 each controller has a hierarchy of its own. In version 2 there is one, and a group
with processes cannot delegate controllers, so chx first moves itself into a child of its group if it is alone there
(`systemd-run --user --scope -p Delegate=yes chx build ...`).
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Final

_PATIENCE: Final = 2.0  # seconds until a group must be empty
_numbers = count()


@dataclass(frozen=True, slots=True)
class Place:
    """A directory in which groups with a certain controller can be made."""

    folder: str
    is_unified: bool


@cache
def place_of(controller: str) -> Place | None:
    """Return where groups with `controller` ("pids", "memory") can be made; None if nowhere."""
    for folder, is_unified, controllers in _own_groups():
        if not is_unified and controller in controllers and os.access(folder, os.W_OK):
            return Place(folder, False)
        if is_unified and os.access(folder, os.W_OK) and _shares_out(folder, controller):
            return Place(folder, True)
    return None


def _own_groups() -> list[tuple[str, bool, list[str]]]:
    """Return the directories of this process's groups: whether of version 2, and the controllers of version 1."""
    mounts: dict[str, tuple[str, str]] = {}
    try:
        with open("/proc/self/mountinfo") as file:
            for line in file:
                own, _, rest = line.partition(" - ")
                kind, _, options = rest.split(maxsplit=2)
                if kind in ("cgroup", "cgroup2"):
                    root, place = own.split()[3:5]
                    for name in [""] if kind == "cgroup2" else options.strip().split(","):
                        mounts.setdefault(name, (root, place))
        with open("/proc/self/cgroup") as file:
            lines = file.read().splitlines()
    except (OSError, ValueError):
        return []
    found = []
    for line in lines:
        number, controllers, path = line.split(":", 2)
        key = "" if number == "0" else controllers.split(",")[0]
        if key in mounts:
            root, place = mounts[key]
            inner = os.path.relpath(path, root)
            folder = os.path.normpath(f"{place}/{inner}")
            if not inner.startswith("..") and os.path.isdir(folder):
                found.append((folder, number == "0", controllers.split(",")))
    return found


def _shares_out(folder: str, controller: str) -> bool:
    try:
        with open(f"{folder}/cgroup.controllers") as file:
            if controller not in file.read().split():
                return False
        if _write(f"{folder}/cgroup.subtree_control", f"+{controller}"):
            return True
        with open(f"{folder}/cgroup.procs") as file:
            if file.read().split() != [str(os.getpid())]:
                return False
        os.makedirs(f"{folder}/chx", exist_ok=True)
        return _write(f"{folder}/chx/cgroup.procs", str(os.getpid())) and _write(
            f"{folder}/cgroup.subtree_control", f"+{controller}"
        )
    except OSError:
        return False


def _write(path: str, text: str) -> bool:
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError:
        return False
    return True


class Group:
    """Control groups for one build."""

    def __init__(self, processes: int = 0, memory: int = 0) -> None:
        """Create the groups. Raises OSError; check `missing` first."""
        wanted: dict[Place, list[tuple[str, int]]] = {}
        if processes and (place := place_of("pids")):
            wanted.setdefault(place, []).append(("pids.max", processes))
        if memory and (place := place_of("memory")):
            name = "memory.max" if place.is_unified else "memory.limit_in_bytes"
            wanted.setdefault(place, []).append((name, memory))
        self._folders: list[str] = []
        for place, settings in wanted.items():
            folder = f"{place.folder}/chx-{os.getpid()}-{next(_numbers)}"
            os.mkdir(folder)
            self._folders.append(folder)
            for name, value in settings:
                with open(f"{folder}/{name}", "w") as file:
                    file.write(str(value))
            if place.is_unified:
                _write(f"{folder}/memory.swap.max", "0")

    def add(self, process: int) -> None:
        """Add a process to the group, and with it all processes that it will start. Raises OSError."""
        for folder in self._folders:
            with open(f"{folder}/cgroup.procs", "w") as file:
                file.write(str(process))

    def close(self) -> None:
        """Remove the group; its processes have ended."""
        deadline = time.monotonic() + _PATIENCE
        for folder in self._folders:
            while True:
                try:
                    os.rmdir(folder)
                except FileNotFoundError:
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        break
                    time.sleep(0.01)
                    continue
                break
        self._folders.clear()


def missing(processes: int, memory: int) -> list[str]:
    """Return the limits that this machine cannot set: "processes", "memory".

    Processes of an unprivileged user can also be limited by RLIMIT_NPROC, which does not apply to root.
    """
    result = []
    if processes and place_of("pids") is None and os.geteuid() == 0:
        result.append("processes")
    if memory and place_of("memory") is None:
        result.append("memory")
    return result


def limit_processes(process: int, most: int) -> None:
    """Set RLIMIT_NPROC of a process in a user namespace of its own: the kernel counts per namespace."""
    import resource

    with suppress(OSError, ValueError):
        resource.prlimit(process, resource.RLIMIT_NPROC, (most, most))
