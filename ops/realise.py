"""Building in a store, with what has to happen before and after."""

from __future__ import annotations

from _thread import allocate_lock
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Iterable

    from ..builder import Builder, BuildOptions
    from ..store import Store, StorePath
    from .reporter import Reporter

    Targets = Iterable[tuple[StorePath, Iterable[str]]]
    Built = dict[tuple[StorePath, str], StorePath]

SYNC_AFTER = 5.0
"""Builds that took at least this many seconds are written to the disk before they are reported: they survive a power cut."""


class Running:
    """The builds that run, so that an interrupt can end them: an evaluation runs in a thread that it does not reach."""

    def __init__(self) -> None:
        self._builders: dict[Builder, LockType] = {}

    def realise(self, store: Store, targets: Targets, options: BuildOptions | None, reporter: Reporter) -> Built:
        """Build what is not built, and return the outputs. Raises `BuildError`."""
        from ..builder import Builder
        from ..evaluator import lifted
        from .settings import configured

        # What builds that were killed have left behind.
        store.clean_temporary()
        builder = Builder(store, options or configured(), reporter)
        gone = allocate_lock()
        with gone:
            self._builders[builder] = gone
            try:
                began = monotonic()
                with lifted():
                    built = builder.realise(targets)
                if monotonic() - began >= SYNC_AFTER:
                    store.sync()
                return built
            finally:
                del self._builders[builder]
                reporter.close()

    def cancel(self) -> None:
        """End all builds, and wait until they have ended."""
        for builder, gone in list(self._builders.items()):
            builder.cancel()
            with gone:
                pass
