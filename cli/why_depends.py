"""`chx why-depends`: how one object comes to refer to another, down to the files."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ..ops.errors import RequestError
from ..ops.targets import object_named
from ..store.tree import find_hash
from .options.session import plain_session
from .options.store import NAMED
from .output import put
from .render.data import put_json
from .render.page import printable
from .storage import graph
from .storage.graph import put_dot

if TYPE_CHECKING:
    from ..store import Store, StorePath

DESCRIPTION = """\
Show the shortest chain of references from A to B, and in which files of each object
the name of the next one stands. With --all: every object on any chain.
"""
EPILOG = """\
examples:
  chx why-depends ./result /chx/store/...-bash
  chx why-depends --all --dot ./result ./result-2 | dot -Tsvg
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("referrer", metavar="A", help=NAMED)
    parser.add_argument("reference", metavar="B", help=NAMED)
    parser.add_argument("--all", action="store_true", help="all chains, not only a shortest one")
    graph.configure(parser)


def run(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        store = session.store
        start, end = object_named(store, arguments.referrer), object_named(store, arguments.reference)
        edges = chains(store, start, end, arguments.all)
        if not edges and start != end:
            raise RequestError(f"'{start}' does not depend on '{end}'")
        if arguments.dot:
            put_dot(edges, [start])
            return 0
        told = [(one, other, files_with(store, one, other)) for one, other in edges]
    if arguments.json:
        put_json([{"from": str(one), "to": str(other), "files": files} for one, other, files in told])
        return 0
    put(f"{start}\n")

    for one, other, files in told:
        shown = ", ".join(map(printable, files[:3])) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
        put(f"  {one.name if arguments.all else ''}{' ' if arguments.all else ''}-> {other}\n      in {shown}\n")
    return 0


def chains(store: Store, start: StorePath, end: StorePath, every: bool) -> list[tuple[StorePath, StorePath]]:
    """The references on a shortest chain from `start` to `end`, or on all chains; empty if there is none."""
    references = {path: store.info(path).references for path in store.closure([start])}
    if end not in references:
        return []
    # Distances from the end, backwards; what has none does not lead there.
    referrers: dict[StorePath, list[StorePath]] = {}
    for path, others in references.items():
        for other in others:
            if other != path:
                referrers.setdefault(other, []).append(path)
    distance = {end: 0}
    todo = [end]
    for path in todo:
        for referrer in sorted(referrers.get(path, ())):
            if referrer not in distance:
                distance[referrer] = distance[path] + 1
                todo.append(referrer)
    if every:
        return [
            (path, other)
            for path in sorted(distance, key=lambda path: (-distance[path], path))
            for other in references[path]
            if other in distance and other != path
        ]
    chain: list[tuple[StorePath, StorePath]] = []
    while start != end:
        after = next(other for other in references[start] if distance.get(other, -1) == distance[start] - 1)
        chain.append((start, after))
        start = after
    return chain


def files_with(store: Store, path: StorePath, other: StorePath) -> list[str]:
    """Where in an object the hash of another stands."""
    found = find_hash(os.fsencode(store.physical(path)), other.hash)
    return [file or "." for file in found]
