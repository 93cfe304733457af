"""Settings of the language: options, `--option NAME VALUE` as in Nix, and variables of the environment."""

from __future__ import annotations

from ...ops.paths import absolute

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any, Final

    from ..progress.late import LateReporter

ABORT: Final = b"NIX_ABORT_ON_WARN"
"""A variable that sets `abort-on-warn`."""
_TRUE: Final = ("true", "yes", "1")
_FALSE: Final = ("false", "no", "0")
_SWITCHES: Final = ("abort-on-warn", "pure-eval", "show-trace", "trace-verbose")
_FEATURES: Final = frozenset({
    "auto-allocate-uids", "blake3-hashes", "build-time-fetch-tree", "ca-derivations", "cgroups",
    "configurable-impure-env", "daemon-trust-override", "dynamic-derivations", "external-builders", "fetch-closure",
    "fetch-tree", "flakes", "git-hashing", "impure-derivations", "local-overlay-store", "mounted-ssh-store",
    "nix-command", "no-url-literals", "parse-toml-timestamps", "pipe-operators", "read-only-local-store",
    "recursive-nix", "verified-fetches",
})  # fmt: skip
"""The experimental features of Nix 2.34. Of those of the language chx has what docs/language.md lists."""
_LINTS: Final = ("lint-absolute-path-literals", "lint-short-path-literals", "lint-url-literals")
_NAMES_OF_FEATURES: Final = ("experimental-features", "extra-experimental-features")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options that Nix has for the language."""
    group = parser.add_argument_group("how to evaluate, as Nix has it")
    group.add_argument("--impure", action="store_true", help="let the environment, the time, ~ and $NIX_PATH be read")
    group.add_argument("--abort-on-warn", action="store_true", help="let `builtins.warn` be an error")
    group.add_argument("--trace-verbose", action="store_true", help="let `builtins.traceVerbose` trace")
    for name in _NAMES_OF_FEATURES:
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            dest="features",
            metavar="NAMES",
            help="enable experimental features of the language (docs/language.md)",
        )
    group.add_argument(
        "--option",
        action="append",
        nargs=2,
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a setting by Nix's name: abort-on-warn, eval-system, experimental-features, lint-*, max-call-depth, pure-eval, "
        "show-trace, trace-verbose",
    )


def session_options(arguments: argparse.Namespace, reporter: LateReporter) -> dict[str, Any]:
    """Return the arguments of a `Session` that say how to evaluate. Unknown settings and values are told, as in Nix."""
    if getattr(arguments, "option", ()) is not None:
        _settle(arguments, reporter)
    return {
        "search_path": search_path(arguments) + (() if is_pure(arguments) else nix_path()),
        "max_call_depth": arguments.max_call_depth,
        "pure": is_pure(arguments),
        "features": frozenset(arguments.features),
        "abort_on_warn": arguments.abort_on_warn,
        "trace_verbose": getattr(arguments, "trace_verbose", False),
        "lints": arguments.lints,
        "system": arguments.system,
    }


def is_pure(arguments: argparse.Namespace) -> bool:
    """Whether an evaluation reads neither the environment nor the time, once `session_options` was called."""
    return not getattr(arguments, "impure", False)


def _settle(arguments: argparse.Namespace, reporter: LateReporter) -> None:
    """Put the settings of `--option` and of the environment among the other options, once."""
    import posix

    given = getattr(arguments, "option", ())
    arguments.option = None
    arguments.system = system_of(arguments)
    arguments.features = [name for names in getattr(arguments, "features", ()) for name in names.split()]
    if posix.environ.get(ABORT, b"") in (b"true", b"yes", b"1"):
        arguments.abort_on_warn = True
    elif not hasattr(arguments, "abort_on_warn"):
        arguments.abort_on_warn = False
    arguments.lints = {}
    for name, text in given:
        _set(arguments, name, text, reporter)
    for name in arguments.features:
        if name not in _FEATURES:
            reporter.traced(f"warning: unknown experimental feature '{name}'")


def _set(arguments: argparse.Namespace, name: str, text: str, reporter: LateReporter) -> None:
    """Set a setting by its name, as Nix does, which warns of what it does not know."""
    if name in _SWITCHES:
        if text not in (*_TRUE, *_FALSE):
            reporter.traced(f"warning: Boolean setting '{name}' has invalid value '{text}'")
        elif name == "pure-eval":
            arguments.impure = text in _FALSE
        else:
            setattr(arguments, name.replace("-", "_"), text in _TRUE)
    elif name in _NAMES_OF_FEATURES:
        arguments.features += text.split()
    elif name == "max-call-depth":
        if text.isascii() and text.isdigit() and int(text):
            arguments.max_call_depth = int(text)
        else:
            reporter.traced(f"warning: setting '{name}' has invalid value '{text}'")
    elif name.startswith("lint-") and name in _LINTS:
        if text in ("ignore", "warn", "fatal"):
            arguments.lints[name] = text
        else:
            reporter.traced(
                f"warning: option '{name}' has invalid value '{text}' (expected 'ignore', 'warn', or 'fatal')"
            )
    elif name in ("eval-system", "system"):
        arguments.system = text
    else:
        reporter.traced(f"warning: unknown setting '{name}'")


def system_of(arguments: argparse.Namespace) -> str | None:
    """Return the system of --system; None for this machine's. Raises `RequestError` if there is no profile of it."""
    system: str | None = getattr(arguments, "system", None)
    if system is not None:
        from ...ops.systems import check_system

        check_system(system)
    return system


def search_path(arguments: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """Return pairs of prefix and absolute path from -I."""
    entries = []
    for entry in arguments.include:
        name, _, path = entry.rpartition("=")
        entries.append((name, absolute(path)))
    return tuple(entries)


def nix_path() -> tuple[tuple[str, str], ...]:
    """Return pairs of prefix and absolute path from `$NIX_PATH`."""
    from os import environ

    entries = []
    for entry in environ.get("NIX_PATH", "").split(":"):
        name, _, path = entry.rpartition("=")
        if path:
            entries.append((name, absolute(path)))
    return tuple(entries)
