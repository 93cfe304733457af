"""`chx pkgs list` and `chx pkgs search`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ...ops.packages.catalogue import Catalogue
from ...ops.packages.facts import facts_of
from ..options.evaluation import open_session, request_of
from ..progress.format import say
from ..render.data import put_json
from ..render.page import Page
from ..render.style import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...ops.packages.facts import Facts


def list_(arguments: argparse.Namespace) -> int:
    _put(_all(arguments), arguments)
    return 0


def search(arguments: argparse.Namespace) -> int:
    """The exit status is 1 if there is none, as that of grep."""
    words = [word.lower() for word in arguments.texts]
    found = [facts for facts in _all(arguments) if all(word in _text(facts) for word in words)]
    _put(found, arguments)
    if not found:
        say(f"no package has {' and '.join(repr(word) for word in arguments.texts)} in it")
    return 0 if found else 1


def _all(arguments: argparse.Namespace) -> list[Facts]:
    with open_session(arguments) as session:
        catalogue = Catalogue(session, request_of(arguments))
        return [facts_of(catalogue.evaluator, package) for package in catalogue.packages]


def _text(facts: Facts) -> str:
    meta = facts.meta
    return "\n".join((facts.name, facts.description, str(meta.get("homepage", "")), facts.licence)).lower()


def _put(all_facts: Sequence[Facts], arguments: argparse.Namespace) -> None:
    if arguments.json:
        put_json([facts.to_dict() for facts in all_facts])
        return

    page = Page(Style(sys.stdout))
    rows = [(_place(facts), facts.version, facts.licence or "?") for facts in all_facts]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for row, facts in zip(rows, all_facts):
        said = facts.description if facts.problem is None else f"? {facts.problem}"
        page.line("  ".join([*(f"{text:<{width}}" for text, width in zip(row, widths)), said]).rstrip(), 0)
    page.write()


def _place(facts: Facts) -> str:
    """What `chx build` takes; only the name, in parentheses, of what no set has, but a stage at most."""
    attribute = facts.attribute
    return f"({facts.name})" if attribute is None or attribute.startswith("bootstrap.") else attribute
