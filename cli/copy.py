"""`chx copy`: move objects to and from caches."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from .errors import CommandError
from .output import put

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store import SignedRow, Store

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
    from .store import NAMED

    direction = parser.add_mutually_exclusive_group(required=True)
    direction.add_argument(
        "--to", metavar="URL", help="a directory, it is made if it is not there, or an http:, https: or s3: URL"
    )
    direction.add_argument(
        "--from", dest="origin", metavar="URL", help="a directory, or a file:, http:, https: or s3: URL"
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help=NAMED)
    parser.add_argument("--json", action="store_true", help="print JSON")


def configure_trust(parser: argparse.ArgumentParser) -> None:
    """Options of a command that takes rows of the build trace from elsewhere."""
    parser.add_argument(
        "--trust", action="append", default=[], metavar="KEY",
        help="also believe the builder with this public key about what builds gave (see `chx store key`)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    from .session import Session
    from .store import put_json

    with Session() as session:
        if arguments.to is not None:
            told = _send(session.store, arguments)
        else:
            told = _receive(session.store, arguments)
    if arguments.json:
        put_json(told)
        return 0
    from .progress import say

    put("".join(f"{path}\n" for path in told.get("objects", ())))
    say(told["summary"])
    return 0


def _send(store: Store, arguments: argparse.Namespace) -> dict[str, Any]:
    from ..store.exchange import open_cache, send
    from .storage.asking import named

    sent = send(store, open_cache(arguments.to, create=True), named(store, arguments.paths))
    return {
        "sent": {"objects": sent.objects, "files": sent.files, "rows": sent.rows},
        "summary": f"copied {sent.objects} objects ({sent.files} files, {sent.rows} rows of the trace) to {arguments.to}",
    }


def _receive(store: Store, arguments: argparse.Namespace) -> dict[str, Any]:
    from ..builder import BuildOptions
    from ..store import StorePath
    from ..store.exchange import Receiver, open_cache
    from .limits import limits

    options = BuildOptions(**limits())
    receiver = Receiver(store, open_cache(arguments.origin), options.max_download_bytes, options.timeout_seconds)
    for word in arguments.paths:
        path = StorePath.parse(word)
        if not receiver.receive(path):
            raise CommandError(f"'{arguments.origin}' does not have '{path}' with all it refers to")
    return {
        "objects": list(map(str, receiver.received)),
        "summary": f"copied {len(receiver.received)} objects from {arguments.origin}"
        f" ({receiver.travelled} files travelled, {receiver.reused} were here)",
    }


def accept_rows(store: Store, rows: Iterable[SignedRow], keys: Iterable[str], origin: str) -> tuple[int, list[str]]:
    """Remember the rows that count; how many, and why others do not."""
    from ..store.exchange import Trust
    from .realise import configured_caches

    configured = configured_caches()
    trust = Trust(frozenset((*keys, *configured["trusted_keys"], store.signer.public)), configured["signatures"])
    accepted, refused = trust.judge(rows)
    store.record_foreign(accepted, origin)
    return len(accepted), [f"{row.realisation.path.base}: {reason}" for row, reason in refused]
