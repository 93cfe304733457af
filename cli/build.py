"""`chx build`: evaluate expressions, build what they describe, and link the results."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..ops import building
from ..ops.errors import RequestError
from .options import evaluation, language, numbers
from .options.building import configure_building, options_of
from .output import finish, put
from .progress.late import LateReporter

if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Evaluate an expression, build the derivations it gives, print their store paths,
and make a link `result` to each (`result-2`, ... for more than one; `result-dev`
for an output `dev`). Finished builds are not repeated. Without arguments, build
./default.nix. The path of a derivation (.drv) names that derivation.
"""
EPILOG = (
    evaluation.EPILOG
    + """
examples:
  chx build tinycc
  chx build -f package.nix --argstr version 1.2 -o app
  chx build -E 'with import <chx> {}; hello' --no-out-link
  chx build /chx/store/...-hello-2.10.drv
  chx build --all -k tiny --report status.html
"""
)


def configure(parser: argparse.ArgumentParser) -> None:
    evaluation.configure(parser)
    group = parser.add_argument_group("results")
    group.add_argument("-o", "--out-link", metavar="NAME", help="name of the link (default: result)")
    group.add_argument("--no-out-link", action="store_true", help="make no link")
    group.add_argument(
        "--dry-run", action="store_true", help="print what would be fetched and built, and why; do nothing"
    )
    group.add_argument(
        "--pinned",
        action="store_true",
        help="take what chx.lock pins from the store or a cache; evaluate and build nothing",
    )
    group.add_argument(
        "--all",
        action="store_true",
        help="build every package of the sets that are named, or of the whole set, and make no links without -o",
    )
    group.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FILE",
        help="with --all: write the state of every package, and the reason, as a page (or as JSON: FILE.json)",
    )
    group = parser.add_argument_group("is it reproducible?")
    group.add_argument("--check", action="store_true", help="build again, and fail if the outputs differ")
    group.add_argument(
        "--rounds",
        type=numbers.positive,
        default=1,
        metavar="N",
        help="build again N times and compare (implies --check)",
    )
    group.add_argument(
        "--vary",
        metavar="LIST",
        help="change what must not matter when building again, `all` of it or a list: user, host, umask, timezone, ..."
        " (docs/builder.md); find the smallest change that matters (implies --check)",
    )
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:
    if arguments.pinned and (arguments.dry_run or is_checked(arguments)):
        raise RequestError("--pinned builds nothing: it excludes --dry-run, --check, --rounds and --vary")
    if arguments.report and not arguments.all:
        raise RequestError("--report is for --all")
    if arguments.all:
        from .bulk import run_bulk

        return run_bulk(arguments, is_checked(arguments))
    if arguments.dry_run:
        return dry_run(arguments)
    if arguments.vary is not None:
        from ..ops.reproduction import variations_named

        variations_named(arguments.vary)
    if not arguments.no_out_link:
        building.check_link(link_of(arguments))
    try:
        return build(arguments)
    except Exception as error:
        from ..builder import BuildError
        from .progress.prompt import is_interactive, prompt_after_failure

        if not isinstance(error, BuildError) or not is_interactive(arguments):
            raise
        from .render.errors import report

        status = report(error, arguments.words)
        # Evaluate again: the user may have corrected the expression.
        return run(arguments) if prompt_after_failure(error) == "retry" else status


def link_of(arguments: argparse.Namespace) -> str:
    """Return the name of the first link."""
    name: str | None = arguments.out_link
    return "result" if name is None else name


def is_checked(arguments: argparse.Namespace) -> bool:
    """Whether the command line asks for a rebuild to compare with."""
    return bool(arguments.check or arguments.vary is not None or arguments.rounds > 1)


def build(arguments: argparse.Namespace) -> int:
    """Build what the command line names, or check it; return the exit status."""
    from .options.reporting import notices_of, reporter_of
    from .startup.result_cache import store_result

    request = evaluation.request_of(arguments)
    with evaluation.open_session(arguments) as session:
        if is_checked(arguments):
            from .check import check

            return check(session, request, arguments)
        store = session.store
        built = building.build(
            session, request, options_of(arguments), LateReporter(lambda: reporter_of(arguments)), notices_of(arguments)
        )
        links = []
        if not arguments.no_out_link:
            links = building.link_results(store, link_of(arguments), built.targets, built.outputs)
        if any(target.attribute.endswith("bubblewrap") for target in built.targets):
            from .sandboxes import adopt

            links += adopt(store, built, arguments.quiet)
        output = "".join(f"{path}\n" for path in built.paths)
        put(output)
        finish()
        if not (
            arguments.no_lock
            or not language.is_pure(arguments)
            or arguments.no_pins
            or arguments.pinned
            or built.differences
        ):
            # Without the lock, inputs may have changed at the next call; a warning has to be repeated.
            store_result(
                arguments.words, session.world.seen, [store.physical(path) for path in built.paths], links, output
            )
    return 0


def dry_run(arguments: argparse.Namespace) -> int:
    """Carry out `--dry-run`: print what would be done."""
    from ..ops.previewing import preview
    from .dryrun import draw_preview
    from .options.reporting import notices_of
    from .render.page import Page
    from .render.style import Style

    page = Page(Style(sys.stdout), is_full=arguments.verbose)
    with evaluation.open_session(arguments) as session:
        found = preview(session, evaluation.request_of(arguments), options_of(arguments), notices_of(arguments))
        draw_preview(page, found)
    page.write("-v")
    return 0
