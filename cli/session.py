"""One command's connection to the rooms: the store, the world of evaluation, the evaluator.

Everything is made on first use: `chx parse` opens no store, `chx eval -E 1`
writes nothing.
"""

from __future__ import annotations

from .system import absolute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from ..builder import BuildOptions
    from ..evaluator import Evaluator
    from ..store import Store, StorePath
    from .pins.project import Project
    from .world import FileWorld

PKGS = f"{absolute(__file__).rpartition('/')[0].rpartition('/')[0]}/pkgs"
"""The bundled package set."""


class Asked:
    """A derivation that a command was asked for: by which attribute, and which of its outputs.

    `named` are those that the attribute itself stands for, which are the same unless all are wanted.
    """

    __slots__ = ("attribute", "derivation", "named", "outputs")

    def __init__(
        self, attribute: str, derivation: StorePath, outputs: tuple[str, ...], named: tuple[str, ...] | None = None
    ) -> None:
        self.attribute = attribute
        self.derivation = derivation
        self.outputs = outputs
        self.named = outputs if named is None else named


def _say(text: str) -> None:
    from .progress import say

    say(text)


class Session:
    """Use as a context manager, so that the store is closed."""

    def __init__(
        self,
        search_path: tuple[tuple[str, str], ...] = (),
        max_call_depth: int | None = None,
        exact: bool = False,
        world: FileWorld | None = None,
        pure: bool = True,
        features: frozenset[str] = frozenset(),
        input_options: Callable[[], BuildOptions] | None = None,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self.search_path = search_path
        self._input_options = input_options
        self.notice: Callable[[str], None] = notice or _say
        """Takes what a person may want to know, a sentence at a time."""
        self._max_call_depth = max_call_depth
        self._exact = exact
        self._pure = pure
        self._features = features
        self._store: Store | None = None
        self._world = world
        self._evaluator: Evaluator | None = None
        self.project: Project | None = None
        """What lies beside the expression, once that is known; None if there is neither lock nor inputs."""
        self.inputs: str | None = None
        """The argument `inputs` as a text, if it is not to be read from beside the expression."""
        self.asked: list[Asked] = []
        self.is_bundled = False
        """Whether what was asked for is the bundled package set as it is, without arguments."""

    @property
    def input_options(self) -> BuildOptions:
        """How inputs of a lock are fetched."""
        from ..builder import BuildOptions

        return BuildOptions() if self._input_options is None else self._input_options()

    @property
    def store(self) -> Store:
        """The store, opened on first use."""
        if self._store is None:
            from ..store import Store

            self._store = Store.open()
            for notice in self._store.notices:
                self.notice(notice)
        return self._store

    @property
    def world(self) -> FileWorld:
        if self._world is None:
            from .noop import home
            from .world import FileWorld

            bundled = (("chx", PKGS), ("chx-seeds", f"{home()}/seeds"), ("nix", f"{PKGS}/nix"))
            self._world = FileWorld(self, self.search_path, bundled, self._pure)
        return self._world

    @property
    def evaluator(self) -> Evaluator:
        if self._evaluator is None:
            from ..evaluator import Evaluator, Options

            options = Options(exact=self._exact, pure=self._pure, features=self._features)
            if self._max_call_depth is not None:
                options.max_call_depth = self._max_call_depth
            self._evaluator = Evaluator(self.world, options)
        return self._evaluator

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            from .realise import cancel_running

            cancel_running()
        elif error is not None and self._evaluator is not None:
            self._locate(error)
        if self._store is not None:
            if self._store.added:
                self._store.flush_soon()
            if isinstance(error, KeyboardInterrupt):
                from ..store.checkpoint import within

                # What cannot be removed in a moment is removed by whoever builds or collects next.
                with within(1.0):
                    self._store.close()
                return
            self._store.close()

    def _locate(self, error: BaseException) -> None:
        """Tell errors of builds where their derivations are written down."""
        for one in (error, *getattr(error, "failures", ())):
            derivation = getattr(one, "derivation", None)
            if derivation is not None:
                one.__dict__["place"] = self.evaluator.place_of(derivation)
