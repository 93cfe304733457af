"""`chx ledger`: what was built, by whom, when, and whether it always came out the same."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from .output import put

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store import Realisation, StorePath

DESCRIPTION = """\
List the rows of the build trace: what each build gave, when, how long it took, in
which surroundings, and the key of who built it. Rows of this store's builder are
signed and chained, so that removing or changing one is noticed.
"""
EPILOG = """\
examples:
  chx ledger ./result              how a result came about
  chx ledger --differing           what came out differently
  chx ledger --head > elsewhere    to notice later if the store was set back
  chx ledger --check --expect "$(cat elsewhere)"
"""


def configure(parser: argparse.ArgumentParser) -> None:
    from .store import NAMED

    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"only rows of this derivation or output: {NAMED}")
    parser.add_argument("--differing", action="store_true", help="only rows of builds that gave different outputs")
    parser.add_argument("--head", action="store_true", help="print the number of rows and the last hash")
    parser.add_argument("--check", action="store_true", help="check signatures and chain")
    parser.add_argument("--expect", metavar="HEAD", help="with --check: the ledger has to go on from this head")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    from .session import Session
    from .store import parse_named, put_json

    with Session() as session:
        store = session.store
        if arguments.head:
            put(store.ledger_head() + "\n")
            return 0
        if arguments.check or arguments.expect:
            faults = store.check_ledger(arguments.expect)
            if arguments.json:
                put_json([{"row": fault.row, "what": fault.what} for fault in faults])
            else:
                put("".join(f"{fault_line(fault.row, fault.what)}\n" for fault in faults))
            return int(bool(faults))
        rows = store.ledger()
        wanted = {parse_named(store, word) for word in arguments.paths}
    if wanted:
        rows = [row for row in rows if row.path in wanted or row.derivation in wanted]
    if arguments.differing:
        groups = differing(rows)
        rows = [row for row in rows if (row.resolved, row.output) in groups]
    if arguments.json:
        put_json([as_data(row) for row in rows])
        return 0
    from time import localtime, strftime

    for row in rows:
        who = row.builder or "unsigned"
        what = row.derivation.name.removesuffix(".drv") if row.derivation else str(row.resolved)[:16]
        put(
            f"{strftime('%Y-%m-%d %H:%M:%S', localtime(row.started))} {what}!{row.output} -> {row.path}\n"
            f"    {row.seconds:.1f} s, by {who}"
            + (f", {row.variation}" if row.variation else "")
            + (f", from {row.origin}" if row.origin else "")
            + "\n"
        )
    return 0


def fault_line(row: int | None, what: str) -> str:
    return f"ledger: {what}" if row is None else f"ledger: row {row} {what}"


def differing(rows: Iterable[Realisation]) -> dict[tuple[Any, str], list[StorePath]]:
    """Resolved derivations and outputs that came out differently, with what came out."""
    found: dict[tuple[Any, str], dict[StorePath, None]] = {}
    for row in rows:
        found.setdefault((row.resolved, row.output), {})[row.path] = None
    return {key: list(paths) for key, paths in found.items() if len(paths) > 1}


def as_data(row: Realisation) -> dict[str, Any]:
    """A row as JSON types."""
    return {
        "resolved": str(row.resolved),
        "output": row.output,
        "path": str(row.path),
        "derivation": str(row.derivation) if row.derivation else None,
        "started": row.started,
        "seconds": row.seconds,
        "variation": row.variation,
        "builder": row.builder or None,
        "origin": row.origin or None,
    }
