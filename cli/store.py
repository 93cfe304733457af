"""`chx store`: ask the store about its objects."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from .errors import CommandError
from .output import put

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..store import Store, StorePath

NAMED = "a store path, a result link, or a path below one"
HELP = "ask the store about its objects"


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    info = actions.add_parser(
        "path-info",
        help="digest, references, size and place of objects",
        description="Print what the store knows of objects: the digest of their content, size, number of files, references,"
        " the derivation that made them, when they came, and where they lie on the disk.",
    )
    info.add_argument("paths", nargs="+", metavar="PATH", help=NAMED)
    info.add_argument("--json", action="store_true", help="print JSON, one object per store path")
    info.add_argument("-r", "--closure", action="store_true", help="include everything they refer to")
    info.set_defaults(act=path_info)
    roots = actions.add_parser(
        "roots",
        help="what keeps objects from being collected",
        description="Print what keeps objects: result links (link), running chx processes (process) and programs that"
        " run from the store (program), with what each keeps. With PATH: only what keeps it, directly or not.",
    )
    roots.add_argument("paths", nargs="*", metavar="PATH", help=NAMED)
    roots.add_argument("--json", action="store_true", help="print JSON")
    roots.set_defaults(act=list_roots)


def run(arguments: argparse.Namespace) -> int:
    act: Callable[[argparse.Namespace], int] = arguments.act
    return act(arguments)


def list_roots(arguments: argparse.Namespace) -> int:
    from ..store import find_roots
    from .session import Session

    with Session() as session:
        store = session.store
        wanted = {object_named(store, path) for path in arguments.paths}
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


def put_json(value: object) -> None:
    """Print a value as JSON."""
    import json

    put(json.dumps(value, indent=2, sort_keys=True) + "\n")


def path_info(arguments: argparse.Namespace) -> int:
    from .session import Session

    with Session() as session:
        store = session.store
        paths = [object_named(store, path) for path in arguments.paths]
        if arguments.closure:
            paths = store.closure(paths)
        described = {str(path): describe(store, path) for path in dict.fromkeys(paths)}
    if arguments.json:
        put_json(described)
        return 0
    for name, facts in described.items():
        put(f"{name}\n")
        for key, value in facts.items():
            if key == "registered":
                from time import localtime, strftime

                value = strftime("%Y-%m-%d %H:%M:%S", localtime(value))
            if isinstance(value, list):
                value = "".join(f"\n    {item}" for item in value) or "none"
            put(f"  {key}: {value}\n")
    return 0


def describe(store: Store, path: StorePath) -> dict[str, Any]:
    """What the store knows of one object, as JSON types; sizes in bytes, times in seconds since 1970."""
    info = store.info(path)
    return {
        "treeDigest": f"blake3:{info.tree_digest}",
        "size": info.size,
        "files": sum(1 for entry in store.manifest(path).entries if entry.kind in "fx"),
        "references": sorted(map(str, info.references)),
        "deriver": str(info.deriver) if info.deriver else None,
        "registered": info.registered,
        "physical": store.physical(path),
    }


def object_named(store: Store, text: str) -> StorePath:
    """The object that a store path, a physical path, a result link or a path below one of them names."""
    from ..store import STORE_DIR, StorePath

    if text.startswith(STORE_DIR + "/"):
        return _pinned(store, StorePath.parse(STORE_DIR + "/" + text[len(STORE_DIR) + 1 :].split("/", 1)[0]))
    if not os.path.lexists(text):
        raise CommandError(f"there is no '{text}'", hint="name a store path or a result link")
    physical = os.path.realpath(text)
    directory = os.path.realpath(store.directory)
    if not physical.startswith(directory + "/"):
        raise CommandError(f"'{text}' does not lead into the store {store.directory}")
    return _pinned(store, StorePath.parse(STORE_DIR + "/" + physical[len(directory) + 1 :].split("/", 1)[0]))


def _pinned(store: Store, path: StorePath) -> StorePath:
    """What a command is asked about stays until it has answered."""
    store.pin([path])
    return path
