"""Building, with what a person sees meanwhile."""

from __future__ import annotations

import sys
from _thread import allocate_lock
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from .output import colours, is_terminal, overwritten, tell
from .progress import duration, size, speed

if TYPE_CHECKING:
    import argparse
    from _thread import LockType

    from ..builder import Builder, BuildError, BuildOptions, Lane, Plan
    from ..store import Store, StorePath

Targets = Iterable[tuple["StorePath", Iterable[str]]]


def options_of(arguments: argparse.Namespace) -> BuildOptions:
    """The builder's options from those of `build.configure_building`."""
    from ..builder import BuildOptions

    return BuildOptions(
        jobs=arguments.jobs,
        cores=arguments.cores,
        keep_going=arguments.keep_going,
        keep_failed=arguments.keep_failed,
        timeout_seconds=arguments.timeout,
        silence_seconds=arguments.max_silent_time,
        max_log_bytes=arguments.max_log_size,
        max_processes=arguments.max_processes,
        max_memory_bytes=arguments.max_memory,
        extra_systems=tuple(arguments.extra_systems.replace(",", " ").split()),
        offline=arguments.offline,
        **({} if arguments.no_caches else configured_caches()),
    )


def configured_caches() -> dict[str, Any]:
    """The options that `[caches]` in chx.toml stands for."""
    from ..builder import setting

    return {
        "caches": tuple(map(str, setting("caches", "urls", list) or ())),
        "trusted_keys": tuple(map(str, setting("caches", "trusted-keys", list) or ())),
        "signatures": setting("caches", "signatures", int) or 1,
    }


def realise(
    store: Store, targets: Targets, options: BuildOptions | None = None, reporter: Lines | None = None
) -> dict[tuple[StorePath, str], StorePath]:
    """Build what is not built; raises `BuildError`."""
    from ..builder import Builder, BuildOptions

    # What builds that were killed have left behind.
    store.clean_temporary()
    builder = Builder(store, options or BuildOptions(**configured_caches()), reporter or Lines())
    gone = allocate_lock()
    with gone:
        _running[builder] = gone
        try:
            began = monotonic()
            built = builder.realise(targets)
            if monotonic() - began >= WORTH_SYNCING:
                store.sync()
            return built
        finally:
            del _running[builder]
            if reporter is not None:
                reporter.close()


WORTH_SYNCING = 5.0
"""Seconds of work from which on it is waited for the disk before the work is called done: it must survive a power cut."""
_running: dict[Builder, LockType] = {}


def cancel_running() -> None:
    """End the builds that an evaluation asked for: it runs in a thread of its own, which an interrupt does not reach."""
    for builder, gone in list(_running.items()):
        builder.cancel()
        with gone:
            pass


def title(derivation: StorePath) -> str:
    return derivation.name.removesuffix(".drv")


