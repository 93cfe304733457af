"""`chx why-depends`: show how one object refers to another, down to the files."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..ops.errors import RequestError
from ..ops.named_objects import objects_named
from ..ops.references import files_with_reference, reference_chains
from .options.session import plain_session
from .options.store import NAMED
from .output import put
from .render.data import put_json
from .render.page import printable
from .storage import graph
from .storage.graph import put_dot

if TYPE_CHECKING:
    from ..ops.session import Session
    from ..store import StorePath

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
    parser.add_argument("--all", action="store_true", help="show all chains, not only a shortest one")
    graph.configure(parser)


def _one(session: Session, word: str) -> StorePath:
    """Return the one object that a word names. Raises `RequestError` for several."""
    found = objects_named(session, [word])
    if len(found) != 1:
        raise RequestError(f"'{word}' is {len(found)} objects: {', '.join(map(str, found))}", hint="name one of them")
    return found[0]


def run(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        store = session.store
        start, end = (_one(session, word) for word in (arguments.referrer, arguments.reference))
        edges = reference_chains(store, start, end, arguments.all)
        if not edges and start != end:
            raise RequestError(f"'{start}' does not depend on '{end}'")
        if arguments.dot:
            put_dot(edges, [start])
            return 0
        found = [(one, other, files_with_reference(store, one, other)) for one, other in edges]
    if arguments.json:
        put_json([{"from": str(one), "to": str(other), "files": files} for one, other, files in found])
        return 0
    put(f"{start}\n")
    for one, other, files in found:
        shown = ", ".join(map(printable, files[:3])) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
        put(f"  {one.name if arguments.all else ''}{' ' if arguments.all else ''}-> {other}\n      in {shown}\n")
    return 0
