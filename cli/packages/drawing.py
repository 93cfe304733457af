"""`chx pkgs graph` and `chx pkgs cycles`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ...ops.packages import dependencies
from ..options.evaluation import open_session, request_of
from ..output import put
from ..render.data import put_json

if TYPE_CHECKING:
    from ...ops.packages.dependencies import Cycle, Graph

_STYLES = {"container": "", "library": " [style=dashed]", "tool": " [style=bold]"}
_SEED = "seed"


def graph(arguments: argparse.Namespace) -> int:
    with open_session(arguments) as session:
        found = dependencies.graph(session, request_of(arguments), arguments.names)
    if arguments.json:
        put_json(_data(found))
    elif arguments.dot:
        put(_dot(found))
    else:
        for key, node in found.nodes.items():
            inputs = [found.label(one) + ("" if role == "container" else f" ({role})") for one, role in node.inputs]
            inputs += [_foreign(len(node.foreign))] if node.foreign else []
            put(f"{found.label(key)}\n" + "".join(f"  {line}\n" for line in inputs))
    return 0


def cycles(arguments: argparse.Namespace) -> int:
    with open_session(arguments) as session:
        found = dependencies.cycles(session, request_of(arguments), arguments.names)
    if arguments.json:
        put_json({name: [cycle._asdict() for cycle in all_cycles] for name, all_cycles in found.items()})
        return 0
    for name, all_cycles in found.items():
        put(f"{name}: none\n" if not all_cycles else "".join(f"{name}: {_line(cycle)}\n" for cycle in all_cycles))
    return 0


def _line(cycle: Cycle) -> str:
    # Derivations cannot need each other: evaluation would not end. So each turn
    # leads to an earlier stage.
    return f"{' '.join(cycle.packages)}, across stages\n  a shortest way around: {' -> '.join(cycle.way)}"


def _foreign(count: int) -> str:
    return f"{count} tree{'' if count == 1 else 's'} of a seed"


def _data(graph: Graph) -> dict[str, Any]:
    return {
        "nodes": [
            {
                "derivation": key,
                "name": node.name,
                "package": node.pname,
                "stage": graph.stage(key),
                "foreign": list(node.foreign),
            }
            for key, node in graph.nodes.items()
        ],
        "edges": [{"from": one, "to": other, "role": role} for one, other, role in graph.edges()],
    }


def _dot(graph: Graph) -> str:
    """Return a graph for Graphviz: bold arrows for programs called by store path, dashed ones for libraries."""
    numbers = {key: f"n{number}" for number, key in enumerate(graph.nodes)}
    lines = ["digraph {", "  node [shape=box];"]
    for key, number in numbers.items():
        label = graph.label(key).replace('"', '\\"').replace(" (stage", "\\n(stage")
        lines.append(f'  {number} [label="{label}"];')
    if any(node.foreign for node in graph.nodes.values()):
        lines.append(f"  {_SEED} [shape=ellipse];")
    lines += [f"  {numbers[one]} -> {numbers[other]}{_STYLES[role]};" for one, other, role in graph.edges()]
    lines += [f"  {numbers[node.key]} -> {_SEED};" for node in graph.nodes.values() if node.foreign]
    return "\n".join([*lines, "}"]) + "\n"
