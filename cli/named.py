"""Things that can be named by attribute, expression, store path or result link."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .errors import CommandError

if TYPE_CHECKING:
    import argparse

    from ..store import StorePath
    from .session import Session

MEANING = "an attribute path, a store path, a derivation's path or a result link"


def looks_like_path(text: str) -> bool:
    """Whether a word names a file and not an attribute: it has a slash, or a link of that name is here."""
    return "/" in text or os.path.islink(text)


def derivations_named(session: Session, arguments: argparse.Namespace) -> list[StorePath]:
    """The derivations that the words of a command mean; raises `CommandError` if one has none."""
    from .build import instantiate
    from .store import object_named

    if arguments.file is None and arguments.expr is None:
        paths = [word for word in arguments.attributes if looks_like_path(word)]
        arguments.attributes = [word for word in arguments.attributes if not looks_like_path(word)]
    else:
        paths = []
    found = []
    for word in paths:
        path = object_named(session.store, word)
        if not path.is_derivation:
            deriver = session.store.info(path).deriver
            if deriver is None:
                raise CommandError(f"'{word}' was not built by this store: it has no deriver")
            path = deriver
        found.append(path)
    if arguments.attributes or arguments.attr or not paths:
        found += [wanted.derivation for wanted in instantiate(session, arguments)]
        session.world.commit()
    return list(dict.fromkeys(found))


def without_derivations(
    session: Session, arguments: argparse.Namespace
) -> tuple[list[StorePath], argparse.Namespace | None]:
    """The derivations that words of a command name by their paths, and the command without these words.

    None in place of it if nothing is left that says what to evaluate. Raises `CommandError`, `StoreError`.
    """
    words = [word for word in arguments.attributes if "/" in word and word.endswith(".drv")]
    if not words:
        return [], arguments
    from .store import object_named

    rest = [word for word in arguments.attributes if word not in words]
    is_all = not rest and not arguments.attr and arguments.file is None and arguments.expr is None
    others = None if is_all else type(arguments)(**{**vars(arguments), "attributes": rest})
    return [object_named(session.store, word) for word in words], others
