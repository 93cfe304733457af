"""`chx copy`: move objects to and from caches."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..builder import BuildOptions
from ..ops.errors import RequestError
from ..ops.named_objects import objects_named
from ..ops.settings import configured_limits
from ..store import StorePath
from ..store.exchange import Receiver, open_cache, send
from .options.session import plain_session
from .options.store import NAMED
from .output import put
from .progress.format import say
from .render.data import put_json

if TYPE_CHECKING:
    from ..ops.session import Session
    from ..store import Store

DESCRIPTION = """\
Copy objects, with all they refer to, to a cache or from one. A cache is a directory,
an HTTP server that gives such a directory (`chx serve` does, any other will), or a
bucket in S3. Only files travel that are missing on the other side. What arrives is compared with its
name before it is registered; a cache that lies is refused.
"""
EPILOG = """\
examples:
  chx copy --to /mnt/cache ./result
  chx copy --to s3://bucket/prefix ./result
  CHX_CACHE_TOKEN=... chx copy --to http://server:8080 ./result
  chx copy --from http://server:8080 /chx/store/...-hello-2.12
"""


def configure(parser: argparse.ArgumentParser) -> None:
    direction = parser.add_mutually_exclusive_group(required=True)
    direction.add_argument(
        "--to", metavar="URL", help="a directory, it is made if it is not there, or an http:, https: or s3: URL"
    )
    direction.add_argument(
        "--from", dest="origin", metavar="URL", help="a directory, or a file:, http:, https: or s3: URL"
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help=NAMED)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
        if arguments.to is not None:
            outcome = _send(session, arguments)
        else:
            outcome = _receive(session.store, arguments)
    if arguments.json:
        put_json(outcome)
        return 0

    put("".join(f"{path}\n" for path in outcome.get("objects", ())))
    say(outcome["summary"])
    return 0


def _send(session: Session, arguments: argparse.Namespace) -> dict[str, Any]:
    sent = send(session.store, open_cache(arguments.to, create=True), objects_named(session, arguments.paths))
    return {
        "sent": {"objects": sent.objects, "files": sent.files, "rows": sent.rows},
        "summary": f"copied {sent.objects} objects ({sent.files} files, {sent.rows} rows of the trace) to {arguments.to}",
    }


def _receive(store: Store, arguments: argparse.Namespace) -> dict[str, Any]:
    options = BuildOptions(**configured_limits())
    receiver = Receiver(store, open_cache(arguments.origin), options.max_download_bytes, options.timeout_seconds)
    for word in arguments.paths:
        path = StorePath.parse(word)
        if not receiver.receive(path):
            raise RequestError(f"'{arguments.origin}' does not have '{path}' with all it refers to")
    return {
        "objects": list(map(str, receiver.received)),
        "summary": f"copied {len(receiver.received)} objects from {arguments.origin}"
        f" ({receiver.travelled} files travelled, {receiver.reused} were here)",
    }
