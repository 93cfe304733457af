"""Sandboxes as values, and their bubblewrap arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .network import Uplink

BUILD_DIRECTORY = "/build"
FIRST_PROCESS = "/proc/1"
"""The first process is bwrap itself, whose command line and program belong to the host."""
HOSTNAME = "chx"
USER = 1000
GROUP = 1000


@dataclass(frozen=True, slots=True)
class Bind:
    """`source` outside appears as `target` inside."""

    source: str
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Scratch:
    """An empty writable directory in memory, which ends with the sandbox."""

    target: str
    mode: int = 0o755


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link at `target`."""

    text: str
    target: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """The directory `lower` appears as `target`; writes go to `upper`, with `work` beside it on the same file system."""

    lower: str
    upper: str
    work: str
    target: str


Mount = Bind | Scratch | Link | Overlay


@dataclass(frozen=True, slots=True)
class Limits:
    """When to end a process: seconds in all, seconds without output, bytes of output; 0 is no limit.

    `processes` and `memory_bytes` (of all processes together) are refused beyond, and end nothing by themselves.
    """

    seconds: float = 0
    silence: float = 0
    log_bytes: int = 0
    processes: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """Everything that a process in a sandbox can see.

    `root` is a composed root, read-only; None is an empty one. `binds` are made in order, later ones over earlier ones.
    `command` is a program (a path inside, or a name on the PATH of `env`) and its arguments. `network` shares the
    host's; `uplink` connects a network of its own with the host's. Without `new_session` the command keeps the terminal
    of chx, and only the system call filter prevents it from typing into it. `dies_with_parent`: end the sandbox when
    bwrap ends. `umask`, `personality` (see personality(2)) and `processors` are inherited and no options of bwrap.
    """

    command: tuple[str, ...]
    root: str | None = None
    binds: tuple[Mount, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = BUILD_DIRECTORY
    network: bool = False
    uplink: Uplink | None = None
    uid: int = USER
    gid: int = GROUP
    hostname: str = HOSTNAME
    limits: Limits = Limits()
    new_session: bool = True
    dies_with_parent: bool = True
    umask: int = 0o022
    personality: int = 0
    processors: frozenset[int] | None = None


def bwrap_arguments(
    spec: SandboxSpec, seccomp_fd: int | None = None, status_fd: int | None = None, block_fd: int | None = None
) -> list[str]:
    """Return the arguments of bwrap for `spec`: options, `--`, command.

    The descriptors are those of the seccomp program, of bwrap's report, and of the pipe that bwrap reads before it
    starts the command. Mounts are in the order root, /dev, /proc, binds, so that a bind may be inside any of them. The
    first process is covered by an empty directory unless a bind covers it.
    """
    arguments = ["--unshare-all"]
    if spec.network:
        arguments.append("--share-net")
    arguments += [
        "--uid", str(spec.uid),
        "--gid", str(spec.gid),
        "--hostname", spec.hostname,
        "--cap-drop", "ALL",
    ]  # fmt: skip
    if spec.dies_with_parent:
        arguments.append("--die-with-parent")
    if spec.new_session:
        arguments.append("--new-session")
    arguments.append("--clearenv")
    for name, value in spec.env.items():
        arguments += ["--setenv", name, value]
    if spec.root is not None:
        arguments += ["--ro-bind", spec.root, "/"]
    arguments += ["--dev", "/dev", "--proc", "/proc"]
    if not any(bind.target == FIRST_PROCESS for bind in spec.binds):
        arguments += ["--tmpfs", FIRST_PROCESS, "--remount-ro", FIRST_PROCESS]
    for bind in spec.binds:
        match bind:
            case Bind(source, target, writable):
                arguments += ["--bind" if writable else "--ro-bind", source, target]
            case Scratch(target, mode):
                arguments += ["--perms", f"{mode:04o}", "--tmpfs", target]
            case Link(text, target):
                arguments += ["--symlink", text, target]
            case Overlay(lower, upper, work, target):
                arguments += ["--overlay-src", lower, "--overlay", upper, work, target]
    if spec.root is None:
        arguments += ["--remount-ro", "/"]
    arguments += ["--chdir", spec.cwd]
    if seccomp_fd is not None:
        arguments += ["--seccomp", str(seccomp_fd)]
    if status_fd is not None:
        arguments += ["--json-status-fd", str(status_fd)]
    if block_fd is not None:
        arguments += ["--block-fd", str(block_fd)]
    return [*arguments, "--", *spec.command]
