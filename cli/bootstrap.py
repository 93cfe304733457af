"""`chx bootstrap`: build a system in stages from several seeds, and judge what came out."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from . import expression
from .errors import CommandError
from .limits import positive
from .output import put

if TYPE_CHECKING:
    from .convergence.account import Account
    from .session import Session

DESCRIPTION = """\
Build a system in stages, each with the one before it, from several unrelated
toolchains (seeds), and say whether

  fixed point        a stage gives itself when it builds itself,
  host independence  all seeds end in the same bytes,
  residue            nothing of a seed was found in the last stage.

The exit status is 0 only if all three are shown. What is built already is not
built again, and what is equal is built once for all seeds. `chx gc` keeps what came
out until --drop, or until the same set comes out differently.
"""
EPILOG = """\
A set is an attribute of `bootstrap` in the bundled package set, or in that of
-f FILE or -E EXPR. Without --seeds, all seeds are taken that prove something:
not this machine's own compiler (host), not the one that is there to be caught
(trojan), and not what a bootstrap of another seed ended in (self).

examples:
  chx bootstrap
  chx bootstrap tiny --seeds debian-gcc,zig --report report.html
  chx bootstrap tiny --seeds debian-gcc,debian-clang,zig,trojan
  chx bootstrap tiny --proof proof.json --bundle inputs.tar
  chx bootstrap --check-proof proof.json
  chx bootstrap --replay proof.json --bundle inputs.tar
  chx bootstrap --drop tiny
"""
DEFAULT_SET = "tiny"
DEFAULT_STAGES = 3


def configure(parser: argparse.ArgumentParser) -> None:
    from .build import configure_building

    group = parser.add_argument_group("what to bootstrap")
    group.add_argument("set", nargs="?", metavar="SET", help=f"the set of packages (default: {DEFAULT_SET})")
    group.add_argument("--seeds", metavar="A,B,C", help="toolchains to start from (default: all that prove something)")
    group.add_argument(
        "--stages", type=positive, default=DEFAULT_STAGES, metavar="N", help="how many stages (default: 3, from 0 to 2)"
    )
    group.add_argument("-f", "--file", metavar="FILE", help="the expression that has the attribute `bootstrap`")
    group.add_argument("-E", "--expr", metavar="EXPR", help="the same as text")
    group = parser.add_argument_group("results")
    group.add_argument("--json", action="store_true", help="print JSON")
    group.add_argument("--full", action="store_true", help="leave nothing out of the differences")
    group.add_argument("--report", metavar="FILE", help="write a page for a browser, all in one file")
    group.add_argument("--proof", metavar="FILE", help="write a signed proof that can be replayed elsewhere")
    group.add_argument("--replay", metavar="FILE", help="check a proof: build all of it again and compare")
    group.add_argument(
        "--check-proof", metavar="FILE", help="check all of a proof that can be checked without building; takes seconds"
    )
    group.add_argument(
        "--bundle", metavar="FILE", help="write (with --proof) or use (with --replay) a file of all fetched inputs"
    )
    group.add_argument("--drop", action="store_true", help="build nothing; let `chx gc` take what was kept of SET")
    group.add_argument(
        "--key", metavar="KEY", help="the public key that must have signed the proof (with --replay, --check-proof)"
    )
    expression.configure_evaluation(parser)
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:

    if arguments.drop:
        return drop(arguments)
    if arguments.bundle is not None and arguments.proof is None and arguments.replay is None:
        raise CommandError("--bundle belongs to a proof", hint="write it with --proof FILE, use it with --replay FILE")
    if arguments.check_proof is not None:
        from .convergence.replay import check

        return check(arguments)
    if arguments.replay is not None:
        from .convergence.replay import replay

        return replay(arguments, write_text)
    from .convergence.running import bootstrap
    from .realise import options_of, reporter_of

    with expression.open_session(arguments) as session:
        account, links = bootstrap(
            session,
            expression.request_of(arguments),
            arguments.set or DEFAULT_SET,
            options_of(arguments),
            reporter_of(arguments),
            _seeds(arguments.seeds),
            arguments.stages,
            arguments.proof,
            arguments.bundle,
        )
        text = write_text(arguments, account)
        if account.holds and not (arguments.report or arguments.proof):
            _remember(session, arguments, account, text, links)
    return 0 if account.holds else 1


def drop(arguments: argparse.Namespace) -> int:
    """`--drop`."""
    from .kept import drop
    from .noop import home
    from .progress import say

    name = arguments.set or DEFAULT_SET
    say(f"{drop(home(), name)} objects of {name} are not kept any more")
    return 0


def write_text(arguments: argparse.Namespace, account: Account) -> str:
    """Print the account as the command line wants it, and write the page if one was asked for; gives what was printed."""
    if arguments.report is not None:
        from .convergence.html import page_of
        from .system import write_whole

        write_whole(arguments.report, page_of(account))
    text = _text(arguments, account)
    put(text)
    return text


def _seeds(text: str | None) -> list[str] | None:
    if text is None:
        return None
    seeds = list(dict.fromkeys(text.replace(",", " ").split()))
    if not seeds:
        raise CommandError("--seeds names none", hint="separate names with commas: --seeds debian-gcc,zig")
    return seeds


def _text(arguments: argparse.Namespace, account: Account) -> str:
    if arguments.json:
        import json

        from .difference.data import as_data

        return json.dumps({**as_data(account), "holds": account.holds}, indent=2, sort_keys=True) + "\n"
    from .convergence.drawing import draw
    from .difference.page import Page
    from .report import Style

    page = Page(Style(sys.stdout), arguments.full)
    draw(page, account)
    return "".join(f"{line}\n" for line in page.lines)


def _remember(
    session: Session, arguments: argparse.Namespace, account: Account, text: str, links: list[tuple[str, str]]
) -> None:
    from .noop import remember

    store = session.store
    paths = {cell.path for item in account.items for cells in item.cells.values() for cell in cells if cell is not None}
    remember(arguments.words, session.world.seen, [store.physical(path) for path in sorted(paths)], links, text)
