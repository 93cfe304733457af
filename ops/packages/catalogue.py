"""The catalogue of a package set: list its packages, and find them by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..errors import RequestError
from ..instantiation import evaluate_request
from ..paths import PKGS
from ..sources import byte_string
from ..text import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...evaluator import Evaluator, Value
    from ..request import Request
    from ..session import Session


class Package(NamedTuple):
    """A package of the set: `attribute` is its attribute path, None if no attribute of the set has it."""

    name: str
    attribute: str | None
    value: Value


class Catalogue:
    """The set that a request names, and its packages sorted by name."""

    def __init__(self, session: Session, request: Request) -> None:
        if not request.has_source:
            request = request.replace(file=f"{PKGS}/default.nix")
        (selected,) = evaluate_request(session, request.with_attributes()).selected
        self.evaluator: Evaluator = session.evaluator
        self.set = selected.value
        kind = self.evaluator.type_name(self.set)
        if kind != "set":
            raise RequestError(f"a set of packages is needed, and this is of type {kind}")
        self.packages = self._packages_of(self.set)

    def _packages_of(self, value: Value) -> list[Package]:
        evaluator = self.evaluator
        found = []
        for item in evaluator.elements(self.library("catalogue", value)):
            attribute = evaluator.select(item, "attribute")
            name = readable(evaluator.to_raw(evaluator.select(item, "name")))
            place = None if attribute is None else readable(evaluator.to_raw(attribute))
            found.append(Package(name, place, evaluator.select(item, "package")))
        return found

    def library(self, name: str, value: Value) -> Value:
        """Call the function in `pkgs/lib/NAME.nix` with a value."""
        function = self.evaluator.import_path(byte_string(f"{PKGS}/lib/{name}.nix"))
        return self.evaluator.call(function, value)

    def chosen(self, names: Sequence[str]) -> list[Package]:
        """Return the packages of `names`, each once; without names, all. Raises `RequestError`, `EvalError`."""
        if not names:
            return self.packages
        found: dict[str, Package] = {}
        for name in names:
            for package in self.named(name):
                found.setdefault(package.attribute or package.name, package)
        return list(found.values())

    def buildable(self, names: Sequence[str]) -> tuple[list[Package], dict[str, str]]:
        """Return `chosen(names)` in two parts: packages, and reasons why the others cannot be built, by attribute path.

        What is asked for by its own name is always a package of the first part. Raises `RequestError`, `EvalError`.
        """
        packages, broken = [], {}
        for package in self.chosen(names):
            reason = self._reason(package)
            if reason is None or not {package.name, package.attribute}.isdisjoint(names):
                packages.append(package)
            else:
                broken[package.attribute or package.name] = reason
        return packages, broken

    def _reason(self, package: Package) -> str | None:
        if "broken" not in self.evaluator.attr_names(package.value):
            return None
        reason = self.evaluator.select(package.value, "broken")
        return None if reason is None or reason is False else readable(self.evaluator.to_raw(reason))

    def named(self, name: str) -> list[Package]:
        """Return the packages of a name: a package of the list, or the value of an attribute path."""
        for package in self.packages:
            if name in (package.name, package.attribute):
                return [package]
        evaluator = self.evaluator
        if name.split(".")[0] not in evaluator.attr_names(self.set):
            raise self._unknown(name)

        value = evaluator.select_attr_path(self.set, byte_string(name))
        if is_derivation(evaluator, value):
            return [Package(name.rpartition(".")[2], name, value)]
        if evaluator.type_name(value) != "set":
            raise self._unknown(name)
        return self._inside(name, value)

    def _inside(self, name: str, value: Value) -> list[Package]:
        """Return the packages of a nested set: its attributes with names of packages."""
        attributes = set(self.evaluator.attr_names(value))
        names = {package.name for package in self.packages}
        found = [
            Package(attribute, f"{name}.{attribute}", self.evaluator.select(value, attribute))
            for attribute in sorted(names & attributes)
        ]
        found = [package for package in found if is_derivation(self.evaluator, package.value)]
        if not found:
            raise RequestError(f"'{name}' is a set, and no package is in it")
        return found

    def sets(self) -> list[str]:
        """Return the names of the bootstrapped sets."""
        evaluator = self.evaluator
        attributes = evaluator.attr_names(self.set)
        if "bootstrap" not in attributes:
            return []
        return [name for name in evaluator.attr_names(evaluator.select(self.set, "bootstrap")) if name in attributes]

    def _unknown(self, name: str) -> RequestError:
        import difflib

        near = difflib.get_close_matches(name, [package.name for package in self.packages], 1)
        hint = f"did you mean '{near[0]}'?" if near else "see `chx pkgs list`"
        return RequestError(f"there is no package '{name}' in the set", hint=hint)


def is_derivation(evaluator: Evaluator, value: Value) -> bool:
    """Return whether a value is a derivation, without instantiating it."""
    if evaluator.type_name(value) != "set" or "type" not in evaluator.attr_names(value):
        return False
    return bool(evaluator.select(value, "type") == "derivation")
