"""Pages of the manual and error codes on the terminal: `chx help TOPIC`."""

from __future__ import annotations

import os
import re
from typing import Final

ROOT: Final = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs")
FOLDERS: Final = ("tutorial", "howto", "concepts", "reference")
"""Directories of the manual that are installed with chx; `options` of the reference is what `--help` prints."""
_ERRORS: Final = os.path.join(ROOT, "reference", "errors.md")
_CODE: Final = re.compile(r"[A-Za-z][0-9]{3}\Z")


def topics() -> dict[str, str]:
    """Return the pages by topic: paths of files by their names without `.md`."""
    found = {}
    for folder in FOLDERS:
        place = os.path.join(ROOT, folder)
        for name in sorted(os.listdir(place)) if os.path.isdir(place) else []:
            topic, dot, kind = name.partition(".")
            if (dot, kind) == (".", "md") and topic not in ("README", "options"):
                found[topic] = os.path.join(place, name)
    return found


def topic(name: str) -> str | None:
    """Return the text of a topic or of an error code; None if there is neither."""
    if _CODE.match(name):
        return _code(name.upper())
    pages = topics()
    if name == "topics":
        return "".join(f"{topic:<28}{_title(path)}\n" for topic, path in pages.items())
    if name not in pages:
        return None
    with open(pages[name], encoding="utf-8") as file:
        return _plain(file.read())


def _title(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.readline().removeprefix("# ").strip()


def _code(code: str) -> str | None:
    """Return cause and remedy of an error code."""
    if not os.path.exists(_ERRORS):
        return None
    with open(_ERRORS, encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if cells[0] == code:
                return f"{code}: {cells[1]}\n{cells[2]}\n"
    return None


def _plain(text: str) -> str:
    """Return Markdown without comments and addresses of links."""
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
