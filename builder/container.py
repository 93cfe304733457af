"""Sandboxes for interactive use: containers of store objects, and build environments.

A *container* has merged trees as `/` and their references in /chx/store; use it to try a finished system. A *build
environment* is the sandbox that a build would get, with another command in place of the builder. Neither adds anything
to the store.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from shlex import join, quote
from typing import TYPE_CHECKING, Final

from .compose import compose_root
from .disk import remove_tree
from .etc import CONSTANT_ETC, accounts
from .layout import opened
from .preparation import object_binds, prepare, resolver_binds, scratch_paths
from .process_attributes import ConstantAttributes
from .procfs import proc_covers
from .resolution import resolve, with_outputs
from .sandbox import BUILD_DIRECTORY, USER, Bind, SandboxSpec, Scratch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..store.derivation import Derivation
    from ..store.path import StorePath
    from ..store.store import Store
    from .sandbox import Mount

PATH: Final = "/usr/bin:/bin"
SCRIPT: Final = f"{BUILD_DIRECTORY}/.builder.sh"
"""The build as a script, in a build environment."""


@dataclass(frozen=True, slots=True)
class ContainerOptions:
    """Command and user options of a container. `directory`: working directory of the command; the home if None."""

    command: tuple[str, ...]
    binds: tuple[Bind, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    directory: str | None = None
    network: bool = False
    uid: int = USER

    @property
    def home(self) -> str:
        return "/root" if self.uid == 0 else "/home/builder"


@contextmanager
def open_container(store: Store, trees: Sequence[StorePath], options: ContainerOptions) -> Iterator[SandboxSpec]:
    """Yield the sandbox whose root is `trees`, merged. Raises `RootConflict`, `InvalidInput`, `MountBehindLink`, `MountPointRefused`."""
    with _folder(store, "container") as folder:
        yield container_spec(store, trees, options, folder)


@contextmanager
def build_environment(
    store: Store, derivation: Derivation, realised: Mapping[tuple[StorePath, str], StorePath], cores: int
) -> Iterator[SandboxSpec]:
    """Yield the sandbox that a build of `derivation` would get; its command is the builder. Raises what `prepare` does.

    `realised` maps every output that the derivation uses to its store path.
    Meanwhile processes inherit the same attributes as in a build.
    """
    with ConstantAttributes(), _folder(store, "build-environment") as folder:
        yield build_environment_spec(store, resolve(derivation, realised), folder, cores)


@contextmanager
def _folder(store: Store, kind: str) -> Iterator[str]:
    folder = store.temporary(kind)
    try:
        yield folder
    finally:
        # A directory that cannot be removed now goes with that of this process.
        with suppress(OSError):
            remove_tree(folder)


def container_spec(store: Store, trees: Sequence[StorePath], options: ContainerOptions, folder: str) -> SandboxSpec:
    """Return the sandbox of `open_container`; files specific to this container are written to `folder`."""
    composed = compose_root(store, trees)
    references = {reference for tree in trees for reference in store.info(tree).references}
    spec = SandboxSpec(
        command=options.command,
        root=composed,
        binds=(*proc_covers(), Scratch("/tmp", 0o1777), Scratch(options.home)),
        env={"PATH": PATH, "HOME": options.home, **options.env},
        cwd=options.directory or options.home,
        uid=options.uid,
        gid=options.uid,
    )
    seen = (*object_binds(store, store.closure(references)), *_account_binds(composed, options, folder))
    return with_binds(with_network(spec) if options.network else spec, (*seen, *options.binds))


def with_network(spec: SandboxSpec) -> SandboxSpec:
    """Return `spec` with the host's network."""
    return replace(spec, network=True, binds=(*spec.binds, *resolver_binds()))


def with_binds(spec: SandboxSpec, binds: Sequence[Mount]) -> SandboxSpec:
    """Return `spec` with more binds; their targets need not exist. Raises `MountBehindLink`, `MountPointRefused`."""
    assert spec.root is not None
    points = [bind.target for bind in (*spec.binds, *binds) if not isinstance(bind, Bind) or bind in binds]
    root, parts = opened(spec.root, points)
    return replace(spec, root=root, binds=(*parts, *spec.binds, *binds))


def _account_binds(root: str, options: ContainerOptions, folder: str) -> list[Bind]:
    """Binds of account files that name the user, unless the root has its own."""
    binds = []
    for path, content in accounts(options.uid, options.uid, options.home).items():
        # A link of the root leads somewhere on the machine.
        if os.path.islink(f"{root}/etc") or not _is_file(f"{root}/{path}"):
            continue
        try:
            with open(f"{root}/{path}", "rb") as file:
                is_constant = file.read() == CONSTANT_ETC[path]
        except OSError:
            continue
        if is_constant:
            place = f"{folder}/{os.path.basename(path)}"
            with open(place, "wb") as file:
                file.write(content)
            os.chmod(place, 0o444)
            binds.append(Bind(place, "/" + path))
    return binds


def _is_file(place: str) -> bool:
    return os.path.isfile(place) and not os.path.islink(place)


def build_environment_spec(store: Store, resolved: Derivation, folder: str, cores: int) -> SandboxSpec:
    """Return the sandbox of `build_environment`; writable directories are in `folder`, the build as a script at `SCRIPT`."""
    scratch = scratch_paths(resolved)
    derivation = with_outputs(resolved, scratch)
    spec = prepare(store, derivation, scratch, folder, cores).spec
    place = folder + SCRIPT
    with open(place, "wb") as file:
        file.write(os.fsencode(build_script(spec.command)))
    os.chmod(place, 0o755)
    return spec


def shell_of(spec: SandboxSpec) -> str | None:
    """Return the shell of a sandbox: /bin/sh, else its command if that is a shell."""
    if spec.root is not None and os.path.lexists(f"{spec.root}/bin/sh"):
        return "/bin/sh"
    return spec.command[0] if _is_shell(spec.command[0]) else None


def build_script(command: Sequence[str]) -> str:
    """Return `command` as a shell script: the script that it passes by `-c`, or else a call of the command."""
    builder, *arguments = command
    for number, flag in enumerate(arguments[:-1]):
        if not flag.startswith("-") or not _is_shell(builder):
            break
        if flag.endswith("c") and not flag.startswith("--"):
            flags = [*arguments[:number], flag[:-1]]
            options = [f"set {text}\n" for text in flags if len(text) > 1 and not text.startswith("--")]
            script, parameters = arguments[number + 1], arguments[number + 3 :]
            given = f"set -- {join(parameters)}\n" if parameters else ""
            return f"#!{builder}\n{''.join(options)}{given}{script}\n"
    return f"#!/bin/sh\nexec {quote(builder)} {join(arguments)}\n"


def _is_shell(program: str) -> bool:
    return os.path.basename(program) in ("sh", "ash", "bash", "dash", "ksh", "mksh", "zsh")
