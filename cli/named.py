"""Things that can be named by attribute, expression, store path or result link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import CommandError

if TYPE_CHECKING:
    from ..ops import Request
    from ..store import StorePath
    from .session import Session

MEANING = "an attribute path, a store path, a derivation's path or a result link"


def derivations_named(session: Session, request: Request) -> list[StorePath]:
    """The derivations that a request means; raises `CommandError` if an object has none."""
    from .build import instantiate
    from .store import object_named

    found = []
    for word in request.objects:
        path = object_named(session.store, word)
        if not path.is_derivation:
            deriver = session.store.info(path).deriver
            if deriver is None:
                raise CommandError(f"'{word}' was not built by this store: it has no deriver")
            path = deriver
        found.append(path)
    if request.needs_evaluation:
        found += [wanted.derivation for wanted in instantiate(session, request.replace(objects=()))]
        session.world.commit()
    return list(dict.fromkeys(found))
