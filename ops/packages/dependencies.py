"""The dependency graph of packages, and its cycles when stages are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...evaluator import to_python
from .catalogue import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..request import Request
    from ..session import Session
    from .catalogue import Package


class Node(NamedTuple):
    """A package in one stage: `inputs` are keys and roles, `foreign` are names of trees from outside of the set."""

    key: str
    name: str
    pname: str
    inputs: tuple[tuple[str, str], ...]
    foreign: tuple[str, ...]


class Graph:
    """Nodes by key, dependents before their inputs; `starts` are the requested packages."""

    def __init__(self, nodes: Mapping[str, Node], starts: Sequence[str]) -> None:
        self.nodes = nodes
        self.starts = starts
        self._stages = self._numbered()
        self._several = {nodes[key].pname for key, stage in self._stages.items() if stage}

    def stage(self, key: str) -> int:
        """Return the number of transitive inputs with the same name: in a chain, the stage of a package."""
        return self._stages[key]

    def label(self, key: str) -> str:
        """Return the name of a package, with its stage if there are several."""
        node = self.nodes[key]
        return f"{node.name} (stage {self.stage(key)})" if node.pname in self._several else node.name

    def edges(self) -> list[tuple[str, str, str]]:
        """Return triples of a package's key, an input's key, and the input's role."""
        return [(node.key, key, role) for node in self.nodes.values() for key, role in node.inputs]

    def _numbered(self) -> dict[str, int]:
        below: dict[str, frozenset[str]] = {}
        for key in self._inputs_first():
            inputs = {one for one, _ in self.nodes[key].inputs}
            below[key] = frozenset(inputs.union(*(below[one] for one in inputs)))
        return {
            key: sum(self.nodes[one].pname == self.nodes[key].pname for one in reached)
            for key, reached in below.items()
        }

    def _inputs_first(self) -> list[str]:
        order: dict[str, None] = {}
        pending = list(self.nodes)[::-1]
        while pending:
            key = pending[-1]
            waiting = [one for one, _ in self.nodes[key].inputs if one not in order]
            if waiting and key not in order:
                pending += waiting
                continue
            pending.pop()
            order.setdefault(key)
        return list(order)


def graph(session: Session, request: Request, names: Sequence[str] = ()) -> Graph:
    """Return the dependency graph of packages of the set that `request` names; of all packages without `names`.

    Packages that cannot be built are left out unless they are named.

    Raises `RequestError`, `LangError`, `EvalError`.
    """
    catalogue = Catalogue(session, request)
    found = graph_of(catalogue, catalogue.buildable(names)[0])
    session.world.commit()
    return found


def cycles(session: Session, request: Request, names: Sequence[str] = ()) -> dict[str, list[Cycle]]:
    """Return the cycles of packages by name, regardless of stages.

    Without `names` there is an entry for the ordinary packages and one for each bootstrapped set. Raises as `graph`.
    """
    catalogue = Catalogue(session, request)
    if names:
        groups = {" ".join(names): catalogue.buildable(names)[0]}
    else:
        packages, _ = catalogue.buildable(())
        ordinary = [package for package in packages if "." not in (package.attribute or "")]
        groups = {"ordinary packages": ordinary}
        groups.update((name, catalogue.buildable([name])[0]) for name in catalogue.sets())
    found = {name: cycles_of(graph_of(catalogue, packages)) for name, packages in groups.items()}
    session.world.commit()
    return found


def graph_of(catalogue: Catalogue, packages: Sequence[Package]) -> Graph:
    """Return the dependency graph of packages; instantiates their derivations."""
    found = to_python(
        catalogue.evaluator, catalogue.library("dependencies", tuple(package.value for package in packages))
    )
    nodes = {}
    for item in found:
        inputs = tuple(dict.fromkeys((one["key"], one["role"]) for one in item["inputs"]))
        nodes[item["key"]] = Node(item["key"], item["name"], item["pname"], inputs, tuple(item["foreign"]))
    # The closure begins with its start nodes.
    return Graph(nodes, list(nodes)[: len(packages)])


class Cycle(NamedTuple):
    """Packages that need each other, and a shortest closed path through them."""

    packages: tuple[str, ...]
    way: tuple[str, ...]


def cycles_of(graph: Graph) -> list[Cycle]:
    """Return the cycles among package names, the largest first."""
    edges: dict[str, set[str]] = {node.pname: set() for node in graph.nodes.values()}
    for one, other, _ in graph.edges():
        edges[graph.nodes[one].pname].add(graph.nodes[other].pname)
    reached = {name: _reached(edges, name) for name in edges}
    groups = {
        tuple(sorted({other for other in reached[name] if name in reached[other]}))
        for name in edges
        if name in reached[name]
    }
    found = [Cycle(group, _around(edges, group)) for group in groups]
    return sorted(found, key=lambda cycle: (-len(cycle.packages), cycle.packages))


def _reached(edges: Mapping[str, Iterable[str]], start: str) -> set[str]:
    found: set[str] = set()
    pending = list(edges[start])
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += edges[name]
    return found


def _around(edges: Mapping[str, Iterable[str]], group: Sequence[str]) -> tuple[str, ...]:
    """Return a shortest closed path in the group, through two names if it has two."""
    ways = [way for name in group if (way := _way_back(edges, name, set(group))) is not None]
    return min(ways, key=lambda way: (len(way), way))


def _way_back(edges: Mapping[str, Iterable[str]], start: str, group: set[str]) -> tuple[str, ...] | None:
    pending: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    for way in pending:
        for name in sorted(edges[way[-1]]):
            if name == start and (len(way) > 1 or group == {start}):
                return (*way, start)
            if name in group and name not in seen and name != start:
                seen.add(name)
                pending.append((*way, name))
    return None
