"""One command's connection to the rooms: the store, the world of evaluation, the evaluator.

Everything is made on first use: `chx parse` opens no store, `chx eval -E 1`
writes nothing.
"""

from __future__ import annotations

import os
from functools import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from ..evaluator import Evaluator
    from ..store import Store
    from .world import FileWorld

PKGS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pkgs")
"""The bundled package set."""


class Session:
    """Use as a context manager, so that the store is closed."""

    def __init__(
        self,
        search_path: tuple[tuple[str, str], ...] = (),
        max_call_depth: int | None = None,
        exact: bool = False,
    ) -> None:
        self._search_path = search_path
        self._max_call_depth = max_call_depth
        self._exact = exact
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        """The store, opened on first use."""
        if self._store is None:
            from ..store import Store

            self._store = Store.open()
        return self._store

    @cached_property
    def world(self) -> FileWorld:
        from .noop import home
        from .world import FileWorld

        captured = os.path.join(home(), "seeds")
        bundled = (("chx", PKGS), ("chx-seeds", captured), ("nix", os.path.join(PKGS, "nix")))
        return FileWorld(self, self._search_path, bundled)

    @cached_property
    def evaluator(self) -> Evaluator:
        from ..evaluator import Evaluator, Options

        if self._max_call_depth is None:
            return Evaluator(self.world, Options(exact=self._exact))
        return Evaluator(self.world, Options(exact=self._exact, max_call_depth=self._max_call_depth))

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and "evaluator" in self.__dict__:
            self._locate(error)
        if self._store is not None:
            self._store.close()

    def _locate(self, error: BaseException) -> None:
        """Tell errors of builds where their derivations are written down."""
        for one in (error, *getattr(error, "failures", ())):
            derivation = getattr(one, "derivation", None)
            if derivation is not None:
                one.__dict__["place"] = self.evaluator.place_of(derivation)
