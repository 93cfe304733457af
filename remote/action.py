"""From a job to the action that carries it out elsewhere: a pure function, but for the trees of its inputs.

The input root is an ordinary directory, whatever a server's own sandbox looks like:

    tool/            the launcher and bubblewrap, static
    spec             the sandbox, for the launcher
    filter           the program of the system call filter
    constants/       files that take the place of those in /proc
    root/            the composed root
    objects/NAME     inputs, seen at /chx/store/NAME
    build/           files of /build

The launcher makes `store` and `report`, which are the outputs: of a directory that is asked for, servers give all that
is in it, of whatever kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..builder.elsewhere import (
    BUILD_DIRECTORY,
    FIRST_PROCESS,
    Bind,
    Facts,
    Link,
    SandboxSpec,
    build_environment,
    bwrap_arguments,
    preferred_inputs,
    proc_files,
    rootfs_inputs,
    seccomp_filter,
)
from ..store.manifest import Kind
from ..store.path import STORE_DIR
from .wire import TREE_AND_DIRECTORY, encode, new

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..builder.elsewhere import Job
    from .digests import Digest, Function
    from .inputs import Tree, Trees

_DESCRIPTORS: Final = {"--seccomp": "@filter", "--json-status-fd": "@status"}
_SLACK_SECONDS: Final = 60
"""How much later than chx the server ends an action."""
OUTPUTS: Final = ("report", "store")


class Task(NamedTuple):
    """An action: its digest, the trees of its inputs, and its own messages by digest."""

    digest: Digest
    trees: tuple[Tree, ...]
    messages: Mapping[Digest, bytes]


class Terms(NamedTuple):
    """What an action is besides its job: the number of cores it is told, platform properties, salt, whether to keep its result."""

    cores: int
    properties: Mapping[str, str]
    salt: bytes = b""
    is_kept: bool = False


def make_task(job: Job, trees: Trees, function: Function, launcher: Tree, terms: Terms) -> Task:
    """Return the action of `job`. Raises `InvalidInput`, `RootConflict`, `EnvironmentTooLarge`, `BadAttribute`."""
    derivation = job.derivation
    machine = derivation.system.partition("-")[0]
    environment = build_environment(derivation, job.scratch, terms.cores)
    objects = [trees.store_object(path) for path in job.visible]
    composed = trees.root(rootfs_inputs(derivation), preferred_inputs(derivation))
    binds: list[Bind | Link] = [
        Bind("@covers", FIRST_PROCESS),
        Bind("build", BUILD_DIRECTORY, writable=True),
        Bind("tmp", "/tmp", writable=True),
        Bind("store", STORE_DIR, writable=True),
    ]
    for tree in objects:
        target = f"{STORE_DIR}/{tree.node.name}"
        if tree.node.kind == Kind.SYMLINK:
            binds.append(Link(tree.node.target or "", target))
        else:
            binds.append(Bind(f"objects/{tree.node.name}", target))
    spec = SandboxSpec((derivation.builder, *derivation.args), "root", tuple(binds), environment.variables)
    program = seccomp_filter(machine)
    files = {"spec": describe(spec, job, has_filter=program is not None)}
    if program is not None:
        files["filter"] = program
    constants = trees.files("constants", {**proc_files(Facts(machine, terms.cores)), "empty/": b""})
    seen = [tree for tree in objects if tree.node.kind != Kind.SYMLINK]
    folder = trees.folder("objects", seen)
    own = trees.files("build", environment.files)
    parts = (launcher, composed, constants, folder, own)
    top = trees.top(parts, files)
    command = _command(terms)
    action = new(
        "Action",
        command_digest=function.of(command).message,
        input_root_digest=_digest(top).message,
        do_not_cache=not terms.is_kept,
        salt=terms.salt,
        platform=_platform(terms.properties),
    )
    if job.limits.seconds:
        # Rounded, so that a moment more or less is no other action.
        action.timeout.seconds = int(job.limits.seconds) + _SLACK_SECONDS
    data = encode(action)
    digest = function.of(data)
    return Task(digest, (*parts, *seen, top), {function.of(command): command, digest: data})


def _digest(tree: Tree) -> Digest:
    assert tree.node.digest is not None
    return tree.node.digest


def _platform(properties: Mapping[str, str]) -> Any:
    return new(
        "Platform", properties=[new("Property", name=name, value=properties[name]) for name in sorted(properties)]
    )


def _command(terms: Terms) -> bytes:
    return encode(
        new(
            "Command",
            arguments=["tool/launch", "spec"],
            output_paths=list(OUTPUTS),
            output_directory_format=TREE_AND_DIRECTORY,
            platform=_platform(terms.properties),
        )
    )


def describe(spec: SandboxSpec, job: Job, has_filter: bool) -> bytes:
    """Return the sandbox as the launcher reads it: NUL-terminated strings, pairs of a key and a value."""
    arguments = bwrap_arguments(spec, 0 if has_filter else None, 0)
    options = arguments[: len(arguments) - len(spec.command) - 1]
    for number, word in enumerate(options[:-1]):
        if word in _DESCRIPTORS and options[number - 1] != "--setenv":
            options[number + 1] = _DESCRIPTORS[word]
    pairs = [
        ("program", "tool/bwrap"),
        ("writable", "build 700"),
        ("writable", "tmp 1777"),
        ("writable", "store 755"),
        ("constants", "constants"),
        ("outputs", "store"),
        ("umask", f"{spec.umask:03o}"),
        ("personality", str(spec.personality)),
        ("silence", str(int(job.limits.silence))),
        ("log", str(job.limits.log_bytes)),
        *([("filter", "filter")] if has_filter else []),
        *(("option", word) for word in options),
        *(("command", word) for word in spec.command),
    ]
    return b"".join(part.encode("utf-8", "surrogateescape") + b"\0" for pair in pairs for part in pair)


def strays(names: frozenset[str], job: Job) -> tuple[str, ...]:
    """Return the names, of all in the directory of outputs, that are neither outputs nor places of inputs."""
    expected = {path.base for path in job.visible} | {path.rpartition("/")[2] for path in job.scratch.values()}
    return tuple(sorted(names - expected))


__all__ = ["OUTPUTS", "Task", "Terms", "describe", "make_task", "strays"]
