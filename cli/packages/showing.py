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
        "broken": shown["broken"],
        "source": shown["sources"],
        "patches": shown["patches"],
        "built in": shown["container"],
        "and of a seed": wrap(", ".join(shown["seed"]), 100, break_on_hyphens=False),
        "libraries": shown["libraries"],
        "tools": shown["tools"],
        "runtime": shown["runtime"],
        "outputs": [" ".join(shown["outputs"])],
        "waives": [f"{name}: {why}" for name, why in shown["waived"].items()],
        **_installation(shown["installation"]),
        "not installable": shown["installation_problem"],
        "derivation": shown["derivation"],
    }
    width = max(map(len, rows))
    for name, value in rows.items():
        lines = value if isinstance(value, list) else [value] if value else []
        for number, line in enumerate(lines):
            page.line(f"{'' if number else name:<{width}}  {line}")
    page.write()


def _installation(found: dict[str, Any]) -> dict[str, Any]:
    """Return what a package says to the maker of a root, a line for each item; nothing for what it does not say."""
    rows: dict[str, Any] = {
        kind: [f"{name}: {_said(one)}" for name, one in found.get(kind, {}).items()]
        for kind in ("modes", "users", "groups", "services", "triggers", "alternatives")
    }
    rows["tmpfiles"] = [_said(one) for one in found.get("tmpfiles", [])]
    rows["revision"] = str(found["revision"]) if found.get("revision") else None
    rows["update check"] = _said(found["updateCheck"]) if found.get("updateCheck") else None
    return rows


def _said(one: Any) -> str:
    if isinstance(one, str):
        first, _, rest = one.strip().partition("\n")
        return f"{first} ..." if rest else first
    return ", ".join(f"{name} {_word(value)}" for name, value in one.items() if value not in (None, [], {}, False))


def _word(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, dict):
        return " ".join(f"{name}={text}" for name, text in value.items())
    return "yes" if value is True else str(value)
