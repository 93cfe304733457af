"""Prepare the sandbox of a build: its directories and mounts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from ..store.canonical_form import MTIME
from ..store.derivation import output_object_name
from ..store.path import STORE_DIR, StorePath
from ..store.scratch import scratch_path
from .bwrap import can_overlay
from .compose import compose_objects, compose_root
from .environment import build_environment
from .inputs import preferred_inputs, rootfs_inputs, visible_objects
from .mounts import object_mounts
from .procfs import build_covers
from .sandbox import BUILD_DIRECTORY, Bind, Link, Overlay, SandboxSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..store.derivation import Derivation
    from ..store.store import Store
    from .sandbox import Mount

MANY: Final = 50
"""From this number on, inputs are not mounted one by one."""


class Prepared(NamedTuple):
    """A sandbox whose command is the builder, and its visible store objects."""

    spec: SandboxSpec
    visible: tuple[StorePath, ...]


def scratch_paths(derivation: Derivation) -> dict[str, str]:
    """Return the path that a build writes each output to, the same for every build of that name."""
    return {output: scratch_path(output, output_object_name(derivation.name, output)) for output in derivation.outputs}


def prepare(
    store: Store,
    derivation: Derivation,
    scratch: Mapping[str, str],
    top: str,
    cores: int,
    covers: tuple[Bind, ...] | None = None,
) -> Prepared:
    """Make `build`, `tmp` and, if necessary, `store` in the directory `top`, and compose the root.

    `derivation` is resolved, and names its outputs by their paths in `scratch`; they will be in `top`/store. `covers`
    are the mounts over /proc, if already determined. Raises `InvalidInput`, `RootConflict`, `EnvironmentTooLarge`.
    """
    visible = tuple(visible_objects(store, derivation))
    root = compose_root(store, rootfs_inputs(derivation), preferred_inputs(derivation))
    prepared = build_environment(derivation, scratch, cores, os.environ)
    os.mkdir(f"{top}/store", 0o755)
    os.mkdir(f"{top}/build", 0o700)
    os.mkdir(f"{top}/tmp")
    os.chmod(f"{top}/tmp", 0o1777)
    for name, content in prepared.files.items():
        with open(f"{top}/build/{name}", "wb") as file:
            file.write(content)
        os.utime(f"{top}/build/{name}", ns=MTIME)
    for name in ("build", "tmp"):
        os.utime(f"{top}/{name}", ns=MTIME)
    spec = SandboxSpec(
        command=(derivation.builder, *derivation.args),
        root=root,
        binds=_binds(
            store, visible, top, build_covers(store) if covers is None else covers, derivation.fixed is not None
        ),
        env=prepared.variables,
        network=derivation.fixed is not None,
    )
    return Prepared(spec, visible)


def _binds(
    store: Store, visible: Sequence[StorePath], top: str, covers: tuple[Bind, ...], network: bool
) -> tuple[Mount, ...]:
    return (
        *covers,
        Bind(f"{top}/build", BUILD_DIRECTORY, writable=True),
        Bind(f"{top}/tmp", "/tmp", writable=True),
        *_store_mounts(store, visible, top),
        *(resolver_binds() if network else ()),
    )


def _store_mounts(store: Store, visible: Sequence[StorePath], top: str) -> tuple[Mount, ...]:
    """Mounts of a writable /chx/store with the inputs in it.

    The inputs are mounted one by one, which takes quadratic time; many are composed into one directory below the
    writable layer. There an input is only as read-only as its modes, and a build that changes them changes a copy of
    its own.
    """
    if len(visible) > MANY and can_overlay(store.home):
        os.mkdir(f"{top}/overlay")
        return (Overlay(compose_objects(store, visible), f"{top}/store", f"{top}/overlay", STORE_DIR),)
    seen = object_binds(store, visible)
    for link in seen:
        if isinstance(link, Link):
            os.symlink(link.text, f"{top}/store{link.target[len(STORE_DIR) :]}")
    return (Bind(f"{top}/store", STORE_DIR, writable=True), *(bind for bind in seen if isinstance(bind, Bind)))


def object_binds(store: Store, objects: Sequence[StorePath]) -> tuple[Mount, ...]:
    """Return mounts of store objects at their store paths."""
    return object_mounts((store.physical(path), str(path)) for path in objects)


def resolver_binds() -> tuple[Bind, ...]:
    """Files needed to resolve host names, for a sandbox that shares the network."""
    if not os.path.exists("/etc/resolv.conf"):
        return ()
    return (Bind(os.path.realpath("/etc/resolv.conf"), "/etc/resolv.conf"),)
