"""`chx pkgs new`: write a package for a source."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...builder import BuildOptions
from ...ops.errors import RequestError
from ...ops.packaging import package_text, propose
from ...ops.settings import configured_limits
from ..options import numbers
from ..options.evaluation import open_session, request_of
from ..output import put
from ..progress.format import say

if TYPE_CHECKING:
    import argparse

_FILE = "package.nix"


def new(arguments: argparse.Namespace) -> int:
    directory = os.path.join(arguments.into, arguments.name)
    place = os.path.join(directory, _FILE)
    _refuse_existing(place)
    options = BuildOptions(offline=arguments.offline, **{**configured_limits(), **numbers.limits(arguments)})
    with open_session(arguments) as session:
        proposal = propose(session, request_of(arguments), arguments.name, arguments.source, options)
    try:
        os.makedirs(directory, exist_ok=True)
        with open(place, "x") as file:
            file.write(package_text(proposal))
    except FileExistsError:
        _refuse_existing(place)
    except OSError as error:
        raise RequestError(f"cannot write '{place}': {error.strerror}") from error
    put(f"{place}\n")
    for one in proposal.missing:
        say(f"not in the set: {one.name.replace('|', ' or ')}, which {one.source} asks for")
    for sentence in proposal.lacking:
        say(f"to do: {sentence}")
    folder = os.path.abspath(directory)
    say(f"next: chx build -E '(import <chx> {{ }}).callPackage {folder}/{_FILE} {{ }}'")
    return 0


def _refuse_existing(place: str) -> None:
    if os.path.lexists(place):
        raise RequestError(f"'{place}' is there already", hint="remove it, or name another directory by --into")
