"""In which sets a package can be built, and why not in the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...evaluator import EvalError, to_python
from ..text import readable

if TYPE_CHECKING:
    from .catalogue import Catalogue

_MISSING = "it is not in the set"


def sets_of(catalogue: Catalogue, name: str) -> dict[str, bool | str]:
    """Return True for each set in which the package `name` can be built, and the reason for each in which it cannot.

    The sets are the attribute `sets` of the catalogue's set; there are none if it has no such attribute. A package
    whose evaluation fails cannot be built, and the message is the reason. Raises `EvalError` if `sets` fails.
    """
    evaluator = catalogue.evaluator
    if "sets" not in evaluator.attr_names(catalogue.set):
        return {}
    sets = evaluator.select(catalogue.set, "sets")
    if evaluator.type_name(sets) != "set":
        return {}
    return {one: _in_set(catalogue, sets, one, name) for one in evaluator.attr_names(sets)}


def _in_set(catalogue: Catalogue, sets: object, one: str, name: str) -> bool | str:
    evaluator = catalogue.evaluator
    try:
        inner = evaluator.select(sets, one)
        if name not in evaluator.attr_names(inner):
            return _MISSING
        package = evaluator.select(inner, name)
        if "broken" not in evaluator.attr_names(package):
            return True
        reason = to_python(evaluator, evaluator.select(package, "broken"))
    except EvalError as error:
        return readable(error.message)
    return True if reason is None or reason is False else readable(str(reason))
