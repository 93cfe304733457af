"""Pin, make or capture a seed."""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict
from time import gmtime, strftime
from typing import TYPE_CHECKING, Any

from ..errors import RequestError
from ..seed_parts import HALVES, PARTS
from .host import capture_host
from .lockfile import Place, check_architecture, facts, is_pinned, lock_path, write_lock
from .making import LOCK_VERSION, make
from .resolve import Apt, archive_pin, wheel_pin

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session
    from .resolve import Pin

DEFAULT_ORIGIN = "debian-gcc"
"""The default seed to make another seed from."""


def update(
    session: Session,
    request: Request,
    place: Place,
    compiler: str = "cc",
    origin: str = DEFAULT_ORIGIN,
    options: BuildOptions | None = None,
    reporter: Reporter | None = None,
    architecture: str | None = None,
    is_dry: bool = False,
) -> dict[str, Any]:
    """Rewrite the lock of a seed, and return its content; with `is_dry`, write nothing. Only pinned seeds can do that.

    Pins the current files of apt, pip and archives, for `architecture` (the name of a profile) or this machine. For an impure seed it captures the program `compiler`; a seed that
    a bootstrap ends in is made from the seed `origin`. Raises `RequestError`, `EvalError`, `BuildError`,
    `UnknownProfile`.
    """
    seed = facts(session, place, architecture)
    check_architecture(place, seed)
    if seed["pins"]:
        raise RequestError(
            f"the seed '{place.name}' has no pins of its own",
            hint=f"it uses those of '{seed['pins']}': update that one",
        )
    if is_dry and (seed["impure"] or seed["made"]):
        how = "captured" if seed["impure"] else "made"
        raise RequestError(f"the seed '{place.name}' is {how}: what would change is known only when it was {how}")
    if seed["impure"]:
        lock = capture_host(session, place.name, compiler)
        write_lock(os.path.join(session.store.home, "seeds", f"{place.name}.lock.json"), lock)
        return lock
    if seed["made"]:
        return make(session, request, place.name, seed["made"], origin, options, reporter)
    if not is_pinned(seed):
        raise RequestError(
            f"nothing of the seed '{place.name}' is fetched", hint="it is what lies beside its file: no lock"
        )
    lock = pin(session, seed, place.folder)
    if not is_dry:
        write_lock(lock_path(place, seed), lock)
    return lock


def pin(session: Session, seed: dict[str, Any], folder: str = ".") -> dict[str, Any]:
    """Return the content of a lock file with the current files of apt and pip, and the current archives.

    `seed` is the evaluated description (`facts`), `folder` its directory. Archives are fetched into the store.

    A package that both halves need belongs to the userland, which must work without the toolchain. The part `cxx`, with
    what C++ needs beyond C, is laid over both. A part that selects files (`only`) keeps all its packages, since another
    part may select other files of the same package.
    """
    pins: dict[str, Pin] = {}
    parts: dict[str, set[str]] = {part: set() for part in PARTS}
    with tempfile.TemporaryDirectory() as work:
        described = [part for part in PARTS if part in seed]
        apt = (
            Apt(work, seed["suite"], seed["architecture"])
            if any(seed[part]["packages"] for part in described)
            else None
        )
        for part in described:
            files = [wheel_pin(url, work) for url in seed[part]["wheels"]]
            if seed[part]["packages"]:
                assert apt is not None
                pool = apt.closure(seed[part]["packages"])
                for package in seed[part]["without"]:
                    pool.pop(package, None)
                files += apt.pins(pool)
            for url in (*seed[part].get("archives", ()), *seed[part].get("images", ())):
                files.append(archive_pin(session, url, folder))
            for item in files:
                known = pins.setdefault(item.package, item)
                if known != item:
                    raise RequestError(f"two files are called '{item.package}': {known.url} and {item.url}")
            parts[part] = {item.package for item in files}
    laid_over: set[str] = set()
    for part in ("userland", "toolchain", "cxx"):
        if not seed.get(part, {}).get("only"):
            parts[part] -= laid_over
            laid_over |= parts[part]
    lock: dict[str, Any] = {part: sorted(parts[part]) for part in PARTS if part in HALVES or parts[part]}
    lock["files"] = [asdict(pins[name]) for name in sorted(pins)]
    if apt is not None:
        lock["date"] = strftime("%Y%m%dT%H%M%SZ", gmtime())
    if seed["suite"] is not None:
        lock["suite"] = seed["suite"]
    lock["version"] = LOCK_VERSION
    return lock
