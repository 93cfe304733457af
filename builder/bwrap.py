"""Running a `SandboxSpec` with bubblewrap."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from .bubblewrap import find_bwrap
from .disk import write_all
from .errors import CommandNotStarted, LimitNotPossible, SandboxRefused
from .foreground import as_subreaper, run_in_foreground
from .mounts import settle_mounts
from .process import Outcome, run
from .process_attributes import thread_attributes
from .procfs import proc_covers
from .sandbox import BUILD_DIRECTORY, SandboxSpec, Scratch, bwrap_arguments
from .seccomp import seccomp_filter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from .cancellation import Cancellation
    from .sandbox import Limits


@cache
def can_overlay(home: str) -> bool:
    """Whether overlays on the file system of `home` can be mounted: this needs a recent bwrap and kernel.

    Tries it once, and caches the result.
    """
    from tempfile import TemporaryDirectory

    bwrap = find_bwrap(home)
    with TemporaryDirectory(prefix="chx-overlay-", dir=f"{home}/tmp") as place:
        lower, upper, work = (f"{place}/{name}" for name in ("lower", "upper", "work"))
        for part in (lower, upper, work):
            os.mkdir(part)
        options = ["--unshare-user", "--ro-bind", "/", "/", "--overlay-src", lower, "--overlay", upper, work, place]
        said: list[bytes] = []
        is_able = run([bwrap, *options, "--", bwrap, "--version"], {}, said.append).status == 0
        for name in os.listdir(work):
            os.chmod(f"{work}/{name}", 0o700)
        return is_able


def run_sandbox(
    spec: SandboxSpec,
    bwrap: str,
    sink: Callable[[bytes], None],
    cancellation: Cancellation | None = None,
    inspect: Callable[[int], str | None] | None = None,
) -> tuple[Outcome, bool]:
    """Run `spec` until all its processes have exited; also return whether its command was started.

    For the other arguments see `process.run`. Raises `NoUplink`, before its command is started.
    """
    with (
        _limited(spec.limits) as limiting,
        _connecting(spec, cancellation) as connected,
        _held_back([*limiting, *connected]) as (blocks, ready),
        _invocation(spec, bwrap, blocks) as (argv, inherited, report),
        thread_attributes(spec),
    ):
        outcome = run(argv, {}, sink, cancellation, spec.limits, inherited, report, ready, inspect)
    return outcome, _has_started(outcome)


Step = Callable[[int], None]
"""Steps taken with the first process of a sandbox before its command starts."""


def _connecting(spec: SandboxSpec, cancellation: Cancellation | None) -> AbstractContextManager[list[Step]]:
    """Steps that connect the sandbox's own network."""
    if spec.uplink is None:
        return nullcontext([])
    from .network import connecting

    return connecting(spec.uplink, cancellation)


@contextmanager
def _held_back(steps: Sequence[Step]) -> Iterator[tuple[int | None, Step | None]]:
    """A descriptor that bwrap waits for, and a function that takes all `steps` and ends the wait; None without steps."""
    if not steps:
        yield None, None
        return
    reader, writer = os.pipe2(os.O_CLOEXEC)

    def ready(process: int) -> None:
        for step in steps:
            step(process)
        os.write(writer, b".")

    try:
        yield reader, ready
    finally:
        os.close(reader)
        os.close(writer)


@contextmanager
def _limited(limits: Limits) -> Iterator[list[Step]]:
    """Steps that set limits for all processes together."""
    if not limits.processes and not limits.memory_bytes:
        yield []
        return
    from .cgroups import Group, limit_processes, missing

    lacking = missing(limits.processes, limits.memory_bytes)
    if lacking:
        raise LimitNotPossible(tuple(lacking))
    group = Group(limits.processes, limits.memory_bytes)

    def limit(process: int) -> None:
        if limits.processes:
            limit_processes(process, limits.processes)
        group.add(process)

    try:
        yield [limit]
    finally:
        group.close()


