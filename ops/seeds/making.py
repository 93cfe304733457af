"""Make a seed from the last stage of a bootstrap: two archives, pinned by hash."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

from ...store import Derivation, FixedOutput
from ..bootstrap.plan import chain_value, seed_part_of
from ..errors import RequestError
from ..seed_parts import HALVES
from .lockfile import write_lock
from .tarball import write_tarball

if TYPE_CHECKING:
    from ...builder import BuildOptions
    from ...store import Store, StorePath
    from ..reporter import Reporter
    from ..request import Request
    from ..session import Session

LOCK_VERSION = 2
LAST = 2
"""The last stage: at a fixed point it equals stage 1."""


def make(
    session: Session,
    request: Request,
    name: str,
    set_name: str,
    origin: str,
    options: BuildOptions | None,
    reporter: Reporter | None,
) -> dict[str, Any]:
    """Build the last stage of a set from the seed `origin`, and archive its halves.

    Writes the lock, and returns its content. The archives are store objects; links beside the lock are their GC roots.
    """

    halves = _halves(session, request, set_name, origin)
    session.world.commit()
    store = session.store
    targets = [(drv, ("out",)) for derivations in halves.values() for drv in derivations]
    built = session.realise(targets, options, reporter)
    lock: dict[str, Any] = {
        "files": [],
        "made": {"from": origin, "set": set_name, "stage": LAST},
        "version": LOCK_VERSION,
    }
    folder = os.path.join(store.home, "seeds")
    os.makedirs(folder, exist_ok=True)
    for part, derivations in halves.items():
        tree = _merged(session, f"{name}-{part}", [built[drv, "out"] for drv in derivations])
        lock["files"].append(_archive(store, folder, f"{name}-{part}.tar", tree))
        lock[part] = [f"{name}-{part}.tar"]
    write_lock(os.path.join(folder, f"{name}.lock.json"), lock)
    return lock


def _halves(session: Session, request: Request, set_name: str, origin: str) -> dict[str, tuple[Any, ...]]:
    """Return the derivations of both halves of the last stage."""
    evaluator = session.evaluator
    stage = evaluator.select(chain_value(session, request, set_name, origin), f"stage{LAST}")
    halves = {part: seed_part_of(evaluator, stage, part) for part in HALVES}
    if any(half.trees or not half.derivations for half in halves.values()):
        raise RequestError(f"the last stage of '{set_name}' from '{origin}' is not built, but taken as it was found")
    return {part: half.derivations for part, half in halves.items()}


def _merged(session: Session, name: str, trees: list[StorePath]) -> StorePath:
    merge = Derivation(
        name,
        "builtin",
        "builtin:merge",
        input_srcs=tuple(sorted(trees)),
        env={"name": name, "trees": " ".join(map(str, trees))},
    )
    path = session.store.add_bytes(merge.to_json(), f"{name}.drv", merge.input_srcs)
    return session.realise([(path, ("out",))])[path, "out"]


def _archive(store: Store, folder: str, name: str, tree: StorePath) -> dict[str, Any]:
    """Archive `tree` as `name` in the store, with a root in the directory `folder`; return its entry for the lock."""
    work = store.temporary("seed")
    place = os.path.join(work, name)
    with open(place, "wb") as file:
        write_tarball(store, tree, file)
    with open(place, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    size = os.path.getsize(place)
    path = store.add_tree(place, name, consume=True)
    os.rmdir(work)
    store.record_fixed_output(name, FixedOutput("sha256", digest.digest(), "flat"), path)
    # The lock names the archive by this link, as a path beside the lock.
    store.add_root(os.path.join(folder, name), path)
    return {"package": name, "sha256": digest.hexdigest(), "size": size, "url": name, "version": ""}
