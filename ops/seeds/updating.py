"""Pin, make or capture a seed."""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..errors import RequestError
from ..seed_parts import HALVES, PARTS
from .host import capture_host
from .lockfile import Place, facts, is_pinned, lock_path, write_lock
from .making import LOCK_VERSION, make
from .resolve import Apt, archive_pin, wheel_pin

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session
    from .resolve import Pin

DEFAULT_ORIGIN = "debian-gcc"
"""The seed that a seed is made from if nobody says another."""


def update(
    session: Session,
    request: Request,
    place: Place,
    compiler: str = "cc",
    origin: str = DEFAULT_ORIGIN,
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Write the lock of a seed anew, and return its content.

    It pins what apt, pip and archives offer today; of an impure seed it captures the program `compiler`; a seed that a
    bootstrap ends in is made from the seed `origin`. Raises `RequestError`, `EvalError`, `BuildError`.
    """
    told = facts(session, place)
    if told["pins"]:
        raise RequestError(
            f"the seed '{place.name}' has no pins of its own",
            hint=f"it uses those of '{told['pins']}': update that one",
        )
    if told["impure"]:
        lock = capture_host(session, place.name, compiler)
        write_lock(os.path.join(session.store.home, "seeds", f"{place.name}.lock.json"), lock)
        return lock
    if told["made"]:
        return make(session, request, place.name, told["made"], origin, options, reporter)
    if not is_pinned(told):
        raise RequestError(
            f"nothing of the seed '{place.name}' is fetched", hint="it is what lies beside its file: no lock"
        )
    lock = pin(session, told, place.folder)
    write_lock(lock_path(place, told), lock)
    return lock


def pin(session: Session, told: dict[str, Any], folder: str = ".") -> dict[str, Any]:
    """Return the content of a lock file, of what apt and pip offer today, and what archives are today.

    `told` is what the file of the seed says, `folder` its directory. Archives are fetched into the store.

    A package that both halves need belongs to the userland, which must do without the toolchain; what C++ needs beyond
    C is laid over both. A part that selects (`only`) takes something else of a package than another part does, so that
    what it needs is in it whoever else has it.
    """
    pins: dict[str, Pin] = {}
    parts: dict[str, set[str]] = {part: set() for part in PARTS}
    with tempfile.TemporaryDirectory() as work:
        told_parts = [part for part in PARTS if part in told]
        apt = Apt(work, told["suite"]) if any(told[part]["packages"] for part in told_parts) else None
        for part in told_parts:
            here = [wheel_pin(url, work) for url in told[part]["wheels"]]
            if told[part]["packages"]:
                assert apt is not None
                pool = apt.closure(told[part]["packages"])
                for package in told[part]["without"]:
                    pool.pop(package, None)
                here += apt.pins(pool)
            for url in (*told[part].get("archives", ()), *told[part].get("images", ())):
                here.append(archive_pin(session, url, folder))
            for item in here:
                known = pins.setdefault(item.package, item)
                if known != item:
                    raise RequestError(f"two files are called '{item.package}': {known.url} and {item.url}")
            parts[part] = {item.package for item in here}
    laid_over: set[str] = set()
    for part in ("userland", "toolchain", "cxx"):
        if not told.get(part, {}).get("only"):
            parts[part] -= laid_over
            laid_over |= parts[part]
    lock: dict[str, Any] = {part: sorted(parts[part]) for part in PARTS if part in HALVES or parts[part]}
    lock["files"] = [asdict(pins[name]) for name in sorted(pins)]
    if told["suite"] is not None:
        lock["suite"] = told["suite"]
    lock["version"] = LOCK_VERSION
    return lock
