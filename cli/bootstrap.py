"""`chx bootstrap`: build a system in stages from several seeds, and print the verdicts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..ops.apk.packaging import files_of
from ..ops.apk.repository import write_repository
from ..ops.apk.signing import find_key
from ..ops.bootstrap.likeness import compare_with_set
from ..ops.bootstrap.products import IMAGE, PRODUCTS, REPOSITORY
from ..ops.bootstrap.replaying import read_proof
from ..ops.bootstrap.roots import remove_roots
from ..ops.bootstrap.running import DEFAULT_SET, DEFAULT_STAGES
from ..ops.errors import RequestError
from ..ops.images import copy_image
from ..ops.paths import write_whole
from ..signatures import home
from .options import evaluation
from .options.building import configure_building, options_of
from .options.numbers import positive
from .options.reporting import reporter_of
from .output import put
from .progress.format import say
from .render.bootstrap.html import page_of
from .render.bootstrap.proof import checked_data, draw_checked, draw_replayed
from .render.bootstrap.text import draw
from .render.data import as_data, put_json
from .render.page import Page
from .render.style import Style
from .startup.result_cache import store_result

if TYPE_CHECKING:
    import argparse

    from ..apk.keys import PrivateKey
    from ..ops.bootstrap.proof import Proof
    from ..ops.bootstrap.report import BootstrapReport
    from ..ops.session import Session
    from ..store import StorePath

DESCRIPTION = """\
Build a system in stages, each with the one before it, from several unrelated
toolchains (seeds), and say whether

  fixed point        a stage reproduces itself when it builds itself,
  host independence  all seeds end in the same bytes,
  residue            nothing of a seed was found in the last stage.

With --system, which names the machine that packages are built on, it also says
whether

  native is cross    another machine compiles the last stage to the same bytes.

The exit status is 0 only if all of them are shown. Finished builds are not repeated,
and equal derivations are built once for all seeds. `chx gc` keeps the results until
--drop, or until a bootstrap of the same set has other results.
"""
EPILOG = """\
A set is an attribute of `bootstrap` in the bundled package set, or in that of
-f FILE or -E EXPR. Without --seeds, all seeds are taken that prove something:
not this machine's own compiler (host), not the one that must be detected
(trojan), and not the result of a bootstrap from another seed (self).

examples:
  chx bootstrap
  chx bootstrap tiny --seeds debian-gcc,zig --report report.html
  chx bootstrap tiny --seeds debian-gcc,debian-clang,zig,trojan
  chx bootstrap tiny --proof proof.json --bundle inputs.tar
  chx bootstrap --check-proof proof.json
  chx bootstrap --replay proof.json --bundle inputs.tar
  chx bootstrap tiny --repository repository
  chx bootstrap chimera --image disk.img --proof proof.json
  chx bootstrap --drop tiny
