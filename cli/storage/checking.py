"""`chx store verify`: check objects and database rows, and repair them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ...ops import verification
from ...ops.named_objects import objects_named
from ...ops.verification import open_for_repair, rebuild_database, survey_disk
from ...store import DamagedDatabase
from ..options.session import plain_session
from ..output import put
from ..progress.format import say
from ..render.data import put_json
from ..render.page import printable
from ..startup.result_cache import forget

if TYPE_CHECKING:
    from ...ops.verification import Item, Verified


def verify(arguments: argparse.Namespace) -> int:
    try:
        found = _verified(arguments)
    except DamagedDatabase as error:
        if arguments.paths:
            raise
        if not arguments.repair:
            return _put_survey(error, arguments.json)
        damage = error
    else:
        return _put_verified(found, arguments.json)
    return _put_verified(_verified(arguments, rebuild_database(damage)), arguments.json)


def _verified(arguments: argparse.Namespace, database: Item | None = None) -> Verified:
    with plain_session() as session:
        store = open_for_repair(session) if arguments.repair else session.store
        named = objects_named(session, arguments.paths, store)
        if arguments.closure:
            named = store.closure(named)
        return verification.verify(
            session,
            named,
            reproducible=arguments.reproducible,
            repair=arguments.repair,
            database=database,
            before_repair=lambda base: forget(store.home, {base}),
        )


def _put_survey(error: DamagedDatabase, as_json: bool) -> int:
    """Report the objects on the disk without the database."""
    found = survey_disk(error)
    if as_json:
        put_json({"verified": found.total, "unknown": found.unknown, "database": {"damage": error.message}})
    else:
        put(f"{error.message}\n")
        put("".join(f"{path}: is not what its name says\n" for path in found.unknown))
        say(f"{found.total - len(found.unknown)} of the {found.total} objects on the disk are whole; {error.hint}")
    return 1


def _put_verified(found: Verified, as_json: bool) -> int:
    if as_json:
        put_json(found.to_dict())
    else:
        _put(found)
    return int(not found.holds)


def _put(found: Verified) -> None:
    if found.database is not None:
        put(f"{found.database['damage']}\n")
        put(f"{found.database['repair']['how']}\n")
    for item in found.rows:
        name = item["path"] if "path" in item else f"database: {printable(item['row'])}"
        repair = f" ({item['repair']['how']})" if "repair" in item else ""
        put(f"{name}: table {item['table']}: {printable(item['what'])}{repair}\n")
    for item in found.lost:
        put(f"{item['path']}: lies in the store, and the database does not know it any more\n")
        if "repair" in item:
            put(f"{item['path']}: {item['repair']['how']}\n")
    for finding in found.damaged:
        for problem in finding["problems"]:
            # A file name with a newline could fake a line.
            put(f"{finding['path']}: {printable(problem['file'] or '.')}: {printable(problem['what'])}\n")
        if "repair" in finding:
            put(f"{finding['path']}: {finding['repair']['how']}\n")
    for line in found.mended:
        put(f"{printable(line)} (repaired)\n")
    for line in found.ledger:
        put(f"{printable(line)}\n")
    for item in found.differing:
        put(f"{item['derivation']}!{item['output']} is not reproducible: it gave {', '.join(item['paths'])}\n")
    bad = len(found.damaged) + len(found.lost)
    rows = f"; {len(found.rows)} rows damaged" if found.rows else ""
    left = f", {found.left} still" if found.is_repair else ""
    say(f"verified {found.checked} objects; {bad} damaged{rows}{left}")
