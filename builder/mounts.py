"""Prepare mount points before bubblewrap starts.

bubblewrap creates missing mount points, and before version 0.12 it follows the links of the new root while it does.
During set-up, `/oldroot` is the machine: a root with the link `etc/resolv.conf -> /oldroot/tmp/x` makes it create a
file there. chx relies on no version. It checks each mount point in the tree that will be visible there, in the order of
the mounts: none is a link or behind one. A missing one is created here where the build may write anyway, and refused
elsewhere. In a file system in memory, which has no links but requested ones, bubblewrap may create it.

The source of a mount is a path of the machine, and bubblewrap follows its links. So an object that may itself be a link
is never bound; a link with the same text is made instead.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from .errors import MountBehindLink, MountPointRefused
from .sandbox import FIRST_PROCESS, Bind, Link, Overlay

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .sandbox import Mount, SandboxSpec

_DEVICE_LINKS: Final = {
    "core": "/proc/kcore",
    "fd": "/proc/self/fd",
    "ptmx": "pts/ptmx",
    "stderr": "/proc/self/fd/2",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
}
"""Entries that bubblewrap makes in /dev."""


class _Disk(NamedTuple):
    """Overlaid trees: the first with a file shows it; missing entries may be made in the first if it is `writable`."""

    trees: tuple[str, ...]
    writable: bool


class _Memory(NamedTuple):
    """A file system in memory that contains only these links."""

    links: dict[str, str]


_Ground = _Disk | _Memory


def settle_mounts(spec: SandboxSpec) -> None:
    """Make all places of `spec` ready. Raises `MountBehindLink`, `MountPointRefused`, OSError."""
    root: _Ground = _Memory({}) if spec.root is None else _Disk((spec.root,), False)
    grounds: dict[str, _Ground] = {"": root}
    for point, ground in (("/dev", _Memory(dict(_DEVICE_LINKS))), ("/proc", _Disk(("/proc",), False))):
        _settle(grounds, point, is_folder=True)
        grounds[point] = ground
    for mount in spec.binds:
        if isinstance(mount, Link):
            _settle_link(grounds, mount)
            continue
        is_folder = os.path.isdir(mount.source) if isinstance(mount, Bind) else True
        _settle(grounds, mount.target, is_folder)
        grounds[mount.target] = _ground_of(mount)


def object_mounts(objects: Iterable[tuple[str, str]]) -> tuple[Mount, ...]:
    """Return pairs of a path on disk and a store path as mounts; an object that is a link becomes that link."""
    return tuple(
        Link(os.readlink(place), path) if os.path.islink(place) else Bind(place, path) for place, path in objects
    )


def _ground_of(mount: Mount) -> _Ground:
    match mount:
        case Bind(source, _, writable):
            return _Disk((os.path.realpath(source),), writable)
        case Overlay(lower, upper, _, _):
            return _Disk((upper, lower), True)
        case _:
            return _Memory({})


def _find(grounds: dict[str, _Ground], point: str) -> tuple[str, _Ground, list[str]]:
    """Return the innermost mount that contains `point`: its path, its content, and the names from there to `point`."""
    names = point.split("/")[1:]
    if not point.startswith("/") or any(name in ("", ".", "..") for name in names):
        raise MountPointRefused(point, "it is no plain absolute path")
    # A mount at `point` itself is covered by the new one, and so determines its kind.
    for count in range(len(names), -1, -1):
        at = "".join(f"/{name}" for name in names[:count])
        if at in grounds:
            return at, grounds[at], names[count:]
    raise AssertionError("there is always a root")


def _settle(grounds: dict[str, _Ground], point: str, is_folder: bool) -> None:
    at, ground, rest = _find(grounds, point)
    if point == FIRST_PROCESS:
        return  # bubblewrap itself, which exists first
    if at == "/proc" and rest and rest[0].isdigit():
        raise MountPointRefused(point, "what is about a process is not known yet")
    if isinstance(ground, _Memory):
        for count in range(1, len(rest) + 1):
            name = "/".join(rest[:count])
            if name in ground.links:
                raise MountBehindLink(point, f"{at}/{name}", ground.links[name])
        return
    _settle_on_disk(at, ground, rest, point, is_folder)


def _settle_on_disk(at: str, ground: _Disk, rest: list[str], point: str, is_folder: bool) -> None:
    trees = ground.trees
    made = trees[0]
    if not rest:
        _judge(point, at, os.stat(made).st_mode, is_folder)
    for count, name in enumerate(rest, 1):
        here = f"{at}/{'/'.join(rest[:count])}"
        wants_folder = is_folder or count < len(rest)
        made = f"{made}/{name}"
        found = [(f"{tree}/{name}", _mode(f"{tree}/{name}")) for tree in trees]
        place, mode = next(((place, mode) for place, mode in found if mode), ("", 0))
        if not mode:
            if not ground.writable:
                raise MountPointRefused(point, f"there is no '{here}'")
            _make(made, wants_folder)
            trees = (made,)
            continue
        if stat.S_ISLNK(mode):
            raise MountBehindLink(point, here, os.readlink(place))
        _judge(point, here, mode, wants_folder)
        if place != made and ground.writable and count < len(rest):
            # In an overlay, a directory of the lower tree only; entries missing in it are made in the upper one.
            _make(made, True)
        trees = tuple(place for place, mode in found if stat.S_ISDIR(mode)) or (place,)


def _judge(point: str, here: str, mode: int, is_folder: bool) -> None:
    if is_folder and not stat.S_ISDIR(mode):
        raise MountPointRefused(point, f"'{here}' is a file")
    if not is_folder and stat.S_ISDIR(mode):
        raise MountPointRefused(point, f"'{here}' is a folder, and a file is to be seen there")


def _mode(place: str) -> int:
    try:
        return os.lstat(place).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _make(place: str, is_folder: bool) -> None:
    if is_folder:
        os.mkdir(place, 0o755)
    else:
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644))


def _settle_link(grounds: dict[str, _Ground], link: Link) -> None:
    parent, _, _ = link.target.rpartition("/")
    if parent:
        _settle(grounds, parent, is_folder=True)
    _, ground, rest = _find(grounds, link.target)
    if isinstance(ground, _Disk) or not rest:
        raise MountPointRefused(link.target, "a link can be put only where there is nothing yet")
    ground.links["/".join(rest)] = link.text
