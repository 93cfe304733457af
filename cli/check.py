"""`chx build --check` and `--vary`: build again, and compare the outputs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..ops.building import verifier_of
from ..ops.instantiation import instantiate
from ..ops.reporter import Forwarding
from ..ops.reproduction import exemption, reproduce, variations_named
from ..ops.text import title
from .options.building import options_of
from .options.reporting import notices_of, reporter_of
from .progress.format import say
from .render.page import Page
from .render.reproduce import draw_verdict
from .render.style import Style

if TYPE_CHECKING:
    import argparse

    from ..ops.reporter import Reporter
    from ..ops.request import Request
    from ..ops.session import Session
    from ..store import StorePath


def check(session: Session, request: Request, arguments: argparse.Namespace) -> int:
    """Build the targets, compare them with the lock if there is one, and build them again; return the exit status."""
    names = variations_named(arguments.vary)
    options, store = options_of(arguments), session.store
    found = instantiate(session, request)
    verifier = verifier_of(session, request, found, options, notices_of(arguments))
    targets = {target.derivation: store.derivation(target.derivation).outputs for target in found.targets}
    known = session.realise(list(targets.items()), options, reporter_of(arguments))
    if verifier is not None:
        verifier.check_outputs(known)
    page = Page(Style(sys.stdout))
    status = 0
    for derivation, outputs in targets.items():
        exempt = exemption(store, derivation)
        if exempt is not None:
            page.title(f"{title(derivation)}: not checked: {exempt}")
            continue
        reference = {output: known[derivation, output] for output in outputs}

        def beginning(chosen: tuple[str, ...], derivation: StorePath = derivation) -> None:
            if not arguments.quiet and arguments.log_format != "json":
                say(
                    f"{title(derivation)} once more{f', varied: {_listed(chosen, names)}' if chosen else ', as it was'}"
                )

        result = reproduce(
            session, derivation, reference, options, lambda: _reporter(arguments), arguments.rounds, names, beginning
        )
        draw_verdict(page, store, derivation, result.verdict, names, result.earlier)
        status |= not result.holds
    page.write("chx diff --full")
    return status


class _Judging(Forwarding):
    """Hides events of outputs that differ: the verdict reports them."""

    def differs(self, derivation: StorePath, output: str, earlier: StorePath, now: StorePath) -> None: ...


def _reporter(arguments: argparse.Namespace) -> Reporter:
    reporter = reporter_of(arguments)
    return reporter if arguments.log_format == "json" else _Judging(reporter)


def _listed(chosen: tuple[str, ...], names: tuple[str, ...]) -> str:
    return f"all {len(names)}" if chosen == names and len(names) > 1 else ", ".join(chosen)
