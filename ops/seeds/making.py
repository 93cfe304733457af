"""The seed that a bootstrap ends in: its last stage as two archives, known by their hashes."""

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
"""The stage that is taken: in a bootstrap that has come to rest, stage 1 and this one are the same."""


def make(
    session: Session,
    request: Request,
    name: str,
    set_name: str,
    origin: str,
    options: BuildOptions | None,
    reporter: Reporter | None,
) -> dict[str, Any]:
    """Build the last stage of a set from the seed `origin`, and keep its halves as archives.

    Writes the lock, and gives its content. The archives are objects of the store, kept alive by links beside the lock.
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
    """The derivations of both halves of the last stage."""
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
    """What the lock says of the archive `name` of `tree`: it is in the store, and a link in `folder` leads to it."""
    work = store.temporary("seed")
    place = os.path.join(work, name)
    with open(place, "wb") as file:
        write_tarball(store, tree, file)
    with open(place, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    size = os.path.getsize(place)
    path = store.add_tree(place, name, consume=True)
    os.rmdir(work)
    # Where the link leads is where the lock says that the archive is to be fetched.
    store.record_fixed_output(name, FixedOutput("sha256", digest.digest(), "flat"), path)
    store.add_root(os.path.join(folder, name), path)
    return {"package": name, "sha256": digest.hexdigest(), "size": size, "url": name, "version": ""}
