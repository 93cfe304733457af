"""Settings of the site: `sphinx-build -W -b html docs build/site`, with the extra `docs` installed."""

from __future__ import annotations

import os
from typing import Any

project = "chx"
author = "the chx maintainers"
extensions = ["myst_parser"]
root_doc = "README"
exclude_patterns = ["proofs"]
html_theme = "furo"
html_title = "chx"
html_show_copyright = False
html_show_sphinx = False
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]

_PARTS = ("tutorial", "howto", "concepts", "reference", "internals")
_HERE = os.path.dirname(os.path.abspath(__file__))


def _contents(docname: str) -> str:
    """Return the tables of contents of a page, for the sidebar; renderers of plain Markdown need none."""
    if docname == "README":
        pages = [*[f"{part}/README" for part in _PARTS if part != "tutorial"], *_pages("")]
        return _toctree("Tutorials", _pages("tutorial/")) + _toctree("Manual", pages)
    part, _, name = docname.partition("/")
    return _toctree("", _pages(f"{part}/")) if part in _PARTS and name == "README" else ""


def _pages(folder: str) -> list[str]:
    names = sorted(os.listdir(os.path.join(_HERE, folder)))
    return [f"/{folder}{name[:-3]}" for name in names if name.endswith(".md") and name != "README.md"]


def _toctree(caption: str, pages: list[str]) -> str:
    heading = f":caption: {caption}\n" if caption else ""
    return f"\n```{{toctree}}\n:hidden:\n{heading}\n" + "\n".join(pages) + "\n```\n"


def _read_source(app: Any, docname: str, source: list[str]) -> None:
    """Add the contents, and show links to files outside the site as text."""
    depth = docname.count("/") + 1
    lines = []
    for line in source[0].splitlines():
        while "](" + "../" * depth in line:
            before, _, rest = line.partition("](" + "../" * depth)
            start = before.rfind("[")
            line = before[:start] + before[start + 1 :] + rest.partition(")")[2]
        lines.append(line)
    source[0] = "\n".join(lines) + "\n" + _contents(docname)


def setup(app: Any) -> None:
    """Connect what prepares the pages."""
    app.connect("source-read", _read_source)
