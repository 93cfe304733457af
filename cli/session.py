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
    from ..store import Store, StorePath
    from .pins.project import Project
    from .world import FileWorld

PKGS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pkgs")
"""The bundled package set."""


class Asked:
    """A derivation that a command was asked for: by which attribute, and which of its outputs."""

    __slots__ = ("attribute", "derivation", "outputs")

    def __init__(self, attribute: str, derivation: StorePath, outputs: tuple[str, ...]) -> None:
        self.attribute = attribute
        self.derivation = derivation
        self.outputs = outputs


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
        self.project: Project | None = None
        """What lies beside the expression, once that is known; None if there is neither lock nor inputs."""
        self.inputs: str | None = None
        """The argument `inputs` as a text, if it is not to be read from beside the expression."""
        self.asked: list[Asked] = []

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
        return FileWorld(self, (*self._search_path, ("chx", PKGS), ("chx-seeds", captured)))

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
        if isinstance(error, KeyboardInterrupt):
            from .realise import cancel_running

            cancel_running()
        elif error is not None and "evaluator" in self.__dict__:
            self._locate(error)
        if self._store is not None:
            self._store.close()

    def _locate(self, error: BaseException) -> None:
        """Tell errors of builds where their derivations are written down."""
        for one in (error, *getattr(error, "failures", ())):
            derivation = getattr(one, "derivation", None)
            if derivation is not None:
                one.__dict__["place"] = self.evaluator.place_of(derivation)
