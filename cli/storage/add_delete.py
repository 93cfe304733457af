"""Add objects, and remove them by name."""

from __future__ import annotations

import argparse
import os

from ...builder import prune_roots
from ...ops.errors import RequestError
from ...ops.named_objects import parsed_objects
from ...store import plan_gc, plan_sharing
from ..gc import collect, show
from ..options.session import plain_session
from ..output import put
from ..progress.format import say, size
from ..render.data import put_json


def add(arguments: argparse.Namespace) -> int:
    if arguments.name is not None and len(arguments.paths) != 1:
        raise RequestError("--name needs exactly one PATH")
    with plain_session() as session:
        store = session.store
        added = []
        for path in arguments.paths:
            if not os.path.lexists(path):
                raise RequestError(f"there is no '{path}'")
            name = arguments.name or os.path.basename(os.path.abspath(path))
            added.append((path, store.add_tree(path, name)))
            if arguments.root is not None:
                store.add_root(os.path.abspath(arguments.root), added[-1][1])
        linked = store.linked
    if linked.files:
        say(f"{linked.files} files became links to equal ones, which saves {size(linked.bytes)}")
    if arguments.json:
        put_json({path: str(found) for path, found in added})
    else:
        put("".join(f"{found}\n" for _, found in added))
    return 0


def delete(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        store = session.store
        plan = plan_gc(store, only=parsed_objects(session, arguments.paths))
        if arguments.dry_run:
            show(plan, arguments.json)
            return 0
        counts = collect(store, plan)
    if arguments.json:
        put_json(counts)
    else:
        say(f"removed {counts['objects']} objects; {size(counts['freed'])} freed")
    return 0


def optimise(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        store = session.store
        plan = plan_sharing(store)
        if arguments.dry_run:
            files, freed = plan.files, plan.bytes
        else:
            files, freed = plan.execute(store)
            if files:
                # Roots have hard links to the replaced files; each is composed again when it is needed.
                freed += prune_roots(store, every=True)[1]
    if arguments.json:
        put_json({"files": files, "freed": freed})
    elif arguments.dry_run:
        say(f"would make {files} files links to equal ones; {size(freed)} to gain")
    else:
        say(f"made {files} files links to equal ones; {size(freed)} freed")
    return 0
