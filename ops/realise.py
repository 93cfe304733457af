"""Run builds in a store; clean up before and sync after."""

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
"""Builds that took at least this many seconds are fsynced before success is reported, to survive a power cut."""


class Running:
    """The running builds. An interrupt ends them here, since it does not reach the thread of an evaluation."""

    def __init__(self) -> None:
        self._builders: dict[Builder, LockType] = {}

    def realise(self, store: Store, targets: Targets, options: BuildOptions | None, reporter: Reporter) -> Built:
        """Realise `targets`, and return the objects of their outputs. Raises `BuildError`."""
        from ..builder import Builder
        from ..evaluator import lifted
        from .settings import configured

        # Killed builds leave temporary files.
        store.clean_temporary()
        builder = Builder(store, options or configured(), reporter)
        running = allocate_lock()
        with running:
            self._builders[builder] = running
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
        """Cancel all builds, and wait for their end."""
        for builder, running in list(self._builders.items()):
            builder.cancel()
            with running:
                pass
