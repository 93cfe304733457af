"""`chx diff`: compare packages, stages, store objects or lock files."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from ..ops.bootstrap.residue_diff import find_residue_of
from ..ops.diff.attribution import DEPTH, attribute
from ..ops.diff.comparison import compare_subjects
from ..ops.diff.recall import BuildTraceCache
from ..ops.diff.subject import subjects
from ..ops.errors import RequestError
from ..ops.lock.document import read_lock
from ..ops.lock.lock_changes import changes
from .diffoscope import compare_deeply, find_diffoscope
from .options import evaluation, numbers
from .options.building import configure_building, options_of
from .options.reporting import reporter_of
from .options.session import plain_session
from .output import put
from .render.attribution import draw_attribution
from .render.data import as_data
from .render.lock import draw_changes
from .render.page import Page
from .render.residue import draw_residue
from .render.style import Style

if TYPE_CHECKING:
    from collections.abc import Callable

    from .render.page import Page

DESCRIPTION = """\
Compare A and B: two packages, two sets of packages (such as stages), two store
objects, two lock files, or two packages or repositories of apk. Says which inputs are the root causes, which packages
of the closures and which files differ, and how their bytes do. Nothing is built
unless --attribute is given.
"""
EPILOG = """\
A and B are attribute paths of the bundled package set (or of -f FILE, -E EXPR),
store paths, derivations, result links, or lock files: two chx.lock (*.lock, or
pipes), or two of seeds (*.json); or packages of apk (*.apk), or directories with
ARCHITECTURE/*.apk, without a level.

levels:
  inputs   derivations: which attribute of which input changed; root causes only
  closure  packages that the results refer to, or members of the sets
  files    paths, from manifests alone
  bytes    text by lines, ELF by sections, archives by members, the rest by bytes

examples:
  chx diff tinycc hello --level closure
  chx diff ./result ./result-2 --level bytes --full
  chx diff -E '{ a = import ./old.nix; b = import ./new.nix; }' a b
  chx diff --attribute old new -f default.nix
  chx diff --residue bootstrap.tiny.zig.stage2 seeds.zig
  chx diff repository other-repository
  chx diff <(git show HEAD~:chx.lock) chx.lock
"""


def configure(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to compare")
    group.add_argument("before", metavar="A")
    group.add_argument("after", metavar="B")
    group.add_argument("-f", "--file", metavar="FILE", help="attributes are those of FILE")
    group.add_argument("-E", "--expr", metavar="EXPR", help="attributes are those of the expression EXPR")
    evaluation.configure_evaluation(parser)
    group = parser.add_argument_group("how to compare")
    group.add_argument(
        "--level", action="append", default=[], choices=("inputs", "closure", "files", "bytes"),
        help="compare only this (may be repeated)",
    )  # fmt: skip
    group.add_argument(
        "--attribute", action="store_true",
        help="build A with one thing at a time taken from B, say which of them change the output, and find the smallest"
        " set of things that gives the output of B",
    )  # fmt: skip
    group.add_argument(
        "--depth", type=numbers.positive, metavar="N",
        help="with --attribute: search N levels of derivations; 1: A and B alone (default: 3)",
    )  # fmt: skip
    group.add_argument(
        "--residue", action="store_true",
        help="say what of the seed or toolchain B is left in the stage, set or package A: references to it, "
        "and strings that no source accounts for",
    )  # fmt: skip
    group.add_argument("--full", action="store_true", help="leave nothing out")
    group.add_argument(
        "--deep", action="store_true",
        help="also run diffoscope on outputs that differ, and print the first lines of its report; with --full, all",
    )  # fmt: skip
    group.add_argument("--json", action="store_true", help="print JSON")
    group.add_argument("--exit-code", action="store_true", help="exit with status 1 if there is a difference")
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:
    if is_lock(arguments.before) or is_lock(arguments.after):
        return compare_locks(arguments)
    if are_apk(arguments):
        return compare_packages(arguments)
    if arguments.residue:
        return look_for_residue(arguments)
    if arguments.depth is not None and not arguments.attribute:
        raise RequestError("--depth is for --attribute")
    if arguments.attribute and arguments.level:
        raise RequestError("--attribute compares outputs and has no levels", hint="leave --level out")
    if arguments.deep:
        if arguments.json:
            raise RequestError(
                "--deep prints the report of diffoscope, which is not JSON", hint="leave --json or --deep out"
            )

        program = find_diffoscope()
    with evaluation.open_session(arguments) as session:
        cache = BuildTraceCache(session.store)
        request = evaluation.request_of(arguments)
        before, after = subjects(session, request, (arguments.before, arguments.after), cache)
        if arguments.attribute:
            depth = arguments.depth or DEPTH
            found = attribute(session, before, after, options_of(arguments), reporter_of(arguments), depth)
            show(arguments, found, lambda page: draw_attribution(page, found))
            return int(arguments.exit_code and not found.is_equal)
        comparison = compare_subjects(session.store, cache, before, after, arguments.level, arguments.full)
    from .render.diff import draw

    show(arguments, comparison, lambda page: draw(page, comparison))
    if arguments.deep:
        compare_deeply(session.store, program, before, after, arguments.full)
    return int(arguments.exit_code and not comparison.is_equal)


def are_apk(arguments: argparse.Namespace) -> bool:
    """Whether A and B name packages of apk, or repositories.

    With a level they are objects of the store; of a word without a slash, an attribute of what -f or -E names.
    """
    words = (arguments.before, arguments.after)
    if arguments.level or arguments.attribute or arguments.residue or arguments.deep:
        return False
    if any("/" not in word for word in words) and (arguments.file is not None or arguments.expr is not None):
        return False
    is_file = any(word.endswith(".apk") and os.path.isfile(word) for word in words)
    if not is_file and not all(map(os.path.isdir, words)):
        return False
    from ..ops.apk.comparing import is_comparable

    odd = [word for word in words if not is_comparable(word)]
    if odd and is_file:
        raise RequestError(
            f"there is no package '{odd[0]}' to compare with", hint="a *.apk is compared with another one"
        )
    return not odd


def compare_packages(arguments: argparse.Namespace) -> int:
    """Print how two packages of apk, or two repositories, differ."""
    from ..ops.apk.comparing import compare_apk
    from .render.apk import draw_apk

    found = compare_apk(arguments.before, arguments.after, arguments.full)
    show(arguments, found, lambda page: draw_apk(page, found))
    return int(arguments.exit_code and not found.is_equal)


def look_for_residue(arguments: argparse.Namespace) -> int:
    """Print what A retains of B; with --exit-code, the status is 1 if there is anything."""
    unfit = [name for name in ("level", "attribute", "deep") if getattr(arguments, name)]
    if unfit:
        raise RequestError(f"--residue and --{unfit[0]} exclude each other")
    with evaluation.open_session(arguments) as session:
        request = evaluation.request_of(arguments)
        found = find_residue_of(session, request, arguments.before, arguments.after)
    show(arguments, found, lambda page: draw_residue(page, found))
    return int(arguments.exit_code and not found.holds)


def is_lock(word: str) -> bool:
    """Whether a word names a chx.lock; a pipe counts as one."""
    from stat import S_ISFIFO

    if word.endswith(".lock") and os.path.isfile(word):
        return True
    try:
        return S_ISFIFO(os.stat(word).st_mode)
    except (OSError, ValueError):
        return False


def compare_locks(arguments: argparse.Namespace) -> int:
    """Print the changes from one chx.lock to another. Raises `LockError`."""
    unfit = [name for name in ("level", "attribute", "deep", "residue") if getattr(arguments, name)]
    if unfit:
        raise RequestError(f"--{unfit[0]} is not for lock files")
    locks = []
    for word in (arguments.before, arguments.after):
        lock = read_lock(word)
        if lock is None:
            raise RequestError(f"there is no lock file '{word}'", hint="a chx.lock is compared with another one")
        locks.append(lock)
    with plain_session() as session:
        found = changes(session.store, *locks)

    def draw(page: Page) -> None:
        if found.is_nothing:
            page.line(f"{arguments.before} and {arguments.after} pin the same", 0)
        draw_changes(page, found, with_sources=True)

    show(arguments, found, draw)
    return int(arguments.exit_code and not found.is_nothing)


def show(arguments: argparse.Namespace, value: object, draw: Callable[[Page], None]) -> None:
    """Print a value as JSON with --json, else as text."""
    if arguments.json:
        import json

        put(json.dumps(as_data(value), indent=2, sort_keys=True) + "\n")
        return

    page = Page(Style(sys.stdout), arguments.full)
    draw(page)
    page.write()
