"""`chx ledger`: list what was built, by whom, where and when, and which builds differ."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..ops.named_objects import parsed_objects
from ..ops.outcomes import differing, fault_line, outcomes_of
from .options.session import plain_session
from .options.store import NAMED
from .output import put
from .render.data import put_json
from .render.ledger import row_line
from .render.page import count, printable

if TYPE_CHECKING:
    from ..ops.outcomes import Outcome
    from ..store import Realisation

DESCRIPTION = """\
List the rows of the build trace: what each build gave, when (UTC), how long it took,
in which surroundings, and its witness: the key of who built it, the home and the
machine it was built in, and with what. Each build that ran has a row; above the rows
stands how many different witnesses say the same. Rows of this store's builder are
signed and chained, so that removing or changing one is noticed.
"""
EPILOG = """\
examples:
  chx ledger ./result              how a result came about
  chx ledger --witnesses           how many confirm what
  chx ledger --differing           which results differ
  chx ledger --head > elsewhere    to notice later if the store was set back
  chx ledger --check --expect "$(cat elsewhere)"
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"only rows of this derivation or output: {NAMED}")
    parser.add_argument("--differing", action="store_true", help="list only rows of builds that gave different outputs")
    parser.add_argument("--witnesses", action="store_true", help="print only how many witnesses confirm each output")
    parser.add_argument("--head", action="store_true", help="print the number of rows and the last hash")
    parser.add_argument("--check", action="store_true", help="check signatures and chain")
    parser.add_argument(
        "--expect", metavar="HEAD", help="with --check: fail unless the ledger continues from this head"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    with plain_session() as session:
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
        wanted = set(parsed_objects(session, arguments.paths))
    if wanted:
        rows = [row for row in rows if row.path in wanted or row.derivation in wanted]
    if arguments.differing:
        groups = differing(rows)
        rows = [row for row in rows if (row.resolved, row.output) in groups]
    outcomes = outcomes_of(rows)
    if arguments.json:
        put_json(list(map(_outcome_data, outcomes)) if arguments.witnesses else list(map(as_data, rows)))
        return 0

    for outcome in outcomes:
        put(f"{printable(outcome.title)} -> {outcome.path}\n    {_summary(outcome)}\n")
        for row in () if arguments.witnesses else outcome.rows:
            put(f"    {printable(row_line(row))}\n")
    return 0


def _summary(outcome: Outcome) -> str:
    return (
        f"{count(len(outcome.rows), 'build')} by {count(outcome.witnesses, 'witness', 'witnesses')}"
        f" with {count(outcome.keys, 'key')}"
    )


def as_data(row: Realisation) -> dict[str, Any]:
    """Return a row as JSON types."""
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
        "witness": row.witness.to_dict() if row.witness is not None else None,
    }


def _outcome_data(outcome: Outcome) -> dict[str, Any]:
    first = outcome.rows[0]
    return {
        "resolved": str(first.resolved),
        "output": first.output,
        "path": str(outcome.path),
        "derivations": list(map(str, outcome.derivations)),
        "builds": len(outcome.rows),
        "witnesses": outcome.witnesses,
        "keys": outcome.keys,
    }
