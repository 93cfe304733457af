"""`chx init`: create a project."""

from __future__ import annotations

import argparse
import os

from ..ops.errors import RequestError
from ..ops.lock.document import NAME
from ..ops.lock.project import project_at
from ..ops.lock.updating import add
from ..ops.session import Session
from ..ops.settings import configured
from .output import put
from .progress.format import say
from .progress.late import LateReporter
from .progress.plain import PlainReporter

DESCRIPTION = """\
Write a small project into DIR: an expression with two packages, an input, a README,
and the lock. It overwrites no file, and fetches nothing.
"""
TEMPLATE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "templates", "project")
FIRST = "letter"
"""The package that is built and pinned at once; it needs no toolchain."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", nargs="?", default=".", metavar="DIR", help="where (default: here)")


def run(arguments: argparse.Namespace) -> int:
    directory = os.path.abspath(arguments.directory)
    files = template_files()
    for name in (*files, NAME):
        if os.path.lexists(os.path.join(directory, name)):
            raise RequestError(
                f"'{os.path.join(arguments.directory, name)}' is there already",
                hint="name a folder that is empty or not there",
            )
    try:
        for name, content in files.items():
            place = os.path.join(directory, name)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "xb") as file:
                file.write(content)
    except OSError as error:
        raise RequestError(f"cannot write '{error.filename}': {error.strerror}") from error
    _lock(directory)
    put("".join(f"{name}\n" for name in sorted((*files, NAME))))

    inside = "" if directory == os.getcwd() else f"cd {arguments.directory} && "
    say(f"next: {inside}chx build {FIRST} && cat result/letter.txt")
    return 0


def template_files() -> dict[str, bytes]:
    """Return the files of the template by path."""
    found = {}
    for base, _, names in os.walk(TEMPLATE):
        for name in names:
            place = os.path.join(base, name)
            with open(place, "rb") as file:
                # Under its own name, git would apply it to this repository.
                path = os.path.relpath(place, TEMPLATE)
                found[".gitignore" if path == "gitignore" else path] = file.read()
    return dict(sorted(found.items()))


def _lock(directory: str) -> None:
    """Write the lock of the new project, silently."""
    file = os.path.join(directory, "default.nix")
    options = configured(offline=True)
    with Session(input_options=lambda: options, reporter=LateReporter()) as session:
        add(session, project_at(file), [FIRST], options=options, reporter=PlainReporter(quiet=True))
