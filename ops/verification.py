"""Verify a store and repair it: objects, database rows and the ledger."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ..store import (
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
from .outcomes import differing, fault_line
from .promises import check_promises, promise_again
from .repairing import repair

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..store import Problem, RowFault, Store, StorePath
    from .session import Session

Item = dict[str, Any]
"""A finding as JSON types; `repair`, if there is one, has `done` and `how`."""


class Verified(NamedTuple):
    """The findings of a verification (docs/store.md, "Damage").

    `checked` is the number of objects that were read, `left` the number of faults that are not repaired. `differing`
    are builds that gave different outputs, if they were to be found.
    """

    checked: int
    damaged: list[Item]
    rows: list[Item]
    ledger: list[str]
    mended: list[str]
    lost: list[Item]
    database: Item | None
    differing: list[Item]
    left: int
    is_repair: bool

    @property
    def holds(self) -> bool:
        """Whether no fault is left, and no build differs."""
        return not self.left and not self.differing

    def to_dict(self) -> Item:
        """As JSON types."""
        return {
            "verified": self.checked,
            "damaged": self.damaged,
            "rows": self.rows,
            "ledger": self.ledger,
            "mended": self.mended,
            "lost": self.lost,
            "database": self.database,
            "differing": self.differing,
        }


class Survey(NamedTuple):
    """Objects on the disk: their number, and those whose content does not match their name."""

    total: int
    unknown: list[str]


def verify(
    session: Session,
    named: Sequence[StorePath] = (),
    *,
    reproducible: bool = False,
    repair: bool = False,
    database: Item | None = None,
    before_repair: Callable[[str], object] = lambda base: None,
) -> Verified:
    """Verify the objects `named`; without any, all objects, the database and the ledger.

    `reproducible` also finds builds that gave different outputs. `repair` repairs what it can; `before_repair` is called
    with the base name of each object before it is moved out of the store. `database` is the result of
    `rebuild_database`, if that came before. Raises `DamagedDatabase`, `NotValid`.
    """
    return _Verification(session, named, reproducible, repair, database, before_repair).run()


def open_for_repair(session: Session) -> Store:
    """Return the store, with missing directories made again. Raises `ReadOnlyHome`."""
    while True:
        try:
            store = session.store
        except MissingFolder as error:
            os.mkdir(error.folder)
            session.reporter.notice(f"made '{error.folder}' again, which was missing")
            continue
        if store.is_read_only:
            raise ReadOnlyHome(store.home)
        return store


def survey_disk(error: DamagedDatabase) -> Survey:
    """Compare the objects on the disk with their names, without the database."""
    found = list(survey(f"{_home(error)}/store"))
    return Survey(len(found), [str(path) for path, is_whole in found if not is_whole])


def rebuild_database(error: DamagedDatabase) -> Item:
    """Replace a damaged database by one that is made from the objects and its readable rows."""
    made = rebuild(_home(error))
    rows = made.read["realisations"]
    how = (
        f"repaired: made anew, with {rows} rows of the build trace that could be read; the damaged one is {made.place}"
    )
    return {"damage": error.message, "repair": {"done": True, "how": how}}


def _home(error: DamagedDatabase) -> str:
    return os.path.dirname(os.path.dirname(error.path))


class _Verification:
    """One verification of a store with a readable database."""

    def __init__(
        self,
        session: Session,
        named: Sequence[StorePath],
        reproducible: bool,
        is_repair: bool,
        database: Item | None,
        before_repair: Callable[[str], object],
    ) -> None:
        self._store = session.store
        self._reporter = session.reporter
        self._is_repair = is_repair
        self._before_repair = before_repair
        self._is_reproducible = reproducible
        self._named = named
        self._database = database
        self._rows: list[Item] = []
        self._lost: list[Item] = []
        self._ledger: list[str] = []
        self._mended: list[str] = []
        self._findings: list[Item] = []
        self._left = 0

    def run(self) -> Verified:
        if not self._named:
            self._check_file()
            self._check_tables()
            self._lost = self._find_lost()
            self._left += sum("repair" not in item or not item["repair"]["done"] for item in self._lost)
            self._check_ledger()
        chosen = self._objects()
        differences = _differences(self._store, set(chosen)) if self._is_reproducible else []
        return Verified(
            len(chosen),
            self._findings,
            self._rows,
            self._ledger,
            self._mended,
            self._lost,
            self._database,
            differences,
            self._left,
            self._is_repair,
        )

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
            self._note_rows([fault for fault in faults if fault not in left], "repaired")
            self._lost += (_registered_again(path) for path in registered)
            faults = left
        self._note_rows(faults)

    def _note_rows(self, faults: list[RowFault], how: str | None = None) -> None:
        for fault in faults:
            item: Item = {"table": fault.table, "row": fault.row, "what": fault.what}
            if fault.path is not None:
                item["path"] = str(fault.path)
            if how is not None:
                item["repair"] = {"done": how == "repaired", "how": how}
            self._left += how != "repaired"
            self._rows.append(item)

    def _find_lost(self) -> list[Item]:
        """Return objects on the disk that the database lacks; register them again for a repair."""
        store = self._store
        lost = lost_objects(store)
        if not lost or not self._is_repair:
            return [{"path": str(path)} for path in lost]
        adopted = adopt(store)
        found = {path: _registered_again(path) for path in adopted.registered}
        for path, reason in adopted.left:
            outcome = self._repair_object(path) if store.deriver(path) is not None else None
            if outcome is None or not outcome["done"]:
                outcome = {"done": False, "how": f"not repaired: {reason}; it lies in {store.home}/damaged/{path.base}"}
            found[path] = {"path": str(path), "repair": outcome}
        return [item for _, item in sorted(found.items())]

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

    def _objects(self) -> Sequence[StorePath]:
        """Check objects one by one; return those that were checked."""
        from functools import cache

        from ..store import NotValid, StoreError, mend_object, neighbours, registered, report

        store = self._store
        chosen = self._named or registered(store)
        there = cache(lambda: neighbours(store))
        damaged: list[tuple[StorePath, Item]] = []
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
                    self._note_rows(list(found.faults), "repaired")
                except StoreError as error:
                    self._note_rows(list(found.faults), f"not repaired: {error.message}")
            else:
                self._note_rows(list(found.faults))
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

    def _repair_object(self, path: StorePath) -> Item:
        self._before_repair(path.base)
        return repair(self._store, path, self._reporter)._asdict()

    def _repair(self, damaged: list[tuple[StorePath, Item]]) -> None:
        for path, finding in damaged:
            finding["repair"] = outcome = self._repair_object(path)
            self._left -= outcome["done"]
            if outcome["done"]:
                # The repair has written the rows of the object, too.
                for item in self._rows:
                    if item.get("path") == str(path) and "repair" not in item:
                        item["repair"] = outcome
                        self._left -= 1

    def _check_promises(self, damaged: set[StorePath]) -> None:
        self._note_rows(check_promises(self._store, damaged, self._is_repair), "repaired" if self._is_repair else None)
        if self._is_repair and any(item["table"] == "fixed_outputs" for item in self._rows):
            promise_again(self._store)


def _registered_again(path: StorePath) -> Item:
    return {"path": str(path), "repair": {"done": True, "how": "repaired: registered again"}}


def _differences(store: Store, chosen: set[StorePath]) -> list[Item]:
    """Return builds that gave different outputs, at least one of them chosen."""
    rows = store.ledger()
    names = {(row.resolved, row.output): row.derivation or row.resolved for row in rows}
    return [
        {"derivation": str(names[key]), "output": key[1], "paths": list(map(str, paths))}
        for key, paths in differing(rows).items()
        if not chosen.isdisjoint(paths)
    ]


def _finding(path: StorePath, problems: tuple[Problem, ...]) -> Item:
    return {"path": str(path), "problems": [{"file": one.file, "what": one.what} for one in problems]}
