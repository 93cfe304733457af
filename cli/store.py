"""`chx store`: ask the store about its objects."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from .errors import CommandError
from .output import put

if TYPE_CHECKING:
    from ..store import Store, StorePath

HELP = "ask the store about its objects"


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    info = actions.add_parser(
        "path-info",
        help="digest, references, size and place of objects",
        description="Print what the store knows of objects: the digest of their content, size, number of files, references,"
        " the derivation that made them, when they came, and where they lie on the disk.",
    )
    info.add_argument("paths", nargs="+", metavar="PATH", help="a store path, a result link, or a path below one")
    info.add_argument("--json", action="store_true", help="print JSON, one object per store path")
    info.add_argument("-r", "--closure", action="store_true", help="include everything they refer to")


def run(arguments: argparse.Namespace) -> int:
    from .session import Session

    with Session() as session:
        store = session.store
        paths = [object_named(store, path) for path in arguments.paths]
        if arguments.closure:
            paths = store.closure(paths)
        described = {str(path): describe(store, path) for path in dict.fromkeys(paths)}
    if arguments.json:
        import json

        put(json.dumps(described, indent=2, sort_keys=True) + "\n")
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
        return StorePath.parse(STORE_DIR + "/" + text[len(STORE_DIR) + 1 :].split("/", 1)[0])
    if not os.path.lexists(text):
        raise CommandError(f"there is no '{text}'", hint="name a store path or a result link")
    physical = os.path.realpath(text)
    directory = os.path.realpath(store.directory)
    if not physical.startswith(directory + "/"):
        raise CommandError(f"'{text}' does not lead into the store {store.directory}")
    return StorePath.parse(STORE_DIR + "/" + physical[len(directory) + 1 :].split("/", 1)[0])
