"""Queries for objects and their references."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ...ops.named_objects import objects_named
from ...ops.objects import describe
from ...store import disk_usage as on_disk
from ...store import find_roots
from ..options.session import plain_session
from ..output import put
from ..progress.format import size
from ..render.data import put_json
from ..render.objects import facts_text
from .graph import put_objects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...store import StorePath

_NO_VERSION = "(no version)"


def path_info(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        store = session.store
        paths = objects_named(session, arguments.paths)
        if arguments.closure:
            paths = store.closure(paths)
        described = {str(path): describe(store, path) for path in paths}
        if arguments.disk:
            from ...store import disk_usage, weight

            for path in paths:
                taken, _ = disk_usage(store, [path])
                shared = taken - weight(os.fsencode(store.physical(path))) if taken else 0
                described[str(path)].update(onDisk=taken, shared=shared)
    if arguments.json:
        put_json(described)
        return 0
    put(facts_text(described))
    return 0


def closure(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        put_objects(session.store, session.store.closure(objects_named(session, arguments.paths)), arguments)
    return 0


def references(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        store = session.store
        found = [other for path in objects_named(session, arguments.paths) for other in store.info(path).references]
        put_objects(store, dict.fromkeys(found), arguments)
    return 0


def referrers(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        store = session.store
        found: dict[StorePath, None] = {}
        todo = objects_named(session, arguments.paths)
        while todo:
            for other in store.referrers(todo.pop()):
                if other not in found:
                    found[other] = None
                    if arguments.closure:
                        todo.append(other)
        put_objects(store, sorted(found), arguments)
    return 0


def roots(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        store = session.store
        wanted = set(objects_named(session, arguments.paths))
        found = [
            root
            for root in find_roots(store)
            if not (root.kind == "process" and root.source == str(os.getpid()))
            and (not wanted or not wanted.isdisjoint(store.closure([root.path])))
        ]
    if arguments.json:
        put_json([{"kind": root.kind, "source": root.source, "path": str(root.path)} for root in found])
    else:
        put("".join(f"{root.kind} {root.source} -> {root.path}\n" for root in found))
    return 0


def disk_usage(arguments: argparse.Namespace) -> int:
    """Print sizes of objects, and of the closures of named ones, the largest first."""
    with plain_session() as session:
        store = session.store
        sizes = store.sizes()
        paths = objects_named(session, arguments.paths)
        if paths:
            rows = [(path, sizes[path], sum(sizes[one] for one in store.closure([path]))) for path in paths]
            counted = store.closure(paths)
            total = sum(sizes[path] for path in counted)
        else:
            rows = [(path, own, 0) for path, own in sizes.items()]
            counted = list(sizes)
            total = sum(sizes.values())
        taken, saved = on_disk(store, counted)
    rows.sort(key=lambda row: (-row[2], -row[1], row[0]))
    if arguments.json:
        objects = [
            {"path": str(path), "size": own, "closureSize": whole if paths else None} for path, own, whole in rows
        ]
        put_json({"total": total, "onDisk": taken, "saved": saved, "objects": objects})
        return 0
    for path, own, whole in rows:
        closure_size = f" {size(whole):>9}" if paths else ""
        put(f"{size(own):>9}{closure_size}  {path}\n")
    put(f"{size(total):>9} in all, {size(taken)} on the disk; equal files that are one save {size(saved)}\n")
    return 0


def diff_closures(arguments: argparse.Namespace) -> int:
    """Print the packages whose versions differ between two closures."""
    from ...store.difference import compare_closures, version_changes

    with plain_session() as session:
        store = session.store
        before, after = (objects_named(session, [word]) for word in (arguments.before, arguments.after))
        changes = version_changes(compare_closures(store, before, after))
    if arguments.json:
        put_json(
            [
                {
                    "name": change.label,
                    "before": [version or _NO_VERSION for version in change.before],
                    "after": [version or _NO_VERSION for version in change.after],
                    "bytes": change.growth,
                }
                for change in changes
            ]
        )
        return 0
    for change in changes:
        sign = "+" if change.growth >= 0 else "-"
        growth = f"{sign}{size(abs(change.growth))}"
        put(f"{change.label}: {_versions(change.before)} -> {_versions(change.after)}, {growth}\n")
    return 0


def _versions(versions: Sequence[str]) -> str:
    return ", ".join(version or _NO_VERSION for version in versions) or "none"
