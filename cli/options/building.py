"""Options of every command that may build, and the `BuildOptions` that they set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import numbers

if TYPE_CHECKING:
    import argparse

    from ...builder import BuildOptions


def configure_building(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that may build."""
    group = parser.add_argument_group("building")
    group.add_argument(
        "-j", "--max-jobs", "--jobs", dest="jobs", type=numbers.count, default=0, metavar="N",
        help="builds at once (default: one per processor)",
    )  # fmt: skip
    group.add_argument(
        "--cores", type=numbers.count, default=0, metavar="N", help="processors for one build (default: shared)"
    )
    group.add_argument(
        "-k", "--keep-going", action="store_true", help="after a failure, build what does not depend on it"
    )
    group.add_argument("-K", "--keep-failed", action="store_true", help="keep the build directory of a failed build")
    numbers.configure(group)
    group.add_argument(
        "--extra-systems", default="", metavar="LIST", help="also build for these systems (separated by commas)"
    )
    group.add_argument(
        "--remote",
        metavar="URL",
        help="build by the Remote Execution API at grpcs://HOST[:PORT][/INSTANCE]; '' for nowhere",
    )
    group.add_argument(
        "--agree", type=numbers.count, metavar="N", help="have N pools of remote workers build each, and compare"
    )
    group.add_argument("--offline", action="store_true", help="fetch nothing")
    group.add_argument("--no-caches", action="store_true", help="take nothing from the caches that are configured")
    group.add_argument("-v", "--verbose", action="store_true", help="show what builders print while they run")
    group.add_argument("-q", "--quiet", action="store_true", help="show errors only")
    group.add_argument(
        "--log-format",
        choices=("live", "plain", "json"),
        help="how to show what happens (default: live on a terminal, else plain lines)",
    )


def options_of(arguments: argparse.Namespace) -> BuildOptions:
    """Return the options of the builder from the command line and chx.toml. Raises `BadConfiguration`."""
    from ...builder import BuildOptions
    from ...ops.pinned_files import archive_time, pinned_size
    from ...ops.remote import configured_remote
    from ...ops.settings import configured_caches, configured_limits

    return BuildOptions(
        jobs=arguments.jobs,
        cores=arguments.cores,
        keep_going=arguments.keep_going,
        keep_failed=arguments.keep_failed,
        extra_systems=tuple(arguments.extra_systems.replace(",", " ").split()),
        offline=arguments.offline,
        known_size=pinned_size,
        archive_time=archive_time,
        remote=configured_remote(arguments.remote, arguments.agree or None),
        **{**configured_limits(), **numbers.limits(arguments)},
        **({} if arguments.no_caches else configured_caches()),
    )
