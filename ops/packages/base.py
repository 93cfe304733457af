"""The base system: its packages, their commands, and the rule that keeps GNU out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...builder import plan
from ...evaluator import to_python
from ...store.manifest import Kind
from ...store.package_names import split_name
from ..errors import RequestError
from .catalogue import Catalogue, Package, is_derivation
from .facts import attribute_of, facts_of, meta_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...store import Manifest, StorePath
    from ..request import Request
    from ..session import Session
    from .facts import Facts

_GNU = "GNU"
_PROGRAMS = "usr/bin/"


class BasePackage(NamedTuple):
    """A package of the base: its metadata, how it breaks the rule, and its commands; None if no set has it built."""

    facts: Facts
    breaches: list[str]
    commands: list[str] | None

    @property
    def origin(self) -> str:
        return str(self.facts.meta.get("origin", ""))

    def to_dict(self) -> dict[str, Any]:
        """Return the package as JSON types."""
        more = {"origin": self.origin or None, "breaches": self.breaches, "commands": self.commands}
        return {**self.facts.to_dict(), **more}


def base_packages(session: Session, request: Request) -> list[BasePackage]:
    """Return the packages of the base of the set that `request` names, by name, as far as they are built.

    Each is that of the first of the base's sets that has it built, or, if none has, of the first that has it. Nothing
    is built. Raises `RequestError`, `LangError`, `EvalError`.
    """
    catalogue = Catalogue(session, request)
    rule = Rule.of(catalogue)
    if rule is None:
        raise RequestError("the set has no base", hint="a set with a base has an attribute `base`, as pkgs/base.nix")
    found = [_described(session, catalogue, rule, name) for name in sorted(rule.names)]
    session.world.commit()
    return found


class Rule:
    """The rule of the base of a set."""

    def __init__(self, catalogue: Catalogue, described: Mapping[str, Any]) -> None:
        self.names: list[str] = described["packages"]
        self.gnu: list[str] = described["gnu"]
        self.sets: list[str] = described.get("sets", [])
        self._catalogue = catalogue
        evaluator = catalogue.evaluator
        self._broken_by = catalogue.library("base-rule", evaluator.select(catalogue.set, "base"))
        self._tools: dict[bytes, str] | None = None

    @staticmethod
    def of(catalogue: Catalogue) -> Rule | None:
        """Return the rule of a set; None if the set has no base."""
        evaluator = catalogue.evaluator
        if "base" not in evaluator.attr_names(catalogue.set):
            return None
        described = evaluator.select(catalogue.set, "base")
        if evaluator.type_name(described) != "set" or is_derivation(evaluator, described):
            return None
        plain = to_python(evaluator, described)
        return Rule(catalogue, plain) if {"packages", "gnu"} <= plain.keys() else None

    def breaches(self, package: Package) -> list[str]:
        """Return how a package breaks the rule by what it says of itself."""
        evaluator = self._catalogue.evaluator
        return [str(text) for text in to_python(evaluator, evaluator.call(self._broken_by, package.value))]

    def traces(self, session: Session, paths: Iterable[StorePath]) -> list[str]:
        """Return what refused packages of the set left in built objects: references, and files that are theirs."""
        found = []
        objects = list(paths)
        refused = self._refused()
        names = {package.name for package in refused}
        for path in session.store.closure(objects):
            name = split_name(path.name).package
            if path not in objects and name in names:
                found.append(f"its output refers to {path.name}, which is of GNU")
        programs = self._programs(session, refused)
        for path in objects:
            found += [
                f"{entry.path} is a program of {programs[entry.digest]}, which is of GNU"
                for entry in session.store.manifest(path)
                if entry.is_file and entry.digest is not None and entry.digest in programs
            ]
        return found

    def _refused(self) -> list[Package]:
        evaluator = self._catalogue.evaluator
        return [
            package
            for package in self._catalogue.packages
            if package.name not in self.gnu and meta_of(evaluator, package)[0].get("origin") == _GNU
        ]

    def _programs(self, session: Session, refused: Sequence[Package]) -> dict[bytes, str]:
        """Return the names of refused packages by the digests of their programs, as far as they are built in any set."""
        if self._tools is None:
            self._tools = {}
            for package in (same for one in refused for same in _candidates(self._catalogue, self, one.name)):
                for manifest in _built(session, self._catalogue, package) or ():
                    for entry in manifest:
                        if entry.kind == Kind.EXECUTABLE and entry.size and entry.digest is not None:
                            self._tools[entry.digest] = package.name
        return self._tools


def _described(session: Session, catalogue: Catalogue, rule: Rule, name: str) -> BasePackage:
    candidates = _candidates(catalogue, rule, name)
    if not candidates:
        raise RequestError(f"the base names '{name}', and the set has no such package")
    for package in candidates:
        manifests = _built(session, catalogue, package)
        if manifests is not None:
            return BasePackage(facts_of(catalogue.evaluator, package), rule.breaches(package), _commands(manifests))
    return BasePackage(facts_of(catalogue.evaluator, candidates[0]), rule.breaches(candidates[0]), None)


def _candidates(catalogue: Catalogue, rule: Rule, name: str) -> list[Package]:
    """Return the package of that name in each set that has it, and the one of the catalogue."""
    evaluator = catalogue.evaluator
    attributes = evaluator.attr_names(catalogue.set)
    found = []
    for prefix in rule.sets:
        inner = evaluator.select(catalogue.set, prefix) if prefix in attributes else None
        if inner is not None and name in evaluator.attr_names(inner):
            found.append(Package(name, f"{prefix}.{name}", evaluator.select(inner, name)))
    return found + [package for package in catalogue.packages if package.name == name]


def _built(session: Session, catalogue: Catalogue, package: Package) -> list[Manifest] | None:
    """Return the manifests of a package's outputs; None if they are not built, or cannot be."""
    if attribute_of(catalogue.evaluator, package, "broken") is not None:
        return None
    found = catalogue.evaluator.derivation_of(package.value)
    if found is None:
        return None
    outputs = tuple(attribute_of(catalogue.evaluator, package, "outputs") or ("out",))
    session.world.commit()
    planned = plan(session.store, [(found[0], outputs)])
    if planned.steps:
        return None
    return [session.store.manifest(planned.reused[found[0], output]) for output in outputs]


def _commands(manifests: Iterable[Manifest]) -> list[str]:
    return sorted(
        {
            entry.path.removeprefix(_PROGRAMS)
            for manifest in manifests
            for entry in manifest
            if entry.path.startswith(_PROGRAMS) and entry.kind != "d"
        }
    )
