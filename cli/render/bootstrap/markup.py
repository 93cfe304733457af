"""Elements of HTML and SVG as text. All other text is escaped, so that no name can become markup."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from ..page import printable

_VOID: Final = frozenset(("br", "meta"))
_INLINE: Final = frozenset(("a", "b", "br", "code", "em", "i", "small", "span", "strong"))
"""Elements after which no new line begins. Elsewhere one does, for those who read the source."""
_RAW_BYTE: Final = re.compile("[\udc80-\udcff]")
_QUOTED: Final = re.compile("`([^`]+)`")


class Markup(str):
    """Text that is markup, and is not escaped."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """Return `<name attributes>children</name>`.

    `class_` stands for `class`, `_` for `-`; an attribute that is None is left out.
    """
    words = [name]
    for key, value in attributes.items():
        if value is not None:
            text = f"{value:g}" if isinstance(value, float) else escaped(str(value))
            words.append(f'{key.rstrip("_").replace("_", "-")}="{text}"')
    end = "" if name in _INLINE else "\n"
    if name in _VOID:
        return Markup(f"<{' '.join(words)}>{end}")
    return Markup(f"<{' '.join(words)}>{join(*children)}</{name}>{end}")


def join(*parts: str) -> Markup:
    """Concatenate parts."""
    return Markup("".join(part if isinstance(part, Markup) else escaped(part) for part in parts))


def escaped(text: str) -> Markup:
    """Escape a text; invisible characters and undecodable bytes are written out."""
    visible = _RAW_BYTE.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", printable(text))
    return Markup(escape(visible))


def sentence(text: str) -> Markup:
    """Return a sentence as markup; file names are in backquotes."""
    parts = _QUOTED.split(text)
    return join(*(element("code", part) if number % 2 else part for number, part in enumerate(parts)))
