"""`chx store`: query, add, remove and check objects."""

from __future__ import annotations

import argparse

from .options.store import NAMED, configure_trust

HELP = "ask the store about its objects, add, remove and check them"
_INFO = """\
Print what the store knows of objects: the digest of their content, size, number of
files, references, the derivation that made them, when they came, and where they lie
on the disk.
"""
_ROOTS = """\
Print what keeps objects: result links (link), running chx processes (process) and
programs that run from the store (program). With PATH: only what keeps it, directly
or not.
"""
_VERIFY = """\
Read objects, all of them or those named, and compare them with their names, manifests
and rows in the database. Each fault is reported by file and row, and makes the exit
status 1. With --repair a damaged object is moved out of the store and made again,
from a cache or by building it; damaged rows are written as the object says. Without
PATH the ledger and the other tables are checked as well, and --repair repairs them: see
"Damage" in docs/store.md.
"""
_DELETE = """\
Remove objects that nothing keeps. An object that is kept, or that another refers to
which is not named as well, is refused, and so are the rest.
"""

_OPTIMISE = """\
Find equal files by the manifests and make them one file by hard links, as far as the
file system allows. Objects do not change by it.
"""

_EXPORT = """\
Write objects, with all they refer to and the signed rows of how they were made, as one
file that `chx store import` reads, on any machine.
"""
_IMPORT = """\
Register the objects of a file that `chx store export` wrote. Each is compared with its
name. What the file says of builds counts only if a trusted builder has signed it.
"""
_MIRROR = """\
Copy every fetched file of the store to DIR/sha256/HEX (or another algorithm), where
`hashed-mirrors` of [fetch] in chx.toml finds it when the place that it came from is gone.
Serve the directory with any web server, or mount it.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    actions = Actions(parser)
    add = actions.add("add", "add_delete.add", "make objects of files and directories", paths="a file or directory")
    add.add_argument("--name", help="the object's name (default: that of PATH)")
    add.add_argument("--root", metavar="LINK", help="make a link that keeps the object")
    _json(add)
    info = actions.add("path-info", "query.path_info", "digest, references, size and place of objects", _INFO)
    info.add_argument("-r", "--closure", action="store_true", help="include everything they refer to")
    info.add_argument(
        "--disk",
        action="store_true",
        help="also print the bytes that it takes on the disk, and how many of them other objects share",
    )
    _json(info)
    actions.graph("closure", "query.closure", "everything that objects refer to, and they themselves")
    actions.graph("references", "query.references", "what objects refer to directly")
    referrers = actions.graph("referrers", "query.referrers", "what refers to objects directly")
    referrers.add_argument("-r", "--closure", action="store_true", help="also list what refers to them indirectly")
    _json(actions.add("roots", "query.roots", "what keeps objects from being collected", _ROOTS, count="*"))
    usage = "sizes of objects and of their closures; without PATH of every object alone"
    _json(actions.add("du", "query.disk_usage", usage, count="*"))
    difference = actions.add(
        "diff-closures", "query.diff_closures", "how versions and sizes of two closures differ", count=0
    )
    difference.add_argument("before", metavar="A", help=NAMED)
    difference.add_argument("after", metavar="B", help=NAMED)
    _json(difference)
    verify = actions.add("verify", "checking.verify", "read objects and find damage", _VERIFY, count="*")
    verify.add_argument("-r", "--closure", action="store_true", help="include everything they refer to")
    verify.add_argument(
        "--reproducible", action="store_true", help="also fail if a build is known to have given different outputs"
    )
    verify.add_argument("--repair", action="store_true", help="make damaged objects again")
    _json(verify)
    delete = actions.add("delete", "add_delete.delete", "remove objects that nothing keeps", _DELETE)
    delete.add_argument("-n", "--dry-run", action="store_true", help="print what would be removed; remove nothing")
    _json(delete)
    export = actions.add("export", "transfer.export", "objects and all they refer to as one file", _EXPORT)
    export.add_argument("-o", "--output", default="-", metavar="FILE", help="the file (default: standard output)")
    _json(export)
    take = actions.add("import", "transfer.import_", "make objects of such a file", _IMPORT, count=0)
    take.add_argument("file", nargs="?", default="-", metavar="FILE", help="the file (default: standard input)")

    configure_trust(take)
    _json(take)
    mirror = actions.add(
        "mirror", "transfer.mirror", "keep all fetched files in a directory, by hash", _MIRROR, count=0
    )
    mirror.add_argument("directory", metavar="DIR", help="the directory; what it has already stays")
    _json(mirror)
    actions.add("key", "transfer.key", "the public key that this store's builds are signed with", count=0)
    optimise = actions.add("optimise", "add_delete.optimise", "make equal files one file", _OPTIMISE, count=0)
    optimise.add_argument("-n", "--dry-run", action="store_true", help="print what would be saved; change nothing")
    _json(optimise)


class Actions:
    """The actions of a command, each with the function of `storage/` that carries it out."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parsers = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(
        self,
        name: str,
        function: str,
        summary: str,
        description: str | None = None,
        *,
        count: str | int = "+",
        paths: str = NAMED,
    ) -> argparse.ArgumentParser:
        """Add an action on objects; `count` is how many may be named."""
        parser = self._parsers.add_parser(
            name,
            help=summary,
            description=description or f"Print {summary}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if count:
            parser.add_argument("paths", nargs=count, metavar="PATH", help=paths)
        parser.set_defaults(function=function)
        return parser

    def graph(self, name: str, function: str, summary: str) -> argparse.ArgumentParser:
        """Add an action that prints a graph."""
        from .storage import graph

        parser = self.add(name, function, summary)
        graph.configure(parser)
        return parser


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    from importlib import import_module

    module, _, name = arguments.function.partition(".")
    status: int = getattr(import_module(f".storage.{module}", __package__), name)(arguments)
    return status
