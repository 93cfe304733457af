"""`chx fetch`: fetch a source, and print its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .options import numbers
from .output import put
from .progress.format import say, size

if TYPE_CHECKING:
    import argparse

    from ..builder import BuildOptions

DESCRIPTION = """\
Fetch a file into the store and print its hash, to be written into an expression. All
that sources may be fetched from is understood: https:, file:, debian:, debian-source:,
pypi:, git+https: and so on. With --unpack, or for git, it is the hash of the tree.
"""
EPILOG = """\
examples:
  chx fetch debian-source:hello/hello_2.10.orig.tar.gz
  chx fetch --unpack https://example.org/x-1.0.tar.gz
  chx fetch 'git+https://example.org/x.git?ref=v1.0'

A build prints the hash, too, if the expression has hash = "".
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="the URL to fetch")
    parser.add_argument("--unpack", action="store_true", help="the hash of the tree in an archive, and not of the file")
    parser.add_argument("--json", action="store_true", help="print JSON")
    group = parser.add_argument_group("limits")
    numbers.configure(group)
    group.add_argument("--offline", action="store_true", help="fetch nothing from the network")


def run(arguments: argparse.Namespace) -> int:
    from ..ops.fetching import learn
    from .options.session import plain_session

    with plain_session() as session:
        found = learn(session, arguments.url, arguments.unpack, _options(arguments))
    if arguments.json:
        from .render.data import put_json

        put_json({**found._asdict(), "path": str(found.path)})
        return 0
    put(f"{found.hash}\n")
    how = "a tree" if found.size is None else size(found.size)
    say(f"{found.path}, {how}")
    if found.revision is not None:
        say(f"the commit {found.revision}: {found.url}")
    return 0


def _options(arguments: argparse.Namespace) -> BuildOptions:
    from ..builder import BuildOptions
    from ..ops.settings import configured_limits

    return BuildOptions(offline=arguments.offline, **{**configured_limits(), **numbers.limits(arguments)})
