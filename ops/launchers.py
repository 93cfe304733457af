"""The programs that remote workers start: built here, by this chx's own packages, for the system of the workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..builder import BuildOptions
    from ..evaluator import Evaluator
    from ..store import Store
    from .realise import Built, Targets
    from .world import FileWorld


class Own(Protocol):
    """What a session does for its launchers."""

    @property
    def store(self) -> Store: ...

    @property
    def world(self) -> FileWorld: ...

    @property
    def evaluator(self) -> Evaluator: ...

    def realise(self, targets: Targets, options: BuildOptions | None = None) -> Built: ...

    def apart(self) -> Own: ...


def launchers(session: Own) -> Callable[[str], str]:
    """Return a function to the directory of the launcher for a system. It is built here, by this chx's own packages."""

    def launcher(system: str) -> str:
        return launcher_of(session.store, system, session)

    return launcher


def launcher_of(store: Store, system: str, session: Own) -> str:
    """Return the directory of the launcher for a system on the disk; it is built if it is not there. Raises `BuildError`."""
    link = f"{store.home}/tools/remote-launcher-{system}-{_version()}"
    found = _linked(store, link)
    if found is None:
        found = _built(store, system, session)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        draft = f"{link}.{os.getpid()}"
        os.symlink(found, draft)
        os.replace(draft, link)
    return f"{found}/usr/lib/chx"


def _version() -> str:
    """A name of the sources that the launcher is made of."""
    from ..store import Digest
    from .paths import PKGS

    parts = []
    for name in ("remote-launcher/launch.c", "remote-launcher/package.nix", "bubblewrap/package.nix"):
        with open(f"{PKGS}/{name}", "rb") as file:
            parts.append(file.read())
    return str(Digest.of(b"\0".join(parts)))[:16]


def _linked(store: Store, link: str) -> str | None:
    from ..store import StorePath

    try:
        place = os.readlink(link)
        path = StorePath.parse(f"/chx/store/{os.path.basename(place)}")
    except (OSError, ValueError):
        return None
    return place if store.is_valid(path) and place == store.physical(path) else None


def _built(store: Store, system: str, session: Own) -> str:
    from .paths import PKGS
    from .settings import configured

    machine = system.partition("-")[0]
    attribute = "remote-launcher"
    if machine != os.uname().machine:
        attribute = f"cross.{machine}.remote-launcher"
    own = session.apart()
    value = own.evaluator.auto_call(own.evaluator.eval_file(PKGS), {})
    found = own.evaluator.derivation_of(own.evaluator.select_attr_path(value, attribute))
    assert found is not None
    own.world.commit()
    built = own.realise([(found[0], ("out",))], configured(remote=None))
    return store.physical(built[found[0], "out"])
