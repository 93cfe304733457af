"""`chx build`: evaluate expressions, build what they describe, and link the results."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import expression
from .errors import CommandError
from .output import finish, put

if TYPE_CHECKING:
    import argparse

    from ..store import Store, StorePath
    from .pins.guard import Guard
    from .session import Session

DESCRIPTION = """\
Evaluate an expression, build the derivations it gives, print their store paths,
and make a link `result` to each (`result-2`, ... for more than one; `result-dev`
for an output `dev`). What is built already is not built again. Without anything
named, ./default.nix is built.
"""
EPILOG = (
    expression.EPILOG
    + """
examples:
  chx build tinycc
  chx build -f package.nix --argstr version 1.2 -o app
  chx build -E 'with import <chx> {}; hello' --no-out-link
"""
)


def configure(parser: argparse.ArgumentParser) -> None:
    expression.configure(parser)
    group = parser.add_argument_group("results")
    group.add_argument("-o", "--out-link", default="result", metavar="NAME", help="name of the link (default: result)")
    group.add_argument("--no-out-link", action="store_true", help="make no link")
    group.add_argument("--dry-run", action="store_true", help="only tell what would be fetched and built, and why")
    group = parser.add_argument_group("is it reproducible?")
    group.add_argument("--check", action="store_true", help="build once more, and fail if something else comes out")
    group.add_argument("--rounds", type=positive, default=1, metavar="N", help="build so often (implies --check)")
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
        "-j", "--max-jobs", "--jobs", dest="jobs", type=number, default=0, metavar="N",
        help="builds at once (default: one per processor)",
    )  # fmt: skip
    group.add_argument(
        "--cores", type=number, default=0, metavar="N", help="processors for one build (default: shared)"
    )
    group.add_argument(
        "-k", "--keep-going", action="store_true", help="after a failure, build what does not depend on it"
    )
    group.add_argument("-K", "--keep-failed", action="store_true", help="keep the build directory of a failed build")
    group.add_argument("--timeout", type=float, default=0, metavar="SECONDS", help="end a build after so long")
    group.add_argument(
        "--max-silent-time",
        type=float,
        default=0,
        metavar="SECONDS",
        help="end a build that prints nothing for so long",
    )
    group.add_argument(
        "--max-log-size", type=number, default=0, metavar="BYTES", help="end a build that prints more than so much"
    )
    group.add_argument(
        "--max-processes", type=number, default=0, metavar="N", help="refuse a build more processes than these"
    )
    group.add_argument(
        "--max-memory", type=amount, default=0, metavar="SIZE", help="refuse a build more memory: bytes, or 512M, 4G"
    )
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


def number(text: str) -> int:
    """An argument that is 0 or more; argparse shows the name of this function if it is not."""
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def amount(text: str) -> int:
    """An argument that is a number of bytes, with K, M, G or T for powers of 1024."""
    power = "KMGT".find(text[-1:].upper()) + 1 if text else 0
    count = number(text[:-1] if power else text)
    return count << 10 * power


def positive(text: str) -> int:
    """An argument that is 1 or more."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


@dataclass(frozen=True, slots=True)
class Wanted:
    """A derivation that was asked for, and which of its outputs."""

    derivation: StorePath
    outputs: tuple[str, ...]


def run(arguments: argparse.Namespace) -> int:
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


def build(arguments: argparse.Namespace) -> int:
    """What is asked for, once."""
    from .noop import remember
    from .realise import options_of, realise, reporter_of
    from .session import Session

    with Session(expression.search_path(arguments), arguments.max_call_depth) as session:
        store = session.store
        wanted = instantiate(session, arguments)
        session.world.commit()
        if arguments.check or arguments.vary is not None or arguments.rounds > 1:
            from .check import check

            return check(session, arguments, wanted)
        guard = guard_of(session, arguments)
        reporter = reporter_of(arguments)
        targets = [(item.derivation, item.outputs) for item in wanted]
        built = realise(store, targets, options_of(arguments), reporter)
        if guard is not None:
            guard.after(built)
        paths = [built[item.derivation, output] for item in wanted for output in item.outputs]
        links = [] if arguments.no_out_link else link_results(store, arguments.out_link, wanted, built)
        output = "".join(f"{path}\n" for path in paths)
        put(output)
        finish()
        if not arguments.no_lock:
            # What is not locked may be something else the next time.
            remember(arguments.words, session.world.seen, [store.physical(path) for path in paths], links, output)
    return 0


def tell_plan(arguments: argparse.Namespace) -> int:
    """`--dry-run`."""
    from .difference.page import Page
    from .dryrun import draw_plan
    from .realise import options_of
    from .report import Style
    from .session import Session

    page = Page(Style(sys.stdout), is_full=arguments.verbose)
    with Session(expression.search_path(arguments), arguments.max_call_depth) as session:
        targets = [(item.derivation, item.outputs) for item in instantiate(session, arguments)]
        session.world.commit()
        draw_plan(page, session.store, targets, options_of(arguments))
    page.write("-v")
    return 0


def instantiate(session: Session, arguments: argparse.Namespace) -> list[Wanted]:
    """The derivations that the command line means, in the order named, each once."""
    from .session import Asked

    wanted: dict[Wanted, None] = {}
    for selected in expression.select(session, arguments):
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


def guard_of(session: Session, arguments: argparse.Namespace) -> Guard | None:
    """The pins of what was instantiated, their sources compared; None if there is no lock. Raises `LockError`."""
    if session.project is None or session.project.lock is None:
        return None
    from .pins.guard import Guard

    guard = Guard(session, arguments)
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
            links.append((link, store.physical(path)))
    return links
