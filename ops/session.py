"""Sessions: one store, world of evaluation and evaluator for several operations.

Each is created on first use: parsing opens no store, and an expression that needs no store writes nothing.
"""

from __future__ import annotations

from .paths import PKGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from ..builder import BuildOptions
    from ..builder.elsewhere import Engine, RemoteOptions
    from ..evaluator import Evaluator
    from ..store import Store
    from .realise import Built, Running, Targets
    from .reporter import Reporter
    from .world import FileWorld


class Session:
    """Owns a store, an evaluator and the running builds; use it as a context manager.

    `search_path` are pairs of a prefix and an absolute path, as in `-I` and `$NIX_PATH`. `max_call_depth` is the least
    depth of calls that the evaluator must support. `exact` suspends exactly what Nix suspends, so that values print
    alike. `pure` is Nix's pure evaluation; `features` are experimental features of the language; `abort_on_warn` and
    `trace_verbose` are Nix's settings of these names, `lints` the levels of its lints by their settings. `input_options`
    returns the build options for fetching inputs of a lock. `reporter` receives events of builds that evaluation needs,
    notices and traces. `system` is the machine that packages are built on, as `builtins.currentSystem` has it, by default
    this one; another one's programs run by an emulator. The store is the one that `$CHX_HOME` names.
    """

    def __init__(
        self,
        search_path: tuple[tuple[str, str], ...] = (),
        max_call_depth: int | None = None,
        exact: bool = False,
        world: FileWorld | None = None,
        pure: bool = True,
        features: frozenset[str] = frozenset(),
        abort_on_warn: bool = False,
        trace_verbose: bool = False,
        lints: Mapping[str, str] | None = None,
        input_options: Callable[[], BuildOptions] | None = None,
        reporter: Reporter | None = None,
        system: str | None = None,
    ) -> None:
        self.system = system
        """The machine that packages are built on, if it was named."""
        self.search_path = search_path
        self._input_options = input_options
        self._reporter = reporter
        self._max_call_depth = max_call_depth
        self._exact = exact
        self._pure = pure
        self._features = features
        self._abort_on_warn = abort_on_warn
        self._trace_verbose = trace_verbose
        self._lints = lints
        self._store: Store | None = None
        self._world = world
        self._evaluator: Evaluator | None = None
        self._running: Running | None = None
        self._engines: list[tuple[RemoteOptions, Engine]] = []

    @property
    def features(self) -> frozenset[str]:
        """The experimental features that are enabled."""
        return self._features

    def enable(self, feature: str) -> None:
        """Enable an experimental feature, before anything is evaluated that asks for it."""
        if feature not in self._features:
            self._features |= {feature}
            self._evaluator = None

    @property
    def input_options(self) -> BuildOptions:
        """The build options for fetching inputs of a lock."""
        from ..builder import BuildOptions

        return BuildOptions() if self._input_options is None else self._input_options()

    @property
    def reporter(self) -> Reporter:
        """The reporter of the session; by default it discards all events."""
        if self._reporter is None:
            from .reporter import Silence

            self._reporter = Silence()
        return self._reporter

    @property
    def store(self) -> Store:
        """The store, opened on first use."""
        if self._store is None:
            from ..store import Store

            self._store = Store.open()
            for notice in self._store.notices:
                self.reporter.notice(notice)
        return self._store

    def apart(self) -> Session:
        """Return a session with this one's store and reporter and nothing else of it: for what chx itself needs."""
        session = Session(reporter=self.reporter)
        session._store = self.store
        return session

    @property
    def world(self) -> FileWorld:
        """The files, the store and the builder for expressions."""
        if self._world is None:
            from ..signatures import home
            from .world import FileWorld

            bundled = (("chx", PKGS), ("chx-seeds", f"{home()}/seeds"), ("nix", f"{PKGS}/nix"))
            self._world = FileWorld(
                lambda: self.store,
                self.realise,
                self.reporter,
                self.search_path,
                bundled,
                self._pure,
                self.system,
                lambda: self.input_options,
            )
        return self._world

    @property
    def evaluator(self) -> Evaluator:
        """The evaluator, whose world is `world`."""
        if self._evaluator is None:
            from ..evaluator import Evaluator, Options

            options = Options(
                exact=self._exact,
                pure=self._pure,
                features=self._features,
                abort_on_warn=self._abort_on_warn,
                trace_verbose=self._trace_verbose,
                lints=self._lints,
            )
            if self._max_call_depth is not None:
                options.max_call_depth = self._max_call_depth
            self._evaluator = Evaluator(self.world, options)
        return self._evaluator

    def realise(self, targets: Targets, options: BuildOptions | None = None, reporter: Reporter | None = None) -> Built:
        """Realise `targets`, pairs of a derivation and output names; return the objects.

        `options` defaults to the options of chx.toml, `reporter` to that of the session. Raises `BuildError`.
        """
        if self._running is None:
            from .realise import Running

            self._running = Running()
        if options is None:
            from .settings import configured

            options = configured()
        if options.remote is not None and options.engine is None:
            from dataclasses import replace

            options = replace(options, engine=self._engine_for(options.remote))
        return self._running.realise(self.store, targets, options, reporter or self.reporter)

    def _engine_for(self, remote: RemoteOptions) -> Engine:
        """Return the engine for these settings, the same one each time: it keeps connections and what it knows."""
        from ..remote import open_engine
        from .launchers import launchers

        known = next((engine for options, engine in self._engines if options == remote), None)
        if known is None:
            known = open_engine(remote, launchers(self))
            self._engines.append((remote, known))
        return known

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            if self._running is not None:
                self._running.cancel()
        elif isinstance(error, Exception) and self._evaluator is not None:
            self._add_positions(error)
        if self._store is not None:
            if self._store.added:
                self._store.flush_soon()
            if isinstance(error, KeyboardInterrupt):
                from ..store.checkpoint import within

                # The next build or garbage collection removes what takes longer.
                with within(1.0):
                    self._store.close()
                return
            self._store.close()

    def _add_positions(self, error: Exception) -> None:
        """Add the source positions of derivations to errors of builds."""
        from ..builder import BuildError, SeveralFailures

        for one in error.failures if isinstance(error, SeveralFailures) else [error]:
            if isinstance(one, BuildError) and one.derivation is not None:
                one.place = self.evaluator.place_of(one.derivation)
