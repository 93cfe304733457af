"""Objects that words name: store paths and result links, or attributes, which stand for their built outputs."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ..store import STORE_DIR, StoreIO
from .errors import RequestError
from .targets import parse_named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store import Store, StorePath
    from .session import Session


def objects_named(session: Session, words: Iterable[str], store: Store | None = None) -> list[StorePath]:
    """Return the objects that `words` name, each once, and protect them from garbage collection.

    `store` defaults to that of the session. Raises `RequestError`, `InvalidStorePath`, and for attributes `EvalError`.
    """
    found = parsed_objects(session, words, store)
    # Queries must work on a read-only store.
    with suppress(StoreIO):
        (store or session.store).add_temp_roots(found)
    return found


def parsed_objects(session: Session, words: Iterable[str], store: Store | None = None) -> list[StorePath]:
    """Return the objects as `objects_named` does, but without protection: for commands that remove them."""
    found: dict[StorePath, None] = {}
    for word in words:
        if is_attribute(word):
            found.update(dict.fromkeys(_outputs(session, word)))
        else:
            found[parse_named(store or session.store, word)] = None
    return list(found)


def is_attribute(word: str) -> bool:
    """Return whether a word names an attribute: it looks like no path, and there is no file or link of that name."""
    if not word or word.endswith(".nix"):
        return False
    return "/" not in word.partition('"')[0] and not word.startswith(STORE_DIR) and not os.path.lexists(word)


def _outputs(session: Session, attribute: str) -> list[StorePath]:
    """Return the outputs that an attribute stands for. Raises `RequestError` if one is not built."""
    from ..builder import recall
    from .instantiation import instantiate
    from .request import Request

    found = []
    for target in instantiate(session, Request(attributes=(attribute,))).targets:
        outputs = recall(session.store, [target.derivation]).outputs
        for output in target.named:
            path = outputs.get((target.derivation, output))
            if path is None or not session.store.is_valid(path):
                raise RequestError(
                    f"'{target.attribute or attribute}' is not built", hint=f"chx build {attribute} builds it"
                )
            found.append(path)
    return found
