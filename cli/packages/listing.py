"""`chx pkgs list` and `chx pkgs search`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ...ops.packages import listing
from ...ops.packages.listing import list_packages
from ..options.evaluation import open_session, request_of
from ..output import put
from ..progress.format import say
from ..render.data import put_json
from ..render.page import Page
from ..render.style import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...ops.packages.facts import Facts


def list_(arguments: argparse.Namespace) -> int:
    with open_session(arguments) as session:
        found = list_packages(session, request_of(arguments), with_sets=arguments.json or arguments.markdown)
    if arguments.markdown:
        put(_table(found))
    else:
        _put(found, arguments)
    return 0


def search(arguments: argparse.Namespace) -> int:
    """Print matching packages; as with grep, the exit status is 1 if there is none."""
    with open_session(arguments) as session:
        found = listing.search(session, request_of(arguments), arguments.texts)
    _put(found, arguments)
    if not found:
        say(f"no package has {' and '.join(repr(word) for word in arguments.texts)} in it")
    return 0 if found else 1


def _put(all_facts: Sequence[Facts], arguments: argparse.Namespace) -> None:
    if arguments.json:
        put_json([facts.to_dict() for facts in all_facts])
        return

    page = Page(Style(sys.stdout))
    rows = [(_place(facts), facts.version, facts.licence or "?") for facts in all_facts]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for row, facts in zip(rows, all_facts):
        description = facts.description if facts.problem is None else f"? {facts.problem}"
        page.line("  ".join([*(f"{text:<{width}}" for text, width in zip(row, widths)), description]).rstrip(), 0)
    page.write()


def _table(all_facts: Sequence[Facts]) -> str:
    """Return a table for the manual: for each package where it can be built, and why not elsewhere."""
    names = list(dict.fromkeys(name for facts in all_facts for name in facts.sets or ()))
    rows = [["package", *names], ["---"] * (len(names) + 1)]
    for facts in all_facts:
        found = facts.sets or {}
        rows.append([facts.name, *("yes" if found[name] is True else _escaped(str(found[name])) for name in names)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _place(facts: Facts) -> str:
    """Return the argument for `chx build`; for a package that only a stage has, its name in parentheses."""
    attribute = facts.attribute
    return f"({facts.name})" if attribute is None or attribute.startswith("bootstrap.") else attribute