def enter(spec: SandboxSpec, home: str | None = None) -> int:
    """Run `spec` on the streams and the terminal of this process; return its exit status. `home` is that of the store.

    A new session has no terminal, so one is made only where no system call filter can protect the terminal.
    Limits do not apply. Raises `CommandNotStarted`, `SandboxRefused`, `BwrapNotFound`.
    """
    bwrap = find_bwrap(home)
    unprotected = seccomp_filter(os.uname().machine) is None
    with as_subreaper() as adopted:
        foreground = replace(spec, new_session=unprotected, dies_with_parent=not adopted)
        with _invocation(foreground, bwrap) as (argv, inherited, report):
            outcome = run_in_foreground(argv, {}, inherited, report)
    if not _has_started(outcome):
        raise _diagnose(spec, bwrap, home)
    return outcome.status


def _diagnose(spec: SandboxSpec, bwrap: str, home: str | None) -> CommandNotStarted | SandboxRefused:
    """Find out why a command was not started, from bwrap's message for a command that cannot exist."""
    said: list[bytes] = []
    run_sandbox(replace(spec, command=("/",)), bwrap, said.append)
    text = _message(said)
    refusal = explain_refusal(text, bwrap, home)
    if "execvp" in text:
        return refusal or CommandNotStarted(spec.command[0])
    return refusal or CommandNotStarted(spec.command[0], text)


def _has_started(outcome: Outcome) -> bool:
    return '"exit-code"' in outcome.report


class _Invocation(NamedTuple):
    """Arguments to start bwrap: its command line, and descriptors to inherit."""

    argv: list[str]
    inherited: list[int]
    report: tuple[int, int]


@contextmanager
def _invocation(spec: SandboxSpec, bwrap: str, blocks: int | None = None) -> Iterator[_Invocation]:
    """Prepare all mount points and open the descriptors for bwrap; the caller closes the report.

    bwrap gets its options through a descriptor: an environment may be larger than an argument list, and should stay
    private. Its own environment is empty, so that no variable of the build (LD_PRELOAD) takes effect outside.
    """
    settle_mounts(spec)
    program = seccomp_filter(os.uname().machine)
    options_fd = os.memfd_create("chx-options", os.MFD_CLOEXEC)
    seccomp_fd = os.memfd_create("chx-seccomp", os.MFD_CLOEXEC) if program is not None else None
    own = [options_fd] if seccomp_fd is None else [options_fd, seccomp_fd]
    inherited = own if blocks is None else [*own, blocks]
    reader, writer = os.pipe2(os.O_CLOEXEC)
    arguments = bwrap_arguments(spec, seccomp_fd, writer, blocks)
    command = len(arguments) - len(spec.command) - 1
    try:
        if seccomp_fd is not None and program is not None:
            _fill(seccomp_fd, program)
        _fill(options_fd, os.fsencode("".join(option + "\0" for option in arguments[:command])))
        yield _Invocation([bwrap, "--args", str(options_fd), *arguments[command:]], inherited, (reader, writer))
    finally:
        for descriptor in own:
            os.close(descriptor)


def _fill(descriptor: int, data: bytes) -> None:
    write_all(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)


def explain_refusal(said: str, bwrap: str, home: str | None = None) -> SandboxRefused | None:
    """Return the error for a message of the program `bwrap` that the machine is to blame for; None for other messages.

    `home` is that of the store.
    """
    from .diagnosis import diagnose, read_facts

    found = diagnose(read_facts(home=home), said, bwrap)
    return None if found is None else SandboxRefused(said.strip(), found)


def try_sandbox(bwrap: str) -> str | None:
    """Make an empty sandbox like that of a build; return None if that works, else the message of the program `bwrap`.

    Its command is a directory: bwrap reports that this cannot be executed if and only if everything before worked.
    Raises OSError if bwrap cannot be started.
    """
    said: list[bytes] = []
    spec = SandboxSpec(("/",), binds=(Scratch(BUILD_DIRECTORY), *proc_covers()))
    run_sandbox(spec, bwrap, said.append)
    text = _message(said)
    return None if "execvp" in text else text or "it ended and said nothing"


def _message(said: Sequence[bytes]) -> str:
    return b"".join(said).decode("utf-8", "replace").strip().removeprefix("bwrap: ")
