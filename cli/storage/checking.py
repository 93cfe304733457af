"""`chx store verify`: check objects and database rows, and repair them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ...ops.outcomes import differing
from ...ops.targets import objects_named
from ...store import (
    DamagedDatabase,
    InvalidKey,
    MissingFolder,
    ReadOnlyHome,
    StoreIO,
    adopt,
    check_rows,
    lost_objects,
    mend_ledger,
    mend_rows,
    rebuild,
    survey,
)
from ..ledger import fault_line
from ..options.session import plain_session
from ..output import put
from ..progress.format import say
from ..render.data import put_json
from ..render.page import printable
from .promises import check_promises, promise_again

if TYPE_CHECKING:
    from ...ops.session import Session
    from ...store import DamagedDatabase, Problem, RowFault, Store, StorePath


def verify(arguments: argparse.Namespace) -> int:
    try:
        with plain_session() as session:
            store = _opened(session, arguments)
            return _Verification(store, arguments).run()
    except DamagedDatabase as error:
        if arguments.repair and not arguments.paths:
            found = error
        elif arguments.paths:
            raise
        else:
            return _without_database(error, arguments.json)
    made = _made_anew(found)
    with plain_session() as session:
        return _Verification(session.store, arguments, made).run()


def _opened(session: Session, arguments: argparse.Namespace) -> Store:
    """Return the store; for a repair, make missing directories and require a writable home."""
    import os

    while True:
        try:
            store = session.store
        except MissingFolder as error:
            if not arguments.repair:
                raise
            os.mkdir(error.folder)
            say(f"made '{error.folder}' again, which was missing")
            continue
        if arguments.repair and store.is_read_only:
            raise ReadOnlyHome(store.home)
        return store


def _without_database(error: DamagedDatabase, as_json: bool) -> int:
    """Report the objects on the disk without the database."""
    import os

    found = list(survey(f"{os.path.dirname(os.path.dirname(error.path))}/store"))
    unknown = [str(path) for path, is_whole in found if not is_whole]
    if as_json:
        put_json({"verified": len(found), "unknown": unknown, "database": {"damage": error.message}})
    else:
        put(f"{error.message}\n")
        put("".join(f"{path}: is not what its name says\n" for path in unknown))
        say(f"{len(found) - len(unknown)} of the {len(found)} objects on the disk are whole; {error.hint}")
    return 1


def _made_anew(error: DamagedDatabase) -> dict[str, Any]:
    import os

    made = rebuild(os.path.dirname(os.path.dirname(error.path)))
    rows = made.read["realisations"]
    how = (
        f"repaired: made anew, with {rows} rows of the build trace that could be read; the damaged one is {made.place}"
    )
    return {"damage": error.message, "repair": {"done": True, "how": how}}


class _Verification:
    """One verification of a store with a readable database."""

    def __init__(self, store: Store, arguments: argparse.Namespace, database: dict[str, Any] | None = None) -> None:
        self._store = store
        self._is_repair: bool = arguments.repair
        self._as_json: bool = arguments.json
        self._is_reproducible: bool = arguments.reproducible
        self._named = objects_named(store, arguments.paths)
        if arguments.closure:
            self._named = store.closure(self._named)
        self._database = database
        self._rows: list[dict[str, Any]] = []
        self._lost: list[dict[str, Any]] = []
        self._ledger: list[str] = []
        self._mended: list[str] = []
        self._findings: list[dict[str, Any]] = []
        self._left = 0

    def run(self) -> int:
        store = self._store
        if not self._named:
            self._check_file()
            self._check_tables()
            self._lost = _lost(store, self._is_repair)
            self._left += sum("repair" not in item or not item["repair"]["done"] for item in self._lost)
            self._check_ledger()
        chosen = self._objects()
        differences = _differences(store, set(chosen)) if self._is_reproducible else []
        status = int(self._left > 0 or bool(differences))
        if self._as_json:
            self._put_json(len(chosen), differences)
        else:
            self._put(len(chosen), differences)
        return status

    def _check_file(self) -> None:
        """Check the file of the database. Raises `DamagedDatabase` for damage that new indexes do not repair."""
        found = self._store.complaints()
        if not found:
            return
        if not self._is_repair or not self._store.mend_indexes():
            raise DamagedDatabase(self._store.database_file, found[0])
        how = "repaired: its indexes were made anew"
        self._database = {"damage": f"store database '{self._store.database_file}': {found[0]}"}
        self._database["repair"] = {"done": True, "how": how}

    def _check_tables(self) -> None:
        faults = check_rows(self._store)
        if faults and self._is_repair:
            registered = mend_rows(self._store, faults).registered
            left = check_rows(self._store)
            self._tell_rows([fault for fault in faults if fault not in left], "repaired")
            self._lost += (_registered_again(path) for path in registered)
            faults = left
        self._tell_rows(faults)

    def _tell_rows(self, faults: list[RowFault], how: str | None = None) -> None:
        for fault in faults:
            item: dict[str, Any] = {"table": fault.table, "row": fault.row, "what": fault.what}
            if fault.path is not None:
                item["path"] = str(fault.path)
            if how is not None:
                item["repair"] = {"done": how == "repaired", "how": how}
            self._left += how != "repaired"
            self._rows.append(item)

    def _check_ledger(self) -> None:
        try:
            faults = self._store.check_ledger()
            if faults and self._is_repair:
                amends = mend_ledger(self._store)
                self._mended = [fault_line(fault.row, fault.what) for fault in faults]
                if amends.lost:
                    numbers = ", ".join(map(str, amends.lost))
                    self._mended.append(
                        f"the ledger: taken out, because they cannot be mended: {numbers}; see {amends.place}"
                    )
                faults = self._store.check_ledger()
        except (InvalidKey, StoreIO) as error:
            self._ledger = [
                f"the ledger: cannot be checked: {error.message}" + (f" ({error.hint})" if error.hint else "")
            ]
        else:
            self._ledger = [fault_line(fault.row, fault.what) for fault in faults]
        self._left += len(self._ledger)

    def _objects(self) -> list[StorePath]:
        """Check objects one by one; return those that were checked."""
        from functools import cache

        from ...store import NotValid, StoreError, mend_object, neighbours, registered, report

        store = self._store
        chosen = self._named or registered(store)
        there = cache(lambda: neighbours(store))
        damaged: list[tuple[StorePath, dict[str, Any]]] = []
        for path in chosen:
            try:
                found = report(store, path, there)
            except NotValid:
                if path in self._named:
                    raise
                continue  # collected meanwhile
            if found.faults and found.whole is not None and self._is_repair:
                try:
                    mend_object(store, found)
                    self._tell_rows(list(found.faults), "repaired")
                except StoreError as error:
                    self._tell_rows(list(found.faults), f"not repaired: {error.message}")
            else:
                self._tell_rows(list(found.faults))
            if found.problems:
                finding = _finding(path, found.problems)
                self._findings.append(finding)
                damaged.append((path, finding))
        self._left += len(damaged)
        if self._is_repair and damaged:
            self._repair(damaged)
        if not self._named:
            self._check_promises({path for path, _ in damaged})
        return chosen

    def _repair(self, damaged: list[tuple[StorePath, dict[str, Any]]]) -> None:
        from .repair import repair

        for path, finding in damaged:
            finding["repair"] = outcome = repair(self._store, path)
            self._left -= outcome["done"]
            if outcome["done"]:
                # The repair has written the rows of the object, too.
                for item in self._rows:
                    if item.get("path") == str(path) and "repair" not in item:
                        item["repair"] = outcome
                        self._left -= 1

    def _check_promises(self, damaged: set[StorePath]) -> None:
        self._tell_rows(check_promises(self._store, damaged, self._is_repair), "repaired" if self._is_repair else None)
        if self._is_repair and any(item["table"] == "fixed_outputs" for item in self._rows):
            promise_again(self._store)

    def _put_json(self, count: int, differences: list[dict[str, Any]]) -> None:
        put_json(
            {
                "verified": count,
                "damaged": self._findings,
                "rows": self._rows,
                "ledger": self._ledger,
                "mended": self._mended,
                "lost": self._lost,
                "database": self._database,
                "differing": differences,
            }
        )

    def _put(self, count: int, differences: list[dict[str, Any]]) -> None:
        if self._database is not None:
            put(f"{self._database['damage']}\n")
            put(f"{self._database['repair']['how']}\n")
        for item in self._rows:
            name = item["path"] if "path" in item else f"database: {printable(item['row'])}"
            repair = f" ({item['repair']['how']})" if "repair" in item else ""
            put(f"{name}: table {item['table']}: {printable(item['what'])}{repair}\n")
        for item in self._lost:
            put(f"{item['path']}: lies in the store, and the database does not know it any more\n")
            if "repair" in item:
                put(f"{item['path']}: {item['repair']['how']}\n")
        for finding in self._findings:
            for problem in finding["problems"]:
                # A file name with a newline could fake a line.
                put(f"{finding['path']}: {printable(problem['file'] or '.')}: {printable(problem['what'])}\n")
            if "repair" in finding:
                put(f"{finding['path']}: {finding['repair']['how']}\n")
        for line in self._mended:
            put(f"{printable(line)} (repaired)\n")
        for line in self._ledger:
            put(f"{printable(line)}\n")
        for item in differences:
            put(f"{item['derivation']}!{item['output']} is not reproducible: it gave {', '.join(item['paths'])}\n")
        bad = len(self._findings) + len(self._lost)
        rows = f"; {len(self._rows)} rows damaged" if self._rows else ""
        left = f", {self._left} still" if self._is_repair else ""
        say(f"verified {count} objects; {bad} damaged{rows}{left}")


def _lost(store: Store, is_repair: bool) -> list[dict[str, Any]]:
    """Return objects on the disk that the database lacks; register them again for a repair."""
    lost = lost_objects(store)
    if not lost or not is_repair:
        return [{"path": str(path)} for path in lost]
    from .repair import repair

    adopted = adopt(store)
    found = {path: _registered_again(path) for path in adopted.registered}
    for path, reason in adopted.left:
        outcome = repair(store, path) if store.deriver(path) is not None else None
        if outcome is None or not outcome["done"]:
            outcome = {"done": False, "how": f"not repaired: {reason}; it lies in {store.home}/damaged/{path.base}"}
        found[path] = {"path": str(path), "repair": outcome}
    return [item for _, item in sorted(found.items())]


def _registered_again(path: StorePath) -> dict[str, Any]:
    return {"path": str(path), "repair": {"done": True, "how": "repaired: registered again"}}


def _differences(store: Store, chosen: set[StorePath]) -> list[dict[str, Any]]:
    """Return builds that gave different outputs, at least one of them chosen."""
    rows = store.ledger()
    names = {(row.resolved, row.output): row.derivation or row.resolved for row in rows}
    return [
        {"derivation": str(names[key]), "output": key[1], "paths": list(map(str, paths))}
        for key, paths in differing(rows).items()
        if not chosen.isdisjoint(paths)
    ]


def _finding(path: StorePath, problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {"path": str(path), "problems": [{"file": one.file, "what": one.what} for one in problems]}
