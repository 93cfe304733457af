"""Describe a package without building it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...evaluator import to_python
from ..errors import RequestError
from ..text import readable
from .catalogue import Catalogue, is_derivation
from .dependencies import graph_of
from .facts import attribute_of, facts_of, installation_of, packages_in

if TYPE_CHECKING:
    from ...evaluator import Evaluator, Value
    from ...store import StorePath
    from ..request import Request
    from ..session import Session
    from .catalogue import Package
    from .facts import Facts


class Description(NamedTuple):
    """A package, its sources and its inputs.

    `defined` is `FILE:LINE`; `sources` are URLs and a hash. `container`, `libraries` and `tools` are names of packages
    by role, `seed` names of trees of a seed. `waived` has lints and reasons. `installation` is what it says to the maker
    of a root; it is empty if `installation_problem` says why it is invalid. `broken` says why it cannot be built in its
    set; then nothing is known of a container, and there is no derivation.
    """

    facts: Facts
    defined: str | None
    broken: str | None
    sources: list[str]
    patches: list[str]
    container: list[str]
    seed: list[str]
    libraries: list[str]
    tools: list[str]
    runtime: list[str]
    outputs: list[str]
    waived: dict[str, str]
    installation: dict[str, Any]
    installation_problem: str | None
    derivation: StorePath | None

    def to_dict(self) -> dict[str, Any]:
        """Return the description as JSON types."""
        return {
            **self.facts.to_dict(),
            "maintainers": self.facts.meta.get("maintainers", []),
            "problem": self.facts.problem,
            **{name: value for name, value in self._asdict().items() if name != "facts"},
            "derivation": None if self.derivation is None else str(self.derivation),
        }


def show(session: Session, request: Request, name: str) -> Description:
    """Describe the package `name` of the set that `request` names; its derivation is instantiated, if it has one.

    Raises `RequestError`, `LangError`, `EvalError`.
    """
    catalogue = Catalogue(session, request)
    found = catalogue.named(name)
    if len(found) != 1:
        names = ", ".join(package.attribute or package.name for package in found)
        raise RequestError(f"'{name}' is a set of packages", hint=f"there are {names}")
    description = _describe(catalogue, found[0])
    session.world.commit()
    return description


def _describe(catalogue: Catalogue, package: Package) -> Description:
    evaluator = catalogue.evaluator
    facts = facts_of(evaluator, package)
    broken = attribute_of(evaluator, package, "broken")
    if broken is None:
        roles = _inputs(catalogue, package)
        found = evaluator.derivation_of(package.value)
        assert found is not None
        derivation = found[0]
    else:
        roles, derivation = _declared(evaluator, package), None
    position = attribute_of(evaluator, package, "position")
    installation, installation_problem = installation_of(evaluator, package)
    return Description(
        facts,
        defined=None if position is None else f"{position['file']}:{position['line']}",
        broken=broken,
        sources=_sources(evaluator, package),
        patches=[str(patch).rpartition("/")[2] for patch in attribute_of(evaluator, package, "patches") or []],
        container=roles["container"],
        seed=roles["foreign"],
        libraries=roles["library"],
        tools=roles["tool"],
        runtime=[_name(evaluator, value) for value in packages_in(evaluator, package, "runtime")],
        outputs=list(attribute_of(evaluator, package, "outputs") or ["out"]),
        waived=(attribute_of(evaluator, package, "lints") or {}).get("waive", {}),
        installation=installation,
        installation_problem=installation_problem,
        derivation=derivation,
    )


def _inputs(catalogue: Catalogue, package: Package) -> dict[str, list[str]]:
    """Return the names of the packages that a package is built with, by role."""
    graph = graph_of(catalogue, [package])
    node = graph.nodes[graph.starts[0]]
    roles: dict[str, list[str]] = {"container": [], "library": [], "tool": []}
    for key, role in node.inputs:
        roles[role].append(graph.label(key))
    return {**roles, "foreign": list(node.foreign)}


def _declared(evaluator: Evaluator, package: Package) -> dict[str, list[str]]:
    """Return the names of the packages that a package names itself, by role."""
    return {
        "container": [],
        "foreign": [],
        **{
            role: [_name(evaluator, value) for value in packages_in(evaluator, package, attribute)]
            for role, attribute in (("library", "libraries"), ("tool", "tools"))
        },
    }


def _name(evaluator: Evaluator, value: Value) -> str:
    text = evaluator.select(value, "name") if is_derivation(evaluator, value) else value
    return readable(evaluator.to_raw(text))


def _sources(evaluator: Evaluator, package: Package) -> list[str]:
    """Return the URLs and the hash of the source; nothing if it is not fetched."""
    value = package.value
    while is_derivation(evaluator, value):
        names = evaluator.attr_names(value)
        if "urls" in names and "outputHash" in names:
            urls = to_python(evaluator, evaluator.select(value, "urls"))
            digest = to_python(evaluator, evaluator.select(value, "outputHash"))
            return [*(urls if isinstance(urls, list) else [str(urls)]), str(digest)]
        if "src" not in names:
            break
        value = evaluator.select(value, "src")
    return []
