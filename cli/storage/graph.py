"""Graphs of references as JSON, as DOT and as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..output import put
from ..render.data import put_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from ...store import Store, StorePath


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that prints a graph."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--dot", action="store_true", help="print a graph for Graphviz")


def put_objects(store: Store, paths: Iterable[StorePath], arguments: argparse.Namespace) -> None:
    """Print objects in the requested form: names, names with references, or a graph."""
    paths = list(paths)
    if not arguments.json and not arguments.dot:
        put("".join(f"{path}\n" for path in paths))
        return
    shown = set(paths)
    references = {path: [other for other in store.info(path).references if other != path] for path in paths}
    if arguments.json:
        put_json({str(path): {"references": list(map(str, others))} for path, others in references.items()})
        return
    put_dot(((path, other) for path, others in references.items() for other in others if other in shown), paths)


def put_dot(edges: Iterable[tuple[StorePath, StorePath]], nodes: Iterable[StorePath] = ()) -> None:
    """Print a directed graph in which an arrow means "refers to"."""
    edges = list(edges)
    put("digraph {\n")
    for path in dict.fromkeys((*nodes, *(end for edge in edges for end in edge))):
        put(f'  "{path.base}" [label="{path.name}"];\n')
    for one, other in edges:
        put(f'  "{one.base}" -> "{other.base}";\n')
    put("}\n")
