"""Building, with what a person sees meanwhile."""

from __future__ import annotations

import sys
from _thread import allocate_lock
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from .limits import limits
from .lines import Lines
from .output import is_terminal
from .seeds.sizes import pinned_size

if TYPE_CHECKING:
    import argparse
    from _thread import LockType

    from ..builder import Builder, BuildOptions
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
        extra_systems=tuple(arguments.extra_systems.replace(",", " ").split()),
        offline=arguments.offline,
        known_size=pinned_size,
        **limits(arguments),
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
    from ..evaluator import lifted

    # What builds that were killed have left behind.
    store.clean_temporary()
    builder = Builder(
        store, options or BuildOptions(known_size=pinned_size, **limits(), **configured_caches()), reporter or Lines()
    )
    gone = allocate_lock()
    with gone:
        _running[builder] = gone
        try:
            began = monotonic()
            with lifted():
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


def notices_of(arguments: argparse.Namespace) -> Lines:
    """A reporter of single events, which draws no display."""
    return reporter_of(arguments) if arguments.log_format == "json" else Lines(arguments.verbose, arguments.quiet)


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
