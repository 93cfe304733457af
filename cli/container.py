"""Options of containers, for `chx run` and `chx shell`."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ..builder import Bind
from ..ops.errors import RequestError

if TYPE_CHECKING:
    from ..builder import Bind


def configure(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the container")
    group.add_argument(
        "--bind", action="append", default=[], metavar="HOST[:INSIDE]", help="show a file or directory, writable"
    )
    group.add_argument(
        "--ro-bind", action="append", default=[], metavar="HOST[:INSIDE]", help="show a file or directory, read-only"
    )
    group.add_argument(
        "--env", "--setenv", action="append", default=[], metavar="NAME[=VALUE]",
        help="set a variable; without a value, pass on the caller's",
    )  # fmt: skip
    group.add_argument("--chdir", metavar="DIR", help="start in this directory (of the container)")
    group.add_argument("--network", action="store_true", help="share the network of the machine")


def binds_of(arguments: argparse.Namespace) -> tuple[Bind, ...]:
    """Return the requested binds, parents before what is mounted inside them."""
    wanted = [(text, True) for text in arguments.bind] + [(text, False) for text in arguments.ro_bind]
    binds = [Bind(*_places(text), writable) for text, writable in wanted]
    return tuple(sorted(binds, key=lambda bind: bind.target.count("/")))


def _places(text: str) -> tuple[str, str]:
    """Split `HOST[:INSIDE]` into two absolute paths; only a colon before a `/` separates them."""
    host, found, inside = text.rpartition(":/")
    if not found:
        host, inside = text, os.path.abspath(text)
    source = os.path.abspath(host)
    if not host or not os.path.exists(source):
        raise RequestError(f"there is no '{host or text}' that could be bound")
    target = os.path.normpath("/" + inside.lstrip("/"))
    if target == "/":
        raise RequestError(
            f"'{text}' would hide the whole container", hint="name a place inside: --bind HOST:/some/place"
        )
    return source, target


def variables_of(arguments: argparse.Namespace) -> dict[str, str]:
    result = {}
    for text in arguments.env:
        name, found, value = text.partition("=")
        if not name:
            raise RequestError(f"'{text}' sets no variable", hint="write --env NAME=VALUE")
        if not found:
            if name not in os.environ:
                continue
            value = os.environ[name]
        result[name] = value
    return result


def directory_of(arguments: argparse.Namespace) -> str | None:
    directory: str | None = arguments.chdir
    if directory is not None and not directory.startswith("/"):
        raise RequestError(
            f"'{directory}' is no absolute path", hint="--chdir names a folder of the container, such as /tmp"
        )
    return directory
