"""Transactions over objects: rows and files are added and removed together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import StoreError

if TYPE_CHECKING:
    from types import TracebackType

    from .database import Database
    from .placement import Placement


class Transaction:
    """Context: its additions are registered at its end, all or nothing.

    Objects are moved to their store paths before the commit and removed before a rollback, so always under the write
    lock: while it is held no other process uses paths without a row, so such a path can be filled, replaced and emptied
    freely.
    """

    __slots__ = ("_database", "_mark", "_placement")

    def __init__(self, database: Database, placement: Placement) -> None:
        self._database = database
        self._placement = placement
        self._mark = 0

    def __enter__(self) -> None:
        self._database.begin()
        self._mark = self._placement.mark()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Held until the list of filled paths is settled, too: another thread may begin at once.
        with self._database.lock:
            if kind is not None:
                self._roll_back()
                return
            try:
                self._database.commit()
            except BaseException:
                self._roll_back()
                raise
            if not self._database.depth:
                self._placement.keep()

    def _roll_back(self) -> None:
        if self._database.in_transaction:
            aside = self._placement.take_back(self._mark)
            self._database.roll_back()
            self._placement.discard(aside)
            return
        # SQLite has rolled back (a full disk) and released the lock: another process may have filled the paths by now.
        self._database.roll_back()
        if not self._database.depth:
            self._take_back_ours()

    def _take_back_ours(self) -> None:
        """Lock again, and empty the filled paths that still have no row. If that fails they remain as after a crash."""
        try:
            self._database.begin()
        except StoreError:
            self._placement.forget(0)
            return
        try:
            aside = self._placement.take_back(0, self._is_free)
        finally:
            self._database.roll_back()
        self._placement.discard(aside)

    def _is_free(self, base: str) -> bool:
        return self._database.row("SELECT 1 FROM objects WHERE base = ?", (base,)) is None
