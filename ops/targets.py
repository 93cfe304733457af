"""Targets: derivations and objects that a request names (Nix calls them installables)."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ..store import STORE_DIR, Follower, InvalidStorePath, StoreIO, StorePath
from .errors import RequestError
from .paths import absolute

if TYPE_CHECKING:
    from ..store import Store, StorePath


class Target(NamedTuple):
    """A derivation, its attribute path ("" if none named it), and the requested `outputs`.

    `default_outputs` are the outputs that the attribute itself stands for; None: `outputs`.
    """

    attribute: str
    derivation: StorePath
    outputs: tuple[str, ...]
    default_outputs: tuple[str, ...] | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The outputs that the attribute itself stands for."""
        return self.outputs if self.default_outputs is None else self.default_outputs


def object_named(store: Store, text: str) -> StorePath:
    """Return the object that a store path, a physical path, a result link or a path below one of them names.

    Protects the object from garbage collection while this process runs. Raises `RequestError`, `InvalidStorePath`.
    """
    path = parse_named(store, text)
    # Queries must work on a read-only store.
    with suppress(StoreIO):
        store.add_temp_roots([path])
    return path


def parse_named(store: Store, text: str) -> StorePath:
    """Return the object as `object_named` does, but without protection: for commands that remove it."""
    if text.startswith(STORE_DIR + "/"):
        return StorePath.parse(STORE_DIR + "/" + text[len(STORE_DIR) + 1 :].split("/", 1)[0])
    if not os.path.lexists(text):
        raise RequestError(f"there is no '{text}'", hint="name a store path or a result link")
    # Stop at the first object: links inside it may lead to other objects.
    found = Follower(lambda base, _: f"{store.directory}/{base}", os.path.realpath(store.directory)).follow(
        absolute(text), enter=False
    )
    if found.path.startswith(STORE_DIR + "/"):
        return StorePath.parse(found.path)
    before = _object_before_move(store, text)
    if before is not None:
        return before
    raise RequestError(f"'{text}' does not lead into the store {store.directory}")


def _object_before_move(store: Store, link: str) -> StorePath | None:
    """Return the object that a link led to before the store was moved."""
    if not os.path.islink(link) or os.path.exists(link):
        return None
    directory, _, base = os.readlink(link).rpartition("/")
    try:
        path = StorePath.parse(base)
    except InvalidStorePath:
        return None
    return path if os.path.basename(directory) == "store" and store.is_valid(path) else None
