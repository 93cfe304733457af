"""`chx build`: evaluate expressions, build what they describe, and link the results."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import expression, limits
from .errors import CommandError
from .output import finish, put
from .system import absolute, is_there

if TYPE_CHECKING:
    import argparse

    from ..builder import BuildOptions
    from ..ops import Request
    from ..store import Store, StorePath
    from .lines import Lines
    from .pins.guard import Guard
    from .session import Session

DESCRIPTION = """\
Evaluate an expression, build the derivations it gives, print their store paths,
and make a link `result` to each (`result-2`, ... for more than one; `result-dev`
for an output `dev`). What is built already is not built again. Without anything
named, ./default.nix is built. The path of a derivation (.drv) names that one.
"""
EPILOG = (
    expression.EPILOG
    + """
examples:
  chx build tinycc
  chx build -f package.nix --argstr version 1.2 -o app
  chx build -E 'with import <chx> {}; hello' --no-out-link
  chx build /chx/store/...-hello-2.10.drv
"""
)


def configure(parser: argparse.ArgumentParser) -> None:
    expression.configure(parser)
    group = parser.add_argument_group("results")
    group.add_argument("-o", "--out-link", default="result", metavar="NAME", help="name of the link (default: result)")
    group.add_argument("--no-out-link", action="store_true", help="make no link")
    group.add_argument("--dry-run", action="store_true", help="only tell what would be fetched and built, and why")
    group.add_argument(
        "--pinned",
        action="store_true",
        help="take what chx.lock pins from the store or a cache; evaluate and build nothing",
    )
    group = parser.add_argument_group("is it reproducible?")
    group.add_argument("--check", action="store_true", help="build once more, and fail if something else comes out")
    group.add_argument(
        "--rounds", type=limits.positive, default=1, metavar="N", help="build so often (implies --check)"
    )
    group.add_argument(
        "--vary",
        metavar="LIST",
        help="change what must not matter when building again, `all` of it or a list: user, host, umask, timezone, ..."
        " (docs/builder.md); find the smallest change that matters (implies --check)",
    )
    configure_building(parser)


def configure_building(parser: argparse.ArgumentParser) -> None:
    """Options of every command that may build."""
    group = parser.add_argument_group("building")
    group.add_argument(
        "-j", "--max-jobs", "--jobs", dest="jobs", type=limits.count, default=0, metavar="N",
        help="builds at once (default: one per processor)",
    )  # fmt: skip
    group.add_argument(
        "--cores", type=limits.count, default=0, metavar="N", help="processors for one build (default: shared)"
    )
    group.add_argument(
        "-k", "--keep-going", action="store_true", help="after a failure, build what does not depend on it"
    )
    group.add_argument("-K", "--keep-failed", action="store_true", help="keep the build directory of a failed build")
    limits.configure(group)
    group.add_argument(
        "--extra-systems", default="", metavar="LIST", help="also build for these systems (separated by commas)"
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """A derivation that was asked for, and which of its outputs."""

    derivation: StorePath
    outputs: tuple[str, ...]


def run(arguments: argparse.Namespace) -> int:
    if arguments.pinned and (arguments.dry_run or is_checked(arguments)):
        raise CommandError("--pinned builds nothing, so there is nothing to tell or to check")
    if arguments.dry_run:
        return tell_plan(arguments)
    if arguments.vary is not None:
        from .check import variations_named

        variations_named(arguments.vary)
    if not arguments.no_out_link:
        check_link(arguments.out_link)
    try:
        return build(arguments)
    except Exception as error:
        from ..builder import BuildError
        from .offer import ask, may_ask

        if not isinstance(error, BuildError) or not may_ask(arguments):
            raise
        from .report import report

        status = report(error)
        # All of it again, because what went wrong may have been mended meanwhile.
        return run(arguments) if ask(error) == "retry" else status


def is_checked(arguments: argparse.Namespace) -> bool:
    """Whether things are to be built again to be compared."""
    return bool(arguments.check or arguments.vary is not None or arguments.rounds > 1)


def build(arguments: argparse.Namespace) -> int:
    """What is asked for, once."""
    from .noop import remember

    request = expression.request_of(arguments)
    with expression.open_session(arguments) as session:
        store = session.store
        if is_checked(arguments):
            from .check import check
            from .realise import notices_of, options_of

            wanted = instantiate(session, request)
            session.world.commit()
            guard = guard_of(session, request, options_of(arguments), notices_of(arguments))
            return check(session, arguments, wanted, guard)
        wanted, built = have(session, request, arguments)
        paths = [built[item.derivation, output] for item in wanted for output in item.outputs]
        links = [] if arguments.no_out_link else link_results(store, arguments.out_link, wanted, built)
        if any(asked.attribute.endswith("bubblewrap") for asked in session.asked):
            from .sandboxes import adopt

            links += adopt(session, built, arguments.quiet)
        output = "".join(f"{path}\n" for path in paths)
        put(output)
        finish()
        if not arguments.no_lock and not arguments.pinned:
            # What is not locked may be something else the next time.
            remember(arguments.words, session.world.seen, [store.physical(path) for path in paths], links, output)
    return 0


def have(
    session: Session, request: Request, arguments: argparse.Namespace
) -> tuple[list[Wanted], dict[tuple[StorePath, str], StorePath]]:
    """What a request means, built or taken as it is pinned, and compared with the lock."""
    from .realise import notices_of, options_of, realise, reporter_of

    if request.lock == "pinned" or _may_be_locked(request.file or "."):
        taken = as_pinned(session, request, options_of(arguments), notices_of(arguments))
        if taken is not None:
            return taken
    options = options_of(arguments)
    wanted = instantiate(session, request)
    session.world.commit()
    guard = guard_of(session, request, options, notices_of(arguments))
    built = guard.without_building() if guard is not None else {}
    targets = [
        (item.derivation, item.outputs)
        for item in wanted
        if any((item.derivation, output) not in built for output in item.outputs)
    ]
    if targets:
        built.update(realise(session.store, targets, options, reporter_of(arguments)))
    if guard is not None:
        guard.after(built)
    return wanted, built


def as_pinned(
    session: Session, request: Request, options: BuildOptions, reporter: Lines
) -> tuple[list[Wanted], dict[tuple[StorePath, str], StorePath]] | None:
    """What is pinned under the names of a request, if that is known without evaluating them."""
    from .pins.guard import Guard
    from .pins.taking import whatever_it_is, without_evaluating

    found = (whatever_it_is if request.lock == "pinned" else without_evaluating)(session, request, options, reporter)
    if found is None:
        return None
    pins, built = found
    Guard(session, request, options, reporter, pins).after(built)
    return [Wanted(asked.derivation, asked.outputs) for asked, _ in pins], built


def _may_be_locked(file: str) -> bool:
    """Whether a lock lies beside an expression; to be asked before anything is loaded for it."""
    return is_there(f"{file}/chx.lock") or is_there(absolute(f"{file}/../chx.lock"))


def tell_plan(arguments: argparse.Namespace) -> int:
    """`--dry-run`."""
    from .difference.page import Page
    from .dryrun import draw_plan, draw_takeable
    from .realise import notices_of, options_of
    from .report import Style

    page = Page(Style(sys.stdout), is_full=arguments.verbose)
    request = expression.request_of(arguments)
    with expression.open_session(arguments) as session:
        targets = [(item.derivation, item.outputs) for item in instantiate(session, request)]
        session.world.commit()
        options = options_of(arguments)
        guard = guard_of(session, request, options, notices_of(arguments))
        if guard is not None:
            targets = draw_takeable(page, session.store, guard, targets, options)
        draw_plan(page, session.store, targets, options)
    page.write("-v")
    return 0


def instantiate(session: Session, request: Request) -> list[Wanted]:
    """The derivations that a request means, each once: those named by their paths, then those of attributes."""
    from .session import Asked

    wanted: dict[Wanted, None] = {}
    if request.objects:
        from .store import object_named

        named = [object_named(session.store, word) for word in request.objects]
        wanted = dict.fromkeys(Wanted(path, session.store.derivation(path).outputs) for path in named)
    for selected in expression.select(session, request) if request.needs_evaluation else ():
        with expression.Explained(selected.attribute, selected.was_called):
            found = session.evaluator.named_derivations(selected.value, selected.attribute)
        if not found:
            raise described(session, selected)
        for attribute, derivation, outputs in found:
            wanted[Wanted(derivation, tuple(outputs))] = None
            session.asked.append(Asked(attribute, derivation, tuple(outputs)))
    return list(wanted)


def described(session: Session, selected: expression.Selected) -> CommandError:
    """What is wrong with a value that is no derivation."""
    name = f"'{selected.attribute}'" if selected.attribute else "the expression"
    kind = session.evaluator.type_name(selected.value)
    return CommandError(f"{name} is of type {kind} and not a derivation, nor is there one in it")


def guard_of(session: Session, request: Request, options: BuildOptions, reporter: Lines) -> Guard | None:
    """The pins of what was instantiated, their sources compared; None if there is no lock. Raises `LockError`."""
    if session.project is None or session.project.lock is None:
        return None
    from .pins.guard import Guard

    guard = Guard(session, request, options, reporter)
    guard.before()
    return guard


ELSEWHERE = "choose another name with -o, or use --no-out-link"


def check_link(name: str) -> None:
    """Refuse the name of a result link that cannot be made, before anything is built for it."""
    if not name or name.endswith("/"):
        raise CommandError(f"-o '{name}' names no link", hint=ELSEWHERE)
    folder = os.path.dirname(os.path.abspath(name))
    if not os.path.isdir(folder):
        raise CommandError(f"the link '{name}' cannot be made: there is no folder '{folder}'", hint=ELSEWHERE)


def link_results(
    store: Store, name: str, wanted: list[Wanted], built: dict[tuple[StorePath, str], StorePath]
) -> list[tuple[str, str]]:
    """Make the result links; returns pairs of link and target."""
    from ..store import StoreIO

    links = []
    for number, item in enumerate(wanted, 1):
        base = name if number == 1 else f"{name}-{number}"
        for output in item.outputs:
            link = os.path.abspath(base if output == "out" else f"{base}-{output}")
            if os.path.lexists(link) and not os.path.islink(link):
                raise CommandError(
                    f"'{link}' is in the way: it is not a link",
                    hint=f"move it, or {ELSEWHERE}",
                )
            path = built[item.derivation, output]
            try:
                store.add_root(link, path)
            except StoreIO as error:
                raise CommandError(f"the link '{link}' cannot be made: {error.message}", hint=ELSEWHERE) from error
            links.append((link, store.link_text(link, path)))
    return links
