"""List and search the packages of a set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .catalogue import Catalogue
from .facts import facts_of
from .sets import sets_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..request import Request
    from ..session import Session
    from .facts import Facts


def list_packages(session: Session, request: Request, *, with_sets: bool = False) -> list[Facts]:
    """Return the packages of the set that `request` names, by name; `with_sets` fills `Facts.sets`.

    Raises `RequestError`, `LangError`, `EvalError`.
    """
    catalogue = Catalogue(session, request)
    found = [facts_of(catalogue.evaluator, package) for package in catalogue.packages]
    return [facts._replace(sets=sets_of(catalogue, facts.name)) for facts in found] if with_sets else found


def search(session: Session, request: Request, texts: Iterable[str]) -> list[Facts]:
    """Return the packages whose name, description, home page or licence contains all `texts`, in any case.

    Raises as `list_packages`.
    """
    words = [text.lower() for text in texts]
    return [facts for facts in list_packages(session, request) if all(word in _text(facts) for word in words)]


def _text(facts: Facts) -> str:
    return "\n".join((facts.name, facts.description, str(facts.meta.get("homepage", "")), facts.licence)).lower()
