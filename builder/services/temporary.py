"""Write what a package wants to have made when the system starts, as lines of `tmpfiles.d(5)` (systemd's)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

FOLDER: Final = "usr/lib/tmpfiles.d"
"""Where the files of such lines are, below the root."""


def line(fields: Mapping[str, Any]) -> str:
    """Return the line of a temporary file with these fields (docs/packages.md, `tmpfiles`), without its end."""
    user, _, group = fields["owner"].partition(":")
    kind = fields["type"] + ("!" if fields["boot"] else "")
    words = [kind, _word(fields["path"]), fields["mode"] or "-", user, group, fields["age"] or "-"]
    return " ".join([*words, fields["argument"]] if fields["argument"] is not None else words)


def escaped(text: str) -> str:
    """Return a text as it is between the quotes of such files."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _word(text: str) -> str:
    return f'"{escaped(text)}"' if any(sign in text for sign in " \t\"'\\") else text
