"""Names of attributes, for completion: nothing is built, fetched or written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NoReturn

from .errors import RequestError
from .instantiation import evaluate_request
from .select import locate
from .session import Session

if TYPE_CHECKING:
    from .request import Request

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_'+-]*")
"""Names that an attribute path has without quotes."""


class _Looking(Session):
    """A session in which evaluation may not build or fetch."""

    def realise(self, *targets: object, **options: object) -> NoReturn:
        raise RequestError("completion builds nothing")


def attribute_names(request: Request, word: str, search_path: tuple[tuple[str, str], ...] = ()) -> list[str]:
    """Return the attribute paths of a request's expression that begin with `word`; none if evaluation fails.

    Paths end at the part that is being typed: `a.b` gives `a.bar`, not `a.bar.c`. `request` names no attributes.
    """
    parent, dot, start = word.rpartition(".")
    parent_of = parent
    if request.target is not None:
        parent_of, request = f"cross.{request.target}{dot}{parent}", request.replace(target=None)
    try:
        with _Looking(search_path) as session:
            evaluator = session.evaluator
            if not request.has_source:
                # Without attributes, a request means ./default.nix; with one, the project or the bundled set.
                request = request.replace(file=locate(session, request.with_attributes("name")).file)
            request = request.with_attributes(*([parent_of] if parent_of else []))
            (selected,) = evaluate_request(session, request.replace(lock="inputs")).selected
            value = selected.value
            if evaluator.type_name(value) != "set" or evaluator.derivation_of(value) is not None:
                return []
            names = evaluator.attr_names(value)
    except Exception:
        # Whatever is wrong with the expression: there is nothing to offer, and nobody to tell.
        return []
    return [f"{parent}{dot}{name}" for name in names if name.startswith(start) and _PLAIN.fullmatch(name)]