"""


def configure(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to bootstrap")
    group.add_argument("set", nargs="?", metavar="SET", help=f"the set of packages (default: {DEFAULT_SET})")
    group.add_argument("--seeds", metavar="A,B,C", help="toolchains to start from (default: all that prove something)")
    group.add_argument(
        "--stages", type=positive, default=DEFAULT_STAGES, metavar="N", help="how many stages (default: 3, from 0 to 2)"
    )
    group.add_argument("-f", "--file", metavar="FILE", help="the expression that has the attribute `bootstrap`")
    group.add_argument("-E", "--expr", metavar="EXPR", help="the same, as an expression")
    group = parser.add_argument_group("results")
    group.add_argument("--json", action="store_true", help="print JSON")
    group.add_argument("--full", action="store_true", help="leave nothing out of the differences")
    group.add_argument("--report", metavar="FILE", help="write a page for a browser, all in one file")
    group.add_argument("--proof", metavar="FILE", help="write a signed proof that can be replayed elsewhere")
    group.add_argument(
        "--repository", metavar="DIR", help="write the packages of the last stage as a signed repository of apk"
    )
    group.add_argument(
        "--repository-key", metavar="KEY", help="the key to sign it with (default: the only one of `chx apk key`)"
    )
    group.add_argument("--image", metavar="FILE", help="write the image of the last stage that a machine starts from")
    group.add_argument("--replay", metavar="FILE", help="check a proof: build all of it again and compare")
    group.add_argument(
        "--check-proof", metavar="FILE", help="check all of a proof that can be checked without building; takes seconds"
    )
    group.add_argument(
        "--bundle", metavar="FILE", help="write (with --proof) or use (with --replay) a file of all fetched inputs"
    )
    group.add_argument("--drop", action="store_true", help="build nothing; let `chx gc` remove the results of SET")
    group.add_argument(
        "--key", metavar="KEY", help="the public key that must have signed the proof (with --replay, --check-proof)"
    )
    evaluation.configure_evaluation(parser)
    configure_building(parser)


def run(arguments: argparse.Namespace) -> int:
    from ..ops.bootstrap.running import run

    if arguments.drop:
        return drop(arguments)
    if arguments.bundle is not None and arguments.proof is None and arguments.replay is None:
        raise RequestError(
            "--bundle needs --proof or --replay", hint="write it with --proof FILE, use it with --replay FILE"
        )
    if arguments.check_proof is not None:
        return check(arguments)
    if arguments.replay is not None:
        return replay(arguments)
    with evaluation.open_session(arguments) as session:
        # Before hours of building.
        signer = (
            None if arguments.repository is None else find_key(home(), arguments.repository_key, "--repository-key")
        )
        report, links = run(
            session,
            evaluation.request_of(arguments),
            arguments.set or DEFAULT_SET,
            seeds=_seeds(arguments.seeds),
            stages=arguments.stages,
            products=[kind for kind in PRODUCTS if getattr(arguments, kind) is not None],
            proof=arguments.proof,
            bundle=arguments.bundle,
            options=options_of(arguments),
            reporter=reporter_of(arguments),
        )
        text = write_text(arguments, report)
        if signer is not None:
            _publish(session, report, arguments.repository, signer)
        if arguments.image is not None:
            _write_image(session, report, arguments.image)
        if report.holds and not report.products and not (arguments.report or arguments.proof):
            _remember(session, arguments, report, text, links)
    return 0 if report.holds else 1


def _publish(session: Session, report: BootstrapReport, directory: str, key: PrivateKey) -> None:
    """Write the repository that all seeds end in."""
    path = _only(report, REPOSITORY, directory)
    if path is None:
        return
    written = write_repository(directory, files_of(session.store, path), key, description=f"chx {report.set}")
    say(f"{len(written.packages)} packages in {directory}: sha256:{written.digest}")


def _write_image(session: Session, report: BootstrapReport, file: str) -> None:
    """Write the image that all seeds end in."""
    path = _only(report, IMAGE, file)
    if path is not None:
        written = copy_image(session.store.physical(path), file)
        say(f"{written.size} bytes in {file}: sha256:{written.sha256}")


def _only(report: BootstrapReport, kind: str, output: str) -> StorePath | None:
    """Return the product that all seeds end in; say that there is none otherwise."""
    path = report.products[kind].published.path
    if path is None:
        say(f"'{output}' is not written: the seeds end in different {PRODUCTS[kind]}")
    return path


def drop(arguments: argparse.Namespace) -> int:
    """Carry out `--drop`."""
    name = arguments.set or DEFAULT_SET
    say(f"{remove_roots(home(), name)} objects of {name} are not kept any more")
    return 0


def replay(arguments: argparse.Namespace) -> int:
    """Carry out `--replay`."""
    from ..ops.bootstrap.replaying import replay

    proof = _read_proof(arguments, arguments.replay, "--replay")
    if not proof.claims.holds and not arguments.json:
        put(f"this proof shows {proof.claims.text}\n\n")
    with evaluation.open_session(arguments) as session:
        request = evaluation.request_of(arguments)
        options, reporter = options_of(arguments), reporter_of(arguments)
        found = replay(session, request, proof, arguments.bundle, options, reporter)
        write_text(arguments, found.report)
    if not arguments.json:
        page = Page(Style(sys.stdout))
        draw_replayed(page, found)
        page.write()
    return 0 if found.holds else 1


def check(arguments: argparse.Namespace) -> int:
    """Carry out `--check-proof`."""
    proof = _read_proof(arguments, arguments.check_proof, "--check-proof")
    with evaluation.open_session(arguments) as session:
        likeness = compare_with_set(session, evaluation.request_of(arguments), proof)
    if arguments.json:
        put_json(checked_data(proof, likeness))
    else:
        page = Page(Style(sys.stdout))
        draw_checked(page, proof, likeness)
        page.write()
    return 0 if proof.claims.holds else 1


def _read_proof(arguments: argparse.Namespace, name: str, option: str) -> Proof:
    if arguments.seeds is not None or arguments.set is not None or arguments.proof is not None:
        raise RequestError(f"{option} takes sets and seeds from the proof", hint="leave SET, --seeds and --proof out")
    return read_proof(name, arguments.key)


def write_text(arguments: argparse.Namespace, report: BootstrapReport) -> str:
    """Print the report in the requested form, and write the page for `--report`; return the printed text."""
    if arguments.report is not None:
        write_whole(arguments.report, page_of(report))
    text = _text(arguments, report)
    put(text)
    return text


def _seeds(text: str | None) -> list[str] | None:
    if text is None:
        return None
    seeds = list(dict.fromkeys(text.replace(",", " ").split()))
    if not seeds:
        raise RequestError("--seeds names none", hint="separate names with commas: --seeds debian-gcc,zig")
    return seeds


def _text(arguments: argparse.Namespace, report: BootstrapReport) -> str:
    if arguments.json:
        import json

        return json.dumps({**as_data(report), "holds": report.holds}, indent=2, sort_keys=True) + "\n"

    page = Page(Style(sys.stdout), arguments.full)
    draw(page, report)
    return "".join(f"{line}\n" for line in page.lines)


def _remember(
    session: Session, arguments: argparse.Namespace, report: BootstrapReport, text: str, links: list[tuple[str, str]]
) -> None:
    store = session.store
    paths = {cell.path for item in report.items for cells in item.cells.values() for cell in cells if cell is not None}
    store_result(arguments.words, session.world.seen, [store.physical(path) for path in sorted(paths)], links, text)
