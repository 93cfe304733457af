"""`chx pkgs show`: describe a package without building it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ...ops.packages import description
from ..options.evaluation import open_session, request_of
from ..render.data import put_json
from ..render.page import Page
from ..render.style import Style


def show(arguments: argparse.Namespace) -> int:
    with open_session(arguments) as session:
        shown = description.show(session, request_of(arguments), arguments.name).to_dict()
    if arguments.json:
        put_json(shown)
    else:
        _draw(shown)
    return 0


def _draw(shown: dict[str, Any]) -> None:
    from textwrap import wrap

    page = Page(Style(sys.stdout))
    page.title(f"{shown['attribute'] or shown['name']} {shown['version']}")
    rows = {
        "description": shown["description"],
        "home page": shown["homepage"],
        "licence": shown["license"],
        "wrong": shown["problem"],
        "maintainers": shown["maintainers"],
        "defined in": shown["defined"],
        "source": shown["sources"],
        "patches": shown["patches"],
        "built in": shown["container"],
        "and of a seed": wrap(", ".join(shown["seed"]), 100, break_on_hyphens=False),
        "libraries": shown["libraries"],
        "tools": shown["tools"],
        "runtime": shown["runtime"],
        "outputs": [" ".join(shown["outputs"])],
        "waives": [f"{name}: {why}" for name, why in shown["waived"].items()],
        "derivation": shown["derivation"],
    }
    width = max(map(len, rows))
    for name, value in rows.items():
        lines = value if isinstance(value, list) else [value] if value else []
        for number, line in enumerate(lines):
            page.line(f"{'' if number else name:<{width}}  {line}")
    page.write()
