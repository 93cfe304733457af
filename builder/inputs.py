"""The store objects that a build may see, and files in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..store.errors import StoreError
from ..store.following import BadLink, Follower
from ..store.path import STORE_DIR, StorePath
from .errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store.derivation import Derivation
    from ..store.store import Store


PREFERRED: Final = "+"
"""Before the store path of a tree in a rootfs: its files take the place of those of other trees."""


def rootfs_inputs(derivation: Derivation) -> list[StorePath]:
    """Return the store paths of a resolved derivation's rootfs, in order. Raises `InvalidInput`."""
    result: list[StorePath] = []
    for text in derivation.rootfs or ():
        try:
            path = StorePath.parse(text.removeprefix(PREFERRED))
        except StoreError as error:
            raise InvalidInput(text, "a rootfs lists store paths") from error
        if path not in derivation.input_srcs:
            raise InvalidInput(text, "it is in the rootfs, but not among the derivation's inputs")
        result.append(path)
    return result


def preferred_inputs(derivation: Derivation) -> frozenset[StorePath]:
    """Return the trees of a resolved derivation's rootfs whose files take the place of others'."""
    return frozenset(
        StorePath.parse(text.removeprefix(PREFERRED)) for text in derivation.rootfs or () if text.startswith(PREFERRED)
    )


def visible_objects(store: Store, derivation: Derivation) -> list[StorePath]:
    """Return the objects that a build of a resolved derivation finds in /chx/store, dependencies first.

    The closure of its inputs. A tree in the rootfs is omitted, because the build finds it in `/`, unless the derivation
    mentions its path or another object refers to it: so the build cannot learn its hash. Raises `InvalidInput`.
    """
    roots = set(rootfs_inputs(derivation))
    mentioned = "\0".join((derivation.builder, *derivation.args, *derivation.env.values()))
    start: set[StorePath] = set()
    try:
        for path in derivation.input_srcs:
            if path not in roots or path.hash in mentioned:
                start.add(path)
            else:
                start.update(store.info(path).references)
        return store.closure(start)
    except StoreError as error:
        missing = next((path for path in derivation.input_srcs if not store.is_valid(path)), None)
        raise InvalidInput(str(missing or "?"), str(error)) from error


class InputFiles:
    """Files below declared inputs, found without following a link out of them."""

    def __init__(self, store: Store, allowed: Iterable[StorePath]) -> None:
        places = {path.base: store.physical(path) for path in allowed}
        self._follower = Follower(lambda base, _: places.get(base), store.directory)

    def locate(self, path: str) -> str | None:
        """Return the path on disk of `path`, as a build would find it in /chx/store; links are followed.

        None for a path that is not below a declared input, or leads out of all of them.
        """
        if not path.startswith(STORE_DIR + "/"):
            return None
        try:
            found = self._follower.follow(path)
        except BadLink:
            return None
        return found.place if found.path.startswith(STORE_DIR + "/") else None
