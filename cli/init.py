"""`chx init`: begin a project."""

from __future__ import annotations

import argparse
import os

from .errors import CommandError
from .output import put

DESCRIPTION = """\
Write a small project into DIR: an expression with two packages, an input, a README,
and the lock. Nothing that is there is overwritten, and nothing is fetched.
"""
TEMPLATE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "templates", "project")
FIRST = "letter"
"""The package that is built and pinned at once; it needs no toolchain."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", nargs="?", default=".", metavar="DIR", help="where (default: here)")


def run(arguments: argparse.Namespace) -> int:
    from .pins.document import NAME

    folder = os.path.abspath(arguments.directory)
    files = template_files()
    for name in (*files, NAME):
        if os.path.lexists(os.path.join(folder, name)):
            raise CommandError(
                f"'{os.path.join(arguments.directory, name)}' is there already",
                hint="name a folder that is empty or not there",
            )
    try:
        for name, content in files.items():
            place = os.path.join(folder, name)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "xb") as file:
                file.write(content)
    except OSError as error:
        raise CommandError(f"cannot write '{error.filename}': {error.strerror}") from error
    _lock(folder)
    put("".join(f"{name}\n" for name in sorted((*files, NAME))))
    from .progress import say

    inside = "" if folder == os.getcwd() else f"cd {arguments.directory} && "
    say(f"next: {inside}chx build {FIRST} && cat result/letter.txt")
    return 0


def template_files() -> dict[str, bytes]:
    """The files of the project by their paths."""
    found = {}
    for base, _, names in os.walk(TEMPLATE):
        for name in names:
            place = os.path.join(base, name)
            with open(place, "rb") as file:
                # Under its own name it would rule over this repository.
                path = os.path.relpath(place, TEMPLATE)
                found[".gitignore" if path == "gitignore" else path] = file.read()
    return dict(sorted(found.items()))


def _lock(folder: str) -> None:
    """What `chx lock letter` does there, without a word."""
    from ..builder import BuildOptions
    from ..ops import Request
    from .limits import limits
    from .lines import Lines
    from .lock import Locking
    from .pins.document import write_lock
    from .pins.project import project_at
    from .realise import configured_caches
    from .session import Session

    file = os.path.join(folder, "default.nix")
    options = BuildOptions(offline=True, **limits(), **configured_caches())
    with Session(input_options=lambda: options) as session:
        project = project_at(file)
        locking = Locking(session, Request(file=file), project, options, Lines(quiet=True))
        write_lock(project.place, locking.added([FIRST]))
