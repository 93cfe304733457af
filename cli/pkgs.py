"""`chx pkgs`: list packages, their dependencies and their faults."""

from __future__ import annotations

import argparse

from .options import numbers
from .options.building import configure_building
from .options.evaluation import configure_evaluation

HELP = "list, search, show, check and write packages, and draw their dependencies"
DESCRIPTION = """\
Ask about the packages of the bundled set, of -f FILE or of -E EXPR. A package is
named by its directory in pkgs/, or by an attribute path such as tiny.lua; `tiny` alone
means all packages of that set.
"""
_LIST = """\
Print name, version, licence and description of every package. Nothing is built. With
--json and --markdown also in which sets it can be built, and why not in the others.
"""
_SEARCH = "Print the packages in whose name, description, home page or licence all the words occur."
_SHOW = """\
Print all that a package says of itself: where it is defined, its source, what it is
built with and in, its outputs, the lints it waives. Nothing is built.
"""
_GRAPH = """\
Print what packages are built with, and what that is built with, down to the seed:
a line for each package, or a graph with --dot. An arrow means "is built with".
A number distinguishes the stages of a package that is built in several.
"""
_CYCLES = """\
Print cycles between packages by name, regardless of stages: in a bootstrap, a
compiler is built with tools that are built with an earlier compiler. Without NAME
the ordinary packages and each bootstrapped set are looked at one after the other.
"""
_LINT = """\
Build packages, as far as they are not built, and look for what is wrong with their
outputs: paths outside /usr, broken links, paths of the build inside, programs for
another architecture, and more (--list prints all, docs/packages.md explains them). The exit
status is 1 if there is an error that the package does not waive.
"""
_BASE = """\
Print the commands of the base system, each with its package, the origin of that, and
its licence. Only the expressions are read; nothing is built. No program of
GNU may be in the base but make and ncurses: the exit status is 1 if one is.
"""
_NEW = """\
Fetch a source, and write NAME/package.nix for it: version and hash, the licence that
its texts name, how it is built, and the packages of the set that its build files ask
for. A comment in the file lists everything that was not found, and so does the output.
No file is overwritten.
"""
EPILOG = """\
examples:
  chx pkgs list
  chx pkgs show zlib
  chx pkgs graph hello --dot | dot -Tsvg > hello.svg
  chx pkgs lint hello tiny.lua
  chx pkgs lint tiny --json
  chx pkgs new less --from debian-source:less
"""


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def add(name: str, function: str, summary: str, description: str) -> argparse.ArgumentParser:
        action = actions.add_parser(
            name, help=summary, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        action.set_defaults(function=function)
        return action

    def named(action: argparse.ArgumentParser, count: str | None = "*") -> None:
        action.add_argument(
            "names" if count else "name", nargs=count, metavar="NAME", help="a package, or a set of packages"
        )

    listing = add("list", "listing.list_", "all packages, one a line", _LIST)
    search = add("search", "listing.search", "packages that a text occurs in", _SEARCH)
    search.add_argument("texts", nargs="+", metavar="TEXT", help="what to look for; upper and lower case are the same")
    show = add("show", "showing.show", "everything about a package", _SHOW)
    named(show, None)
    graph = add("graph", "drawing.graph", "what packages are built with, down to the seed", _GRAPH)
    named(graph)
    cycles = add("cycles", "drawing.cycles", "packages that are needed to build each other", _CYCLES)
    named(cycles)
    lint = add("lint", "linting.lint", "look for faults in built packages", _LINT)
    named(lint)
    lint.add_argument("--list", action="store_true", help="list the lints, and build nothing")
    lint.add_argument("--built", action="store_true", help="leave out packages that are not built yet")
    base = add("base", "basing.base", "the commands of the base system, and where they come from", _BASE)
    new = add("new", "creating.new", "write a package for a source", _NEW)
    new.add_argument("name", metavar="NAME", help="the name of the package, and of its directory")
    new.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="SOURCE",
        help="a URL as for chx fetch, the path of an archive, or debian-source:NAME",
    )
    new.add_argument("--into", default=".", metavar="DIR", help="where the directory is made (default: here)")
    limits = new.add_argument_group("limits")
    numbers.configure(limits)
    limits.add_argument("--offline", action="store_true", help="fetch nothing from the network")
    _configure_set(new)
    for action in (listing, search, show, graph, cycles, lint, base):
        form = action.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print JSON")
        if action is graph:
            form.add_argument("--dot", action="store_true", help="print a graph for Graphviz")
        if action in (listing, base):
            form.add_argument("--markdown", action="store_true", help="print a table for the manual")
        _configure_set(action)
    configure_building(lint)


def _configure_set(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which set")
    group.add_argument("-f", "--file", metavar="FILE", help="the set that FILE gives, not the bundled one")
    group.add_argument("-E", "--expr", metavar="EXPR", help="the set that EXPR gives")
    configure_evaluation(parser)


def run(arguments: argparse.Namespace) -> int:
    from importlib import import_module

    module, _, name = arguments.function.partition(".")
    status: int = getattr(import_module(f".packages.{module}", __package__), name)(arguments)
    return status
