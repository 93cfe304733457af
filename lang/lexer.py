"""Determine the terminal of a token.

Strings and paths are one token up to their end or their first `${`. The text after the interpolation is matched by the
pattern for the rest of such a literal. The parser knows when: its stack is also the lexer's stack of modes.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

RESTS = (("STRING", "string rest"), ("IND", "indented rest"), ("PATH", "path rest"))
"""Per literal kind: terminal prefix, and pattern of the text after an interpolation."""

ENDING = "\n\0"
"""Put after every text: the NUL is its last token, the newline ends a comment before that.

So there is a character after any token.
"""

KEYWORDS = ("if", "then", "else", "assert", "with", "let", "in", "rec", "inherit", "or")


_LONG: Final = 64
"""Texts of so many characters, as good as all of them strings, seldom occur twice."""


class Kinds(dict[str, tuple[int, str]]):
    """Terminal number and text of a token, by its text: equal texts are equal tokens.

    A text met for the first time is classified and, unless it is long, remembered. Identifiers are
    interned: the names in a tree are compared and hashed many times later on.
    """

    def __init__(self, terminals: list[str]) -> None:
        number = {name: index for index, name in enumerate(terminals)}
        super().__init__({name: (index, name) for name, index in number.items() if not name[0].isupper()})
        self[""] = (number["$END"], "")
        self._number = number

    def copy_of(self) -> Kinds:
        """Return a fresh copy, for some texts."""
        result = Kinds.__new__(Kinds)
        result.update(self)
        result._number = self._number
        return result

    def __missing__(self, text: str) -> tuple[int, str]:
        kind = terminal_of(text)
        result = self._number.get(kind, -1), (sys.intern(text) if kind == "ID" else text)
        if len(text) < _LONG:
            self[text] = result
        return result


def terminal_of(text: str) -> str:
    """The terminal of a token that the pattern matched, or "" if it is a broken one.

    Of a string that does not end only the first character is matched.
    """
    first = text[0]
    if first == '"' or first == "'":
        if len(text) == 1:
            return ""
        kind = "STRING" if first == '"' else "IND"
        if text[-1] == "{":
            return kind + "_OPEN"
        return "STRING" if first == '"' else "IND_STRING"
    # Only ASCII counts: a byte above is part of no number and no name.
    if not first.isascii():
        return ""
    if first.isdigit() or first == ".":
        if text.isdigit():
            return "INT"
        if "/" not in text:
            return "FLOAT"
    elif ":" in text:
        return "URI"
    elif first == "<" and len(text) > 2:
        return "SPATH"
    elif "/" not in text:
        return "ID" if first.isalpha() or first == "_" else ""
    if len(text) == 1 or text == "//":
        return ""
    if text[-1] == "{":
        return "PATH_OPEN"
    return "" if text[-1] == "/" or "//" in text else "PATH"


def rest_terminal(mode: int, text: str) -> str:
    """Return the terminal of a match of the pattern for the rest of a literal, or "" if it is malformed or empty."""
    name = RESTS[mode][0]
    if text[-1:] == "{":
        return name + "_MIDDLE"
    if name == "PATH" and text[-1:] in ("/", ""):
        return ""
    return name + "_CLOSE"
