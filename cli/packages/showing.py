"""`chx pkgs show`: all that is known of a package without building it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from ...evaluator import to_python
from ...ops.errors import RequestError
from ...ops.packages.catalogue import Catalogue, is_derivation
from ...ops.packages.facts import attribute_of, facts_of
from ...ops.packages.graph import graph_of
from ...ops.text import readable
from ..options.evaluation import open_session, request_of
from ..render.data import put_json
from ..render.page import Page
from ..render.style import Style

if TYPE_CHECKING:
    from ...evaluator import Evaluator, Value
    from ...ops.packages.catalogue import Package


def show(arguments: argparse.Namespace) -> int:
    with open_session(arguments) as session:
        catalogue = Catalogue(session, request_of(arguments))
        found = catalogue.named(arguments.name)
        if len(found) != 1:
            names = ", ".join(package.attribute or package.name for package in found)
            raise RequestError(f"'{arguments.name}' is a set of packages", hint=f"there are {names}")
        told = account_of(catalogue, found[0])
        session.world.commit()
    if arguments.json:
        put_json(told)
    else:
        _draw(told)
    return 0


def account_of(catalogue: Catalogue, package: Package) -> dict[str, Any]:
    """Everything, as JSON types."""
    evaluator = catalogue.evaluator
    facts = facts_of(evaluator, package)
    graph = _graph(catalogue, package)
    found = evaluator.derivation_of(package.value)
    assert found is not None
    position = attribute_of(evaluator, package, "position")
    lints = attribute_of(evaluator, package, "lints") or {}
    return {
        **facts.to_dict(),
        "maintainers": facts.meta.get("maintainers", []),
        "problem": facts.problem,
        "defined": None if position is None else f"{position['file']}:{position['line']}",
        "sources": _sources(evaluator, package),
        "patches": [str(patch).rpartition("/")[2] for patch in attribute_of(evaluator, package, "patches") or []],
        "container": graph["container"],
        "seed": graph["foreign"],
        "libraries": graph["library"],
        "tools": graph["tool"],
        "runtime": _runtime(evaluator, package),
        "outputs": list(attribute_of(evaluator, package, "outputs") or ["out"]),
        "waived": lints.get("waive", {}),
        "derivation": str(found[0]),
    }


def _graph(catalogue: Catalogue, package: Package) -> dict[str, list[str]]:
    """Names of what it is built with, by role."""
    graph = graph_of(catalogue, [package])
    node = graph.nodes[graph.starts[0]]
    roles: dict[str, list[str]] = {"container": [], "library": [], "tool": []}
    for key, role in node.inputs:
        roles[role].append(graph.label(key))
    return {**roles, "foreign": list(node.foreign)}


def _runtime(evaluator: Evaluator, package: Package) -> list[str]:
    if "runtime" not in evaluator.attr_names(package.value):
        return []
    elements = evaluator.elements(evaluator.select(package.value, "runtime"))
    return [_name(evaluator, evaluator.force(element)) for element in elements]


def _name(evaluator: Evaluator, value: Value) -> str:
    text = evaluator.select(value, "name") if is_derivation(evaluator, value) else value
    return readable(evaluator.to_raw(text))


def _sources(evaluator: Evaluator, package: Package) -> list[str]:
    """Where its source is fetched from."""
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


def _draw(told: dict[str, Any]) -> None:
    from textwrap import wrap

    page = Page(Style(sys.stdout))
    page.title(f"{told['attribute'] or told['name']} {told['version']}")
    rows = {
        "description": told["description"],
        "home page": told["homepage"],
        "licence": told["license"],
        "wrong": told["problem"],
        "maintainers": told["maintainers"],
        "defined in": told["defined"],
        "source": told["sources"],
        "patches": told["patches"],
        "built in": told["container"],
        "and of a seed": wrap(", ".join(told["seed"]), 100, break_on_hyphens=False),
        "libraries": told["libraries"],
        "tools": told["tools"],
        "runtime": told["runtime"],
        "outputs": [" ".join(told["outputs"])],
        "waives": [f"{name}: {why}" for name, why in told["waived"].items()],
        "derivation": told["derivation"],
    }
    width = max(map(len, rows))
    for name, value in rows.items():
        lines = value if isinstance(value, list) else [value] if value else []
        for number, line in enumerate(lines):
            page.line(f"{'' if number else name:<{width}}  {line}")
    page.write()
