"""Metadata of packages as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...evaluator import EvalError, to_python
from ...store.package_names import split_name
from ..text import readable

if TYPE_CHECKING:
    from ...evaluator import Evaluator, Value
    from .catalogue import Package


class Facts(NamedTuple):
    """The metadata of a package. `meta` is empty if the package has none, or if `problem` says why it is invalid.

    `sets` says for each set whether the package can be built in it, or why not; None if nobody asked.
    """

    name: str
    attribute: str | None
    version: str
    meta: dict[str, Any]
    problem: str | None
    sets: dict[str, bool | str] | None = None

    @property
    def licence(self) -> str:
        return str(self.meta.get("license", ""))

    @property
    def description(self) -> str:
        return str(self.meta.get("description", ""))

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "attribute": self.attribute,
            "version": self.version,
            "license": self.licence or None,
            "description": self.description or None,
            "homepage": self.meta.get("homepage"),
            **({} if self.sets is None else {"sets": self.sets}),
        }


def facts_of(evaluator: Evaluator, package: Package) -> Facts:
    """Return the metadata of a package without instantiating it. Raises `EvalError` if its name does not evaluate."""
    version = attribute_of(evaluator, package, "version")
    if version is None:
        name = attribute_of(evaluator, package, "name")
        version = split_name(str(name)).version or "" if name is not None else ""
    meta, problem = meta_of(evaluator, package)
    return Facts(package.name, package.attribute, str(version), meta, problem)


def meta_of(evaluator: Evaluator, package: Package) -> tuple[dict[str, Any], str | None]:
    """Return `meta` and the message of its evaluation error, if any."""
    try:
        meta = attribute_of(evaluator, package, "meta")
    except EvalError as error:
        return {}, readable(error.message)
    return (meta, None) if isinstance(meta, dict) else ({}, None)


def installation_of(evaluator: Evaluator, package: Package) -> tuple[dict[str, Any], str | None]:
    """Return what a package says to the maker of a root, and the message of its evaluation error, if any."""
    try:
        found = attribute_of(evaluator, package, "installation")
    except EvalError as error:
        return {}, readable(error.message)
    return (found, None) if isinstance(found, dict) else ({}, None)


def attribute_of(evaluator: Evaluator, package: Package, name: str) -> Any:
    """Return an attribute of a package as plain data; None if the package lacks it."""
    if name not in evaluator.attr_names(package.value):
        return None
    return to_python(evaluator, evaluator.select(package.value, name))


def packages_in(evaluator: Evaluator, package: Package, name: str) -> list[Value]:
    """Return the values in a list that a package has (`runtime`, `libraries`, `tools`): derivations, and paths."""
    if name not in evaluator.attr_names(package.value):
        return []
    return [evaluator.force(one) for one in evaluator.elements(evaluator.select(package.value, name))]