class Lines:
    """A reporter that prints a line for what takes time, and nothing for what does not.

    `titles` are what derivations are called, if not by their own names. `built` counts sandboxed builds,
    `spared` those that early cutoff made needless.
    """

    def __init__(
        self, verbose: bool = False, quiet: bool = False, titles: Mapping[StorePath, str] | None = None
    ) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._titles = titles or {}
        self.built = 0
        self.spared = 0
        self._totals: dict[StorePath, int] = {}
        self._sandboxed: set[StorePath] = set()
        self._fetches: set[StorePath] = set()

    def _title(self, derivation: StorePath) -> str:
        return self._titles.get(derivation) or title(derivation)

    def _say(self, text: str) -> None:
        if not self._quiet:
            self._tell(f"chx: {text}\n")

    def _tell(self, text: str) -> None:
        tell(text)

    def close(self) -> None:
        """Nothing more will be told."""

    def planned(self, plan: Plan) -> None:
        self._sandboxed = {step.path for step in plan.steps if not step.derivation.builder.startswith("builtin:")}
        self._fetches = {step.path for step in plan.fetches}
        builds, fetches = len(plan.builds), len(plan.fetches)
        if builds + fetches > 1:
            self._say(f"to do: {_count(fetches, 'fetch', 'fetches')}, {_count(builds, 'build')}{_guess(plan)}")

    def started(self, derivation: StorePath, lane: Lane) -> None:
        # Unpacking a hundred archives is not worth a hundred lines.
        if derivation in self._sandboxed or self._verbose:
            self._say(f"building {self._title(derivation)}")

    def waiting(self, derivation: StorePath) -> None:
        self._say(f"waiting for another chx that builds {self._title(derivation)}")

    def fetched(self, derivation: StorePath, place: str, done: int, total: int | None) -> None:
        self._totals[derivation] = done

    def logged(self, derivation: StorePath, lines: Sequence[str]) -> None:
        if self._verbose and not self._quiet:
            reset = "\033[0m" if colours(sys.stderr) else ""
            text = "".join(f"{self._title(derivation)}> {overwritten(line)}{reset}\n" for line in lines)
            self._tell(text)

    def phase(self, derivation: StorePath, name: str) -> None:
        if self._verbose:
            self._say(f"{self._title(derivation)} is in {name}")

    def finished(self, derivation: StorePath, outputs: Mapping[str, StorePath], seconds: float) -> None:
        self.built += derivation in self._sandboxed
        if derivation in self._fetches:
            total = self._totals.pop(derivation, None)
            amount = "" if total is None else f"{size(total)}, {speed(total, seconds)}, "
            self._say(f"fetched {self._title(derivation)} ({amount}{duration(seconds)})")
        elif seconds >= 1 or self._verbose:
            self._say(f"finished {self._title(derivation)} in {duration(seconds)}")

    def reused(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        self.spared += derivation in self._sandboxed
        if derivation in self._sandboxed or self._verbose:
            self._say(f"spared {self._title(derivation)}: its inputs came out as before (early cutoff)")

    def differs(self, derivation: StorePath, output: str, earlier: StorePath, now: StorePath) -> None:
        self._say(f"{self._title(derivation)} is not reproducible: '{output}' was {earlier}, now it is {now}")

    def substituted(self, place: str, path: StorePath) -> None:
        self._say(f"took {path.name} from {place}")

    def refused(self, place: str, reason: str) -> None:
        self._say(f"refused from {place}: {reason}")

    def failed(self, error: BuildError) -> None:
        """Errors are drawn once, at the end."""

    def skipped(self, derivations: Sequence[StorePath]) -> None:
        if self._verbose:
            self._say(f"left out, because an input failed: {', '.join(map(self._title, derivations))}")


def _guess(plan: Plan) -> str:
    """How long the longest chain took, if it was built before and that is worth a word."""
    if not any(step.path.name in plan.remembered for step in plan.steps):
        return ""
    from ..builder import expected, remaining

    seconds = remaining(plan.steps, expected(plan.steps, plan.remembered), {}, {})
    return f"; by earlier builds at most {duration(seconds)}" if seconds >= 1 else ""


def reporter_of(arguments: argparse.Namespace, titles: Mapping[StorePath, str] | None = None) -> Lines:
    """The reporter that the options of `build.configure_building` and the terminal ask for."""
    style = arguments.log_format
    if style is None:
        style = "live" if is_terminal(sys.stderr) and not arguments.quiet else "plain"
    if style == "json":
        from .jsonlog import JsonLines

        return JsonLines(arguments.verbose, arguments.quiet, titles)
    if style == "live" and not arguments.quiet:
        from importlib.util import find_spec

        # A checkout may lack it; then lines do.
        if find_spec("rich") is not None:
            from .live import Live

            return Live(arguments.verbose, titles, options_of(arguments))
    return Lines(arguments.verbose, arguments.quiet, titles)


def _count(number: int, word: str, plural: str | None = None) -> str:
    return f"{number} {word if number == 1 else plural or word + 's'}"
